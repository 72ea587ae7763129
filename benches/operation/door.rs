//! Commands of one machine, fenced by a lock and not.

use idem_core::lease::LockGuard;
use idem_core::{Context, Database, Idem, Key, Natural, Never, Step, idempotent_fsm};
use serde::{Deserialize, Serialize};

use crate::Failure;
use crate::race::Contender;

#[idempotent_fsm(endless)]
#[command(Turn -> u64)]
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub(crate) enum Door {
    #[initial]
    #[on(Turn => Shut)]
    Open { turns: u64 },
    #[on(Turn => Open)]
    Shut { turns: u64 },
}

struct Keeper;

impl door::Transitions for Keeper {
    type Rejection = Never;

    fn turn_from_open(
        &self,
        from: door::Open,
        _: &door::Turn,
        _: &Context<'_>,
    ) -> Result<Step<door::Shut, u64>, Never> {
        Ok(Step::to(door::Shut { turns: from.turns + 1 }).outcome(from.turns + 1))
    }

    fn turn_from_shut(
        &self,
        from: door::Shut,
        _: &door::Turn,
        _: &Context<'_>,
    ) -> Result<Step<door::Open, u64>, Never> {
        Ok(Step::to(door::Open { turns: from.turns + 1 }).outcome(from.turns + 1))
    }
}

/// A door that is turned, with the lock that fences it.
pub(crate) struct Turns<DB: Database> {
    doors: door::Repository<DB, Keeper>,
    id: &'static str,
    fence: Option<LockGuard>,
}

impl<DB: Database> Turns<DB> {
    pub(crate) async fn of(idem: &Idem<DB>, id: &'static str, fence: Option<LockGuard>) -> Result<Self, Failure> {
        let doors = Door::stored(idem, Keeper);
        let _ = doors.at(id).start(Natural, door::Open { turns: 0 }).await?;
        Ok(Self { doors, id, fence })
    }
}

impl<DB: Database> Contender for Turns<DB> {
    async fn call(&self, number: u64) -> Result<(), Failure> {
        let key = Key::new("bench", format!("{}-{number:016}", self.id))?;
        let door = self.doors.at(self.id);
        let call = door.turn(&key);
        let turned = match &self.fence {
            Some(lock) => call.fenced_by(lock).await?,
            None => call.await?,
        };
        if *turned == number + 1 { Ok(()) } else { Err(format!("turn {} came as {}", number + 1, *turned).into()) }
    }
}
