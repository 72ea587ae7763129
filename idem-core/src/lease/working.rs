//! The keys that this process works on: a repeat waits for a notification, and not for the store.

use std::fmt;
use std::pin::Pin;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::task::{Context, Poll};

use tokio::sync::watch;

use crate::fingerprint::Fingerprint;
use crate::key::KeyHash;
use crate::map::Map;

/// The keys that this process works on. As many as there are calls under way.
#[derive(Debug, Default)]
pub(crate) struct Working(Mutex<Map<KeyHash, Entry>>);

#[derive(Debug)]
struct Entry {
    fingerprint: Fingerprint,
    /// Closed when the work has ended.
    ended: watch::Receiver<()>,
}

/// Work under a key, until it is dropped.
#[derive(Debug)]
pub(crate) struct WorkHere {
    working: Arc<Working>,
    hash: KeyHash,
    ended: watch::Sender<()>,
}

/// Resolves once the call that works under the key in this process has ended, with whatever answer. Subscribed when it is made, so no
/// end is missed.
pub struct Ended(Pin<Box<dyn Future<Output = ()> + Send + Sync>>);

/// Why a key cannot be worked on in this process now.
#[derive(Debug)]
#[allow(clippy::exhaustive_enums, reason = "another call under the key asks for the same or for something else")]
pub enum Taken {
    /// The same request is under way.
    SameRequest(Ended),
    /// Another request is under way.
    OtherRequest,
}

impl Working {
    /// Begins to work under a key, if nobody in this process does.
    pub(crate) fn begin(self: &Arc<Self>, hash: KeyHash, fingerprint: Fingerprint) -> Result<WorkHere, Taken> {
        let mut entries = self.entries();
        if let Some(entry) = entries.get(&hash) {
            return Err(if entry.fingerprint == fingerprint {
                Taken::SameRequest(Ended::new(entry.ended.clone()))
            } else {
                Taken::OtherRequest
            });
        }
        Ok(self.enter(&mut entries, hash, fingerprint))
    }

    /// Works under a key that was claimed in the store. An earlier owner in this process may not have noticed yet that it is none.
    pub(crate) fn claimed(self: &Arc<Self>, hash: KeyHash, fingerprint: Fingerprint) -> WorkHere {
        self.enter(&mut self.entries(), hash, fingerprint)
    }

    /// The end of the work under a key, if this process works on it.
    pub(crate) fn end_of(&self, hash: &KeyHash) -> Option<Ended> {
        self.entries().get(hash).map(|entry| Ended::new(entry.ended.clone()))
    }

    fn enter(self: &Arc<Self>, entries: &mut Map<KeyHash, Entry>, hash: KeyHash, fingerprint: Fingerprint) -> WorkHere {
        let (sender, ended) = watch::channel(());
        entries.insert(hash, Entry { fingerprint, ended });
        WorkHere { working: self.clone(), hash, ended: sender }
    }

    fn entries(&self) -> MutexGuard<'_, Map<KeyHash, Entry>> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Drop for WorkHere {
    fn drop(&mut self) {
        let mut entries = self.working.entries();
        // A later claim may have taken its place.
        if entries.get(&self.hash).is_some_and(|entry| self.ended.subscribe().same_channel(&entry.ended)) {
            entries.remove(&self.hash);
        }
    }
}

impl Ended {
    /// It has ended already.
    pub(crate) fn over() -> Self {
        Self(Box::pin(std::future::ready(())))
    }

    fn new(mut ended: watch::Receiver<()>) -> Self {
        Self(Box::pin(async move { while ended.changed().await.is_ok() {} }))
    }
}

impl Future for Ended {
    type Output = ();

    fn poll(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<()> {
        self.0.as_mut().poll(cx)
    }
}

impl fmt::Debug for Ended {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Ended").finish_non_exhaustive()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[tokio::test]
    async fn end_of_work_is_not_missed() {
        let working = Arc::new(Working::default());
        let (hash, same, other) = (KeyHash::UNKNOWN, Fingerprint::UNKNOWN, Fingerprint([1; Fingerprint::BYTES]));
        let here = working.begin(hash, same).expect("nobody works on it");
        let Err(Taken::SameRequest(ended)) = working.begin(hash, same) else { panic!("it is taken") };
        assert!(matches!(working.begin(hash, other), Err(Taken::OtherRequest)));
        drop(here);
        ended.await;
        assert!(working.end_of(&hash).is_none() && working.begin(hash, other).is_ok());
    }

    #[tokio::test]
    async fn later_claim_is_not_ended_by_earlier_one() {
        let working = Arc::new(Working::default());
        let first = working.claimed(KeyHash::UNKNOWN, Fingerprint::UNKNOWN);
        let second = working.claimed(KeyHash::UNKNOWN, Fingerprint::UNKNOWN);
        drop(first);
        assert!(working.end_of(&KeyHash::UNKNOWN).is_some());
        drop(second);
        assert!(working.end_of(&KeyHash::UNKNOWN).is_none());
    }
}
