//! Statements put together from parts, once.

use std::collections::HashMap;
use std::sync::{Arc, PoisonError, RwLock};

use crate::store::rows::Write;
use crate::store::tables::Tables;

/// A statement's text, shared so that running it copies nothing.
pub(crate) type Text = Arc<str>;

/// `parts` one after another. Each numbers its parameters from `$1`; here each is numbered on from the part before it,
/// so what is bound is bound part by part.
pub(crate) fn numbered(parts: &[&str]) -> String {
    let mut text = String::new();
    let mut bound = 0;
    for part in parts {
        let mut highest = 0;
        let mut pieces = part.split('$');
        text.push_str(pieces.next().unwrap_or_default());
        for piece in pieces {
            let digits = piece.find(|c: char| !c.is_ascii_digit()).unwrap_or(piece.len());
            let (number, rest) = piece.split_at(digits);
            let number: usize = number.parse().unwrap_or_default();
            highest = highest.max(number);
            text.push('$');
            text.push_str(&(bound + number).to_string());
            text.push_str(rest);
        }
        bound += highest;
    }
    text
}

/// Which parts a write needs, as bits.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Shape(u16);

impl Shape {
    /// One machine with one transition and at most one key: values instead of lists, which one caller alone feels.
    const ONE: u16 = 1;
    /// That one machine does not exist yet.
    const STARTS: u16 = 1 << 1;
    const MACHINES: u16 = 1 << 2;
    const KEYS: u16 = 1 << 3;
    /// A key names an entry.
    const POSTS: u16 = 1 << 4;
    const MONEY: u16 = 1 << 5;
    const TALLIES: u16 = 1 << 6;
    const HOLDS: u16 = 1 << 7;
    const MESSAGES: u16 = 1 << 8;
    /// Rows that others hold are not waited for.
    const SKIPS: u16 = 1 << 9;
    /// An entry is of a transition.
    const STEPS: u16 = 1 << 10;
    /// Entries of one posting form a ring.
    const RINGS: u16 = 1 << 11;
    /// A key is of no entry, or of one that brings its own seq.
    const ODD_KEYS: u16 = 1 << 12;

    pub(crate) fn of(write: &Write, skip: bool) -> Self {
        // Alone a machine is moved before accounts are locked: nothing may be skipped after that.
        let one = write.transitions.len() == 1 && write.keys.len() <= 1 && (!skip || write.entries.is_empty());
        let single = write.machines.as_slice().first().filter(|_| one && write.machines.len() == 1);
        let odd_keys = !write.tallies.is_empty() || write.keys.iter().any(|key| key.entry.is_none());
        let bit = |needed: bool, bit: u16| if needed { bit } else { 0 };
        Self(
            bit(single.is_some(), Self::ONE)
                | bit(single.is_some_and(|machine| machine.expected == 0), Self::STARTS)
                | bit(!write.machines.is_empty(), Self::MACHINES)
                | bit(!write.keys.is_empty(), Self::KEYS)
                | bit(write.keys.iter().any(|key| key.entry.is_some()), Self::POSTS)
                | bit(!write.entries.is_empty(), Self::MONEY)
                | bit(!write.tallies.is_empty(), Self::TALLIES)
                | bit(!write.holds.is_empty(), Self::HOLDS)
                | bit(!write.messages.is_empty(), Self::MESSAGES)
                | bit(skip, Self::SKIPS)
                | bit(write.entries.iter().any(|entry| entry.step.is_some()), Self::STEPS)
                | bit(write.entries.iter().any(|entry| entry.next.is_some()), Self::RINGS)
                | bit(odd_keys, Self::ODD_KEYS),
        )
    }

    fn has(self, bit: u16) -> bool {
        self.0 & bit != 0
    }

    pub(crate) fn one(self) -> bool {
        self.has(Self::ONE)
    }

    #[cfg_attr(not(feature = "postgres"), allow(dead_code, reason = "one statement of SQLite starts and moves"))]
    pub(crate) fn starts(self) -> bool {
        self.has(Self::STARTS)
    }

    pub(crate) fn machines(self) -> bool {
        self.has(Self::MACHINES)
    }

    pub(crate) fn keys(self) -> bool {
        self.has(Self::KEYS)
    }

    #[cfg_attr(not(feature = "postgres"), allow(dead_code, reason = "SQLite takes them as they come"))]
    pub(crate) fn posts(self) -> bool {
        self.has(Self::POSTS)
    }

    pub(crate) fn money(self) -> bool {
        self.has(Self::MONEY)
    }

    pub(crate) fn tallies(self) -> bool {
        self.has(Self::TALLIES)
    }

    pub(crate) fn holds(self) -> bool {
        self.has(Self::HOLDS)
    }

    pub(crate) fn messages(self) -> bool {
        self.has(Self::MESSAGES)
    }

    #[cfg_attr(not(feature = "postgres"), allow(dead_code, reason = "SQLite takes them as they come"))]
    pub(crate) fn steps(self) -> bool {
        self.has(Self::STEPS)
    }

    #[cfg_attr(not(feature = "postgres"), allow(dead_code, reason = "SQLite takes them as they come"))]
    pub(crate) fn rings(self) -> bool {
        self.has(Self::RINGS)
    }

    #[cfg_attr(not(feature = "postgres"), allow(dead_code, reason = "SQLite takes them as they come"))]
    pub(crate) fn odd_keys(self) -> bool {
        self.has(Self::ODD_KEYS)
    }

    #[cfg_attr(not(feature = "postgres"), allow(dead_code, reason = "SQLite has one lock"))]
    pub(crate) fn skips(self) -> bool {
        self.has(Self::SKIPS)
    }
}

/// A statement for each shape, put together when it is first needed.
pub(crate) struct PerShape {
    tables: Tables,
    text: fn(Shape) -> String,
    texts: RwLock<HashMap<u16, Text>>,
}

impl PerShape {
    pub(crate) fn new(tables: &Tables, text: fn(Shape) -> String) -> Self {
        Self { tables: tables.clone(), text, texts: RwLock::default() }
    }

    pub(crate) fn get(&self, shape: Shape) -> Text {
        let known = self.texts.read().unwrap_or_else(PoisonError::into_inner).get(&shape.0).cloned();
        known.unwrap_or_else(|| {
            let text = self.tables.text(&(self.text)(shape));
            self.texts.write().unwrap_or_else(PoisonError::into_inner).entry(shape.0).or_insert(text).clone()
        })
    }

    /// The statement of each shape of parts; their columns all or few.
    #[cfg(test)]
    pub(crate) fn all(&self) -> impl Iterator<Item = Text> {
        let columns = [0, Shape::STEPS | Shape::RINGS | Shape::ODD_KEYS];
        let shapes = (0..1 << 10).flat_map(move |parts| columns.map(|columns| Shape(parts | columns)));
        shapes.filter(|shape| shape.is_possible()).map(|shape| self.get(shape))
    }
}

impl std::fmt::Debug for PerShape {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("PerShape").finish_non_exhaustive()
    }
}

#[cfg(test)]
impl Shape {
    /// Whether a write can have it.
    fn is_possible(self) -> bool {
        let one = !self.one() || (self.machines() && !self.posts() && !(self.skips() && self.money()));
        let parts = (!self.posts() || (self.keys() && self.money())) && (!self.tallies() || self.money());
        let columns = (self.posts() || !self.keys() || self.odd_keys()) && (self.money() || !self.steps());
        one && parts && columns && (!self.starts() || self.one()) && (self.machines() || self.keys() || self.money())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn each_part_is_numbered_on_from_the_last() {
        assert_eq!(numbered(&["a $1, $2 b $1", " c", " d $1::text $12 "]), "a $1, $2 b $1 c d $3::text $14 ");
    }
}
