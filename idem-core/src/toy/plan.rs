//! The plan: what is asked for, and what is decided.

use std::sync::Arc;

use super::part::{Sums, TOY};
use crate::engine::answer::{Answer, AnswerValue};
use crate::engine::decide::draft::WriteDraft;
use crate::engine::decide::snapshot::{Asked, Snapshot};
use crate::engine::plan::{Assuming, Decided, Limits, Plan};
use crate::key::KeyHash;
use crate::store::Database;
use crate::store::write::part::Part;
use crate::wire::Stored;

/// Adds to one sum.
pub(super) struct Add {
    name: Arc<str>,
    amount: i64,
}

impl Add {
    pub(super) fn one(name: &str) -> Self {
        Self { name: name.into(), amount: 1 }
    }
}

impl<DB: Database> Plan<DB> for Add
where
    Sums: Part<DB>,
{
    fn namespace(&self) -> &'static str {
        TOY
    }

    fn operation(&self) -> &'static str {
        "add"
    }

    fn key(&self) -> Option<&KeyHash> {
        None
    }

    fn size(&self) -> usize {
        self.name.len()
    }

    fn locks(&self, tell: &mut dyn FnMut(&str, &str)) {
        tell(TOY, &self.name);
    }

    fn ask<'p>(&'p self, _asked: &mut Asked<'p>) {}

    /// There is nothing to load: the write is relative.
    fn assume(&self, _cx: &Assuming<'_>, _snapshot: &mut Snapshot) -> bool {
        true
    }

    fn decide(&self, draft: &mut WriteDraft<'_, DB>, _limits: &Limits) -> Decided {
        if let Some(sums) = draft.write.part::<Sums>() {
            sums.add(&self.name, self.amount);
        }
        let (at, outcome) = (draft.now(), AnswerValue::Stored(Stored::default()));
        Ok(Ok(Answer { seq: 0, at, outcome, fresh: true, superseded: false, state: None }))
    }
}
