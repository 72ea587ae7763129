use idem_core::idempotent_fsm;
use serde::{Deserialize, Serialize};

#[idempotent_fsm]
#[command(Pay)]
#[command(Ship)]
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
enum Order {
    #[initial]
    #[on(Pay => Paid)]
    #[was("Open")]
    Pending,
    #[on(Ship => Shipped)]
    #[was("Open")]
    Paid,
    #[terminal]
    Shipped,
}

fn main() {}
