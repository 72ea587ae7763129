//! A cycle: `Natural` means one effect per visit, because the enum says so.
use idem_core::{Natural, idempotent_fsm};
use serde::{Deserialize, Serialize};

#[idempotent_fsm]
#[command(Open as OpenIt, per_visit)]
#[command(Close as CloseIt, per_visit)]
#[command(Remove)]
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
enum Cart {
    #[initial]
    #[on(Open => Open)]
    Closed,
    #[on(Close => Closed)]
    #[on(Remove => Removed)]
    Open,
    #[terminal]
    Removed,
}

#[test]
fn per_visit_commands_on_cycle_compile_and_run_once_per_visit() {
    let mut memory = Cart::in_memory((), cart::Closed);
    assert!(memory.open(Natural).unwrap().is_fresh());
    assert!(memory.open(Natural).unwrap().is_replay());
    assert!(memory.close(Natural).unwrap().is_fresh());
    assert!(memory.open(Natural).unwrap().is_fresh());
    assert!(memory.remove(Natural).unwrap().is_fresh());
    assert_eq!(cart::Command::from(cart::OpenIt).kind(), cart::CommandKind::Open);
}
