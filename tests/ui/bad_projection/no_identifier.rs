use idem_core::idempotent_fsm;
use serde::{Deserialize, Serialize};

#[idempotent_fsm(project(table = "my orders", id = "id", state = "status"))]
#[command(Pay)]
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
