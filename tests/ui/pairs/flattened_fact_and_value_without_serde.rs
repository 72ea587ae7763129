use idem_core::idempotent_fsm;
use serde::{Deserialize, Serialize};

#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
struct Rate {
    rate: i64,
}

#[derive(Debug, Clone, PartialEq)]
struct Clerk(String);

#[idempotent_fsm]
#[command(Pay { #[fact] #[serde(flatten)] rate: Rate, by: Clerk })]
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
