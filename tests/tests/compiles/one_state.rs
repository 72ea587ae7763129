//! The smallest machine: one state, no command.
use idem_core::idempotent_fsm;
use serde::{Deserialize, Serialize};

#[idempotent_fsm]
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
enum Invoice {
    #[initial]
    #[terminal]
    Archived,
}

#[test]
fn machine_with_one_state_compiles_and_runs() {
    assert_eq!(*Invoice::in_memory((), invoice::Archived).state(), Invoice::Archived);
    assert!(invoice::allowed(invoice::StateKind::Archived).is_empty());
    assert!(invoice::CommandKind::ALL.is_empty());
    assert!(serde_json::from_str::<invoice::Command>("{\"Pay\":null}").is_err());
    assert_eq!(invoice::mermaid(), "stateDiagram-v2\n    [*] --> Archived\n    Archived --> [*]\n");
}
