use idem_core::idempotent_fsm;
use serde::{Deserialize, Serialize};

#[idempotent_fsm]
#[command(Pay)]
#[command(Ship)]
#[command(Hold)]
#[command(Refund)]
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
enum Order {
    #[initial]
    #[on(Pay => Paid)]
    #[on(Ship => Shipped)]
    Pending,
    #[on(Hold => Held)]
    Paid,
    #[on(Hold => Paid)]
    Held,
    #[terminal]
    Shipped,
}

fn main() {}
