//! es-entity: load the events, guard, persist the new one.

use es_entity::{
    EntityEvents, EntityEventsBuilder, EntityHydrationError, EsEntity, EsEvent, EsRepo, FromRepo, Idempotent,
    IntoEvents, TryFromEvents, entity_id, errlanes, idempotency_guard,
};
use serde::{Deserialize, Serialize};
use sqlx::PgPool;
use uuid::Uuid;

use super::{Past, Turn};
use crate::Failure;
use crate::contender::Wrong;
use crate::server::Room;

/// The tables of this contender and of the next one.
pub(super) const TABLES: &str = include_str!("es_entity.sql");

entity_id! { TicketId }

#[derive(EsEvent, Debug, Serialize, Deserialize)]
#[serde(tag = "type", rename_all = "snake_case")]
#[es_event(id = "TicketId")]
pub(super) enum TicketEvent {
    Initialized { id: TicketId },
    Turned { key: Uuid, amount: i64, reference: String },
}

#[derive(EsEntity)]
pub(super) struct Ticket {
    id: TicketId,
    held: bool,
    total: i64,
    last: String,
    events: EntityEvents<TicketEvent>,
}

/// What a command is answered with.
pub(super) struct Receipt {
    pub(super) reference: String,
    pub(super) total: i64,
}

impl Ticket {
    /// Turns it to its other state, unless the key is known.
    fn turn(&mut self, key: Uuid, Turn { amount, reference }: Turn) -> Idempotent<Receipt> {
        idempotency_guard!(
            self.events.iter_all().rev(),
            already_applied: TicketEvent::Turned { key: known, .. } if *known == key
        );
        self.total += amount;
        self.held = !self.held;
        self.last.clone_from(&reference);
        self.events.push(TicketEvent::Turned { key, amount, reference: reference.clone() });
        Idempotent::Executed(Receipt { reference, total: self.total })
    }
}

impl TryFromEvents<TicketEvent> for Ticket {
    fn try_from_events(events: EntityEvents<TicketEvent>) -> Result<Self, EntityHydrationError> {
        let (mut held, mut total, mut last) = (false, 0, "");
        for event in events.iter_all() {
            if let TicketEvent::Turned { amount, reference, .. } = event {
                held = !held;
                total += amount;
                last = reference;
            }
        }
        Ok(Self { id: *events.id(), held, total, last: last.to_owned(), events })
    }
}

pub(super) struct NewTicket;

impl IntoEvents<TicketEvent> for NewTicket {
    type IdSource = FromRepo;

    fn into_events(self, builder: EntityEventsBuilder<TicketEvent, FromRepo>) -> EntityEvents<TicketEvent> {
        let id = builder.id();
        builder.initial_events([TicketEvent::Initialized { id }])
    }
}

#[derive(EsRepo)]
#[es_repo(entity = "Ticket")]
struct Tickets {
    pool: PgPool,
}

/// The contender.
pub(super) struct Plain {
    tickets: Tickets,
    ids: Vec<TicketId>,
    room: Room,
}

impl Plain {
    pub(super) async fn opened(room: Room, past: Past) -> Result<Self, Failure> {
        room.execute(TABLES).await?;
        let tickets = Tickets { pool: room.pool().await? };
        let new = (0..past.things).map(|_| NewTicket).collect();
        let ids = tickets.create_all(new).await?.into_iter().map(|ticket| ticket.id).collect();
        room.execute(&history("ticket_events", past.events)).await?;
        Ok(Self { tickets, ids, room })
    }
}

/// Adds turns to everything that has its first event, until it has so many events.
pub(super) fn history(table: &str, events: u64) -> String {
    format!(
        "INSERT INTO {table} (id, sequence, event_type, event, recorded_at)
         SELECT id, n, 'turned',
                jsonb_build_object('type', 'turned', 'key', gen_random_uuid(), 'amount', 500,
                                   'reference', 'reference-' || lpad(n::text, 12, '0')),
                now()
         FROM {table}, generate_series(2, {events}) AS n WHERE sequence = 1"
    )
}

impl super::Machines for Plain {
    async fn turn(&self, machine: u64, turn: Turn) -> Result<(), Wrong> {
        let id = id_of(&self.ids, machine)?;
        let reference = turn.reference.clone();
        let mut ticket = self.tickets.find_by_id(id).await?;
        let before = ticket.total;
        match ticket.turn(Uuid::new_v4(), turn) {
            Idempotent::Executed(receipt) => {
                self.tickets.update(&mut ticket).await?;
                right(&receipt, &reference, before)
            }
            Idempotent::AlreadyApplied => Err(Wrong::Answer("a new key was known".into())),
        }
    }

    async fn stored(&self) -> Result<u64, Failure> {
        super::whole(self.room.two(&whole("ticket_events")).await?)
    }
}

/// Checks an answer.
pub(super) fn right(receipt: &Receipt, reference: &str, before: i64) -> Result<(), Wrong> {
    if receipt.reference == reference && receipt.total == before + 500 {
        return Ok(());
    }
    Err(Wrong::Answer(format!("{} was answered {} and {}", reference, receipt.reference, receipt.total)))
}

pub(super) fn id_of<T: Copy>(ids: &[T], machine: u64) -> Result<T, Wrong> {
    let id = usize::try_from(machine).ok().and_then(|machine| ids.get(machine));
    id.copied().ok_or_else(|| Wrong::Answer(format!("there is no machine {machine}")))
}

/// A query that counts events, and the histories that have a gap.
pub(super) fn whole(table: &str) -> String {
    format!(
        "SELECT coalesce(sum(events), 0)::bigint, count(*) FILTER (WHERE events <> last)
         FROM (SELECT count(*) AS events, max(sequence) AS last FROM {table} GROUP BY id) AS histories"
    )
}
