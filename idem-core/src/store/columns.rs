//! Lists of columns that are written: the name of each, its kind, and how it is bound. The text of a statement and what is
//! bound to it follow from one list. Lists that are read: [`super::reader`].

use std::sync::Arc;

use crate::clock::Timestamp;
use crate::fingerprint::Fingerprint;
use crate::key::KeyHash;
use crate::wire::Stored;

/// What a column holds.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Kind {
    Int,
    Text,
    Bytes,
    Flag,
}

/// A value that is bound.
#[derive(Debug, Clone, Copy)]
pub enum Param<'v> {
    Int(Option<i64>),
    Text(Option<&'v str>),
    Bytes(Option<&'v [u8]>),
    Flag(bool),
    Float(f64),
}

/// A column of a list that is written.
#[derive(Debug)]
pub struct Column<R> {
    pub(super) name: &'static str,
    pub(super) get: Get<R>,
    pub(super) role: Role,
    /// The bits of a list's shape that it needs: it is left out of a list that lacks one of them.
    pub(super) when: u16,
}

/// Reads a column's value from a row, by its kind.
#[derive(Debug)]
pub(super) enum Get<R> {
    Int(GetInt<R>),
    Text(GetText<R>),
    Bytes(GetBytes<R>),
}

pub(crate) type GetInt<R> = fn(&R) -> Option<i64>;
pub(crate) type GetText<R> = for<'r> fn(&'r R) -> Option<&'r str>;
pub(crate) type GetBytes<R> = for<'r> fn(&'r R) -> Option<&'r [u8]>;

/// What a column is in its list for.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Role {
    /// It names the row.
    Key,
    /// It is stored as it is bound.
    Stored,
    /// The statement works with it; it is not stored.
    Used,
}

impl<R> Column<R> {
    const fn new(name: &'static str, get: Get<R>) -> Self {
        Self { name, get, role: Role::Stored, when: 0 }
    }

    pub(crate) const fn int(name: &'static str, get: GetInt<R>) -> Self {
        Self::new(name, Get::Int(get))
    }

    pub(crate) const fn text(name: &'static str, get: GetText<R>) -> Self {
        Self::new(name, Get::Text(get))
    }

    pub(crate) const fn bytes(name: &'static str, get: GetBytes<R>) -> Self {
        Self::new(name, Get::Bytes(get))
    }

    pub(crate) const fn key(self) -> Self {
        Self { role: Role::Key, ..self }
    }

    pub(crate) const fn used(self) -> Self {
        Self { role: Role::Used, ..self }
    }

    pub(crate) const fn when(self, bits: u16) -> Self {
        Self { when: bits, ..self }
    }

    pub(super) fn kind(&self) -> Kind {
        match self.get {
            Get::Int(_) => Kind::Int,
            Get::Text(_) => Kind::Text,
            Get::Bytes(_) => Kind::Bytes,
        }
    }

    /// Its value in a row.
    pub(super) fn of<'r>(&self, row: &'r R) -> Param<'r> {
        match self.get {
            Get::Int(get) => Param::Int(get(row)),
            Get::Text(get) => Param::Text(get(row)),
            Get::Bytes(get) => Param::Bytes(get(row)),
        }
    }
}

/// Rows of a list, and its columns and shape.
#[derive(Debug)]
pub struct ListRows<'r, R> {
    pub(super) columns: &'r [Column<R>],
    pub(super) shape: u16,
    pub(super) rows: &'r [R],
    /// The places of the rows in the order in which they are bound; without it as they stand.
    pub(super) order: Option<&'r [usize]>,
}

impl<'r, R> ListRows<'r, R> {
    /// The rows, in the order in which they are bound.
    pub(super) fn iter(&self) -> impl Iterator<Item = &'r R> + Clone + use<'r, R> {
        let (rows, order) = (self.rows, self.order);
        let place = move |at: usize| order.map_or(Some(at), |order| order.get(at).copied());
        (0..rows.len()).filter_map(move |at| rows.get(place(at)?))
    }
}

/// The columns that a list of this shape has.
pub(super) fn of_shape<R>(columns: &[Column<R>], shape: u16) -> impl Iterator<Item = &Column<R>> + Clone {
    columns.iter().filter(move |column| column.when & shape == column.when)
}

impl From<i64> for Param<'_> {
    fn from(value: i64) -> Self {
        Self::Int(Some(value))
    }
}

impl From<Option<i64>> for Param<'_> {
    fn from(value: Option<i64>) -> Self {
        Self::Int(value)
    }
}

impl From<Timestamp> for Param<'_> {
    fn from(value: Timestamp) -> Self {
        Self::Int(Some(value.as_micros()))
    }
}

impl From<Option<Timestamp>> for Param<'_> {
    fn from(value: Option<Timestamp>) -> Self {
        Self::Int(value.map(Timestamp::as_micros))
    }
}

impl From<bool> for Param<'_> {
    fn from(value: bool) -> Self {
        Self::Flag(value)
    }
}

impl<'v> From<&'v str> for Param<'v> {
    fn from(value: &'v str) -> Self {
        Self::Text(Some(value))
    }
}

impl<'v> From<Option<&'v str>> for Param<'v> {
    fn from(value: Option<&'v str>) -> Self {
        Self::Text(value)
    }
}

impl<'v> From<&'v String> for Param<'v> {
    fn from(value: &'v String) -> Self {
        Self::Text(Some(value))
    }
}

impl<'v> From<&'v Arc<str>> for Param<'v> {
    fn from(value: &'v Arc<str>) -> Self {
        Self::Text(Some(value))
    }
}

impl<'v> From<&'v [u8]> for Param<'v> {
    fn from(value: &'v [u8]) -> Self {
        Self::Bytes(Some(value))
    }
}

impl<'v> From<Option<&'v [u8]>> for Param<'v> {
    fn from(value: Option<&'v [u8]>) -> Self {
        Self::Bytes(value)
    }
}

impl<'v> From<&'v Stored> for Param<'v> {
    fn from(value: &'v Stored) -> Self {
        Self::Bytes(Some(&value.0))
    }
}

impl<'v> From<&'v KeyHash> for Param<'v> {
    fn from(value: &'v KeyHash) -> Self {
        Self::Bytes(Some(&value.0))
    }
}

impl<'v> From<&'v Fingerprint> for Param<'v> {
    fn from(value: &'v Fingerprint) -> Self {
        Self::Bytes(Some(&value.0))
    }
}
