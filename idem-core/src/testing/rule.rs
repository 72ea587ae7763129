//! What a rule answers with, taken apart.

use std::fmt;

use serde_json::Value;

use crate::model::ledger::change::{LedgerChange, accounts_and_hold};
use crate::model::machine::rules::{Machine, Taken};
use crate::testing::samples::content;

/// A step as the rule says it.
#[derive(Debug)]
pub(super) struct Said {
    pub(super) to: (usize, Value),
    pub(super) outcome: Value,
    pub(super) changes: Vec<LedgerChange>,
}

impl Said {
    /// The step and those it names for money that does not fit, in order.
    pub(super) fn all<M: Machine>(taken: Taken<M>) -> Result<Vec<Self>, String> {
        let mut said = Vec::new();
        let mut next = Some(Box::new(taken));
        while let Some(taken) = next {
            let outcome = serde_json::to_value(&taken.outcome).map_err(|error| error.to_string())?;
            let changes = taken.effects.moves;
            said.push(Self { to: (taken.to.state(), content(&taken.to)?), outcome, changes });
            next = taken.otherwise;
        }
        Ok(said)
    }

    /// The accounts that it names.
    pub(super) fn accounts(&self) -> impl Iterator<Item = &str> {
        self.changes.iter().flat_map(|change| accounts_and_hold(change).0).map(|account| &**account)
    }

    /// The holds that it captures or releases.
    pub(super) fn holds(&self) -> impl Iterator<Item = &str> {
        self.changes.iter().filter_map(|change| match change {
            LedgerChange::Capture { hold, .. } | LedgerChange::Release { hold } => Some(&**hold),
            _ => None,
        })
    }
}

impl fmt::Display for Said {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let (state, content) = &self.to;
        write!(f, "state {state} {content}, outcome {}", self.outcome)
    }
}
