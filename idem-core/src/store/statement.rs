//! Statements put together from parts, once.

use std::sync::{Arc, OnceLock};

use super::rows::Write;
use super::tables::Tables;

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
    const COUNT: usize = 1 << 10;

    pub(crate) fn of(write: &Write, skip: bool) -> Self {
        let one = write.transitions.len() == 1 && write.keys.len() <= 1;
        let single = write.machines.as_slice().first().filter(|_| one && write.machines.len() == 1);
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
                | bit(skip, Self::SKIPS),
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

    #[cfg_attr(not(feature = "postgres"), allow(dead_code, reason = "SQLite has one lock"))]
    pub(crate) fn skips(self) -> bool {
        self.has(Self::SKIPS)
    }
}

/// A statement for each shape, put together when it is first needed.
pub(crate) struct PerShape {
    tables: Tables,
    text: fn(Shape) -> String,
    texts: Box<[OnceLock<Text>]>,
}

impl PerShape {
    pub(crate) fn new(tables: &Tables, text: fn(Shape) -> String) -> Self {
        let texts = std::iter::repeat_with(OnceLock::new).take(Shape::COUNT).collect();
        Self { tables: tables.clone(), text, texts }
    }

    pub(crate) fn get(&self, shape: Shape) -> Text {
        let text = || self.tables.text(&(self.text)(shape));
        self.texts.get(usize::from(shape.0)).map_or_else(text, |kept| kept.get_or_init(text).clone())
    }

    /// The statement of each shape that occurs in tests.
    #[cfg(test)]
    pub(crate) fn all(&self) -> impl Iterator<Item = Text> {
        (0..1 << 10).map(Shape).filter(|shape| shape.is_possible()).map(|shape| self.get(shape))
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
        let one = !self.one() || (self.machines() && !self.posts());
        let parts = (!self.posts() || (self.keys() && self.money())) && (!self.tallies() || self.money());
        one && parts && (!self.starts() || self.one()) && (self.machines() || self.keys() || self.money())
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
