//! A gauge: it keeps values of every type that serde knows, and values that do not come back.

use idem_core::Never;
use std::collections::{BTreeMap, HashMap, HashSet};

use idem_core::{Context, Step, idempotent_fsm};
use serde::{Deserialize, Deserializer, Serialize, Serializer};

/// A value of any type.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub enum Anything {
    Nothing,
    Flag(bool),
    Small(i8),
    Whole(i64),
    Large(u64),
    Huge(i128),
    Single(f32),
    Double(f64),
    Letter(char),
    Text(String),
    Bytes(Vec<u8>),
    Maybe(Option<Box<Anything>>),
    Pair(Box<Anything>, Box<Anything>),
    List(Vec<Anything>),
    Named { one: Box<Anything>, other: Option<f64> },
    Sorted(BTreeMap<String, Anything>),
    Unsorted(HashMap<String, Anything>),
    Numbered(BTreeMap<i64, Anything>),
    Set(HashSet<u64>),
    Lossy(Lossy),
}

/// Written as whole cents, and read as what was paid.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Lossy(pub f64);

impl Serialize for Lossy {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        #[allow(clippy::cast_possible_truncation, clippy::as_conversions, reason = "that is what it is for")]
        serializer.serialize_i64((self.0 * 100.0) as i64)
    }
}

impl<'de> Deserialize<'de> for Lossy {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        f64::deserialize(deserializer).map(Self)
    }
}

/// Written as nothing, and never read.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Hollow;

impl Serialize for Hollow {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.serialize_unit()
    }
}

impl<'de> Deserialize<'de> for Hollow {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        u64::deserialize(deserializer).map(|_| Self)
    }
}

/// Where a rule puts a value.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub enum Spot {
    State,
    Outcome,
    Message,
}

/// A value that a rule makes.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub enum Bad {
    NotANumber,
    Infinite,
    SingleInfinite,
    Unordered,
    Lossy,
}

impl Bad {
    /// The value.
    pub fn value(self) -> Anything {
        match self {
            Self::NotANumber => Anything::List(vec![Anything::Double(f64::NAN)]),
            Self::Infinite => Anything::Named { one: Box::new(Anything::Nothing), other: Some(f64::NEG_INFINITY) },
            Self::SingleInfinite => Anything::Sorted([("x".to_owned(), Anything::Single(f32::INFINITY))].into()),
            Self::Unordered => Anything::Set((0..64).collect()),
            Self::Lossy => Anything::Lossy(Lossy(1.5)),
        }
    }
}

/// Keeps values.
#[idempotent_fsm(endless)]
#[command(Keep { value: Anything } -> Anything)]
#[command(Make { spot: Spot, bad: Bad } -> Anything)]
#[command(Clear -> Hollow)]
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub enum Gauge {
    #[initial]
    #[on(Keep => Kept)]
    #[on(Make => Kept)]
    #[on(Clear => Kept)]
    Kept { value: Anything },
}

/// The rules of a gauge.
#[derive(Debug, Clone, Copy)]
pub struct Meter;

impl gauge::Transitions for Meter {
    type Rejection = Never;

    fn keep(&self, _: gauge::Kept, keep: &gauge::Keep, _: &Context) -> Result<Step<gauge::Kept, Anything>, Never> {
        Ok(Step::to(gauge::Kept { value: keep.value.clone() }).emit("kept", &keep.value).outcome(keep.value.clone()))
    }

    fn make(&self, from: gauge::Kept, make: &gauge::Make, _: &Context) -> Result<Step<gauge::Kept, Anything>, Never> {
        let value = make.bad.value();
        Ok(match make.spot {
            Spot::State => Step::to(gauge::Kept { value }).outcome(Anything::Nothing),
            Spot::Outcome => Step::to(from).outcome(value),
            Spot::Message => Step::to(from).emit("made", &value).outcome(Anything::Nothing),
        })
    }

    fn clear(&self, from: gauge::Kept, _: &gauge::Clear, _: &Context) -> Result<Step<gauge::Kept, Hollow>, Never> {
        Ok(Step::to(from).outcome(Hollow))
    }
}
