//! Balances: changes of them that happen once, however often they are asked for.
//!
//! ```
//! # include!(concat!(env!("CARGO_MANIFEST_DIR"), "/../docs/sqlite.rs"));
//! # #[cfg(feature = "sqlite")] fn main() -> Done { in_folder(async |folder| {
//! # let url = format!("sqlite://{}", folder.join("shop.db").display());
//! use idem_core::{Idem, Key, ledger::Bounds};
//!
//! let idem = Idem::<sqlx::Sqlite>::open(&url).await?;
//! let ledger = idem.ledger();
//! let wallet = ledger.account("wallet:7");
//! wallet.open(Bounds::at_least(0)).await?;
//! ledger.transfer(&Key::new("bank", "payout-1")?, "bank", "wallet:7", 1_000).await?;
//!
//! let key = Key::new("customer-7", "req-1")?;
//! let entry = wallet.apply_delta(&key, -400).await?;
//! let again = wallet.apply_delta(&key, -400).await?;
//! assert!(again.is_replay() && *again == *entry && entry.balance == Some(600));
//! assert!(wallet.apply_delta(&key, -500).await.is_err()); // another request under the same key
//! assert!(wallet.apply_delta(&Key::new("customer-7", "req-2")?, -601).await.is_err()); // below 0
//! # Ok(()) }) }
//! ```
//!
//! Amounts are `i64` in minor units and always checked. Every account that is not a tally numbers its entries from 1 without
//! a gap, and each entry holds the balance after it: the entries alone prove the balance.

pub(crate) mod account;
pub(crate) mod account_state;
pub(crate) mod accounts;
pub(crate) mod audit;
pub(crate) mod batch;
pub(crate) mod change;
pub(crate) mod entry;
pub(crate) mod metadata;
pub(crate) mod request;
pub(crate) mod settings;
pub(crate) mod within;

pub use account::{Account, Entries};
pub use account_state::AccountState;
pub use accounts::Ledger;
pub use audit::call::Audit;
pub use audit::finding::{Finding, FindingKind};
pub use audit::report::{AuditProgress, AuditReport};
pub use batch::{Delta, MAX_BATCH};
pub use change::{Change, ChangeFuture};
pub use entry::{Entry, EntryKind, Hold, HoldChange, Transfer, TransitionId};
pub use metadata::Metadata;
pub use settings::{AccountSettings, Bounds};
pub use within::{AccountInTx, LedgerInTx};
