//! What a rule answers with, taken apart.

use std::fmt;
use std::sync::Arc;

use serde_json::Value;

use crate::model::ledger::change::LedgerChange;
use crate::model::machine::rules::{Machine, Taken};
use crate::testing::samples::content;

/// A step as the rule says it.
#[derive(Debug)]
pub(super) struct Said {
    pub(super) to: (usize, Value),
    pub(super) outcome: Value,
    pub(super) deltas: Vec<(Owner, i64)>,
    /// The holds it opens, each with its account.
    pub(super) holds: Vec<(String, String)>,
}

impl Said {
    /// The step and those it names for money that does not fit, in order.
    pub(super) fn all<M: Machine>(taken: Taken<M>) -> Result<Vec<Self>, String> {
        let mut said = Vec::new();
        let mut next = Some(Box::new(taken));
        while let Some(taken) = next {
            let outcome = serde_json::to_value(&taken.outcome).map_err(|error| error.to_string())?;
            let deltas = taken.effects.moves.iter().flat_map(deltas).collect();
            let holds = taken.effects.moves.iter().filter_map(hold).collect();
            said.push(Self { to: (taken.to.state(), content(&taken.to)?), outcome, deltas, holds });
            next = taken.otherwise;
        }
        Ok(said)
    }
}

/// Whose balance changes.
#[derive(Debug, Clone)]
pub(super) enum Owner {
    Account(String),
    /// The account that this hold is of.
    Hold(String),
}

fn deltas(change: &LedgerChange) -> Vec<(Owner, i64)> {
    let account = |account: &Arc<str>| Owner::Account(account.to_string());
    match change {
        LedgerChange::Delta { account: name, delta } => vec![(account(name), *delta)],
        LedgerChange::Transfer { from, to, amount } => {
            vec![(account(from), amount.saturating_neg()), (account(to), *amount)]
        }
        LedgerChange::Post { entries } => entries.iter().map(|(name, delta)| (account(name), *delta)).collect(),
        LedgerChange::Hold { account: name, .. } => vec![(account(name), 0)],
        LedgerChange::Capture { hold, amount, to } => {
            let payee = to.iter().map(|to| (account(to), *amount));
            std::iter::once((Owner::Hold(hold.to_string()), amount.saturating_neg())).chain(payee).collect()
        }
        LedgerChange::Set { .. } | LedgerChange::Release { .. } => Vec::new(),
    }
}

fn hold(change: &LedgerChange) -> Option<(String, String)> {
    match change {
        LedgerChange::Hold { hold, account, .. } => Some((hold.to_string(), account.to_string())),
        _ => None,
    }
}

impl fmt::Display for Said {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let (state, content) = &self.to;
        write!(f, "state {state} {content}, outcome {}", self.outcome)
    }
}
