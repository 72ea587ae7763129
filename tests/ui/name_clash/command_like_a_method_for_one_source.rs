use idem_core::idempotent_fsm;
use serde::{Deserialize, Serialize};

#[idempotent_fsm]
#[command(Pay -> i64)]
#[command(PayFromPending -> i64)]
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
enum Order {
    #[initial]
    #[on(Pay => Paid)]
    #[on(PayFromPending => Paid)]
    Pending,
    #[on(Pay => Shipped)]
    Paid,
    #[terminal]
    Shipped,
}

fn main() {}
