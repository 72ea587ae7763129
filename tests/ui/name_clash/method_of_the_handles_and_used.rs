use idem_core::idempotent_fsm;
use serde::{Deserialize, Serialize};

#[idempotent_fsm]
#[command(Pay)]
#[command(Start)]
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
enum Order {
    #[initial]
    #[on(Pay => Paid)]
    Pending,
    #[on(Start => Shipped)]
    Paid,
    #[terminal]
    Shipped,
}

fn main() {
    let mut memory = Order::in_memory((), order::Pending);
    memory.pay(idem_core::Natural).unwrap();
}
