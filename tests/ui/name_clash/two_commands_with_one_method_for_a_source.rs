use idem_core::idempotent_fsm;
use serde::{Deserialize, Serialize};

#[idempotent_fsm]
#[command(Pay)]
#[command(PayFrom)]
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
enum Order {
    #[initial]
    #[on(Pay => Pending)]
    FromPending,
    #[on(PayFrom => Paid)]
    Pending,
    #[on(Pay => Shipped)]
    #[on(PayFrom => Shipped)]
    Paid,
    #[terminal]
    Shipped,
}

fn main() {}
