use idem_core::idempotent_fsm;
use serde::{Deserialize, Serialize};

#[idempotent_fsm]
#[command(Pay)]
#[command(TryInto)]
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
enum Order {
    #[initial]
    #[on(Pay => Paid)]
    Pending,
    #[on(TryInto => Shipped)]
    Paid,
    #[terminal]
    Shipped,
}

fn main() {}
