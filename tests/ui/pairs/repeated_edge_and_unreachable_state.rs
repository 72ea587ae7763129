use idem_core::idempotent_fsm;
use serde::{Deserialize, Serialize};

#[idempotent_fsm]
#[command(Pay)]
#[command(Ship)]
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
enum Order {
    #[initial]
    #[on(Pay => Paid)]
    #[on(Pay => Declined)]
    Pending,
    #[on(Ship => Shipped)]
    Paid,
    #[terminal]
    Declined,
    #[terminal]
    Lost,
    #[terminal]
    Shipped,
}

fn main() {}
