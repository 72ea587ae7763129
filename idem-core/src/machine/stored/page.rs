//! Pages of what is stored, what cannot be read beside what can.

use std::any::Any;
use std::panic::{AssertUnwindSafe, catch_unwind};

use crate::clock::Timestamp;
use crate::error::{Effect, Error};

/// A page of machines or transitions, in their order. One that today's types cannot hold has its place too, so that none is lost
/// and none hides the others.
#[derive(Debug)]
#[must_use = "some of it may not be readable"]
pub struct Page<T, C> {
    items: Vec<Result<T, Unreadable>>,
    cursor: Option<C>,
}

/// A machine, or a transition, that cannot be read.
#[derive(Debug, thiserror::Error)]
#[error("{error}")]
#[non_exhaustive]
pub struct Unreadable {
    /// The machine's id.
    pub id: String,
    /// The state, as it is stored.
    pub state: String,
    /// The number of the transition; of a machine that of its newest one.
    pub seq: u64,
    /// When the transition was made; of a machine when it came into its state.
    pub at: Timestamp,
    /// Why: [`Error::UnknownState`], [`Error::UnknownCommand`], [`Error::OtherRelease`] or [`Error::Undecodable`].
    #[source]
    pub error: Box<Error>,
}

impl<T, C> Page<T, C> {
    pub(super) fn new(items: Vec<Result<T, Unreadable>>, cursor: Option<C>) -> Self {
        Self { items, cursor }
    }

    /// How many there are on the page, those that cannot be read among them.
    pub fn len(&self) -> usize {
        self.items.len()
    }

    /// Whether there are none.
    pub fn is_empty(&self) -> bool {
        self.items.is_empty()
    }

    /// Each in its place.
    pub fn iter(&self) -> std::slice::Iter<'_, Result<T, Unreadable>> {
        self.items.iter()
    }

    /// Those that cannot be read.
    pub fn unreadable(&self) -> impl Iterator<Item = &Unreadable> {
        self.items.iter().filter_map(|item| item.as_ref().err())
    }

    /// All of them.
    ///
    /// # Errors
    /// That of the first that cannot be read.
    pub fn all(self) -> Result<Vec<T>, Error> {
        self.items.into_iter().map(|item| item.map_err(|unreadable| *unreadable.error)).collect()
    }
}

impl<T, C: Clone> Page<T, C> {
    /// Where the next page begins, whether the last one here can be read or not: for `after`. `None` if this page was not full.
    pub fn cursor(&self) -> Option<C> {
        self.cursor.clone()
    }
}

impl<T, C> IntoIterator for Page<T, C> {
    type Item = Result<T, Unreadable>;
    type IntoIter = std::vec::IntoIter<Self::Item>;

    fn into_iter(self) -> Self::IntoIter {
        self.items.into_iter()
    }
}

impl<'p, T, C> IntoIterator for &'p Page<T, C> {
    type Item = &'p Result<T, Unreadable>;
    type IntoIter = std::slice::Iter<'p, Result<T, Unreadable>>;

    fn into_iter(self) -> Self::IntoIter {
        self.iter()
    }
}

/// Reads one of several. If the caller's type panics on it, the others are still read.
pub(super) fn guarded<T>(what: String, read: impl FnOnce() -> Result<T, Error>) -> Result<T, Error> {
    catch_unwind(AssertUnwindSafe(read)).unwrap_or_else(|panic| {
        Err(Error::Undecodable { what, effect: Effect::NotApplied, source: message(&*panic).into() })
    })
}

fn message(panic: &(dyn Any + Send)) -> String {
    let text = panic.downcast_ref::<&str>().copied().or_else(|| panic.downcast_ref::<String>().map(String::as_str));
    format!("its type panicked: {}", text.unwrap_or("without a message"))
}
