//! The namespaces of keys, and the names that transitions without a command are stored under.
//!
//! A key is unique within its namespace: a machine's name, or one of these. The macro refuses a machine,
//! state or command whose name on the wire begins with `@`.

/// The keys of the ledger.
#[cfg(feature = "_sql")]
pub(crate) const LEDGER: &str = "@ledger";

/// The keys of conditional updates.
#[cfg(feature = "_sql")]
pub(crate) const UPDATE: &str = "@update";

/// The transition that starts a machine.
#[cfg(feature = "_sql")]
pub(crate) const START: &str = "@start";

/// The transition that an operator makes.
#[cfg(feature = "_sql")]
pub(crate) const OVERRIDE: &str = "@override";

/// Of locks.
pub(crate) const LOCK: &str = "@lock";

/// Of the lock of relays.
#[cfg(feature = "_sql")]
pub(crate) const RELAY: &str = "@relay";
