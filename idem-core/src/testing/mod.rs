//! For the tests of a machine: samples, an explorer that drives it through every situation, and a lock on its encodings.
//!
//! - [`Samples`]: a value of each state, command and outcome, given once and used by both
//! - [`Explorer`]: drives every reached state × command × situation, in memory or against a store, and compares each
//!   answer with the answer table
//! - [`Script`]: what the explorer did, as text that can be run again
//! - [`schema_lock`]: keeps the encodings of the samples in a checked-in file, which every later release must read
//!
//! ```
//! use idem_core::testing::{Explorer, Samples};
//! use idem_core::{Context, Step, idempotent_fsm};
//!
//! #[idempotent_fsm]
//! #[command(Close { by: String } -> u64)]
//! #[derive(Debug, Clone, serde::Serialize, serde::Deserialize)]
//! enum Ticket {
//!     #[initial]
//!     #[on(Close => Closed)]
//!     Open { title: String },
//!     #[terminal]
//!     Closed { by: String },
//! }
//!
//! struct Desk;
//!
//! impl ticket::Transitions for Desk {
//!     type Rejection = idem_core::Never;
//!
//!     fn close(&self, _: ticket::Open, close: &ticket::Close, cx: &Context) -> Result<Step<ticket::Closed, u64>, Self::Rejection> {
//!         Ok(Step::to(ticket::Closed { by: close.by.clone() }).outcome(cx.seq()))
//!     }
//! }
//!
//! fn main() {
//!     let samples = Samples::<Ticket>::new()
//!         .state(ticket::Open { title: "It rains in".into() })
//!         .state(ticket::Closed { by: "ann".into() })
//!         .command(ticket::Close { by: "ann".into() })
//!         .outcome(ticket::CommandKind::Close, &2_u64);
//!     let report = Explorer::new(&samples).in_memory(|| Ticket::in_memory(Desk, ticket::Open { title: "It rains in".into() }));
//!     println!("{report}");
//!     report.assert_complete();
//! }
//! ```

mod explore;
mod foresee;
mod ground;
mod lock;
mod money;
mod oracle;
#[cfg(feature = "_sql")]
mod per_case;
mod report;
mod rule;
mod run;
mod runner;
mod samples;
mod script;
mod search;
#[cfg(feature = "_sql")]
mod stored;
mod world;

pub use explore::Explorer;
pub use lock::{LockError, Locked, Stranded, bless_schema_lock, schema_lock};
pub use report::{CounterExample, Report, Untaken};
pub use samples::Samples;
pub use script::{Line, Script, ScriptError};
