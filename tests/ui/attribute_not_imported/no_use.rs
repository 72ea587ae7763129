use serde::{Deserialize, Serialize};

#[idempotent_fsm]
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
