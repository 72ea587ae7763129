use idem_core::idempotent_fsm;
use serde::{Deserialize, Serialize};

#[derive(Debug, Clone, PartialEq)]
struct Rate(i64);

#[idempotent_fsm]
#[command(Punch { rate: i64 } -> Rate)]
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

struct Conductor;

impl ticket::Transitions for Conductor {
    type Rejection = idem_core::Never;

    fn punch(
        &self,
        _: ticket::Blank,
        punch: &ticket::Punch,
        _: &idem_core::Context<'_>,
    ) -> Result<idem_core::Step<ticket::Punched, Rate>, Self::Rejection> {
        Ok(idem_core::Step::to(ticket::Punched).outcome(Rate(punch.rate)))
    }
}

fn main() {
    let mut memory = Ticket::in_memory(Conductor, ticket::Blank);
    memory.punch(idem_core::Natural, ticket::Punch { rate: 1 }).unwrap();
}
