//! A clock that does not wait.

use std::future::Future;
use std::pin::Pin;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Arc, Mutex};
use std::time::{Duration, Instant};

use idem_http::client::Clock;
use tokio::sync::Notify;

/// A clock whose pauses are recorded, and end at once or when the test says so.
#[derive(Debug)]
pub(crate) struct TestClock {
    began: Instant,
    passed: Mutex<Duration>,
    pauses: Mutex<Vec<Duration>>,
    /// Pauses that were neither ended nor dropped.
    pending: AtomicUsize,
    /// How much longer than planned each pause is.
    late: Duration,
    /// If set, a pause notifies the first and ends with the second.
    held: Option<(Notify, Notify)>,
}

impl TestClock {
    fn made(late: Duration, held: Option<(Notify, Notify)>) -> Arc<Self> {
        let (passed, pauses) = (Mutex::default(), Mutex::default());
        Arc::new(Self { began: Instant::now(), passed, pauses, pending: AtomicUsize::new(0), late, held })
    }

    pub(crate) fn new() -> Arc<Self> {
        Self::made(Duration::ZERO, None)
    }

    pub(crate) fn late(late: Duration) -> Arc<Self> {
        Self::made(late, None)
    }

    pub(crate) fn held() -> Arc<Self> {
        Self::made(Duration::ZERO, Some(Default::default()))
    }

    pub(crate) fn advance(&self, by: Duration) {
        *self.passed.lock().expect("the time") += by;
    }

    pub(crate) fn pauses(&self) -> Vec<Duration> {
        self.pauses.lock().expect("the pauses").clone()
    }

    pub(crate) fn pending(&self) -> usize {
        self.pending.load(Ordering::SeqCst)
    }

    /// Until a pause of a held clock has begun.
    pub(crate) async fn paused(&self) {
        self.held.as_ref().expect("a held clock").0.notified().await;
    }

    /// Ends a pause of a held clock.
    pub(crate) fn release(&self) {
        self.held.as_ref().expect("a held clock").1.notify_one();
    }
}

struct Pending<'a>(&'a AtomicUsize);

impl Drop for Pending<'_> {
    fn drop(&mut self) {
        self.0.fetch_sub(1, Ordering::SeqCst);
    }
}

impl Clock for TestClock {
    fn now(&self) -> Instant {
        self.began + *self.passed.lock().expect("the time")
    }

    fn pause(&self, length: Duration) -> Pin<Box<dyn Future<Output = ()> + Send + '_>> {
        Box::pin(async move {
            self.pending.fetch_add(1, Ordering::SeqCst);
            let _pending = Pending(&self.pending);
            self.pauses.lock().expect("the pauses").push(length);
            if let Some((paused, release)) = &self.held {
                paused.notify_one();
                release.notified().await;
            }
            self.advance(length + self.late);
        })
    }

    /// The longest pause, so that tests know it.
    fn jitter(&self) -> f64 {
        1.0
    }
}
