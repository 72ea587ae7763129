use idem_core::idempotent_fsm;
use serde::{Deserialize, Serialize};

#[idempotent_fsm]
#[command(Pay, name = "act")]
#[command(Shipped, name = "act")]
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
enum Order {
    #[initial]
    #[on(Pay => Paid)]
    Pending,
    #[on(Shipped => Shipped)]
    Paid,
    #[terminal]
    Shipped,
}

fn main() {}
