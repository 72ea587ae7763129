//! Targets, outcomes and commands that carry nothing: `()` is the rules.
use idem_core::{Natural, idempotent_fsm};
use serde::{Deserialize, Serialize};

#[idempotent_fsm]
#[command(Issue)]
#[command(Pay)]
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub enum Invoice {
    #[initial]
    #[on(Issue => Issued)]
    Draft { text: String },
    #[on(Pay => Paid)]
    Issued,
    #[terminal]
    Paid,
}

#[test]
fn machine_without_rules_compiles_and_runs() {
    let mut memory = Invoice::in_memory((), invoice::Draft { text: "…".into() });
    memory.issue(Natural).unwrap();
    memory.pay(Natural).unwrap();
    assert!(memory.issue(Natural).unwrap().is_superseded());
}
