use idem_core::idempotent_fsm;
use serde::{Deserialize, Serialize};

#[idempotent_fsm]
#[command(Punch)]
#[command(Board)]
#[command(Restore)]
#[command(Hold)]
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
enum Ticket {
    #[initial]
    #[on(Punch => Punched)]
    Blank,
    #[on(Board => Boarded)]
    #[on(Restore => Blank)]
    Punched,
    #[terminal]
    Boarded,
}

fn main() {
    Ticket::in_memory((), ticket::Blank).punch(idem_core::Natural).unwrap();
}
