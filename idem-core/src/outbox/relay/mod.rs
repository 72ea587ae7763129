//! The relay: it hands messages to a sink, and deletes them.

mod floor;
mod lanes;
pub(super) mod outgoing;
mod owner;
pub(super) mod settings;

use std::fmt;
use std::future::Future;
use std::pin::{Pin, pin};
use std::time::{Duration, Instant};

use futures_util::future::{Either, select};
use tokio::time::timeout_at;

use self::owner::{Counts, Owner, Round, passes};
use self::settings::{Settings, WhenDead};
use crate::error::Error;
use crate::idem::Idem;
use crate::lease::leases::Leases;
use crate::lease::lock::LockGuard;
use crate::outbox::sink::Sink;
use crate::store::Database;
use crate::store::outbox::relay::{is_monotonic, oldest};

/// How long the lock is waited for at a time.
const WAIT: Duration = Duration::from_secs(1);
/// The pause after the database did not answer.
const PAUSE: Duration = Duration::from_millis(500);

/// Hands the messages of the outbox to a [`Sink`], and deletes those that it has taken. Made by [`Idem::relay`].
///
/// Any number of processes may run one: one has the lock and works, the others wait for it. If it dies, the next one begins with what was not
/// deleted, so messages may come twice, with the same id. An owner that was paused for longer than its [lease](Self::lease) deletes nothing, and what
/// it publishes then has been published by the next owner before, or is the same message again: the first arrivals of a machine's messages are
/// in order.
///
/// A message that the sink does not take is tried again after a pause, from 100 milliseconds to a minute, and the later messages of its machine
/// or sequence wait for it; others go on. After [`attempts`](Self::attempts) it is parked. While the sink cannot be reached nothing is counted.
///
/// ```
/// # include!(concat!(env!("CARGO_MANIFEST_DIR"), "/../docs/sqlite.rs"));
/// # #[cfg(feature = "sqlite")] fn main() -> Done { on_sqlite(async |idem| {
/// use idem_core::Message;
/// use idem_core::outbox::Delivery;
///
/// let mut tx = idem.begin().await?;
/// tx.emit(Message::new("invoice.archived", &7)?).await?;
/// tx.commit().await?;
/// let relay = idem.relay(async |batch: Vec<Message>| {
///     batch.iter().map(|message| { println!("{}", message.topic()); Delivery::Done }).collect()
/// });
/// assert_eq!(relay.drain().await?.sent, 1);
/// assert_eq!(idem.outbox().waiting().await?.count, 0);
/// # Ok(()) }) }
/// ```
pub struct Relay<DB: Database, S> {
    idem: Idem<DB>,
    sink: S,
    settings: Settings,
}

/// What a relay has done.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
#[non_exhaustive]
pub struct Report {
    /// Messages that the sink took.
    pub sent: u64,
    /// Attempts that failed, and were or will be repeated.
    pub retried: u64,
    /// Messages that were parked.
    pub parked: u64,
    /// How long the message at the lowest position has waited, also behind a parked one; zero if none waits.
    pub lag: Duration,
}

impl<DB: Database> Idem<DB> {
    /// Delivers the messages of the outbox to this sink.
    pub fn relay<S: Sink>(&self, sink: S) -> Relay<DB, S> {
        Relay { idem: self.clone(), sink, settings: Settings::default() }
    }
}

impl<DB: Database, S: Sink> Relay<DB, S> {
    /// How many messages are loaded and published at a time: 1 to 10,000, a value outside is the nearest one inside. Default 500. Fewer if their
    /// payloads have more than 8 MiB together.
    #[must_use]
    pub fn batch(mut self, messages: u32) -> Self {
        self.settings.batch = messages.clamp(1, 10_000);
        self
    }

    /// How often a message is tried until it is parked, the first time included; at least 1. Default 20. The count begins anew with each owner.
    #[must_use]
    pub fn attempts(mut self, attempts: u32) -> Self {
        self.settings.attempts = attempts.max(1);
        self
    }

    /// What happens to the later messages of a machine or a sequence once one is parked. Default [`WhenDead::Hold`].
    #[must_use]
    pub fn when_dead(mut self, when_dead: WhenDead) -> Self {
        self.settings.when_dead = when_dead;
        self
    }

    /// How long the owner may be silent until another one takes over. Default 10 seconds, at least 100 milliseconds.
    #[must_use]
    pub fn lease(mut self, lease: Duration) -> Self {
        self.settings.lease = lease;
        self
    }

    /// How often the outbox is looked at while nothing is emitted by this process: another one may have. Default 250 milliseconds, at least 1.
    #[must_use]
    pub fn poll(mut self, interval: Duration) -> Self {
        self.settings.poll = interval.max(Duration::from_millis(1));
        self
    }

    /// Delivers until `stop` resolves; then what is being published is finished first. A database that does not answer is waited for.
    ///
    /// # Errors
    /// [`Error::Config`] if the database gives positions in another order than that in which they are asked for; [`Error::ShutDown`]; those of the
    /// database that waiting does not mend: run it again after those.
    ///
    /// # Cancel safety
    /// Dropped, it stops: what was being published may have arrived, and arrives again.
    pub async fn run_until(&self, stop: impl Future<Output = ()>) -> Result<Report, Error> {
        self.run(pin!(stop), false).await
    }

    /// Delivers until nothing waits but what is parked, and what waits behind that: for tests and jobs. A message that fails is tried until it is
    /// delivered or parked. While another process relays, or the sink cannot be reached, it waits: bound it by a timeout.
    ///
    /// # Errors
    /// As [`run_until`](Self::run_until).
    ///
    /// # Cancel safety
    /// As [`run_until`](Self::run_until).
    pub async fn drain(&self) -> Result<Report, Error> {
        self.run(pin!(std::future::pending()), true).await
    }

    async fn run(&self, mut stop: Pin<&mut impl Future<Output = ()>>, drains: bool) -> Result<Report, Error> {
        let mut counts = Counts::default();
        loop {
            let Either::Right((owned, _)) = select(&mut stop, pin!(self.own())).await else { break };
            let Some(guard) = owned? else { continue };
            let ended = match self.check_positions().await {
                Ok(()) => self.work(&guard, &mut stop, drains, &mut counts).await,
                Err(error) => Err(error),
            };
            // One that is lost is another owner's.
            let _ = guard.release().await;
            match ended {
                Ok(true) => break,
                Ok(false) => {}
                Err(error) if passes(&error) => tokio::time::sleep(PAUSE).await,
                Err(error) => return Err(error),
            }
        }
        let Counts { sent, retried, parked } = counts;
        Ok(Report { sent, retried, parked, lag: self.lag().await.unwrap_or_default() })
    }

    /// The lock, once this process has it; `None` if another one had it for a while.
    async fn own(&self) -> Result<Option<LockGuard>, Error> {
        let lock = Leases::from(&self.idem).relay_lock().lease(self.settings.lease);
        match lock.acquire(WAIT).await {
            Ok(guard) => Ok(Some(guard)),
            Err(Error::InFlight { .. }) => Ok(None),
            Err(error) if passes(&error) => {
                tokio::time::sleep(PAUSE).await;
                Ok(None)
            }
            Err(error) => Err(error),
        }
    }

    /// Works until it is to stop (true), or another process is the owner (false).
    async fn work(
        &self,
        guard: &LockGuard,
        stop: &mut Pin<&mut impl Future<Output = ()>>,
        drains: bool,
        counts: &mut Counts,
    ) -> Result<bool, Error> {
        let mut owner = Owner::new(&self.idem, &self.sink, self.settings, guard).await?;
        let mut is_idle = true;
        loop {
            let before = owner.counts;
            let round = owner.round(is_idle).await;
            counts.add(before, owner.counts);
            let round = round?;
            if round == Round::Lost {
                return Ok(false);
            }
            let is_drained = drains && round == Round::Empty && owner.is_settled();
            if is_drained && is_idle {
                return Ok(true);
            }
            let rest = owner.rests_until(&round);
            is_idle = rest.is_some();
            // The last look is made at once.
            let awake = self.rest(rest.filter(|_| !is_drained), round != Round::Unavailable);
            if let Either::Left(_) = select(&mut *stop, pin!(awake)).await {
                return Ok(true);
            }
        }
    }

    /// Until that time, or until this process has emitted something, if that is of interest.
    async fn rest(&self, until: Option<Instant>, wakes: bool) {
        let Some(until) = until else { return tokio::task::yield_now().await };
        if !wakes {
            return tokio::time::sleep_until(until.into()).await;
        }
        // Whichever comes first.
        let _ = timeout_at(until.into(), self.idem.shared.emitted.notified()).await;
    }

    /// # Errors
    /// [`Error::Config`] if positions are not given in their order.
    async fn check_positions(&self) -> Result<(), Error> {
        let shared = &self.idem.shared;
        let mut lease = shared.readers.acquire().await?;
        let asked = is_monotonic(&mut lease.session()).await;
        if shared.answer(lease, asked).await? {
            return Ok(());
        }
        let problem = "the positions of the outbox come from a sequence that caches or cycles, so they are not in the order of a \
            machine's messages; alter it: `ALTER SEQUENCE … INCREMENT 1 CACHE 1 NO CYCLE`";
        Err(Error::Config { problem: problem.to_owned() })
    }

    async fn lag(&self) -> Result<Duration, Error> {
        let shared = &self.idem.shared;
        let mut lease = shared.readers.acquire().await?;
        let asked = oldest(&mut lease.session()).await;
        let (oldest, now) = shared.answer(lease, asked).await?;
        let micros = oldest.map_or(0, |oldest| now.as_micros().saturating_sub(oldest.as_micros()));
        Ok(Duration::from_micros(u64::try_from(micros).unwrap_or_default()))
    }
}

impl Counts {
    fn add(&mut self, before: Self, after: Self) {
        self.sent += after.sent - before.sent;
        self.retried += after.retried - before.retried;
        self.parked += after.parked - before.parked;
    }
}

impl<DB: Database, S> fmt::Debug for Relay<DB, S> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Relay").field("settings", &self.settings).finish_non_exhaustive()
    }
}
