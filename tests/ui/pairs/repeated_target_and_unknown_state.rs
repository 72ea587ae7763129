use idem_core::idempotent_fsm;
use serde::{Deserialize, Serialize};

#[idempotent_fsm]
#[command(Pay)]
#[command(Ship)]
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
enum Order {
    #[initial]
    #[on(Pay => Paid | Paid | Declind)]
    Pending,
    #[on(Ship => Shipped)]
    Paid,
    #[terminal]
    Declined,
    #[terminal]
    Shipped,
}

fn main() {}
