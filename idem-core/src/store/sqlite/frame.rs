//! Several statements as one: in a transaction, or in a savepoint of the one that is open.

/// What opens them, closes them, and takes them back.
pub(super) struct Frame {
    pub(super) open: &'static str,
    pub(super) close: &'static str,
    pub(super) undo: &'static str,
}

impl Frame {
    pub(super) fn of(own: bool) -> Self {
        if own {
            Self { open: "BEGIN IMMEDIATE", close: "COMMIT", undo: "ROLLBACK" }
        } else {
            let undo = "ROLLBACK TO idem_write; RELEASE idem_write";
            Self { open: "SAVEPOINT idem_write", close: "RELEASE idem_write", undo }
        }
    }
}
