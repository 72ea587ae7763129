use idem_core::idempotent_fsm;
use serde::{Deserialize, Serialize};

#[idempotent_fsm]
#[command(Pay)]
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
enum Order<T> {
    #[initial]
    #[on(Pay => Paid)]
    Pending(T),
    #[terminal]
    Paid,
}

fn main() {}
