//! How far a run is: a bar on a terminal, a plain line now and then elsewhere. On stderr: stdout is the report's.

use std::io::{IsTerminal as _, Write as _};
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering::Relaxed};
use std::time::{Duration, Instant};

use indicatif::{ProgressBar, ProgressStyle};

use super::tally::Verdict;
use crate::figures::grouped;

/// A plain line is due after this many lines of the feed.
const STRIDE: u64 = 5_000;

/// Cheap to clone; all clones are one.
#[derive(Clone)]
pub(super) struct Progress {
    shared: Arc<Shared>,
}

struct Shared {
    bar: Option<ProgressBar>,
    began: Instant,
    lines: AtomicU64,
    fresh: AtomicU64,
    replayed: AtomicU64,
    refused: AtomicU64,
}

impl Progress {
    /// Begins; `total` is the size of the input in bytes, if it is known.
    pub(super) fn begin(total: Option<u64>) -> Self {
        let bar = std::io::stderr().is_terminal().then(|| bar(total));
        let count = AtomicU64::default;
        let shared =
            Shared { bar, began: Instant::now(), lines: count(), fresh: count(), replayed: count(), refused: count() };
        Self { shared: Arc::new(shared) }
    }

    /// A delivery has its verdict.
    pub(super) fn delivered(&self, bytes: u64, verdict: &Verdict) {
        let counter = match verdict {
            Verdict::Fresh => &self.shared.fresh,
            Verdict::Replayed { .. } => &self.shared.replayed,
            Verdict::Refused(_) | Verdict::Malformed(_) => &self.shared.refused,
        };
        counter.fetch_add(1, Relaxed);
        self.passed(bytes);
    }

    /// A line that is no delivery.
    pub(super) fn passed(&self, bytes: u64) {
        let lines = self.shared.lines.fetch_add(1, Relaxed) + 1;
        match &self.shared.bar {
            Some(bar) => {
                bar.inc(bytes);
                if lines.is_multiple_of(64) {
                    bar.set_message(self.counts());
                }
            }
            // A progress that cannot be told stops nothing.
            None if lines.is_multiple_of(STRIDE) => {
                drop(writeln!(std::io::stderr(), "payments: {} lines read: {}", grouped(lines), self.counts()));
            }
            None => {}
        }
    }

    /// Leaves the terminal as it was.
    pub(super) fn end(&self) {
        if let Some(bar) = &self.shared.bar {
            bar.finish_and_clear();
        }
    }

    pub(super) fn lines(&self) -> u64 {
        self.shared.lines.load(Relaxed)
    }

    pub(super) fn elapsed(&self) -> Duration {
        self.shared.began.elapsed()
    }

    fn counts(&self) -> String {
        let Shared { fresh, replayed, refused, .. } = &*self.shared;
        let [fresh, replayed, refused] = [fresh, replayed, refused].map(|count| grouped(count.load(Relaxed)));
        format!("{fresh} commands with an effect, {replayed} repeats, {refused} refused")
    }
}

fn bar(total: Option<u64>) -> ProgressBar {
    let (bar, template) = match total {
        Some(total) => (ProgressBar::new(total), "{bar:30} {percent:>3}%  {msg}"),
        None => (ProgressBar::no_length(), "{spinner} {bytes} read  {msg}"),
    };
    bar.set_style(ProgressStyle::with_template(template).unwrap_or_else(|_| ProgressStyle::default_bar()));
    bar.enable_steady_tick(Duration::from_millis(200));
    bar
}
