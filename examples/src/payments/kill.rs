//! The death of this process, on request and at the worst moment.

use std::io::Write as _;
use std::process::abort;
use std::sync::atomic::{AtomicU64, Ordering};

/// Kills the process at the commit of the N-th fresh command: for an odd N before it (the command must be lost whole),
/// for an even N after it and before anyone is told (the command must be found again).
#[derive(Debug)]
pub(super) struct KillSwitch {
    after: u64,
    fresh: AtomicU64,
}

/// Where a command is about its commit.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Moment {
    BeforeCommit,
    AfterCommit,
}

impl KillSwitch {
    pub(super) fn after(fresh: u64) -> Self {
        Self { after: fresh, fresh: AtomicU64::new(0) }
    }

    /// Counts a fresh command: when this process will die in its commit, if it will.
    pub(super) fn count(&self) -> Option<Moment> {
        let nth = self.fresh.fetch_add(1, Ordering::SeqCst) + 1;
        (nth == self.after).then_some(if nth % 2 == 1 { Moment::BeforeCommit } else { Moment::AfterCommit })
    }

    /// No destructor, no rollback, no flush: as pulling the plug.
    pub(super) fn die(&self, moment: Moment) -> ! {
        let when = match moment {
            Moment::BeforeCommit => "before its commit",
            Moment::AfterCommit => "after its commit and before its answer",
        };
        // What cannot be told does not keep anyone from dying.
        let _ = writeln!(std::io::stderr(), "\npayments: killed at fresh command {}, {when}; run it again", self.after);
        abort()
    }
}
