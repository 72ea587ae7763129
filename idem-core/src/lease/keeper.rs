//! Keeps the leases of this process: renews them, all by one statement, and ends those that were dropped.

use std::fmt;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use tokio::runtime::Handle;
use tokio::sync::Notify;
use tokio::task::JoinHandle;
use tokio::time::{Instant, sleep, timeout_at};

use crate::epoch::Epoch;
use crate::error::Error;
use crate::key::KeyHash;
use crate::lease::live::LiveLease;
use crate::lease::store::{End, LeaseStore};
use crate::lease::working::{WorkHere, Working};
use crate::map::Map;
use crate::model::claim::call::Renewal;

/// As many are renewed by one statement.
const RENEWED_AT_ONCE: usize = 1_000;
/// As many ends wait for a store that does not answer; further ones are left to the ends of their leases.
const MAX_ENDING: usize = 10_000;

/// Keeps the leases of one store in this process.
pub(crate) struct Keeper {
    pub(crate) store: Arc<dyn LeaseStore>,
    /// The keys that this process works on.
    pub(crate) working: Arc<Working>,
    live: Mutex<Live>,
    /// A lease was added.
    added: Notify,
    ending: AtomicUsize,
}

#[derive(Default)]
struct Live {
    leases: Map<(KeyHash, Epoch), Arc<LiveLease>>,
    /// Renews them. It ends with the last of them, and with its runtime.
    task: Option<JoinHandle<()>>,
}

/// What a claim is ended by in the background.
#[derive(Debug, Clone, Copy)]
pub(crate) enum Ending {
    Of(Epoch, End),
    /// A claim whose reply was lost, by its owner: it may be there.
    Unanswered(i64),
}

impl Keeper {
    pub(crate) fn new(store: Arc<dyn LeaseStore>) -> Arc<Self> {
        let (working, live) = (Arc::default(), Mutex::default());
        Arc::new(Self { store, working, live, added: Notify::new(), ending: AtomicUsize::new(0) })
    }

    fn live(&self) -> MutexGuard<'_, Live> {
        self.live.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Renews a lease from now on.
    pub(crate) fn keep(self: &Arc<Self>, lease: Arc<LiveLease>) {
        let mut live = self.live();
        live.leases.insert((lease.hash, lease.epoch), lease);
        if live.task.as_ref().is_none_or(JoinHandle::is_finished) {
            // Without a runtime nothing is renewed, and the lease ends.
            live.task = Handle::try_current().ok().map(|runtime| runtime.spawn(renew_all(self.clone())));
        }
        self.added.notify_one();
    }

    /// Renews a lease no more.
    pub(crate) fn leave(&self, lease: &LiveLease) {
        self.live().leases.remove(&(lease.hash, lease.epoch));
    }

    /// When the next lease is due. `None`, and the task is over, if there is none.
    fn next_due(&self) -> Option<Instant> {
        let mut live = self.live();
        let due = live.leases.values().map(|lease| lease.due()).min();
        if due.is_none() {
            live.task = None;
        }
        due
    }

    fn due(&self, now: Instant) -> Vec<Arc<LiveLease>> {
        self.live().leases.values().filter(|lease| lease.is_due_at(now)).cloned().collect()
    }

    async fn renew(&self, due: &[Arc<LiveLease>]) {
        let renewals: Vec<Renewal> = due.iter().map(|lease| lease.renewal()).collect();
        let sent = Instant::now();
        let Ok(renewed) = self.store.renew(&renewals).await else {
            return due.iter().for_each(|lease| lease.not_renewed(Instant::now()));
        };
        for lease in due {
            if renewed.contains(&lease.hash) {
                lease.renewed(sent);
                continue;
            }
            // Another transaction holds it, which a claim would wait for; or another owner has it.
            match self.store.recall(&lease.hash).await {
                Ok(found) if found.claim.as_ref().is_none_or(|claim| !claim.record.is_held_by(lease.epoch)) => {
                    lease.set_lost();
                    self.leave(lease);
                }
                Ok(_) | Err(_) => lease.not_renewed(Instant::now()),
            }
        }
    }

    /// Ends a claim in the background, and tries again until the store answers, for a few minutes. For calls of this process that wait
    /// for the end of the work it has ended after that: before it they would find the key claimed.
    pub(crate) fn end_in_background(self: &Arc<Self>, hash: KeyHash, ending: Ending, work: Option<WorkHere>) {
        let Ok(runtime) = Handle::try_current() else { return };
        if self.ending.fetch_add(1, Ordering::Relaxed) >= MAX_ENDING {
            self.ending.fetch_sub(1, Ordering::Relaxed);
            return;
        }
        let counted = Counted(self.clone());
        runtime.spawn(async move {
            counted.end(hash, ending).await;
            drop(work);
        });
    }
}

/// An end that is under way.
struct Counted(Arc<Keeper>);

impl Counted {
    async fn end(self, hash: KeyHash, ending: Ending) {
        const TRIES: u32 = 300;
        const PAUSE: Duration = Duration::from_secs(1);
        /// A claim that is on its way comes within this time or is too late.
        const ASKED_AGAIN: u32 = 20;
        let (store, mut answered) = (&self.0.store, 0);
        for _ in 0..TRIES {
            let (done, enough) = match ending {
                Ending::Of(epoch, how) => (store.end((&hash, epoch), how).await.map(drop), 1),
                Ending::Unanswered(owner) => (store.disown(&hash, owner).await, ASKED_AGAIN),
            };
            answered += u32::from(done.is_ok());
            if answered >= enough || matches!(done, Err(Error::ShutDown)) {
                return;
            }
            sleep(PAUSE).await;
        }
    }
}

impl Drop for Counted {
    fn drop(&mut self) {
        self.0.ending.fetch_sub(1, Ordering::Relaxed);
    }
}

async fn renew_all(keeper: Arc<Keeper>) {
    while let Some(due) = keeper.next_due() {
        if timeout_at(due, keeper.added.notified()).await.is_ok() {
            continue;
        }
        let due = keeper.due(Instant::now());
        for some in due.chunks(RENEWED_AT_ONCE) {
            keeper.renew(some).await;
        }
    }
}

impl fmt::Debug for Keeper {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let leases = self.live().leases.len();
        f.debug_struct("Keeper").field("store", &self.store).field("leases", &leases).finish_non_exhaustive()
    }
}
