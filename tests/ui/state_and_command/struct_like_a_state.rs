use idem_core::idempotent_fsm;
use serde::{Deserialize, Serialize};

#[idempotent_fsm]
#[command(Open as Closed)]
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
enum Door {
    #[initial]
    #[on(Open => Open)]
    Closed,
    #[terminal]
    Open,
}

fn main() {}
