//! What a worker says to the program that started it: one line of JSON for each event, on standard output.

use std::io::{self, Write as _};
use std::time::Duration;

use serde::{Deserialize, Serialize};

/// How long locks and leases hold without a renewal. Seconds are usual; here a run is to be short.
pub(super) const LEASE: Duration = Duration::from_millis(500);

/// What happened in a worker.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case", tag = "event")]
pub(super) enum Event {
    /// It has the lock and computes the report.
    Locked { night: i64, epoch: i64 },
    /// It has written the report.
    Written { night: i64, epoch: i64 },
    /// It gave the lock back.
    Released { epoch: i64 },
    /// It tried to write the report, and another worker has the lock.
    Fenced { night: i64, epoch: i64 },
    /// It has the key of a mail, as the owner of this number, and sends the mail.
    Sending { night: i64, to: String, attempt: u64 },
    /// The mail is sent, and its receipt is recorded.
    Sent { night: i64, to: String },
    /// It lost the lease of a mail, or could not record the receipt.
    Unknown { night: i64, to: String },
    /// Something else failed, and is tried again.
    Retried { error: String },
}

/// Says it.
///
/// # Errors
/// Without the program that listens there is nothing to work for.
pub(super) fn say(event: &Event) -> Result<(), io::Error> {
    let mut line = serde_json::to_string(event)?;
    line.push('\n');
    // One write, flushed: half a line is no event.
    let mut out = io::stdout().lock();
    out.write_all(line.as_bytes())?;
    out.flush()
}
