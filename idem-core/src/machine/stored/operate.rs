//! What operators do to a machine.

use std::fmt;
use std::future::IntoFuture;

use serde::{Deserialize, Serialize};
use serde_json::value::RawValue;

use crate::engine::decide::command::{Action, Command};
use crate::error::Error;
use crate::fingerprint::Fingerprint;
use crate::key::Key;
use crate::machine::stored::call::CallFuture;
use crate::machine::stored::handles::Handle;
use crate::machine::stored::typed::{outcome, unencodable};
use crate::model::machine::driver::put_state;
use crate::model::machine::rules::{ErrorOf, KindOf, Machine, Rules};
use crate::namespace::OVERRIDE;
use crate::outcome::Outcome;
use crate::store::Database;
use crate::wire::Stored;

/// A keyed transition by hand. Awaited, it happens.
///
/// # Errors
/// As [`Handle::override_state`].
///
/// # Cancel safety
/// As [`Call`](crate::machine::Call): dropped before it was awaited, nothing happened; dropped while it runs, its effect may or
/// may not happen, whole.
#[must_use = "an override does nothing until it is awaited"]
pub struct Override<'a, DB: Database, X: Rules> {
    at: &'a Handle<DB, X>,
    key: Key,
    state: X::Machine,
    reason: String,
    reopen: bool,
}

/// The payload of an override as it is stored.
#[derive(Serialize, Deserialize)]
pub(super) struct Recorded {
    state: String,
    /// As it is written: read as a value it would lose digits beyond 64 bits.
    content: Box<RawValue>,
    pub(super) reason: String,
    reopen: bool,
}

impl<DB: Database, X: Rules> Handle<DB, X> {
    /// Puts the machine into `state` by hand, whatever the graph says, recorded with its `reason`.
    ///
    /// A repeat of an earlier command still gets its original outcome, marked superseded; the override opens no new visit,
    /// so a command without a key that ran in the state's last visit does not run again, unless [`Override::reopen`] says
    /// so.
    ///
    /// ```
    /// # include!(concat!(env!("CARGO_MANIFEST_DIR"), "/../docs/sqlite.rs"));
    /// # include!(concat!(env!("CARGO_MANIFEST_DIR"), "/../docs/payment.rs"));
    /// # #[cfg(feature = "sqlite")] fn main() -> Done { on_sqlite(async |idem| {
    /// use idem_core::{ErrorKind, Key, Natural};
    ///
    /// let payments = Payment::stored(&idem, Rules);
    /// let (payment, key) = (payments.at("pay-42"), Key::new("operator", "ticket-7")?);
    /// payment.start(Natural, payment::Authorized { amount: 500 }).await?;
    /// let by_hand = payment::Captured { receipt: Receipt { id: "paper-7".into(), amount: 500 } };
    ///
    /// assert!(payment.override_state(&key, by_hand.clone(), "paid at the desk").await?.is_fresh());
    /// assert!(payment.override_state(&key, by_hand.clone(), "paid at the desk").await?.is_replay());
    /// let refused = payment.override_state(&key, by_hand.clone(), "another reason").await.expect_err("another request");
    /// assert_eq!(refused.kind(), ErrorKind::KeyReused);
    /// let refused = payments.at("pay-43").override_state(&key.derive("pay-43"), by_hand, "paid at the desk").await;
    /// assert_eq!(refused.expect_err("no such machine").kind(), ErrorKind::NotStarted);
    /// # Ok(()) }) }
    /// ```
    ///
    /// # Errors
    /// [`Error::NotStarted`]; [`Error::KeyReused`] if the key named another request, or this one with another state or reason;
    /// [`Error::Key`], [`Error::TooLarge`] or [`Error::Unencodable`] for what cannot be stored; those of the database.
    ///
    /// # Cancel safety
    /// As [`Override`].
    pub fn override_state(
        &self,
        key: &Key,
        state: impl Into<X::Machine>,
        reason: impl Into<String>,
    ) -> Override<'_, DB, X> {
        Override { at: self, key: key.clone(), state: state.into(), reason: reason.into(), reopen: false }
    }
}

impl<DB: Database, X: Rules> Override<'_, DB, X> {
    /// Opens a new visit of the state: commands without a key may run again in it. Default: the visit goes on.
    pub fn reopen(self) -> Self {
        Self { reopen: true, ..self }
    }

    fn command(&self) -> Result<Command, Error> {
        self.at.checked()?;
        let position = self.state.state();
        let body = put_state(&self.state).map_err(|source| unencodable("the state", source))?;
        let content = body.decode().map_err(|source| unencodable("the state", source))?;
        let state = X::Machine::GRAPH.states[position].name.to_owned();
        let recorded = Recorded { state, content, reason: self.reason.clone(), reopen: self.reopen };
        let payload = Stored::encode(&recorded).map_err(|source| unencodable("the override", source))?;
        let fingerprint = Fingerprint::of(OVERRIDE, self.at.id(), payload.json().unwrap_or_default(), &[]);
        let action = Action::Override { state: position, body, reopen: self.reopen };
        self.at.keyed(Some(self.key.clone()), payload, fingerprint, action)
    }
}

impl<'a, DB: Database, X: Rules> IntoFuture for Override<'a, DB, X> {
    type Output = Result<Outcome<(), KindOf<X>>, ErrorOf<X>>;
    type IntoFuture = CallFuture<'a, (), KindOf<X>, X::Rejection>;

    fn into_future(self) -> Self::IntoFuture {
        let at = self.at;
        at.call_with(self.command(), outcome::<X, ()>).into_future()
    }
}

impl<DB: Database, X: Rules> fmt::Debug for Override<'_, DB, X> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Override").field("at", &self.at).field("reason", &self.reason).finish_non_exhaustive()
    }
}
