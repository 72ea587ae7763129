//! Paths in serde's attributes on a command's fields mean what they mean where the enum stands.
use idem_core::{Context, Key, Natural, Step, idempotent_fsm};
use serde::{Deserialize, Serialize};

fn seven() -> i64 {
    7
}

#[allow(clippy::trivially_copy_pass_by_ref, reason = "as serde calls it")]
fn is_zero(value: &i64) -> bool {
    *value == 0
}

/// A number as text.
mod text {
    use serde::{Deserialize, Deserializer, Serializer};

    #[allow(clippy::trivially_copy_pass_by_ref, reason = "as serde calls it")]
    pub(super) fn serialize<S: Serializer>(value: &i64, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.serialize_str(&value.to_string())
    }

    pub(super) fn deserialize<'de, D: Deserializer<'de>>(deserializer: D) -> Result<i64, D::Error> {
        String::deserialize(deserializer)?.parse().map_err(serde::de::Error::custom)
    }
}

mod inner {
    #[idem_core::idempotent_fsm]
    #[command(Pay {
        #[serde(default = "super::seven")]
        amount: i64,
    } -> i64)]
    #[derive(Debug, Clone, PartialEq, serde::Serialize, serde::Deserialize)]
    pub(super) enum Order {
        #[initial]
        #[on(Pay => Paid)]
        Pending,
        #[terminal]
        Paid,
    }
}

#[idempotent_fsm]
#[command(Pay {
    #[serde(default = "seven", skip_serializing_if = "is_zero")]
    amount: i64,
    #[serde(with = "text")]
    fee: i64,
    #[serde(serialize_with = "text::serialize", deserialize_with = "self::text::deserialize", rename = "tip")]
    #[fact]
    extra: i64,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    note: Option<String>,
    #[serde(default = "crate::serde_paths::seven")]
    rest: i64,
    #[cfg_attr(all(), serde(default = "seven"))]
    #[cfg_attr(any(), serde(default = "nowhere"))]
    last: i64,
} -> i64)]
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
enum Order {
    #[initial]
    #[on(Pay => Paid)]
    Pending,
    #[terminal]
    Paid,
}

struct Rules;

impl order::Transitions for Rules {
    type Rejection = idem_core::Never;

    fn pay(
        &self,
        _: order::Pending,
        pay: &order::Pay,
        _: &Context<'_>,
    ) -> Result<Step<order::Paid, i64>, Self::Rejection> {
        Ok(Step::to(order::Paid).outcome(pay.amount + pay.fee + pay.extra + pay.rest + pay.last))
    }
}

#[test]
fn serde_path_in_command_field_resolves_where_enum_stands() {
    let pay: order::Pay = serde_json::from_str(r#"{"fee": "1", "tip": "2"}"#).unwrap();
    assert_eq!(pay, order::Pay { amount: 7, fee: 1, extra: 2, note: None, rest: 7, last: 7 });
    let text = serde_json::to_string(&order::Pay { amount: 0, ..pay.clone() }).unwrap();
    assert_eq!(text, r#"{"fee":"1","tip":"2","rest":7,"last":7}"#);

    let key = Key::new("scope", "key").unwrap();
    let mut memory = Order::in_memory(Rules, order::Pending);
    assert_eq!(*memory.pay(&key, pay.clone()).unwrap(), 24);
    assert_eq!(*memory.pay(&key, order::Pay { extra: 3, ..pay.clone() }).unwrap(), 24, "a fact is not compared");
    assert!(memory.pay(Natural, order::Pay { fee: 3, ..pay }).is_err());
    assert_eq!(serde_json::from_str::<inner::order::Pay>("{}").unwrap(), inner::order::Pay { amount: 7 });
}
