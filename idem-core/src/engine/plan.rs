//! A plan: one thing to do. A surface is one kind of plan.

use std::time::Duration;

use crate::clock::Timestamp;
use crate::engine::answer::{Answered, Refusal};
use crate::engine::decide::draft::{Missing, WriteDraft};
use crate::engine::decide::snapshot::{Asked, Snapshot};
use crate::engine::memory::Memory;
use crate::engine::memory::outcomes::{Identity, Outcome};
use crate::key::KeyHash;
use crate::model::claim::fence::Fence;
use crate::store::Database;
use crate::store::statements::Statements;

/// What a plan is decided to be; [`Missing`]: something that it needs is not loaded.
pub(crate) type Decided = Result<Answered, Missing>;

/// The bounds a decision keeps.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Limits {
    /// The largest state, payload, outcome or message, in bytes.
    pub(crate) payload: usize,
    /// How long an alias key is remembered.
    pub(crate) alias: Duration,
    /// How long a key remembers that its command was rejected.
    pub(crate) rejection: Duration,
}

/// One thing to do: what it locks, what it asks for, how it decides, its size.
#[cfg_attr(not(feature = "tracing"), allow(dead_code, reason = "names are for traces"))]
pub(crate) trait Plan<DB: Database>: Send + Sync {
    /// The namespace of its key, and what it does there: for traces.
    fn namespace(&self) -> &'static str;
    fn operation(&self) -> &'static str;

    /// The caller's table that it writes.
    fn table(&self) -> Option<&str> {
        None
    }

    fn key(&self) -> Option<&KeyHash>;

    /// What its repeats are known by, if one may be answered from memory.
    fn identity(&self) -> Option<Identity<'_>> {
        None
    }

    /// What a repeat is to be answered once this answer is committed; `None` if the database is to be asked.
    fn outcome(&self, _answered: &Answered) -> Option<Outcome> {
        None
    }

    /// Whether its key remembers this refusal, if it was decided afresh.
    fn remembers(&self, _refusal: &Refusal) -> bool {
        false
    }

    /// The request that it belongs to, as the caller names it, with the scope of its key.
    fn correlation(&self) -> Option<(Option<&str>, &str)> {
        None
    }

    /// The claim that it is fenced by.
    fn fence(&self) -> Option<&Fence> {
        None
    }

    /// About how many bytes it takes.
    fn size(&self) -> usize;

    /// Names what it needs for itself: others of this process that need the same wait for it.
    fn locks(&self, tell: &mut dyn FnMut(&str, &str));

    /// Asks for what it is known to be decided on.
    fn ask<'p>(&'p self, asked: &mut Asked<'p>);

    /// Whether it is a change that is right whatever is there before it.
    fn is_relative(&self) -> bool {
        false
    }

    /// Puts into the snapshot what can be assumed instead of loaded, for a write that finds out whether it was so. False if the
    /// plan cannot be decided like this.
    fn assume(&self, _cx: &Assuming<'_>, _snapshot: &mut Snapshot) -> bool {
        false
    }

    /// Decides, and adds what is to be written to the draft. It may be asked several times.
    fn decide(&self, draft: &mut WriteDraft<'_, DB>, limits: &Limits) -> Decided;

    /// A table may not be as it was described. True if it was of this plan, and another try describes it anew.
    fn forget_tables(&self, _sql: &Statements) -> bool {
        false
    }
}

/// What a plan can assume by.
pub(crate) struct Assuming<'c> {
    /// In a transaction of its own; otherwise in one that is open.
    pub(crate) own: bool,
    pub(crate) memory: &'c Memory,
    /// The database's time, if it is known here.
    pub(crate) now: Option<Timestamp>,
    /// Tables of callers that were described.
    pub(crate) sql: &'c Statements,
}

/// A plan of any kind.
pub(crate) type BoxedPlan<DB> = Box<dyn Plan<DB>>;

/// Several of them.
pub(crate) fn borrowed<DB: Database>(plans: &[BoxedPlan<DB>]) -> Vec<&dyn Plan<DB>> {
    plans.iter().map(|plan| &**plan).collect()
}
