//! Jobs of several processes on one database: a nightly report under a lock, and mails under leases, while one process is killed and
//! one is paused for longer than its lease.
//!
//! The program starts itself twice as workers, and is the rest of the world to them: it keeps the mail server, stops and kills workers,
//! and proves at the end that each night has one report and each mail was sent once.
//!
//! # A report, and why a lock alone is not enough
//! Two workers write the same report if nothing keeps them from it, so `worker/report.rs` takes a lock first:
//!
//! ```text
//! let lock = idem.lock("nightly-report").lease(LEASE);
//! let guard = lock.acquire(wait).await?;          // renewed in the background while this process runs
//! ```
//!
//! A worker that is killed renews nothing, so its lock is free one lease later, and the other worker takes over. A worker that is
//! *paused* does not know that: it goes on where it was, with a lock that has a new owner. What it writes is fenced:
//!
//! ```text
//! let mut tx = idem.begin().await?;
//! tx.fenced_by(&guard).await?;                    // `Error::Fenced`: another owner has claimed the lock since
//! … INSERT INTO jobs_reports …
//! tx.commit().await?;
//! ```
//!
//! The table of reports has no unique index, on purpose: the fence alone keeps a night from a second report. Each row has the epoch of
//! the lock that it was written under, and the proof checks that epochs only grow.
//!
//! # A mail, and why the server has to know the key
//! A mail is sent by a foreign server, which no transaction can hold. `worker/mail.rs` claims the key of the mail, sends it, and records
//! the receipt, as one call:
//!
//! ```text
//! let mails = idem.operation("send_mail").lease(LEASE).when_lost(WhenLost::Reexecute);
//! let receipt = mails.leased(&key, &mail, |lease| async move { Ok(server.send(&lease.key(), &mail).await?) }).await?;
//! ```
//!
//! Both workers go through all mails of a night. The second one to come gets the receipt of the first, or finds that the first is at
//! work. A worker that is killed between the reply of the server and the record leaves a lease that ends, and a mail that may have been
//! sent. `Reexecute` sends it again under the same [`Lease::key`](idem_core::lease::Lease::key): right for a server that honours keys, as
//! this one does (`server.rs`). For one that does not, the default, `WhenLost::Indeterminate`, leaves the mail to an operator.
//!
//! # What can go wrong is retried
//! A worker repeats what failed with an error that [`is_retryable`](idem_core::Error::is_retryable), and what was indeterminate. All its
//! steps can be repeated, so it does not ask which of them had an effect.

mod cli;
mod drill;
mod events;
mod proof;
mod run;
mod server;
mod tables;
mod worker;

pub use cli::main;
