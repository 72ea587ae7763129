//! What happened to a machine.

use std::fmt;
use std::future::IntoFuture;
use std::pin::Pin;

use crate::clock::Timestamp;
use crate::error::{Effect, Error, Source};
use crate::key::Key;
use crate::machine::stored::handles::Handle;
use crate::machine::stored::operate::Recorded;
use crate::machine::stored::page::{Page, Unreadable, guarded};
use crate::machine::stored::typed::{position_of, state_of};
use crate::model::machine::rules::{Machine, Rules};
use crate::namespace::{OVERRIDE, START};
use crate::seq::{shown, stored};
use crate::store::Database;
use crate::store::machine::queries;
use crate::store::machine::rows::TransitionRow;

/// The most transitions of one page.
pub(super) const PAGE: u32 = 1_000;

/// One transition as it happened.
#[non_exhaustive]
pub struct Transition<M: Machine> {
    /// Its number, counted from 1.
    pub seq: u64,
    /// When, on the database's clock.
    pub at: Timestamp,
    /// What made it.
    pub event: Event<M>,
    /// The state before; none before the start.
    pub from: Option<M::StateKind>,
    /// The state after.
    pub state: M,
    /// The key it came with; `None` as well if it was erased.
    pub key: Option<Key>,
    /// The id that [`Call::correlation`](crate::machine::Call::correlation) gave it.
    pub correlation: Option<String>,
}

/// What made a transition.
#[non_exhaustive]
pub enum Event<M: Machine> {
    /// The machine was started.
    Started,
    /// A command ran.
    Command(M::Command),
    /// The command of this name ran, and its payload was erased by [`Idem::forget`](crate::Idem::forget).
    Forgotten {
        /// The command.
        command: &'static str,
    },
    /// An operator put the machine into the state.
    Overridden {
        /// Why; empty if it was erased by [`Idem::forget`](crate::Idem::forget).
        reason: String,
    },
}

impl<M: Machine> fmt::Debug for Transition<M> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let state = M::kind(self.state.state());
        f.debug_struct("Transition")
            .field("seq", &self.seq)
            .field("event", &self.event)
            .field("state", &state)
            .finish_non_exhaustive()
    }
}

impl<M: Machine> fmt::Debug for Event<M> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Started => f.write_str("Started"),
            Self::Command(command) => f.write_str(M::GRAPH.commands[M::command(command)].name),
            Self::Forgotten { command } => f.debug_struct("Forgotten").field("command", command).finish(),
            Self::Overridden { reason } => f.debug_struct("Overridden").field("reason", reason).finish(),
        }
    }
}

/// A question for a machine's history. Awaited, it gives a page, oldest first.
///
/// # Errors
/// [`Error::Key`] if the id is none, and those of the database. A transition that today's types cannot hold is no error of the
/// page: it is [`Unreadable`], in its place.
///
/// # Cancel safety
/// Reads only: a dropped one leaves nothing behind.
#[must_use = "a question is asked when it is awaited"]
pub struct History<'a, DB: Database, X: Rules> {
    at: &'a Handle<DB, X>,
    after: u64,
    limit: u32,
}

impl<DB: Database, X: Rules> Handle<DB, X> {
    /// The transitions of this machine, oldest first; a page of 100 unless [`History::limit`] says otherwise. A machine that was
    /// not started has none. Errors and cancel safety: as [`History`].
    ///
    /// ```
    /// # include!(concat!(env!("CARGO_MANIFEST_DIR"), "/../docs/sqlite.rs"));
    /// # include!(concat!(env!("CARGO_MANIFEST_DIR"), "/../docs/payment.rs"));
    /// # #[cfg(feature = "sqlite")] fn main() -> Done { on_sqlite(async |idem| {
    /// use idem_core::machine::Event;
    /// use idem_core::{Error, Key, Natural};
    ///
    /// let payments = Payment::stored(&idem, Rules);
    /// let (payment, key) = (payments.at("pay-42"), Key::new("shop-1", "req-17")?);
    /// payment.start(Natural, payment::Authorized { amount: 500 }).await?;
    /// payment.capture(&key, payment::Capture { amount: 500 }).await?;
    ///
    /// let history = payment.history().await?.all()?;
    /// assert_eq!((history[0].seq, history[1].seq), (1, 2));
    /// assert!(matches!(history[0].event, Event::Started));
    /// assert!(matches!(&history[1].event, Event::Command(payment::Command::Capture(capture)) if capture.amount == 500));
    /// assert_eq!((history[1].from, &history[1].key), (Some(payment::StateKind::Authorized), &Some(key)));
    ///
    /// let page = payment.history().limit(1).await?;
    /// let next = payment.history().after(page.cursor().expect("a full page")).await?;
    /// assert_eq!((page.len(), next.len()), (1, 1));
    /// assert!(matches!(payments.at("").history().await, Err(Error::Key(_))));
    /// # Ok(()) }) }
    /// ```
    pub fn history(&self) -> History<'_, DB, X> {
        History { at: self, after: 0, limit: 100 }
    }

    /// A page of its transitions as they are stored, from the one after `after` on.
    pub(super) async fn rows(&self, after: i64, limit: u32) -> Result<Vec<TransitionRow>, Error> {
        let machine = self.checked()?;
        let mut lease = self.machines.reader().await?;
        let rows = queries::history(&mut lease.session(), machine, after, i64::from(limit)).await;
        self.machines.shared.answer(lease, rows).await
    }
}

impl<DB: Database, X: Rules> History<'_, DB, X> {
    /// Only transitions after the one with this number. Default 0: from the first one on.
    pub fn after(self, seq: u64) -> Self {
        Self { after: seq, ..self }
    }

    /// At most this many: at least 1, and at most 1,000, whatever is given. Default 100. The page's cursor shows whether there
    /// are more.
    pub fn limit(self, limit: u32) -> Self {
        Self { limit: limit.clamp(1, PAGE), ..self }
    }

    async fn page(self) -> Result<Page<Transition<X::Machine>, u64>, Error> {
        let rows = self.at.rows(stored(self.after), self.limit).await?;
        let cursor = rows.last().filter(|_| rows.len() >= self.limit as usize).map(|last| shown(last.seq));
        let id = self.at.id();
        let mut items = Vec::with_capacity(rows.len());
        let mut places = Vec::with_capacity(rows.len());
        for row in rows {
            places.push((row.state.to_string(), shown(row.seq), row.at));
            let what = format!("transition {} of {} {id:?}", row.seq, X::Machine::GRAPH.name);
            items.push(guarded(what, || typed_transition(id, &row)));
        }
        self.at.machines.explain(&mut items).await;
        let unreadable =
            |(state, seq, at), error| Unreadable { id: id.to_owned(), state, seq, at, error: Box::new(error) };
        let items = items.into_iter().zip(places).map(|(item, place)| item.map_err(|error| unreadable(place, error)));
        Ok(Page::new(items.collect(), cursor))
    }
}

fn typed_transition<M: Machine>(id: &str, row: &TransitionRow) -> Result<Transition<M>, Error> {
    let graph = M::GRAPH;
    let state = state_of::<M>(id, &row.state, &row.body)?;
    let unreadable = |what: &str, source: Source| Error::Undecodable {
        what: format!("{what} of transition {} of {} {id:?}", row.seq, graph.name),
        effect: Effect::NotApplied,
        source,
    };
    let event = match &*row.command {
        START => Event::Started,
        OVERRIDE if row.is_forgotten() => Event::Overridden { reason: String::new() },
        OVERRIDE => {
            let recorded: Recorded = row.payload.decode().map_err(|source| unreadable("the reason", source.into()))?;
            Event::Overridden { reason: recorded.reason }
        }
        name => {
            let command = graph.command_named(name).ok_or_else(|| graph.unknown_command(id, name))?;
            if row.is_forgotten() {
                Event::Forgotten { command: graph.commands[command].name }
            } else {
                Event::Command(
                    M::read_command(command, &row.payload)
                        .map_err(|source| unreadable("the payload", source.into()))?,
                )
            }
        }
    };
    let key = row.key.as_ref().filter(|key| !key.is_forgotten()).map(Key::checked).transpose()?.cloned();
    let correlation = row.correlation.as_deref().map(str::to_owned);
    let from = match &*row.command {
        START => None,
        _ => Some(M::kind(position_of::<M>(id, &row.from_state)?)),
    };
    Ok(Transition { seq: shown(row.seq), at: row.at, event, from, state, key, correlation })
}

impl<'a, DB: Database, X: Rules> IntoFuture for History<'a, DB, X> {
    type Output = Result<Page<Transition<X::Machine>, u64>, Error>;
    type IntoFuture = Pin<Box<dyn Future<Output = Self::Output> + Send + 'a>>;

    fn into_future(self) -> Self::IntoFuture {
        Box::pin(self.page())
    }
}

impl<DB: Database, X: Rules> fmt::Debug for History<'_, DB, X> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("History").field("at", &self.at).field("after", &self.after).finish_non_exhaustive()
    }
}
