use idem_core::idempotent_fsm;
use serde::{Deserialize, Serialize};

#[idempotent_fsm]
#[command(Pay)]
#[command(Ship)]
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
enum Order {
    #[on(Pay => Paid)]
    Pending,
    #[terminal]
    #[on(Ship => Shipped)]
    Paid,
    #[terminal]
    Shipped,
}

fn main() {}
