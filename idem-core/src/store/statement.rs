//! Statements put together from parts, once.

use std::sync::Arc;

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
pub(crate) struct Shape(u8);

impl Shape {
    /// One machine with one transition and at most one key: values instead of lists, which one caller alone feels.
    const ONE: u8 = 1;
    /// That one machine does not exist yet.
    const STARTS: u8 = 2;
    const KEYS: u8 = 4;
    const MONEY: u8 = 8;
    const MESSAGES: u8 = 16;
    const COUNT: usize = 32;

    pub(crate) fn of(write: &Write) -> Self {
        let one = write.transitions.len() == 1 && write.keys.len() <= 1;
        let single = write.machines.as_slice().first().filter(|_| one && write.machines.len() == 1);
        let bit = |needed: bool, bit: u8| if needed { bit } else { 0 };
        Self(
            bit(single.is_some(), Self::ONE)
                | bit(single.is_some_and(|machine| machine.expected == 0), Self::STARTS)
                | bit(!write.keys.is_empty(), Self::KEYS)
                | bit(!write.accounts.is_empty(), Self::MONEY)
                | bit(!write.messages.is_empty(), Self::MESSAGES),
        )
    }

    pub(crate) fn one(self) -> bool {
        self.0 & Self::ONE != 0
    }

    #[cfg_attr(not(feature = "postgres"), allow(dead_code, reason = "one statement of SQLite starts and moves"))]
    pub(crate) fn starts(self) -> bool {
        self.0 & Self::STARTS != 0
    }

    pub(crate) fn keys(self) -> bool {
        self.0 & Self::KEYS != 0
    }

    pub(crate) fn money(self) -> bool {
        self.0 & Self::MONEY != 0
    }

    pub(crate) fn messages(self) -> bool {
        self.0 & Self::MESSAGES != 0
    }
}

/// A statement for each shape.
#[derive(Debug)]
pub(crate) struct PerShape([Text; Shape::COUNT]);

impl PerShape {
    pub(crate) fn build(tables: &Tables, text: impl Fn(Shape) -> String) -> Self {
        let mut bits = 0;
        Self(std::array::from_fn(|_| {
            let shape = Shape(bits);
            bits = bits.wrapping_add(1);
            tables.text(&text(shape))
        }))
    }

    pub(crate) fn get(&self, shape: Shape) -> &Text {
        // A shape has five bits, and there is a text for each of their values.
        &self.0[usize::from(shape.0) % Shape::COUNT]
    }

    #[cfg(test)]
    pub(crate) fn all(&self) -> impl Iterator<Item = &Text> {
        self.0.iter()
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
