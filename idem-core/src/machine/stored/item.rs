//! One of many commands.

use std::fmt;

use crate::key::Key;
use crate::model::machine::rules::KeyOrNatural;

/// A command on a machine, one of many that [`Repository::apply_all`](crate::machine::Repository::apply_all) runs. `C` is the
/// enum of all commands of the machine.
#[derive(Clone)]
pub struct Item<C> {
    pub(super) id: String,
    pub(super) key: Option<Key>,
    pub(super) command: C,
}

impl<C> Item<C> {
    /// A command on the machine called `id`, under a `&Key`, an `Option<&Key>`, or [`Natural`](crate::Natural).
    pub fn new(id: impl Into<String>, key: impl KeyOrNatural<C>, command: impl Into<C>) -> Self {
        Self { id: id.into(), key: key.__key(), command: command.into() }
    }

    /// The machine's id.
    pub fn id(&self) -> &str {
        &self.id
    }

    /// The key; `None` for `Natural`.
    pub fn key(&self) -> Option<&Key> {
        self.key.as_ref()
    }

    /// The command.
    pub fn command(&self) -> &C {
        &self.command
    }
}

impl<C> fmt::Debug for Item<C> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Item").field("id", &self.id).field("key", &self.key).finish_non_exhaustive()
    }
}
