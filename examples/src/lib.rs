//! Programs that show idem at work, each run by a test.
//!
//! [`payments`] is the main one: it feeds a payment machine with deliveries that come twice, late, wrong and at once,
//! and proves at the end that every one of them had its effect exactly once.
//!
//! [`wallets`] pays from many wallets to one busy merchant, with duplicates, holds and a tally, and audits itself.
//!
//! [`documents`] is small: two editors of one document, and conditional updates of the application's own table.
//!
//! [`bookings`] is small as well: a machine that holds, captures and releases money, beside a table of the application's own. Its
//! tests show how a machine is tested.
//!
//! [`jobs`] runs two worker processes on one database: nightly reports under a lock with a fence, mails under leases, while one worker
//! is killed and one is paused.
//!
//! Each program has `--help`, and looks at its own machines, accounts and tables alone: all may use one database.

pub mod bookings;
pub mod documents;
mod figures;
pub mod jobs;
pub mod payments;
mod program;
pub mod wallets;
