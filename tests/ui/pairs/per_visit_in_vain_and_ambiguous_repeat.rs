use idem_core::idempotent_fsm;
use serde::{Deserialize, Serialize};

#[idempotent_fsm]
#[command(Pay, per_visit)]
#[command(Remind)]
#[command(Ship)]
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
enum Order {
    #[initial]
    #[on(Remind => Pending)]
    #[on(Pay => Paid)]
    Pending,
    #[on(Ship => Shipped)]
    Paid,
    #[terminal]
    Shipped,
}

fn main() {
    Order::in_memory((), order::Pending).remind(idem_core::Natural).unwrap();
}
