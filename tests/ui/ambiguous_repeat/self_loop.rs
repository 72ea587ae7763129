use idem_core::idempotent_fsm;
use serde::{Deserialize, Serialize};

#[idempotent_fsm]
#[command(Punch)]
#[command(Board)]
#[command(Inspect)]
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
enum Ticket {
    #[initial]
    #[on(Punch => Punched)]
    Blank,
    #[on(Inspect => Punched)]
    #[on(Board => Boarded)]
    Punched,
    #[terminal]
    Boarded,
}

fn main() {
    let mut memory = Ticket::in_memory((), ticket::Blank);
    memory.inspect(idem_core::Natural).unwrap();
}
