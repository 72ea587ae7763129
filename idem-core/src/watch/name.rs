//! What a call is named by.

use crate::key::KeyHash;

/// What a call is named by.
#[derive(Debug, Default)]
#[cfg_attr(not(feature = "tracing"), allow(dead_code, reason = "spans show them"))]
pub(crate) struct CallName<'c> {
    pub(crate) machine: Option<&'c str>,
    pub(crate) operation: Option<&'c str>,
    pub(crate) command: &'c str,
    pub(crate) id: Option<String>,
    pub(crate) key: Option<&'c KeyHash>,
    /// Of an update of a caller's row: the table, never what is in it.
    pub(crate) table: Option<&'c str>,
}
