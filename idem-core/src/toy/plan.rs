//! The plan: what is asked for, and what is decided.

use std::sync::Arc;

use super::part::{Sums, TOY};
use crate::clock::Timestamp;
use crate::engine::answer::{Answer, AnswerValue, Answered};
use crate::engine::decide::draft::WriteDraft;
use crate::engine::decide::snapshot::{Asked, Snapshot};
use crate::engine::plan::{Assuming, Decided, Limits, Plan};
use crate::error::{Error, KeyReused};
use crate::fingerprint::Fingerprint;
use crate::key::{Key, KeyHash};
use crate::store::Database;
use crate::store::write::part::Part;
use crate::store::write::rows::KeyWrite;
use crate::wire::Stored;

/// Adds to one sum.
pub(super) struct Add {
    name: Arc<str>,
    amount: i64,
    key: Option<(KeyHash, Fingerprint)>,
}

impl Add {
    pub(super) fn one(name: &str) -> Self {
        Self { name: name.into(), amount: 1, key: None }
    }

    pub(super) fn under(self, key: &Key) -> Self {
        let fingerprint = Fingerprint::of_parts("add", &self.name, [self.amount.to_be_bytes()]);
        Self { key: Some((key.hash_in(TOY), fingerprint)), ..self }
    }

    /// What its key was used for: in this write, or before.
    fn known<DB: Database>(&self, draft: &WriteDraft<'_, DB>) -> Option<Answered> {
        let (hash, fingerprint) = self.key.as_ref()?;
        let known = draft.key(hash)?;
        let at = known.row.at;
        if known.row.fingerprint == fingerprint.0 {
            return Some(Ok(answer(at, false)));
        }
        let reused = KeyReused::new(hash, at, "another sum".to_owned(), self.name.to_string());
        Some(Err(Error::KeyReused(Box::new(reused)).into()))
    }
}

fn answer(at: Timestamp, fresh: bool) -> Answer {
    Answer { seq: 0, at, outcome: AnswerValue::Stored(Stored::default()), fresh, superseded: false }
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
        self.key.as_ref().map(|(hash, _)| hash)
    }

    fn size(&self) -> usize {
        self.name.len()
    }

    fn locks(&self, tell: &mut dyn FnMut(&str, &str)) {
        tell(TOY, &self.name);
    }

    fn ask<'p>(&'p self, asked: &mut Asked<'p>) {
        asked.ledger_keys.extend(self.key.as_ref().map(|(hash, _)| *hash));
    }

    /// Without a key there is nothing to load: the write is relative. A key is looked up, and gets the time of that load.
    fn assume(&self, _cx: &Assuming<'_>, _snapshot: &mut Snapshot) -> bool {
        self.key.is_none()
    }

    fn decide(&self, draft: &mut WriteDraft<'_, DB>, _limits: &Limits) -> Decided {
        if let Some(known) = self.known(draft) {
            return Ok(known);
        }
        if let Some(sums) = draft.write.part::<Sums>() {
            sums.add(&self.name, self.amount);
        }
        // It names no row: seq 0.
        if let Some((hash, fingerprint)) = &self.key {
            draft.write_bare_key(KeyWrite {
                hash: *hash,
                namespace: TOY,
                target: self.name.clone(),
                seq: 0,
                position: None,
                fingerprint: *fingerprint,
                expires_at: None,
                outcome: None,
                takes_over: false,
            });
        }
        Ok(Ok(answer(draft.now(), true)))
    }
}
