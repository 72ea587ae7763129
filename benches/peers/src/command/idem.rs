//! The library.

use idem_core::Never;

use idem_core::{Context, GroupCommit, Idem, Key, Step, idempotent_fsm, Natural};
use serde::{Deserialize, Serialize};
use sqlx_9::Postgres;
use tokio::task::JoinSet;

use super::{CALLERS, Past, Turn};
use crate::Failure;
use crate::contender::Wrong;
use crate::server::{CONNECTIONS, Room};

/// What a command is answered with.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub(crate) struct Receipt {
    reference: String,
    total: i64,
}

/// A machine that each command turns to its other state.
#[idempotent_fsm(endless)]
#[command(Turn { amount: i64, reference: String } -> Receipt)]
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub(crate) enum Ticket {
    #[initial]
    #[on(Turn => Held)]
    Open { total: i64, last: String },

    #[on(Turn => Open)]
    Held { total: i64, last: String },
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
        let (total, last) = (from.total.wrapping_add(turn.amount), turn.reference.clone());
        Ok(Step::to(ticket::Held { total, last: last.clone() }).outcome(Receipt { reference: last, total }))
    }

    fn turn_from_held(
        &self,
        from: ticket::Held,
        turn: &ticket::Turn,
        _cx: &Context<'_>,
    ) -> Result<Step<ticket::Open, Receipt>, Never> {
        let (total, last) = (from.total.wrapping_add(turn.amount), turn.reference.clone());
        Ok(Step::to(ticket::Open { total, last: last.clone() }).outcome(Receipt { reference: last, total }))
    }
}

/// The contender.
#[derive(Clone)]
pub(super) struct Tickets {
    tickets: ticket::Repository<Postgres, Desk>,
    room: Room,
}

impl Tickets {
    pub(super) async fn opened(room: Room, past: Past, grouping: GroupCommit) -> Result<Self, Failure> {
        let builder = Idem::<Postgres>::builder().max_connections(CONNECTIONS).group_commit(grouping);
        let idem = builder.open(&room.url()).await?;
        let this = Self { tickets: Ticket::stored(&idem, Desk), room };
        let mut tasks = JoinSet::new();
        for caller in 0..CALLERS {
            let this = this.clone();
            tasks.spawn(async move {
                for machine in (caller..past.things).step_by(usize::try_from(CALLERS)?) {
                    this.begin(machine).await?;
                }
                Ok::<_, Failure>(())
            });
        }
        while let Some(done) = tasks.join_next().await {
            done??;
        }
        this.room.execute(&history(past.events)).await?;
        Ok(this)
    }

    /// Starts a machine and turns it [`OWN`] times.
    async fn begin(&self, machine: u64) -> Result<(), Failure> {
        let this = self.tickets.at(format!("ticket-{machine:05}"));
        let _ = this.start(Natural, ticket::Open { total: 0, last: "reference-000000000000".into() }).await?;
        for turn in 0..OWN {
            let reference = format!("reference-{turn:012}");
            let _ = this.turn(&Key::random("bench")?, ticket::Turn { amount: 500, reference }).await?;
        }
        Ok(())
    }
}

/// Turns that a machine makes itself; the rest of its history are copies of the last two of them, one from each state.
const OWN: u64 = 3;

/// Copies the last two turns of every machine in alternation, with a key each, until it has so many events.
fn history(events: u64) -> String {
    let (own, copied) = (OWN + 1, OWN + 2);
    format!(
        "INSERT INTO idem_transitions (machine, id, seq, command, from_state, state, body, payload, outcome, fingerprint,
                                       scope, key, from_visit, visit, at, correlation, hash)
         SELECT machine, id, n, command, from_state, state, body, payload, outcome, fingerprint, scope,
                gen_random_uuid()::text, n - 1, n, at, correlation,
                substr(sha256(convert_to(id || n, 'UTF8')), 1, 23)
         FROM idem_transitions, generate_series({copied}, {events}) AS n
         WHERE seq = {own} - (n + {own}) % 2;
         UPDATE idem_machines SET version = {events}, visit = {events}"
    )
}

impl super::Machines for Tickets {
    async fn turn(&self, machine: u64, Turn { amount, reference }: Turn) -> Result<(), Wrong> {
        let this = self.tickets.at(format!("ticket-{machine:05}"));
        let turn = ticket::Turn { amount, reference: reference.clone() };
        let receipt = this.turn(&Key::random("bench")?, turn).await?;
        if receipt.is_fresh() && receipt.reference == reference {
            return Ok(());
        }
        Err(Wrong::Answer(format!("{receipt:?}")))
    }

    async fn stored(&self) -> Result<u64, Failure> {
        super::whole(
            self.room
                .two(
                    "WITH past AS (SELECT id, count(seq) AS events, max(seq) AS last FROM idem_transitions GROUP BY id)
                     SELECT sum(events)::bigint,
                            count(*) FILTER (WHERE (events = version AND last = version) IS NOT TRUE)
                            + (SELECT count(*) FROM idem_transitions WHERE seq > 1 AND hash IS NULL)
                     FROM idem_machines LEFT JOIN past USING (id)",
                )
                .await?,
        )
    }
}
