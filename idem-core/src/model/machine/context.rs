//! What a transition may know beside state and command.

use std::fmt;

use serde::{Serialize, Serializer};

use crate::clock::Timestamp;
use crate::key::{Hasher, Key, Uuid};

/// The surroundings of one transition: stored with it, so that re-running it gives the same answer.
#[derive(Debug, Clone, Copy)]
pub struct Context<'a> {
    pub(crate) machine: &'a str,
    pub(crate) id: &'a str,
    pub(crate) seq: u64,
    pub(crate) now: Timestamp,
    pub(crate) key: Option<&'a Key>,
}

impl<'a> Context<'a> {
    /// The surroundings of a transition of one machine, for a test that calls a rule directly: of the machine's second transition,
    /// at the beginning of 1970, without a key. `machine` is the machine's name, which [`Context::id`] depends on.
    ///
    /// ```
    /// use idem_core::{Context, Key, Step, Timestamp, idempotent_fsm};
    ///
    /// #[idempotent_fsm]
    /// #[command(Close { by: String } -> String)]
    /// #[derive(Debug, Clone, serde::Serialize, serde::Deserialize)]
    /// enum Ticket {
    ///     #[initial]
    ///     #[on(Close => Closed)]
    ///     Open,
    ///     #[terminal]
    ///     Closed { by: String, at: Timestamp },
    /// }
    ///
    /// #[derive(Debug, thiserror::Error)]
    /// #[error("a key is needed")]
    /// struct NoKey;
    ///
    /// struct Desk;
    ///
    /// impl ticket::Transitions for Desk {
    ///     type Rejection = NoKey;
    ///
    ///     fn close(&self, _: ticket::Open, close: &ticket::Close, cx: &Context) -> Result<Step<ticket::Closed, String>, NoKey> {
    ///         if cx.key().is_none() {
    ///             return Err(NoKey);
    ///         }
    ///         let closed = ticket::Closed { by: close.by.clone(), at: cx.now() };
    ///         Ok(Step::to(closed).outcome(cx.id("receipt").to_string()))
    ///     }
    /// }
    ///
    /// # fn main() -> Result<(), Box<dyn std::error::Error>> {
    /// use ticket::Transitions as _;
    /// let (close, key) = (ticket::Close { by: "ann".into() }, Key::new("desk", "req-1")?);
    /// let cx = Context::new("Ticket", "ticket-7").with_now("2026-11-29T10:00:00Z".parse()?);
    /// assert!(Desk.close(ticket::Open, &close, &cx).is_err());
    /// assert!(Desk.close(ticket::Open, &close, &cx.with_key(&key)).is_ok());
    /// # Ok(()) }
    /// ```
    pub fn new(machine: &'a str, id: &'a str) -> Self {
        Self { machine, id, seq: 2, now: Timestamp::from_micros(0), key: None }
    }

    /// The same at this time. Default: the beginning of 1970.
    #[must_use]
    pub fn with_now(self, now: Timestamp) -> Self {
        Self { now, ..self }
    }

    /// The same of the transition with this number, counted from 1. Default 2.
    #[must_use]
    pub fn with_seq(self, seq: u64) -> Self {
        Self { seq, ..self }
    }

    /// The same with the caller's key. Default: none.
    #[must_use]
    pub fn with_key(self, key: &'a Key) -> Self {
        Self { key: Some(key), ..self }
    }

    /// The time of the transition, on the database's clock; never earlier than the entry into the state that it runs
    /// from.
    pub fn now(&self) -> Timestamp {
        self.now
    }

    /// The id of the machine.
    pub fn machine_id(&self) -> &'a str {
        self.id
    }

    /// The number this transition will have, counted from 1 within the machine.
    pub fn seq(&self) -> u64 {
        self.seq
    }

    /// The caller's key, if it gave one. For a foreign call use [`Key::derive`].
    pub fn key(&self) -> Option<&'a Key> {
        self.key
    }

    /// An id for a thing that this transition makes, the same for every attempt and unique for ever: a hash of
    /// machine, id, seq and `name`.
    ///
    /// ```
    /// use idem_core::Context;
    ///
    /// let cx = Context::new("Payment", "pay-42");
    /// assert_eq!(cx.id("receipt"), cx.id("receipt"));
    /// assert_ne!(cx.id("receipt"), cx.id("hold"));
    /// assert_ne!(cx.id("receipt"), cx.with_seq(3).id("receipt"));
    /// ```
    pub fn id(&self, name: &str) -> StableId {
        let hash = Hasher::new("idem id v1")
            .with(self.machine.as_bytes())
            .with(self.id.as_bytes())
            .with(&self.seq.to_le_bytes())
            .with(name.as_bytes())
            .finish();
        let mut bytes = [0; 16];
        bytes.copy_from_slice(&hash[..16]);
        StableId(Uuid::stamped(bytes, 8))
    }
}

/// An id made from a transition, written as a UUID of version 8 (RFC 9562).
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct StableId(Uuid);

impl StableId {
    /// The sixteen bytes of the UUID.
    pub fn as_bytes(&self) -> &[u8; 16] {
        &self.0.0
    }
}

impl From<StableId> for String {
    fn from(id: StableId) -> Self {
        id.to_string()
    }
}

impl Serialize for StableId {
    /// As its text.
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.collect_str(self)
    }
}

impl fmt::Display for StableId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Display::fmt(&self.0, f)
    }
}

impl fmt::Debug for StableId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "StableId({self})")
    }
}
