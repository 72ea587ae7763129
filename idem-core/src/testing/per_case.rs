//! Rules whose accounts and holds are one case's own.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;

use crate::model::ledger::change::LedgerChange;
use crate::model::machine::context::Context;
use crate::model::machine::driver::TypedDriver;
use crate::model::machine::rules::{Machine, Rules, Taken};
use crate::wire::{Stored, WireError};

/// The user's rules. The accounts that were given to the explorer, and all holds, have names that no other case has: cases share a
/// database, accounts keep their balances, and the name of a hold is never free again.
pub(super) struct PerCase<X> {
    rules: Arc<TypedDriver<X>>,
    names: Names,
}

/// The names of one case.
#[derive(Debug, Clone)]
pub(super) struct Names {
    /// What no other case has.
    pub(super) case: String,
    pub(super) accounts: Arc<BTreeSet<String>>,
    /// The holds that the case began with, by the names that the rules know.
    pub(super) holds: BTreeMap<String, String>,
}

impl Names {
    /// The name of an account in the database.
    pub(super) fn account(&self, name: &str) -> Arc<str> {
        if self.accounts.contains(name) { format!("{name} of {}", self.case).into() } else { name.into() }
    }

    fn hold(&self, name: &str) -> Arc<str> {
        self.holds.get(name).map_or_else(|| format!("{name} of {}", self.case).into(), |hold| hold.as_str().into())
    }

    fn rename<M: Machine>(&self, mut taken: Taken<M>) -> Taken<M> {
        taken.effects.moves.iter_mut().for_each(|change| self.rename_in(change));
        taken.otherwise = taken.otherwise.map(|other| Box::new(self.rename(*other)));
        taken
    }

    fn rename_in(&self, change: &mut LedgerChange) {
        let owned = |name: &mut Arc<str>| *name = self.account(name);
        match change {
            LedgerChange::Delta { account, .. } | LedgerChange::Set { account, .. } => owned(account),
            LedgerChange::Transfer { from, to, .. } => {
                owned(from);
                owned(to);
            }
            LedgerChange::Post { entries } => entries.iter_mut().for_each(|(account, _)| owned(account)),
            LedgerChange::Hold { account, hold, .. } => {
                owned(account);
                *hold = self.hold(hold);
            }
            LedgerChange::Capture { hold, to, .. } => {
                *hold = self.hold(hold);
                to.iter_mut().for_each(owned);
            }
            LedgerChange::Release { hold } => *hold = self.hold(hold),
        }
    }
}

impl<X> PerCase<X> {
    pub(super) fn new(rules: Arc<TypedDriver<X>>, names: Names) -> Self {
        Self { rules, names }
    }

    /// As the user wrote them.
    pub(super) fn rules(&self) -> &X {
        self.rules.rules()
    }

    pub(super) fn names(&self) -> &Names {
        &self.names
    }
}

impl<X: Rules> Rules for PerCase<X> {
    type Machine = X::Machine;
    type Rejection = X::Rejection;

    fn run(
        &self,
        from: X::Machine,
        command: &<X::Machine as Machine>::Command,
        cx: &Context<'_>,
    ) -> Option<Result<Taken<X::Machine>, X::Rejection>> {
        let ran = self.rules().run(from, command, cx)?;
        Some(ran.map(|taken| self.names.rename(taken)))
    }

    fn write_rejection(rejection: &X::Rejection) -> Result<Stored, WireError> {
        X::write_rejection(rejection)
    }

    fn read_rejection(stored: &Stored) -> Result<X::Rejection, WireError> {
        X::read_rejection(stored)
    }
}
