use idem_core::idempotent_fsm;
use serde::{Deserialize, Serialize};

#[idempotent_fsm]
#[command(Punch)]
#[command(Board)]
#[command(Restore)]
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
    let mut memory = Ticket::in_memory((), ticket::Blank);
    memory.punch(idem_core::Natural).unwrap();
    memory.board(idem_core::Natural).unwrap();
}
