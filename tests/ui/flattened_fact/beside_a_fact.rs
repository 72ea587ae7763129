use idem_core::idempotent_fsm;
use serde::{Deserialize, Serialize};

#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
struct Rate {
    rate: i64,
}

#[idempotent_fsm]
#[command(Pay { #[serde(flatten)] rate: Rate, #[fact] price: i64 })]
#[command(Ship)]
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
enum Order {
    #[initial]
    #[on(Pay => Paid)]
    Pending,
    #[on(Ship => Shipped)]
    Paid,
    #[terminal]
    Shipped,
}

fn main() {}
