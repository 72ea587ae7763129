//! A member whose type has no serde of its own: its attributes name the functions that write and read it.
use std::ops::RangeInclusive;

use idem_core::{Context, Key, Natural, Step, idempotent_fsm};
use serde::{Deserialize, Serialize};

/// A type of somebody else's.
#[derive(Debug, Clone, PartialEq)]
pub struct Weight(RangeInclusive<u32>);

mod weight {
    use serde::{Deserialize, Deserializer, Serialize, Serializer};

    use super::Weight;

    pub(super) fn serialize<S: Serializer>(weight: &Weight, serializer: S) -> Result<S::Ok, S::Error> {
        (weight.0.start(), weight.0.end()).serialize(serializer)
    }

    pub(super) fn deserialize<'de, D: Deserializer<'de>>(deserializer: D) -> Result<Weight, D::Error> {
        let (least, most) = Deserialize::deserialize(deserializer)?;
        Ok(Weight(least..=most))
    }
}

#[idempotent_fsm]
#[command(Weigh {
    #[serde(with = "weight")]
    gross: Weight,
    #[serde(serialize_with = "self::weight::serialize", deserialize_with = "weight::deserialize")]
    net: Weight,
    #[cfg_attr(all(), serde(with = "crate::foreign_types::weight"))]
    #[fact]
    tare: Weight,
} -> u32)]
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
enum Shipment {
    #[initial]
    #[on(Weigh => Weighed)]
    Packed,
    #[terminal]
    Weighed {
        #[serde(with = "weight")]
        net: Weight,
    },
}

struct Rules;

impl shipment::Transitions for Rules {
    type Rejection = idem_core::Never;

    fn weigh(
        &self,
        _: shipment::Packed,
        weigh: &shipment::Weigh,
        _: &Context<'_>,
    ) -> Result<Step<shipment::Weighed, u32>, Self::Rejection> {
        Ok(Step::to(shipment::Weighed { net: weigh.net.clone() }).outcome(*weigh.gross.0.end()))
    }
}

#[test]
fn payload_member_of_foreign_type_uses_its_serde_functions() {
    let weight = |least| Weight(least..=9);
    let weigh = |tare| shipment::Weigh { gross: weight(1), net: weight(2), tare: weight(tare) };
    let mut shipment = Shipment::in_memory(Rules, shipment::Packed);
    assert_eq!(*shipment.weigh(&Key::new("scope", "key").unwrap(), weigh(3)).unwrap(), 9);
    assert!(shipment.weigh(Natural, weigh(4)).unwrap().is_replay(), "a fact is not compared");

    let command = shipment::Command::from(weigh(3));
    let text = serde_json::to_string(&command).unwrap();
    assert_eq!(text, r#"{"Weigh":{"gross":[1,9],"net":[2,9],"tare":[3,9]}}"#);
    assert_eq!(serde_json::from_str::<shipment::Command>(&text).unwrap(), command);
}
