use idem_core::idempotent_fsm;
use serde::{Deserialize, Serialize};

#[idempotent_fsm]
#[command(Pay)]
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
    Shipped {
        at: u64,
    },
}

struct Rules;

impl order::Transitions for Rules {
    type Rejection = idem_core::Never;
}

fn main() {
    Order::in_memory(Rules, order::Pending).remind(idem_core::Natural).unwrap();
}
