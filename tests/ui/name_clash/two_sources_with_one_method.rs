use idem_core::idempotent_fsm;
use serde::{Deserialize, Serialize};

#[idempotent_fsm]
#[command(Pay)]
#[command(Ship)]
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
enum Order {
    #[initial]
    #[on(Pay => AB)]
    Ab,
    #[on(Pay => Shipped)]
    AB,
    #[on(Ship => Lost)]
    Shipped,
    #[terminal]
    Lost,
}

fn main() {}
