//! What a rule answers with, taken apart.

use std::fmt;

use serde_json::Value;

use super::samples::content;
use crate::machine::{Machine, Move, Taken};

/// A step as the rule says it.
#[derive(Debug)]
pub(super) struct Said {
    pub(super) to: (usize, Value),
    pub(super) outcome: Value,
    pub(super) deltas: Vec<(String, i64)>,
}

impl Said {
    /// The step and those it names for money that does not fit, in order.
    pub(super) fn all<M: Machine>(taken: Taken<M>) -> Result<Vec<Self>, String> {
        let mut said = Vec::new();
        let mut next = Some(Box::new(taken));
        while let Some(taken) = next {
            let outcome = serde_json::to_value(&taken.outcome).map_err(|error| error.to_string())?;
            let deltas = taken.effects.moves.into_iter().flat_map(deltas).collect();
            said.push(Self { to: (taken.to.state(), content(&taken.to)?), outcome, deltas });
            next = taken.otherwise;
        }
        Ok(said)
    }
}

fn deltas(change: Move) -> Vec<(String, i64)> {
    match change {
        Move::Delta { account, delta } => vec![(account, delta)],
        Move::Transfer { from, to, amount } => vec![(from, amount.saturating_neg()), (to, amount)],
    }
}

impl fmt::Display for Said {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let (state, content) = &self.to;
        write!(f, "state {state} {content}, outcome {}", self.outcome)
    }
}
