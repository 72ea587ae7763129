use idem_core::idempotent_fsm;
use serde::{Deserialize, Serialize};

#[idempotent_fsm]
#[command(Punch)]
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
enum Ticket {
    #[initial]
    #[on(Punch => Punched | Spoiled)]
    Blank,
    #[terminal]
    Punched { at: u64 },
    #[terminal]
    Spoiled,
}

struct Conductor;

impl ticket::Transitions for Conductor {
    type Rejection = idem_core::Never;

    fn punch(
        &self,
        _: ticket::Spoiled,
        _: &ticket::Punch,
        _: &idem_core::Context<'_>,
    ) -> Result<idem_core::Step<ticket::PunchTo>, Self::Rejection> {
        Ok(idem_core::Step::to(ticket::Spoiled))
    }
}

fn main() {}
