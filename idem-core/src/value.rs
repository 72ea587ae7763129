//! Values for the user's columns.

use std::borrow::Cow;
use std::fmt;

use crate::clock::Timestamp;

/// A value that is bound to a statement over your table.
///
/// `None` is [`Value::Null`]. `Debug` shows the kind alone: a value may be a secret.
///
/// Text fits a column of any type whose written form it is: a UUID, a decimal number, a time, JSON.
///
/// ```
/// use idem_core::update::Value;
///
/// assert_eq!(Value::from(7), Value::Int(7));
/// assert_eq!(Value::from(None::<&str>), Value::Null);
/// assert_eq!(format!("{:?}", Value::from("a secret")), "Value(text)");
/// ```
#[derive(Clone, PartialEq)]
#[non_exhaustive]
pub enum Value {
    /// `NULL`.
    Null,
    /// A truth value; 0 or 1 in a column of numbers.
    Bool(bool),
    /// A whole number.
    Int(i64),
    /// A floating-point number; not NaN, which SQLite would store as `NULL`.
    Float(f64),
    /// Text, or the written form of the column's type.
    Text(String),
    /// Bytes.
    Bytes(Vec<u8>),
    /// A point in time: microseconds in a column of whole numbers, RFC 3339 in any other.
    Timestamp(Timestamp),
}

impl Value {
    /// What it is, in a word.
    pub(crate) fn kind(&self) -> &'static str {
        match self {
            Self::Null => "null",
            Self::Bool(_) => "bool",
            Self::Int(_) => "int",
            Self::Float(_) => "float",
            Self::Text(_) => "text",
            Self::Bytes(_) => "bytes",
            Self::Timestamp(_) => "timestamp",
        }
    }
}

impl fmt::Debug for Value {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Value({})", self.kind())
    }
}

macro_rules! from {
    ($($source:ty => $make:expr),* $(,)?) => {
        $(impl From<$source> for Value {
            fn from(value: $source) -> Self {
                $make(value)
            }
        })*
    };
}

from! {
    bool => Self::Bool,
    i8 => |value| Self::Int(i64::from(value)),
    i16 => |value| Self::Int(i64::from(value)),
    i32 => |value| Self::Int(i64::from(value)),
    i64 => Self::Int,
    u8 => |value| Self::Int(i64::from(value)),
    u16 => |value| Self::Int(i64::from(value)),
    u32 => |value| Self::Int(i64::from(value)),
    f32 => |value| Self::Float(f64::from(value)),
    f64 => Self::Float,
    &str => |value: &str| Self::Text(value.to_owned()),
    String => Self::Text,
    &String => |value: &String| Self::Text(value.clone()),
    Cow<'_, str> => |value: Cow<'_, str>| Self::Text(value.into_owned()),
    &[u8] => |value: &[u8]| Self::Bytes(value.to_vec()),
    Vec<u8> => Self::Bytes,
    Timestamp => Self::Timestamp,
}

impl<T: Into<Value>> From<Option<T>> for Value {
    fn from(value: Option<T>) -> Self {
        value.map_or(Self::Null, Into::into)
    }
}
