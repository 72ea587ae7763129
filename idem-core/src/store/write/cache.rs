//! Statements put together from parts, once.

use std::collections::BTreeMap;
use std::sync::{Arc, OnceLock, PoisonError, RwLock};

use super::part::{Form, Part};
use crate::store::dialect::Dialect;
use crate::store::tables::Text;

/// A statement that was put together: as a template, or as it is sent.
#[derive(Debug)]
pub struct WriteStatement<T = Text> {
    pub(crate) text: T,
    /// Which of the parts binds its rows when.
    pub(crate) binds: Vec<usize>,
    /// What the statement gives beside whether it wrote.
    pub(crate) reports: Vec<Report>,
}

/// One thing that a statement gives.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Report {
    /// What a part did not obtain.
    MissedPlaces(usize),
    MissedNames(usize),
    /// The accounts as they are after the write.
    Accounts,
    /// The rows of this table that are to be taken back if the write is lost.
    Added(&'static str),
}

/// What makes two writes need two statements: their form, and the kind and shape of each part. The address of a kind's name
/// stands for the name, which no other kind has. One name at two addresses only makes the statement twice.
type Shape = (Form, Vec<(usize, u16)>);

/// A statement for each shape, made when it is first needed.
#[derive(Debug, Default)]
pub(crate) struct WriteCache {
    statements: RwLock<BTreeMap<Shape, Arc<WriteStatement>>>,
    /// The one statement that a database has beside those of parts.
    fixed: OnceLock<Text>,
}

impl WriteCache {
    pub(crate) fn fixed(&self, write: impl FnOnce() -> Text) -> Text {
        self.fixed.get_or_init(write).clone()
    }

    pub(crate) fn get<DB: Dialect>(
        &self,
        form: Form,
        parts: &[&dyn Part<DB>],
        compose: impl FnOnce() -> WriteStatement,
    ) -> Arc<WriteStatement> {
        let kinds = parts.iter().map(|part| (part.kind().name.as_ptr().addr(), part.shape())).collect();
        let shape = (form, kinds);
        let known = self.statements.read().unwrap_or_else(PoisonError::into_inner).get(&shape).cloned();
        known.unwrap_or_else(|| {
            let statement = Arc::new(compose());
            self.statements.write().unwrap_or_else(PoisonError::into_inner).entry(shape).or_insert(statement).clone()
        })
    }
}

/// A text whose parts each number their parameters from `$1`: here each is numbered on from the part before it, so what is
/// bound is bound part by part.
#[derive(Debug, Default)]
pub(crate) struct Numbered {
    text: String,
    bound: usize,
}

impl Numbered {
    /// Adds a part; true if it has parameters.
    pub(crate) fn push(&mut self, part: &str) -> bool {
        let mut highest = 0;
        let mut pieces = part.split('$');
        self.text.push_str(pieces.next().unwrap_or_default());
        for piece in pieces {
            let digits = piece.find(|c: char| !c.is_ascii_digit()).unwrap_or(piece.len());
            let (number, rest) = piece.split_at(digits);
            let number: usize = number.parse().unwrap_or_default();
            debug_assert!(number > 0, "a parameter has a number: {part}");
            highest = highest.max(number);
            self.text.push('$');
            self.text.push_str(&(self.bound + number).to_string());
            self.text.push_str(rest);
        }
        self.bound += highest;
        highest > 0
    }

    pub(crate) fn finish(self) -> String {
        self.text
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn statement_parameters_continue_from_part_before() {
        let mut text = Numbered::default();
        let bound: Vec<bool> =
            ["a $1, $2 b $1", " c", " d $1::text $12 "].into_iter().map(|part| text.push(part)).collect();
        assert_eq!((text.finish().as_str(), &bound[..]), ("a $1, $2 b $1 c d $3::text $14 ", &[true, false, true][..]));
    }
}
