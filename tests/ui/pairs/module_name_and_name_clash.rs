use idem_core::idempotent_fsm;
use serde::{Deserialize, Serialize};

#[idempotent_fsm]
#[command(Pay)]
#[command(Get)]
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
enum Crate {
    #[initial]
    #[on(Pay => Paid)]
    Pending,
    #[on(Get => Shipped)]
    Paid,
    #[terminal]
    Shipped,
}

fn main() {}
