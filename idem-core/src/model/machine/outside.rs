//! Commands as they come from outside.

use std::fmt;
use std::marker::PhantomData;

use serde::de::value::UnitDeserializer;
use serde::de::{DeserializeSeed, Deserializer, Error, IntoDeserializer as _, MapAccess, Visitor};

/// The commands that may come from outside. Implemented by the macro.
pub trait OutsideCommands<'de>: Sized {
    /// Their names on the wire.
    const NAMES: &'static [&'static str];

    /// The position of a name on the wire, today's or an earlier one.
    fn position(name: &str) -> Option<usize>;

    /// The command at a position, by its payload.
    ///
    /// # Errors
    /// If the payload is none of this command.
    fn read<D: Deserializer<'de>>(position: usize, payload: D) -> Result<Self, D::Error>;
}

/// Reads a command: `{"name": payload}`, or `"name"` where it carries nothing. For generated code.
///
/// # Errors
/// If it is none of them.
#[doc(hidden)]
pub fn read_outside_command<'de, C: OutsideCommands<'de>, D: Deserializer<'de>>(
    deserializer: D,
) -> Result<C, D::Error> {
    deserializer.deserialize_any(CommandVisitor(PhantomData))
}

struct CommandVisitor<C>(PhantomData<C>);

impl<'de, C: OutsideCommands<'de>> CommandVisitor<C> {
    fn position<E: Error>(name: &str) -> Result<usize, E> {
        C::position(name).ok_or_else(|| E::unknown_variant(name, C::NAMES))
    }
}

impl<'de, C: OutsideCommands<'de>> Visitor<'de> for CommandVisitor<C> {
    type Value = C;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("a command: `{\"name\": payload}`, or `\"name\"` if it carries nothing")
    }

    fn visit_str<E: Error>(self, name: &str) -> Result<C, E> {
        let nothing: UnitDeserializer<E> = ().into_deserializer();
        C::read(Self::position(name)?, nothing)
    }

    fn visit_map<A: MapAccess<'de>>(self, mut map: A) -> Result<C, A::Error> {
        let Some(name) = map.next_key::<Name>()? else { return Err(A::Error::invalid_length(0, &self)) };
        let command = map.next_value_seed(Payload(Self::position(&name.0)?, PhantomData))?;
        match map.next_key::<Name>()? {
            None => Ok(command),
            Some(_) => Err(A::Error::custom("several commands in one; send each by itself")),
        }
    }
}

/// A name of any kind of text.
struct Name(String);

impl<'de> serde::Deserialize<'de> for Name {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        String::deserialize(deserializer).map(Self)
    }
}

struct Payload<C>(usize, PhantomData<C>);

impl<'de, C: OutsideCommands<'de>> DeserializeSeed<'de> for Payload<C> {
    type Value = C;

    fn deserialize<D: Deserializer<'de>>(self, payload: D) -> Result<C, D::Error> {
        C::read(self.0, payload)
    }
}

/// The payload of a command that carries nothing: `null` or `{}`. For generated code.
#[doc(hidden)]
#[derive(Debug)]
#[allow(clippy::exhaustive_structs, reason = "for generated code")]
pub struct Nothing;

impl<'de> serde::Deserialize<'de> for Nothing {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        deserializer.deserialize_any(Self)
    }
}

impl<'de> Visitor<'de> for Nothing {
    type Value = Self;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("nothing: `null` or `{}`")
    }

    fn visit_unit<E: Error>(self) -> Result<Self, E> {
        Ok(self)
    }

    fn visit_none<E: Error>(self) -> Result<Self, E> {
        Ok(self)
    }

    fn visit_map<A: MapAccess<'de>>(self, mut map: A) -> Result<Self, A::Error> {
        match map.next_key::<Name>()? {
            None => Ok(self),
            Some(name) => Err(A::Error::unknown_field(&name.0, &[])),
        }
    }
}
