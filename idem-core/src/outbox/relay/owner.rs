//! What the owner of the outbox does, round by round.

use std::pin::pin;
use std::sync::Arc;
use std::time::{Duration, Instant};

use futures_util::future::{Either, select};

use super::floor::Floor;
use super::lanes::{Lanes, MOST, pause};
use super::outgoing::Outgoing;
use super::settings::{Settings, WhenDead};
use crate::error::Error;
use crate::idem::Idem;
use crate::lease::lock::LockGuard;
use crate::message::Message;
use crate::outbox::sink::{Delivery, Sink};
use crate::store::Database;
use crate::store::outbox::relay::{delete, delivered, due, load, mark, new_id, park, park_again};
use crate::store::outbox::rows::Parking;

/// How often the floor is looked at while there is always something to do, in rounds.
const ROUNDS: u32 = 16;
/// No more messages are loaded once their payloads have as many bytes.
const BYTES: i64 = 8 * 1_024 * 1_024;
/// How long a floor is kept.
const FLOOR_LASTS: Duration = Duration::from_mins(1);
/// Parked messages that are due, at a time.
const DUE: i64 = 10;

/// Whether and how a round has ended.
#[derive(Debug, PartialEq, Eq)]
pub(super) enum Round {
    /// There was nothing to deliver.
    Empty,
    /// All that could be loaded was published.
    Whole,
    /// There may be more.
    Full,
    /// The other side cannot be reached.
    Unavailable,
    /// Another process is the owner.
    Lost,
}

/// What was done.
#[derive(Debug, Default, Clone, Copy)]
pub(super) struct Counts {
    pub(super) sent: u64,
    pub(super) retried: u64,
    pub(super) parked: u64,
}

/// The owner of the outbox, while it has the lock.
pub(super) struct Owner<'r, DB: Database, S> {
    idem: &'r Idem<DB>,
    sink: &'r S,
    settings: Settings,
    guard: &'r LockGuard,
    installation: Arc<str>,
    floor: Floor,
    floor_since: Instant,
    lanes: Lanes,
    rounds: u32,
    /// How often the other side could not be reached, one time after another.
    unavailable: u32,
    pub(super) counts: Counts,
}

/// What a round leaves to be written.
#[derive(Debug, Default)]
struct Settled {
    delete: Vec<i64>,
    park: Vec<Parking>,
    delivered: Vec<i64>,
    park_again: Vec<(i64, i64, String)>,
}

impl<'r, DB: Database, S: Sink> Owner<'r, DB, S> {
    /// # Errors
    /// Those of the database.
    pub(super) async fn new(
        idem: &'r Idem<DB>,
        sink: &'r S,
        settings: Settings,
        guard: &'r LockGuard,
    ) -> Result<Self, Error> {
        let installation = idem.shared.installation().await?;
        let (floor, lanes, counts) = (Floor::default(), Lanes::default(), Counts::default());
        let floor_since = Instant::now();
        let (rounds, unavailable) = (0, 0);
        Ok(Self { idem, sink, settings, guard, installation, floor, floor_since, lanes, rounds, unavailable, counts })
    }

    /// Whether no lane waits for another try.
    pub(super) fn is_settled(&self) -> bool {
        self.lanes.is_empty()
    }

    /// Until when there is nothing to do, as far as is known.
    pub(super) fn rests_until(&self, round: &Round) -> Option<Instant> {
        let now = Instant::now();
        match round {
            Round::Unavailable => Some(now + pause(self.unavailable)),
            Round::Full | Round::Lost => None,
            Round::Empty | Round::Whole => {
                let next = self.lanes.next(now).unwrap_or(now + self.settings.poll);
                Some(next.min(now + self.settings.poll))
            }
        }
    }

    /// Loads messages, publishes them, and writes down what became of them.
    ///
    /// # Errors
    /// Those of the database.
    pub(super) async fn round(&mut self, is_idle: bool) -> Result<Round, Error> {
        // After a shutdown nothing is published that could not be deleted.
        drop(self.idem.shared.queue.enter()?);
        let mut batch = Vec::new();
        if is_idle || self.rounds.is_multiple_of(ROUNDS) {
            self.look_at_floor().await?;
            batch = self.released().await?;
        }
        self.rounds = self.rounds.wrapping_add(1);
        // One time for all: a lane whose pause ends during the load is not in it, and has messages left.
        let now = Instant::now();
        if batch.is_empty() {
            let Some(loaded) = self.load(now).await? else { return Ok(Round::Empty) };
            batch = loaded;
        }
        let whole = if self.is_full(&batch) { Round::Full } else { Round::Whole };
        if whole == Round::Whole {
            self.lanes.forget_all_but(&batch.iter().map(|outgoing| &*outgoing.lane).collect(), now);
        }
        if batch.is_empty() {
            return Ok(Round::Empty);
        }
        if self.guard.check().is_err() {
            return Ok(Round::Lost);
        }
        fail_point!("relay.loaded");
        let mut settled = Settled::default();
        let batch = self.park_unfit(batch, &mut settled);
        let messages: Vec<Message> = batch.iter().map(|outgoing| outgoing.message.clone()).collect();
        let Some(deliveries) = self.publish(&messages).await else { return Ok(Round::Lost) };
        fail_point!("relay.published");
        let unavailable = deliveries.iter().any(|delivery| matches!(delivery, Delivery::Unavailable(_)));
        self.unavailable = if unavailable { self.unavailable.saturating_add(1) } else { 0 };
        self.settle(batch, deliveries, &mut settled);
        if !self.write(&settled).await? {
            return Ok(Round::Lost);
        }
        fail_point!("relay.settled");
        Ok(if unavailable { Round::Unavailable } else { whole })
    }

    /// The answers of the sink; `None` if the lock was lost meanwhile.
    async fn publish(&self, messages: &[Message]) -> Option<Vec<Delivery>> {
        if messages.is_empty() {
            return Some(Vec::new());
        }
        match select(pin!(self.sink.publish(messages)), pin!(self.guard.lost())).await {
            Either::Left((deliveries, _)) => Some(deliveries),
            Either::Right(_) => None,
        }
    }

    /// Parks what cannot be read, and leaves what is behind it for later.
    fn park_unfit(&mut self, batch: Vec<Outgoing>, settled: &mut Settled) -> Vec<Outgoing> {
        let mut behind: Vec<String> = Vec::new();
        let mut fit = Vec::with_capacity(batch.len());
        for outgoing in batch {
            match outgoing.unfit.clone() {
                _ if behind.contains(&outgoing.lane) => {}
                None => fit.push(outgoing),
                Some(reason) => {
                    behind.push(outgoing.lane.clone());
                    self.park(outgoing, 0, &reason, settled);
                }
            }
        }
        fit
    }

    /// Whether a limit has ended the load.
    fn is_full(&self, batch: &[Outgoing]) -> bool {
        let bytes: usize = batch.iter().map(|outgoing| outgoing.message.content.payload.0.len()).sum();
        let (count, most) = (batch.len(), usize::try_from(self.settings.batch).unwrap_or(usize::MAX));
        count >= most
            || i64::try_from(bytes).is_ok_and(|bytes| bytes >= BYTES)
            || batch.iter().any(|one| one.tried.is_some())
    }

    async fn look_at_floor(&mut self) -> Result<(), Error> {
        let shared = &self.idem.shared;
        let mut lease = shared.readers.acquire().await?;
        // Begun anew now and then, it mends what nobody has thought of.
        if self.floor_since.elapsed() > FLOOR_LASTS {
            (self.floor, self.floor_since) = (Floor::default(), Instant::now());
        }
        let marked = mark(&mut lease.session(), self.floor.position()).await;
        if self.floor.note(shared.answer(lease, marked).await?) {
            let mut lease = shared.readers.acquire().await?;
            let id = new_id(&mut lease.session()).await;
            self.floor.note_id(shared.answer(lease, id).await?);
        }
        Ok(())
    }

    /// Parked messages that an operator has released.
    async fn released(&self) -> Result<Vec<Outgoing>, Error> {
        let shared = &self.idem.shared;
        let mut lease = shared.readers.acquire().await?;
        let rows = due(&mut lease.session(), DUE).await;
        Ok(shared.answer(lease, rows).await?.into_iter().map(Outgoing::of_parked).collect())
    }

    /// The next messages; `None` if too many lanes wait.
    async fn load(&mut self, now: Instant) -> Result<Option<Vec<Outgoing>>, Error> {
        let closed = self.lanes.waiting(now);
        if closed.len() >= MOST {
            return Ok(None);
        }
        let shared = &self.idem.shared;
        let mut lease = shared.readers.acquire().await?;
        let rows =
            load(&mut lease.session(), self.floor.position(), &closed, (i64::from(self.settings.batch), BYTES)).await;
        let rows = shared.answer(lease, rows).await?;
        if let Some(last) = rows.last() {
            self.floor.see(last.position);
        }
        Ok(Some(rows.into_iter().map(|row| Outgoing::of_row(row, &self.installation)).collect()))
    }

    /// What is to be written for these answers. The first failure of a lane in the batch is the one that counts.
    fn settle(&mut self, batch: Vec<Outgoing>, deliveries: Vec<Delivery>, settled: &mut Settled) {
        let mut failed: Vec<String> = Vec::new();
        let unanswered = || Delivery::Retry("the sink gave no answer".to_owned());
        let answers = deliveries.into_iter().map(Some).chain(std::iter::repeat_with(|| None));
        for (outgoing, delivery) in batch.into_iter().zip(answers) {
            let is_first = !failed.contains(&outgoing.lane);
            match delivery.unwrap_or_else(unanswered) {
                Delivery::Done => {
                    self.counts.sent += 1;
                    if is_first {
                        self.lanes.passed(&outgoing.lane);
                    }
                    match outgoing.tried {
                        None => settled.delete.push(outgoing.position),
                        Some(_) => settled.delivered.push(outgoing.position),
                    }
                }
                Delivery::Unavailable(_) => failed.push(outgoing.lane),
                Delivery::Retry(reason) if is_first => {
                    failed.push(outgoing.lane.clone());
                    self.retry(outgoing, &reason, settled);
                }
                Delivery::Dead(reason) if is_first => {
                    failed.push(outgoing.lane.clone());
                    self.park(outgoing, 1, &reason, settled);
                }
                Delivery::Retry(_) | Delivery::Dead(_) => {}
            }
        }
    }

    fn retry(&mut self, outgoing: Outgoing, reason: &str, settled: &mut Settled) {
        if outgoing.tried.is_some() {
            return self.park(outgoing, 1, reason, settled);
        }
        let attempts = self.lanes.failed(&outgoing.lane, Instant::now());
        if attempts >= self.settings.attempts {
            self.park(outgoing, attempts, reason, settled);
        } else {
            self.counts.retried += 1;
        }
    }

    fn park(&mut self, outgoing: Outgoing, attempts: u32, reason: &str, settled: &mut Settled) {
        const LONGEST: usize = 1_000;
        let reason: String = reason.chars().take(LONGEST).collect();
        self.counts.parked += 1;
        self.lanes.passed(&outgoing.lane);
        let Outgoing { position, lane, tried, message, .. } = outgoing;
        let attempts = i64::from(attempts);
        if let Some(before) = tried {
            return settled.park_again.push((position, before.saturating_add(attempts), reason));
        }
        let (holds, Message { id: message_id, source, .. }) = (self.settings.when_dead == WhenDead::Hold, message);
        settled.park.push(Parking { position, lane, holds, message_id, source, attempts, reason });
    }

    /// Writes it, fenced. What the database refuses for a moment is tried again while the lock is held: the messages were published, and
    /// would be once more. False: another process is the owner.
    async fn write(&self, settled: &Settled) -> Result<bool, Error> {
        let mut tries = 0;
        loop {
            match self.write_once(settled).await {
                Ok(()) => return Ok(true),
                Err(Error::Fenced { .. }) => return Ok(false),
                Err(error) if passes(&error) => {}
                Err(error) => return Err(error),
            }
            tries += 1;
            tokio::time::sleep(pause(tries).min(Duration::from_secs(1))).await;
            if self.guard.check().is_err() {
                return Ok(false);
            }
        }
    }

    async fn write_once(&self, settled: &Settled) -> Result<(), Error> {
        let Settled { delete: sent, park: dead, delivered: released, park_again: refused } = settled;
        if sent.is_empty() && dead.is_empty() && released.is_empty() && refused.is_empty() {
            return Ok(());
        }
        let mut tx = self.idem.begin().await?;
        if !seeded_bug!("relay-unfenced") {
            tx.fenced_by(self.guard).await?;
        }
        let mut call = tx.asking_call().await?;
        let mut session = call.session()?;
        session.half_written(true);
        let written = async {
            delete(&mut session, sent).await?;
            for parking in dead {
                park(&mut session, parking).await?;
            }
            for position in released {
                delivered(&mut session, *position).await?;
            }
            for (position, attempts, reason) in refused {
                park_again(&mut session, (*position, *attempts), reason).await?;
            }
            Ok(())
        };
        match written.await {
            Ok(()) => call.wrote(None)?,
            Err(error) => return call.end(Err(error)),
        }
        fail_point!("relay.written");
        tx.commit().await
    }
}

/// Whether a database that answers so may do better later.
pub(super) fn passes(error: &Error) -> bool {
    error.is_retryable() && !matches!(error, Error::ShutDown)
}
