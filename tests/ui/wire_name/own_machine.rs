use idem_core::idempotent_fsm;
use serde::{Deserialize, Serialize};

#[idempotent_fsm(name = "@ledger")]
#[command(Pay)]
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
enum Order {
    #[initial]
    #[on(Pay => Paid)]
    Pending,
    #[terminal]
    Paid,
}

fn main() {}
