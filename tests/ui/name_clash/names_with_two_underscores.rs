use idem_core::idempotent_fsm;
use serde::{Deserialize, Serialize};

#[idempotent_fsm]
#[command(Pay)]
#[command(__New)]
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
enum Order {
    #[initial]
    #[on(Pay => __Paid)]
    Pending,
    #[on(__New => Shipped)]
    __Paid,
    #[terminal]
    Shipped,
}

fn main() {}
