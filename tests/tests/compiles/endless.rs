//! A machine without an end, which is meant; rules that the macro can write.
use idem_core::{Key, idempotent_fsm};
use serde::{Deserialize, Serialize};

#[idempotent_fsm(endless)]
#[command(Toggle)]
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize)]
enum Lamp {
    #[initial]
    #[on(Toggle => On)]
    Off,
    #[on(Toggle => Off)]
    On,
}

struct Rules;

// `Toggle` leads to another state from each: one method per source, and both write themselves.
impl lamp::Transitions for Rules {
    type Rejection = idem_core::Never;
}

#[test]
fn endless_machine_compiles_and_runs() {
    let mut memory = Lamp::in_memory(Rules, lamp::Off);
    let keys = ["1", "2", "3"].map(|key| Key::new("hand", key).unwrap());
    for key in &keys {
        memory.toggle(key).unwrap();
    }
    assert_eq!(*memory.state(), Lamp::On);
    assert!(memory.toggle(&keys[0]).unwrap().is_superseded());
}
