//! The state of a case that is being played.

use std::collections::{BTreeMap, BTreeSet};

use serde_json::Value;

use crate::clock::Timestamp;
use crate::key::Key;
use crate::model::machine::graph::Graph;
use crate::model::machine::rules::{Machine, Rules};
use crate::testing::ground::Place;
use crate::testing::money::Money;
use crate::testing::oracle::{Model, Request};
use crate::testing::samples::content;

/// Where an answer, or the machine after it, is not what it must be.
#[derive(Debug)]
pub(super) struct Mismatch {
    pub(super) expected: String,
    pub(super) found: String,
}

/// The entry of a state: from which state, by which command, into which.
pub(super) type Entry = (usize, usize, usize);

/// What was tried, and what came of it.
#[derive(Debug, Clone, Default)]
pub(super) struct Seen {
    /// How often each row of the table answered.
    pub(super) rows: BTreeMap<char, u64>,
    /// How often each command was given in each state from which an edge leads on: state, command.
    pub(super) tried: BTreeMap<(usize, usize), u64>,
    pub(super) taken: BTreeSet<Entry>,
}

impl Seen {
    pub(super) fn add(&mut self, other: Self) {
        for (row, many) in other.rows {
            *self.rows.entry(row).or_default() += many;
        }
        for (edge, many) in other.tried {
            *self.tried.entry(edge).or_default() += many;
        }
        self.taken.extend(other.taken);
    }
}

pub(super) struct Runner<'p, X: Rules, P: Place<X>> {
    pub(super) place: &'p mut P,
    pub(super) model: Model,
    /// What the accounts and holds touched so far must be.
    pub(super) money: Money,
    pub(super) entered: Option<Entry>,
    pub(super) seen: Seen,
    rules: std::marker::PhantomData<fn() -> X>,
}

impl<'p, X: Rules, P: Place<X>> Runner<'p, X, P> {
    pub(super) fn new(place: &'p mut P) -> Result<Self, Mismatch> {
        let mut model = Model::new(Self::graph());
        if let Some(begun) = place.begun() {
            let content = content(begun).map_err(unreadable)?;
            let to = (begun.state(), content.clone());
            model.ran(None, Request::Start(content), Value::Null, Timestamp::from_micros(0), to);
        }
        Ok(Self {
            place,
            model,
            money: Money::default(),
            entered: None,
            seen: Seen::default(),
            rules: std::marker::PhantomData,
        })
    }

    pub(super) fn graph() -> &'static Graph {
        X::Machine::GRAPH
    }

    pub(super) fn key(&self, token: Option<&str>) -> Result<Option<Key>, Mismatch> {
        token.map(|token| self.place.key(token)).transpose().map_err(|error| unreadable(error.to_string()))
    }
}

pub(super) fn unreadable(problem: String) -> Mismatch {
    Mismatch { expected: "a script and a machine that can be read".to_owned(), found: problem }
}
