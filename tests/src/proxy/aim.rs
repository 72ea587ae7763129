//! When to strike, and how.

use std::sync::{Mutex, MutexGuard, PoisonError};

/// The message of a client at which the proxy strikes.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum At {
    /// The one that commits: a simple query, or the execution of a prepared statement.
    Commit,
    /// The execution of a statement whose text contains this.
    Statement(String),
    /// The n-th execution of any statement, from 1, and the later ones if the aim stays.
    Execution(u64),
    /// The n-th message of any kind, from 1, and the later ones if the aim stays; those that open a connection count as
    /// well.
    Message(u64),
}

/// What happens to that message.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Cut {
    /// The server never sees it.
    Before(Hangup),
    /// The server gets it and the client never hears. Aimed at a statement, the messages with which the client ends
    /// its request are forwarded too, and the server has answered before the client loses the connection. Aimed at
    /// [`At::Message`], nothing after it is forwarded, and there is an answer to wait for only if the message asks
    /// for one.
    LoseReply(Hangup),
    /// The server gets it late, with the rest of the request: when [`Proxy::deliver`](super::Proxy::deliver) says so, as from a
    /// pooler that had it in its queue. Not for [`At::Message`].
    Delay(Hangup),
}

/// How the client loses its connection.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Hangup {
    /// A reset, as from a host that has restarted.
    Reset,
    /// An orderly end, as from a server that is stopped.
    Close,
    /// Silence, as from a network that swallows packets. The server keeps its side until the client gives up.
    BlackHole,
}

impl Cut {
    pub(super) fn hangup(self) -> Hangup {
        match self {
            Self::Before(hangup) | Self::LoseReply(hangup) | Self::Delay(hangup) => hangup,
        }
    }
}

/// The aim of all connections of one proxy.
#[derive(Debug, Default)]
pub(super) struct Aim(Mutex<State>);

#[derive(Debug, Default)]
struct State {
    target: Option<(At, Cut)>,
    /// So many that fit go by first.
    passes: u64,
    left: u64,
    hit: bool,
    messages: u64,
    executions: u64,
}

/// A decision to strike.
#[derive(Debug, Clone, Copy)]
pub(super) struct Strike {
    pub(super) cut: Cut,
    /// Whether the rest of the client's request is forwarded before the reply is lost.
    pub(super) whole_request: bool,
}

impl Aim {
    pub(super) fn set(&self, at: At, cut: Cut, passes: u64, strikes: u64) {
        *self.state() = State { target: Some((at, cut)), passes, left: strikes, ..State::default() };
    }

    /// Takes the aim away; whether it has been hit.
    pub(super) fn clear(&self) -> bool {
        std::mem::take(&mut *self.state()).hit
    }

    pub(super) fn messages(&self) -> u64 {
        self.state().messages
    }

    /// Counts one message, with the text of the statement if it executes one, and says whether to strike.
    pub(super) fn judge(&self, statement: Option<&str>) -> Option<Strike> {
        let mut state = self.state();
        state.messages += 1;
        state.executions += u64::from(statement.is_some());
        let (at, cut) = state.target.as_ref()?;
        let hit = match at {
            At::Commit => statement.is_some_and(commits),
            At::Statement(text) => statement.is_some_and(|statement| statement.contains(text)),
            At::Execution(number) => statement.is_some() && state.executions >= *number,
            At::Message(number) => state.messages >= *number,
        };
        if !hit {
            return None;
        }
        if state.passes > 0 {
            state.passes -= 1;
            return None;
        }
        let strike = Strike { cut: *cut, whole_request: !matches!(at, At::Message(_)) };
        state.hit = true;
        state.left = state.left.saturating_sub(1);
        if state.left == 0 {
            state.target = None;
        }
        Some(strike)
    }

    fn state(&self) -> MutexGuard<'_, State> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// Whether a query commits. A semicolon within a literal is taken for the end of a statement, which no test here minds.
fn commits(query: &str) -> bool {
    let mut words = query.split(';').filter_map(|statement| statement.split_whitespace().next());
    words.any(|word| word.eq_ignore_ascii_case("COMMIT") || word.eq_ignore_ascii_case("END"))
}

#[cfg(test)]
mod tests {
    use super::commits;

    #[test]
    fn commit_is_found_alone_and_behind_other_statements() {
        for query in ["COMMIT", " commit;", "END", "INSERT INTO t VALUES (1); COMMIT"] {
            assert!(commits(query), "{query}");
        }
        for query in ["", "BEGIN", "ROLLBACK", "SELECT 'COMMIT'", "INSERT INTO commit VALUES (1)", "COMMITTED"] {
            assert!(!commits(query), "{query}");
        }
    }
}
