//! Group commit: calls that wait at the same time share a transaction.
//!
//! There is no timer. A call that has the database to itself, or nearly, runs alone; while others are at work calls queue, and
//! a *flusher* takes all of them: they are loaded, decided and written at once. A second flusher prepares the next group
//! while the first is being written. A group is sent before the answers of the one before it are given.
//!
//! A *lock target* is a machine or an account. A call that works on one, alone, in a group or separately, has it in use; calls of
//! this process that want it meanwhile are parked there, in order, and queue together when it is free. So one process never
//! races with itself. Only what is right whatever is there need not wait here: if all that is queued changes accounts that a group
//! is being written for, it is sent *behind* that group, and the database lets it wait.
//!
//! A group does not wait for single rows that others hold: the calls that need them leave it. Accounts that another process's
//! groups seem to hold it waits for as a whole, a little while: separately, each of them would take its own turn.
//!
//! ```text
//!              submit
//!                │
//!      few calls │ others at work
//!       ┌────────┴────────┐
//!       ▼                 ▼            a target in use
//!     alone             queued ───────────────────────────▶ parked
//!       │                 │  ▲                                 │
//!       │      next_group │  └───────── target released ───────┘
//!       │                 ▼
//!       │             in flight ──── rows locked by others, ──▶ separate
//!       │                 │          or three attempts lost       │
//!       │         written │                                       │ written, lock by lock
//!       ▼                 ▼                                       ▼
//!    answered          answered                                answered
//! ```
//!
//! A queued or parked call whose caller gave up before its group began is dropped from the queue: it has no effect. From *in
//! flight* on it runs to its end.
//!
//! - `settings`: how far calls share transactions
//! - `call`: a queued call, and the slot for its reply
//! - `queue`: the data: what is queued, in use, in flight
//! - `selection`: which of the queued calls make the next group
//! - `targets`: lock targets while someone works on them
//! - `submit`: where calls come in, and the flushers
//! - `flush`: one group
//! - `separate`: what leaves a group

pub(crate) mod call;
pub(crate) mod flush;
pub(crate) mod queue;
mod selection;
pub(crate) mod separate;
pub(crate) mod settings;
pub(crate) mod submit;
pub(crate) mod targets;
