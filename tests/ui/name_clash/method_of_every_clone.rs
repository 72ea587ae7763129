use idem_core::idempotent_fsm;
use serde::{Deserialize, Serialize};

#[idempotent_fsm]
#[command(Pay)]
#[command(Clone)]
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
enum Order {
    #[initial]
    #[on(Pay => Paid)]
    Pending,
    #[on(Clone => Shipped)]
    Paid,
    #[terminal]
    Shipped,
}

fn main() {}
