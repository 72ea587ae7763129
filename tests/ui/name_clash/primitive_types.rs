use idem_core::idempotent_fsm;
use serde::{Deserialize, Serialize};

#[idempotent_fsm]
#[command(Pay as u64 { amount: i64 })]
#[command(bool)]
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[allow(non_camel_case_types)]
enum Order {
    #[initial]
    #[on(Pay => str)]
    Pending,
    #[on(bool => Shipped)]
    str,
    #[terminal]
    Shipped,
}

fn main() {}
