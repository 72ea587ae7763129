//! A machine without an end, which is meant; rules that the macro can write.
use idem_core::{Key, idempotent_fsm};
use serde::{Deserialize, Serialize};

#[idempotent_fsm(endless)]
#[command(Toggle)]
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize)]
enum Subscription {
    #[initial]
    #[on(Toggle => Active)]
    Paused,
    #[on(Toggle => Paused)]
    Active,
}

struct Rules;

// `Toggle` leads to another state from each: one method per source, and both write themselves.
impl subscription::Transitions for Rules {
    type Rejection = idem_core::Never;
}

#[test]
fn endless_machine_compiles_and_runs() {
    let mut memory = Subscription::in_memory(Rules, subscription::Paused);
    let keys = ["1", "2", "3"].map(|key| Key::new("customer-7", key).unwrap());
    for key in &keys {
        memory.toggle(key).unwrap();
    }
    assert_eq!(*memory.state(), Subscription::Active);
    assert!(memory.toggle(&keys[0]).unwrap().is_superseded());
}
