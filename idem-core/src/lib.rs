//! Makes retries harmless: one effect and one remembered outcome per command, in your own SQL database and transaction.
//!
//! Annotate a domain enum with [`idempotent_fsm`]; a repeated command is answered with the *original* outcome, value
//! included, however often and however concurrently it comes, and whatever crashes in between.
//!
//! ```
//! use idem_core::{Context, Key, Step, idempotent_fsm};
//! use serde::{Deserialize, Serialize};
//!
//! #[idempotent_fsm]
//! #[command(Open { by: String } -> u32)]
//! #[derive(Debug, Clone, Serialize, Deserialize)]
//! pub enum Door {
//!     #[initial]
//!     #[on(Open => Opened)]
//!     Closed,
//!     #[terminal]
//!     Opened { by: String },
//! }
//!
//! struct House;
//!
//! impl door::Transitions for House {
//!     type Rejection = idem_core::Never;
//!
//!     fn open(&self, _: door::Closed, open: &door::Open, _: &Context) -> Result<Step<door::Opened, u32>, Self::Rejection> {
//!         Ok(Step::to(door::Opened { by: open.by.clone() }).outcome(42))
//!     }
//! }
//!
//! # fn main() -> Result<(), Box<dyn std::error::Error>> {
//! let mut door = Door::in_memory(House, door::Closed);
//! let key = Key::new("visitors", "ring-1")?;
//! let first = door.open(&key, door::Open { by: "Ada".into() })?;
//! let again = door.open(&key, door::Open { by: "Ada".into() })?;
//! assert!(first.is_fresh() && again.is_replay() && *again == 42);
//! assert!(door.open(&key, door::Open { by: "Bob".into() }).is_err());
//! # Ok(()) }
//! ```
//!
//! With a store the same machine lives in a database: `Door::stored(&idem, House).at("front")`, see [`Idem`]. There are also
//! balances ([`ledger`]), conditional updates of your own tables ([`update`]) and operations without a machine ([`operation`]), by the
//! same keys and in the same transactions; leases and locks ([`lease`]) for what no transaction can hold. Calls that wait at the same time share one: see [`GroupCommit`]. Requests of clients are read by the generated
//! `door::wire::Command`, which refuses what a client must not choose.
//!
//! # What a command is answered with
//! Known key, same request: the original outcome. Known key, other request: [`Error::KeyReused`]. An edge leads on: the
//! transition runs. The state was reached before with this payload: the original outcome. Anything else:
//! [`Error::Invalid`]. The whole table, what it rests on and where it ends: `docs/GUARANTEES.md`.
//!
//! # Errors of the compiler
//! `use idem_core::idempotent_fsm;` brings the attribute, and all others belong to it: `cannot find attribute` is about that line.
//! Most mistakes have a code, as `[F503]`, and a page in `compile_errors`, a module of this documentation.
//!
//! # Features
//! | feature | default | what it brings |
//! |---|---|---|
//! | `sqlite` | yes | SQLite, embedded |
//! | `postgres` | | PostgreSQL and what speaks its protocol |
//! | `redis` | | leases and locks in Redis |
//! | `leases` | with a store | leases and locks, in the memory of a process where there is no store |
//! | `tracing` | | a span per call, none for the items of a batch: machine, command, verdict, attempts, a hash of the key, never the key; the id by `Builder::span_ids`; of an update its table, never a value |
//! | `metrics` | | calls by verdict, calls under way, durations, tries, groups, waits for the database, swept rows, by the `metrics` facade: `docs/OPERATIONS.md` lists them |
//! | `testing` | | the explorer, samples and the schema lock for a machine's own tests |
//! | `random` | with a store | `Key::random` |
//!
//! sqlx's trait for executors has one method more under its feature `offline`, which its `macros` bring, so idem turns it on for the
//! drivers it uses. A driver that it does not use gets it from your program alone: with sqlx's `mysql` beside idem, turn on sqlx's
//! `macros` as well, or that driver does not compile.

// Shows the feature of an item where docs.rs builds the pages. `_sql` is no feature of users, and is not shown.
#![cfg_attr(docsrs, feature(doc_cfg), doc(auto_cfg(hide(feature = "_sql"))))]

// `__private` and the documentation tests name the crate as its users do.
extern crate self as idem_core;

#[cfg(feature = "leases")]
#[macro_use]
mod fault;

#[cfg(feature = "_sql")]
mod builder;
pub mod clock;
#[cfg(doc)]
pub mod compile_errors;
#[cfg(feature = "_sql")]
mod engine;
mod epoch;
pub mod error;
mod fingerprint;
#[cfg(feature = "_sql")]
mod forget;
#[cfg(feature = "_sql")]
mod idem;
#[cfg(feature = "_sql")]
mod installation;
mod key;
#[cfg(feature = "leases")]
pub mod lease;
// rustc shows the condition where the name is not found: so it says which features bring it, here and below.
#[cfg(any(feature = "sqlite", feature = "postgres", feature = "_sql"))]
pub mod ledger;
pub mod machine;
mod map;
mod message;
mod model;
#[cfg(feature = "leases")]
mod namespace;
#[cfg(feature = "leases")]
pub mod operation;
#[cfg(any(feature = "sqlite", feature = "postgres", feature = "_sql"))]
pub mod outbox;
mod outcome;
#[cfg(feature = "leases")]
mod request;
#[cfg(feature = "_sql")]
mod seq;
#[cfg(feature = "_sql")]
mod store;
#[cfg(feature = "_sql")]
mod sweep;
#[cfg(feature = "testing")]
pub mod testing;
#[cfg(test)]
#[cfg(feature = "_sql")]
mod toy;
pub mod update;
#[cfg(feature = "_sql")]
mod value;
#[cfg(feature = "_sql")]
mod verdicts;
#[cfg(feature = "leases")]
#[cfg_attr(not(feature = "_sql"), allow(dead_code, reason = "what only databases count"))]
mod watch;
mod wire;

#[cfg(any(feature = "sqlite", feature = "postgres", feature = "_sql"))]
pub use builder::Builder;
pub use clock::Timestamp;
#[cfg(feature = "_sql")]
pub use engine::group::settings::GroupCommit;
#[cfg(feature = "_sql")]
pub use engine::row_name::RowName;
#[cfg(feature = "_sql")]
pub use engine::session::retry::RetryPolicy;
#[cfg(any(feature = "sqlite", feature = "postgres", feature = "_sql"))]
pub use engine::session::transaction::Tx;
#[cfg(feature = "_sql")]
pub use engine::session::tx_conn::TxConn;
pub use epoch::Epoch;
pub use error::{CommandError, Effect, Error, ErrorKind, Never};
#[cfg(feature = "_sql")]
pub use forget::{Forget, ForgetProgress, Forgotten};
#[cfg(any(feature = "sqlite", feature = "postgres", feature = "_sql"))]
pub use idem::{Idem, Migration};
pub use idem_macros::idempotent_fsm;
pub use key::{Key, KeyError, MAX_NAME_BYTES};
pub use machine::{Context, Natural, Step};
pub use message::{MAX_HEADER_BYTES, MAX_HEADERS, Message, NewMessage};
pub use outcome::{Origin, Outcome};
#[cfg(any(feature = "sqlite", feature = "postgres", feature = "_sql"))]
pub use store::Database;
#[cfg(feature = "_sql")]
pub use sweep::{Sweeper, Swept};
#[cfg(feature = "_sql")]
pub use verdicts::Verdict;

/// What generated code uses. Not covered by semver.
#[doc(hidden)]
pub mod __private {
    pub use idem_macros::F506_use_idem_core_idempotent_fsm as Machine;
    pub use serde;

    #[cfg(not(feature = "_sql"))]
    pub use crate::machine::no_store::Store;
    pub use crate::model::machine::graph::{CommandInfo, Edge, Graph, Repeat, StateInfo, WhyNot};
    pub use crate::model::machine::outside::{Nothing, OutsideCommands, read_outside_command};
    pub use crate::model::machine::rules::{
        FirstCommand, KeyOrNatural, Machine, Rules, State, Taken, Unambiguous, WithSerde, copy_outcome,
        must_have_serde, taken,
    };
    pub use crate::model::machine::target::Targets;
    pub use crate::wire::{Stored, WireError};
}

/// For generated code: the first of two, which names what only exists with a store.
#[cfg(feature = "_sql")]
#[doc(hidden)]
#[macro_export]
macro_rules! __stored {
    ({ $($stored:tt)* } $(else { $($without:tt)* })?) => { $($stored)* };
}

/// For generated code: the second of two, where there is no store.
#[cfg(not(feature = "_sql"))]
#[doc(hidden)]
#[macro_export]
macro_rules! __stored {
    ({ $($stored:tt)* } $(else { $($without:tt)* })?) => { $($($without)*)? };
}

#[cfg(all(doctest, feature = "sqlite"))]
mod documents {
    #[doc = include_str!("../README.md")]
    mod package {}
    #[doc = include_str!("../../docs/GUARANTEES.md")]
    mod guarantees {}
}
