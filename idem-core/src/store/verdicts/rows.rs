//! Verdicts as they are written and read.

use crate::clock::Timestamp;
use crate::key::KeyHash;
use crate::store::columns::Column;
use crate::store::reader::columns;

/// A verdict that is written.
#[derive(Debug)]
pub(crate) struct VerdictRow {
    pub(crate) namespace: String,
    pub(crate) operation: &'static str,
    pub(crate) hash: Option<KeyHash>,
    pub(crate) verdict: String,
    /// The correlation id, with the scope of its key: what is to be forgotten with that.
    pub(crate) correlation: Option<(Option<String>, String)>,
}

impl VerdictRow {
    /// Of a call of an operation.
    pub(crate) fn of_operation((name, operation): (&str, &'static str), hash: KeyHash, verdict: String) -> Self {
        Self { namespace: name.to_owned(), operation, hash: Some(hash), verdict, correlation: None }
    }
}

pub(crate) const VERDICTS: [Column<VerdictRow>; 6] = [
    Column::text("namespace", |row| Some(&row.namespace)),
    Column::text("operation", |row| Some(row.operation)),
    Column::bytes("hash", |row| row.hash.as_ref().map(|hash| &hash.0[..])),
    Column::text("verdict", |row| Some(&row.verdict)),
    Column::text("scope", |row| row.correlation.as_ref().and_then(|(scope, _)| scope.as_deref())),
    Column::text("correlation", |row| row.correlation.as_ref().map(|(_, id)| &**id)),
];

/// A verdict that is read.
#[derive(Debug)]
pub struct StoredVerdict {
    pub(crate) at: Timestamp,
    pub(crate) namespace: String,
    pub(crate) operation: String,
    pub(crate) verdict: String,
    pub(crate) correlation: Option<String>,
}

columns! {
    StoredVerdict {
        at: [at Int],
        namespace: [namespace Text],
        operation: [operation Text],
        verdict: [verdict Text],
        correlation: [correlation Text],
    }
}
