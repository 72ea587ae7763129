//! The library.

use idem_core::Never;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};

use idem_core::{Context, Database, Idem, Key, Natural, Step, idempotent_fsm};
use serde::{Deserialize, Serialize};
use sqlx::{Pool, Postgres, Sqlite};
use tokio::task::JoinSet;

use crate::Failure;
use crate::baseline::audit;
use crate::contender::{Answer, Contender};
use crate::workload::{MACHINES, Receipt, Request, SCOPE, Sheet, machine_id};

/// The machine of the workload.
#[idempotent_fsm(endless)]
#[command(Turn { amount: i64, reference: String, reason: String } -> Receipt)]
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub(crate) enum Ticket {
    #[initial]
    #[on(Turn => Held)]
    Open(Sheet),
    #[on(Turn => Open)]
    Held(Sheet),
}

pub(crate) struct Desk;

impl ticket::Transitions for Desk {
    type Rejection = Never;

    fn turn_from_open(
        &self,
        from: ticket::Open,
        turn: &ticket::Turn,
        _cx: &Context<'_>,
    ) -> Result<Step<ticket::Held, Receipt>, Never> {
        let (sheet, receipt) = from.0.turned(turn.amount, &turn.reference);
        Ok(Step::to(ticket::Held(sheet)).outcome(receipt))
    }

    fn turn_from_held(
        &self,
        from: ticket::Held,
        turn: &ticket::Turn,
        _cx: &Context<'_>,
    ) -> Result<Step<ticket::Open, Receipt>, Never> {
        let (sheet, receipt) = from.0.turned(turn.amount, &turn.reference);
        Ok(Step::to(ticket::Open(sheet)).outcome(receipt))
    }
}

/// The contender.
pub(crate) struct Engine<DB: Count> {
    idem: Idem<DB>,
    tickets: ticket::Repository<DB, Desk>,
}

impl<DB: Count> Engine<DB> {
    /// With its tables made and the machines started.
    pub(crate) async fn started(idem: Idem<DB>) -> Result<Self, Failure> {
        idem.migrate().await?;
        let tickets = Ticket::stored(&idem, Desk);
        let next = Arc::new(AtomicU64::new(0));
        let mut tasks = JoinSet::new();
        for _ in 0..8 {
            let (tickets, next) = (tickets.clone(), Arc::clone(&next));
            tasks.spawn(async move {
                loop {
                    let machine = next.fetch_add(1, Ordering::Relaxed);
                    if machine >= MACHINES {
                        break Ok::<_, Failure>(());
                    }
                    let initial = ticket::Open(Sheet::initial(machine));
                    let _ = tickets.at(machine_id(machine)).start(Natural, initial).await?;
                }
            });
        }
        while let Some(done) = tasks.join_next().await {
            done??;
        }
        Ok(Self { idem, tickets })
    }
}

impl<DB: Count> Contender for Engine<DB> {
    async fn apply(&self, request: &Request) -> Result<Answer, Failure> {
        let key = Key::new(SCOPE, request.key.as_str())?;
        let turn = ticket::Turn {
            amount: request.turn.amount,
            reference: request.turn.reference.clone(),
            reason: request.turn.reason.clone(),
        };
        let outcome = self.tickets.at(request.machine.as_str()).turn(&key, turn).await?;
        Ok(Answer { fresh: outcome.is_fresh(), receipt: outcome.into_inner() })
    }

    async fn audit(&self) -> Result<u64, Failure> {
        DB::count(self.idem.pool()).await
    }
}

/// A database whose tables can be counted.
pub(crate) trait Count: Database {
    fn count(pool: &Pool<Self>) -> impl Future<Output = Result<u64, Failure>> + Send;
}

impl Count for Sqlite {
    async fn count(pool: &Pool<Self>) -> Result<u64, Failure> {
        Ok(u64::try_from(sqlx::query_scalar::<_, i64>(audit(PREFIX)).fetch_one(pool).await?)?)
    }
}

impl Count for Postgres {
    async fn count(pool: &Pool<Self>) -> Result<u64, Failure> {
        Ok(u64::try_from(sqlx::query_scalar::<_, i64>(audit(PREFIX)).fetch_one(pool).await?)?)
    }
}

/// The prefix of idem's tables.
const PREFIX: &str = "idem_";
