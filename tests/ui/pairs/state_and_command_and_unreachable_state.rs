use idem_core::idempotent_fsm;
use serde::{Deserialize, Serialize};

#[idempotent_fsm]
#[command(Open)]
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
enum Door {
    #[initial]
    #[on(Open => Open)]
    Closed,
    #[terminal]
    Open,
    #[terminal]
    Broken,
}

fn main() {}
