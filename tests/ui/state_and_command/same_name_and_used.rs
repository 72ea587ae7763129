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
}

fn main() {
    let mut memory = Door::in_memory((), door::Closed);
    assert_eq!(*memory.state(), Door::Closed);
    memory.apply(None, serde_json::from_str("{\"Open\":null}").unwrap()).unwrap();
}
