use idem_core::idempotent_fsm;
use serde::{Deserialize, Serialize};

#[idempotent_fsm]
#[command(Punch)]
#[command(Board)]
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
enum Ticket {
    #[initial]
    #[on(Punch => Punched)]
    Blank,
    #[on(Board => Boarded)]
    Punched,
    #[terminal]
    Boarded,
}

fn main() {
    let key = idem_core::Key::new("scope", "key").unwrap();
    Ticket::in_memory((), ticket::Blank).punch(key).unwrap();
}
