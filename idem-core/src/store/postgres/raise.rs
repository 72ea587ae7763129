//! Errors that a statement raises: a text that is no value of the type it is cast to. The message quotes it.
//! The cast is not within an arm of the CASE, where the planner would evaluate it at once.

use sqlx::postgres::PgDatabaseError;

use crate::store::error::Class;

/// The statement came past the time until which its caller waits for it.
const LATE: &str = "idem: the time is up";
/// No transaction is open, or another one than the one that was begun. A macro, as [`is_open`] is, so that a template can hold it.
macro_rules! ended {
    () => {
        "idem: the transaction has ended"
    };
}

/// True, or an error if the transaction that was begun has ended.
macro_rules! is_open {
    () => {
        concat!(
            "(CASE WHEN current_setting('idem.transaction', true) = 'open' THEN 'true' ELSE '",
            crate::store::postgres::raise::ended!(),
            "' END)::boolean"
        )
    };
}
pub(super) use {ended, is_open};

/// A write is fenced by a claim that is another owner's.
const FENCED_OFF: &str = "idem: another owner has the claim";

/// True if the claim is held, or an error: what triggers of the statement have done is undone.
pub(super) fn if_held(held: &str) -> String {
    format!("(CASE WHEN {held} THEN 'true' ELSE '{FENCED_OFF}' END)::boolean")
}

/// Rows that a lost write has added are not where it added them.
const MOVED: &str = "idem: a row that was added is not there any more";

/// True if the rows are gone, or an error.
pub(super) fn if_gone(gone: &str) -> String {
    format!("(CASE WHEN {gone} THEN 'true' ELSE '{MOVED}' END)::boolean")
}

/// The time at this moment of the statement, in microseconds.
const CLOCK: &str = "(extract(epoch FROM clock_timestamp()) * 1000000)::bigint";

const INVALID_TEXT: &str = "22P02";

/// The time of the write, or an error if its own is up once this step has run.
pub(super) fn unless_late(ok: &str, witness: &str, (now, until): (&str, &str)) -> String {
    let late = format!("CASE WHEN {CLOCK} > {until} THEN '{LATE}' ELSE ({now})::text END");
    format!("(CASE WHEN {ok} AND (SELECT count(*) FROM {witness}) >= 0 THEN {late} ELSE ({now})::text END)::bigint")
}

/// What was raised, if it was.
pub(super) fn raised(error: &PgDatabaseError) -> Option<Class> {
    let says = |reason: &str| error.code() == INVALID_TEXT && error.message().contains(reason);
    match () {
        () if says(LATE) => Some(Class::Late),
        () if says(ended!()) => Some(Class::Ended),
        () if says(FENCED_OFF) => Some(Class::Contention),
        () => None,
    }
}
