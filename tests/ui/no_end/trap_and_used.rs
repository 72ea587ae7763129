use idem_core::idempotent_fsm;
use serde::{Deserialize, Serialize};

#[idempotent_fsm]
#[command(Pay)]
#[command(Ship)]
#[command(Hold)]
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
enum Order {
    #[initial]
    #[on(Pay => Paid)]
    #[on(Ship => Shipped)]
    Pending,
    #[on(Hold => Held)]
    Paid,
    #[on(Hold => Paid)]
    Held,
    #[terminal]
    Shipped,
}

struct Rules;

impl order::Transitions for Rules {
    type Rejection = idem_core::Never;
}

fn main() {
    Order::in_memory(Rules, order::Pending).pay(idem_core::Natural).unwrap();
}
