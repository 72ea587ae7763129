//! A cart: it keeps values of every type that serde knows, and values that do not come back.

use idem_core::Never;
use std::collections::{BTreeMap, HashMap, HashSet};

use idem_core::{Context, Step, idempotent_fsm};
use serde::{Deserialize, Deserializer, Serialize, Serializer};

use super::Shop;

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
#[command(Add { value: Anything } -> Anything)]
#[command(Fill { spot: Spot, bad: Bad } -> Anything)]
#[command(Clear -> Hollow)]
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub enum Cart {
    #[initial]
    #[on(Add => Open)]
    #[on(Fill => Open)]
    #[on(Clear => Open)]
    Open { value: Anything },
}

impl cart::Transitions for Shop {
    type Rejection = Never;

    fn add(&self, _: cart::Open, add: &cart::Add, _: &Context) -> Result<Step<cart::Open, Anything>, Never> {
        Ok(Step::to(cart::Open { value: add.value.clone() }).emit("added", &add.value).outcome(add.value.clone()))
    }

    fn fill(&self, from: cart::Open, fill: &cart::Fill, _: &Context) -> Result<Step<cart::Open, Anything>, Never> {
        let value = fill.bad.value();
        Ok(match fill.spot {
            Spot::State => Step::to(cart::Open { value }).outcome(Anything::Nothing),
            Spot::Outcome => Step::to(from).outcome(value),
            Spot::Message => Step::to(from).emit("filled", &value).outcome(Anything::Nothing),
        })
    }

    fn clear(&self, from: cart::Open, _: &cart::Clear, _: &Context) -> Result<Step<cart::Open, Hollow>, Never> {
        Ok(Step::to(from).outcome(Hollow))
    }
}
