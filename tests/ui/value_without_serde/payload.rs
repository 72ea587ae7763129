use idem_core::idempotent_fsm;
use serde::{Deserialize, Serialize};

#[derive(Debug, Clone, PartialEq)]
struct Rate(i64);

#[idempotent_fsm]
#[command(Pay { amount: i64, rate: Rate })]
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
