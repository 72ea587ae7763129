//! The smallest machine: one state, no command.
use idem_core::idempotent_fsm;
use serde::{Deserialize, Serialize};

#[idempotent_fsm]
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
enum Rock {
    #[initial]
    #[terminal]
    Still,
}

#[test]
fn machine_with_one_state_compiles_and_runs() {
    assert_eq!(*Rock::in_memory((), rock::Still).state(), Rock::Still);
    assert!(rock::allowed(rock::StateKind::Still).is_empty());
    assert!(rock::CommandKind::ALL.is_empty());
    assert!(serde_json::from_str::<rock::Command>("{\"Roll\":null}").is_err());
    assert_eq!(rock::mermaid(), "stateDiagram-v2\n    [*] --> Still\n    Still --> [*]\n");
}
