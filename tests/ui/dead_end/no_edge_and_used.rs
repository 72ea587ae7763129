use idem_core::idempotent_fsm;
use serde::{Deserialize, Serialize};

#[idempotent_fsm]
#[command(Pay)]
#[command(Ship)]
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
enum Order {
    #[initial]
    #[on(Pay => Paid)]
    Pending,
    #[on(Ship => Shipped)]
    Paid,
    Shipped,
}

fn main() {
    let mut memory = Order::in_memory((), order::Pending);
    memory.pay(idem_core::Natural).unwrap();
    memory.ship(idem_core::Natural).unwrap();
}
