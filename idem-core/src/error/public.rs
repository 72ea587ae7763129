//! What a client may be shown of an error.

use super::command::CommandError;
use super::kind::ErrorKind;
use super::variants::Error;

impl ErrorKind {
    /// A text that may be shown to a client: what this kind of error means for the request, and what the client can do. It names
    /// no key, no account, no table and no statement.
    pub fn public_message(self) -> &'static str {
        match self {
            Self::Rejected => "the request was rejected",
            Self::Invalid => "the request is not possible in the present state",
            Self::KeyReused => "this idempotency key was used for another request; use a new key for a new request",
            Self::Forgotten => {
                "this, or another request with the same key, was made before, and its answer is no longer kept"
            }
            Self::ReachedOtherwise => "this was done before with other data",
            Self::NotStarted => "what the request is about does not exist yet; try again later",
            Self::AlreadyStarted => "this exists already, with other data",
            Self::KeyRequired => "this request needs an idempotency key",
            Self::InFlight => "another request for the same has not finished; try again with the same key",
            Self::Fenced => "the service has lost its right to do this; another part of it has taken over",
            Self::Lost => {
                "it is not known whether the request was done; do not repeat it, and ask the service\'s operators"
            }
            Self::ForeignMachine => "the service is not set up rightly: its data belong to another service",
            Self::UnknownState => "the service cannot read its data: a state is not known to it",
            Self::UnknownCommand => "the service cannot read its data: an earlier request is not known to it",
            Self::OtherRelease => "the service is being updated; try again with the same key",
            Self::Undecodable => "the service cannot read its data",
            Self::Unencodable => "the service cannot store what the request leads to",
            Self::TooLarge => "the request is too large",
            Self::Key => "the idempotency key, or a name in the request, is not valid",
            Self::OutOfBounds => "an account does not allow this amount",
            Self::Ledger => "the accounts do not allow this request",
            Self::Stale => "this was changed meanwhile; read it and decide again",
            Self::Missing => "this does not exist",
            Self::Update => "the service cannot make this change: it is not set up rightly",
            Self::Misuse => "the service has a rule that cannot be applied",
            Self::Interrupted => "the request was interrupted, and nothing was done; try again",
            Self::NotApplied => "the connection to the data broke, and nothing was done; try again",
            Self::Indeterminate => "it is not known whether the request was done; try again with the same key",
            Self::NotMigrated => "the service is not ready: its data are of another version",
            Self::Config => "the service is configured wrongly",
            Self::NotOpened => "the service cannot open its data",
            Self::ReadOnly => "the service accepts no changes at the moment",
            Self::Contention => "too many requests for the same at once; try again with the same key",
            Self::Unavailable => "the service cannot reach its data; try again later",
            Self::ShutDown => "the service is stopping; try again later",
            Self::Internal => "the service has a fault; it is not known whether the request was done",
            Self::Store => "the service\'s data refused the request",
        }
    }
}

impl Error {
    /// A text that may be shown to a client; the error\'s own text is for logs. See [`ErrorKind::public_message`].
    ///
    /// ```
    /// # use idem_core::{Error, Key};
    /// let error = Error::from(Key::new("", "k").expect_err("no scope"));
    /// assert_eq!(error.public_message(), "the idempotency key, or a name in the request, is not valid");
    /// ```
    pub fn public_message(&self) -> &'static str {
        self.kind().public_message()
    }
}

impl<R> CommandError<R> {
    /// A text that may be shown to a client; what a rule said is the rejection\'s own text. See [`ErrorKind::public_message`].
    pub fn public_message(&self) -> &'static str {
        self.kind().public_message()
    }
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeSet;

    use super::*;

    #[test]
    fn public_messages_differ_and_show_no_internals() {
        let texts: BTreeSet<_> = ErrorKind::ALL.iter().map(|kind| kind.public_message()).collect();
        assert_eq!(texts.len(), ErrorKind::ALL.len());
        for text in texts {
            let inside = ["`", "\"", "{", "idem_", "SQL", "derive", "table", "column", "machine"];
            assert!(inside.iter().all(|word| !text.contains(word)), "{text}");
        }
    }
}
