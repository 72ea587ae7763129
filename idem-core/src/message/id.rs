//! Ids and sources of messages of machines.

use crate::clock::Timestamp;
use crate::key::{Hasher, Uuid};

/// What makes a message of a machine: the machine, its id, the transition, and which of its messages it is.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Emitted<'a> {
    pub(crate) machine: &'a str,
    pub(crate) id: &'a str,
    pub(crate) seq: i64,
    pub(crate) entry_no: i64,
    /// The time of the transition.
    pub(crate) at: Timestamp,
}

/// The id of a message of a machine: the same for each attempt to deliver it. With the installation, the time, the topic and the payload: of a
/// copy of the database, and of a transition that is made anew after a backup was restored, the messages are others, and no consumer drops
/// them.
pub(crate) fn message_id(installation: &str, of: Emitted<'_>, topic: &str, payload: &[u8]) -> String {
    let hash = Hasher::new("idem message v1")
        .with(installation.as_bytes())
        .with(of.machine.as_bytes())
        .with(of.id.as_bytes())
        .with(&of.seq.to_be_bytes())
        .with(&of.entry_no.to_be_bytes())
        .with(&of.at.as_micros().to_be_bytes())
        .with(topic.as_bytes())
        .with(payload)
        .finish();
    let mut bytes = [0; 16];
    bytes.copy_from_slice(&hash[..16]);
    Uuid::stamped(bytes, 8).to_string()
}

/// Where a message comes from; beside machines without one.
pub(crate) fn message_source(installation: &str, machine: Option<&str>) -> String {
    match machine {
        Some(machine) => format!("idem://{installation}/{machine}"),
        None => format!("idem://{installation}"),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const FIRST: Emitted<'static> =
        Emitted { machine: "Order", id: "42", seq: 2, entry_no: 0, at: Timestamp::from_micros(7) };

    #[test]
    fn message_id_is_stable_and_differs_by_each_part() {
        let id = |installation, of, payload: &str| message_id(installation, of, "order.paid", payload.as_bytes());
        let first = id("a", FIRST, "1{}");
        assert_eq!(first, "cf8037d1-8c39-88b9-bbc0-73fb89753cd1");
        let others = [
            id("b", FIRST, "1{}"),
            id("a", Emitted { machine: "Orders", ..FIRST }, "1{}"),
            id("a", Emitted { id: "43", ..FIRST }, "1{}"),
            id("a", Emitted { seq: 3, ..FIRST }, "1{}"),
            id("a", Emitted { entry_no: 1, ..FIRST }, "1{}"),
            id("a", Emitted { at: Timestamp::from_micros(8), ..FIRST }, "1{}"),
            id("a", FIRST, "1{1}"),
            message_id("a", FIRST, "order.cancelled", b"1{}"),
        ];
        assert!(others.iter().all(|other| *other != first), "{others:?}");
    }
}
