//! es-entity with snapshots: load the newest snapshot and the events after it, guard, persist the new one.

use es_entity::{
    EntityEvents, EntityEventsBuilder, EntityHydrationError, EsEntity, EsEvent, EsRepo, EsSnapshot, FromRepo,
    HeadSnapshot, Idempotent, IntoEvents, Replay, TryFromEvents, entity_id, errlanes, idempotency_guard,
};
use serde::{Deserialize, Serialize};
use sqlx::PgPool;
use uuid::Uuid;

use super::es_entity::{Receipt, TABLES, history, id_of, right, whole};
use super::{Past, Turn};
use crate::Failure;
use crate::contender::Wrong;
use crate::server::Room;

/// A snapshot remembers so many of the newest keys: all of them would make it as long as the history. What idem and the
/// entity without snapshots remember for ever, this one forgets.
const REMEMBERED: usize = 100;

/// Events after which a snapshot is taken.
const TAIL: usize = 16;

entity_id! { SheetId }

#[derive(EsEvent, Debug, Serialize, Deserialize)]
#[serde(tag = "type", rename_all = "snake_case")]
#[es_event(id = "SheetId")]
pub(super) enum SheetEvent {
    Initialized { id: SheetId },
    Turned { key: Uuid, amount: i64, reference: String },
}

#[derive(EsSnapshot, Debug, Serialize, Deserialize)]
#[es_snapshot(version = 1)]
pub(super) struct SheetSnapshot {
    held: bool,
    total: i64,
    last: String,
    known: Vec<Uuid>,
}

#[derive(EsEntity)]
pub(super) struct Sheet {
    id: SheetId,
    held: bool,
    total: i64,
    last: String,
    /// The newest keys, the oldest of them first.
    known: Vec<Uuid>,
    events: EntityEvents<SheetEvent, SheetSnapshot>,
}

impl Sheet {
    /// Turns it to its other state, unless the key is known.
    fn turn(&mut self, key: Uuid, Turn { amount, reference }: Turn) -> Idempotent<Receipt> {
        idempotency_guard!(
            self.events.replay().rev(),
            already_applied: SheetEvent::Turned { key: known, .. } if *known == key,
            snapshot: snapshot if snapshot.known.contains(&key),
        );
        self.total += amount;
        self.held = !self.held;
        self.last.clone_from(&reference);
        self.known.push(key);
        self.events.push(SheetEvent::Turned { key, amount, reference: reference.clone() });
        Idempotent::Executed(Receipt { reference, total: self.total })
    }
}

impl HeadSnapshot for Sheet {
    fn capture(&self) -> Option<SheetSnapshot> {
        let known = self.known.get(self.known.len().saturating_sub(REMEMBERED)..).unwrap_or_default();
        (self.events.tail_len() >= TAIL).then(|| SheetSnapshot {
            held: self.held,
            total: self.total,
            last: self.last.clone(),
            known: known.to_vec(),
        })
    }
}

impl TryFromEvents<SheetEvent, SheetSnapshot> for Sheet {
    fn try_from_events(events: EntityEvents<SheetEvent, SheetSnapshot>) -> Result<Self, EntityHydrationError> {
        let (mut held, mut total, mut last, mut known) = (false, 0, "", Vec::new());
        for part in events.replay() {
            match part {
                Replay::Snapshot(snapshot) => {
                    (held, total, last) = (snapshot.held, snapshot.total, &snapshot.last);
                    known.clone_from(&snapshot.known);
                }
                Replay::Event(SheetEvent::Turned { key, amount, reference }) => {
                    held = !held;
                    total += amount;
                    last = reference;
                    known.push(*key);
                }
                Replay::Event(SheetEvent::Initialized { .. }) => {}
            }
        }
        Ok(Self { id: *events.id(), held, total, last: last.to_owned(), known, events })
    }
}

pub(super) struct NewSheet;

impl IntoEvents<SheetEvent> for NewSheet {
    type IdSource = FromRepo;

    fn into_events(self, builder: EntityEventsBuilder<SheetEvent, FromRepo>) -> EntityEvents<SheetEvent> {
        let id = builder.id();
        builder.initial_events([SheetEvent::Initialized { id }])
    }
}

#[derive(EsRepo)]
#[es_repo(entity = "Sheet", snapshot)]
struct Sheets {
    pool: PgPool,
}

/// The contender.
pub(super) struct Snapped {
    sheets: Sheets,
    ids: Vec<SheetId>,
    room: Room,
}

impl Snapped {
    /// With a snapshot of each sheet, where its history is long enough for one.
    pub(super) async fn opened(room: Room, past: Past) -> Result<Self, Failure> {
        room.execute(TABLES).await?;
        let sheets = Sheets { pool: room.pool().await? };
        let new = (0..past.things).map(|_| NewSheet).collect();
        let ids = sheets.create_all(new).await?.into_iter().map(|sheet| sheet.id).collect();
        room.execute(&history("sheet_events", past.events)).await?;
        let this = Self { sheets, ids, room };
        if usize::try_from(past.events)? > TAIL {
            for &id in &this.ids {
                let mut sheet = this.sheets.find_by_id(id).await?;
                let turn = Turn { amount: 500, reference: "reference-000000000000".into() };
                if sheet.turn(Uuid::new_v4(), turn).did_execute() {
                    this.sheets.update(&mut sheet).await?;
                }
            }
        }
        Ok(this)
    }
}

impl super::Machines for Snapped {
    async fn turn(&self, machine: u64, turn: Turn) -> Result<(), Wrong> {
        let id = id_of(&self.ids, machine)?;
        let reference = turn.reference.clone();
        let mut sheet = self.sheets.find_by_id(id).await?;
        let before = sheet.total;
        match sheet.turn(Uuid::new_v4(), turn) {
            Idempotent::Executed(receipt) => {
                self.sheets.update(&mut sheet).await?;
                right(&receipt, &reference, before)
            }
            Idempotent::AlreadyApplied => Err(Wrong::Answer("a new key was known".into())),
        }
    }

    async fn stored(&self) -> Result<u64, Failure> {
        super::whole(self.room.two(&whole("sheet_events")).await?)
    }
}
