use idem_core::idempotent_fsm;
use serde::{Deserialize, Serialize};

#[idempotent_fsm(crate = idem_core)]
#[command(Pay)]
#[command(Ship)]
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
enum Order {
    #[initial]
    #[on(Pay => Payd)]
    Pending,
    #[on(Ship => Shipped)]
    Paid,
    #[terminal]
    Shipped,
}

fn main() {}
