//! Commands from outside: facts and internal commands are the server's, unknown members are refused.
use idem_core::{Context, Key, Natural, Never, Step, idempotent_fsm};
use serde::{Deserialize, Serialize};

mod cents {
    #[allow(clippy::trivially_copy_pass_by_ref, reason = "serde gives a reference")]
    pub fn serialize<S: serde::Serializer>(value: &i64, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.serialize_str(&format!("{value}c"))
    }

    pub fn deserialize<'de, D: serde::Deserializer<'de>>(deserializer: D) -> Result<i64, D::Error> {
        let text = <String as serde::Deserialize>::deserialize(deserializer)?;
        text.trim_end_matches('c').parse().map_err(serde::de::Error::custom)
    }
}

#[idempotent_fsm]
#[command(Pay {
    /// In cents.
    #[serde(with = "cents")]
    amount: i64,
    #[serde(default, rename = "memo")]
    note: Option<String>,
    #[fact]
    rate: i64,
} -> i64, was = "Charge")]
#[command(Ship, name = "ship")]
#[command(Seal { #[fact] by: String })]
#[command(Expire, internal)]
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
enum Order {
    #[initial]
    #[on(Pay => Paid)]
    #[on(Expire => Expired)]
    Pending,
    #[on(Seal => Sealed)]
    Paid,
    #[on(Ship => Shipped)]
    Sealed,
    #[terminal]
    Shipped,
    #[terminal]
    Expired,
}

struct Rules;

impl order::Transitions for Rules {
    type Rejection = Never;

    fn pay(&self, _: order::Pending, pay: &order::Pay, _: &Context<'_>) -> Result<Step<order::Paid, i64>, Never> {
        Ok(Step::to(order::Paid).outcome(pay.amount * pay.rate))
    }

    fn seal(&self, _: order::Paid, _: &order::Seal, _: &Context<'_>) -> Result<Step<order::Sealed>, Never> {
        Ok(Step::to(order::Sealed))
    }
}

struct Market;

impl order::Facts for Market {
    fn pay(&self, pay: &order::wire::Pay) -> order::facts::Pay {
        order::facts::Pay { rate: if pay.amount > 100 { 2 } else { 3 } }
    }

    fn seal(&self) -> order::facts::Seal {
        order::facts::Seal { by: "the clerk".into() }
    }
}

fn read(text: &str) -> Result<order::wire::Command, serde_json::Error> {
    serde_json::from_str(text)
}

#[test]
fn command_from_outside_with_fact_or_unknown_member_is_refused() {
    let key = |name: &str| Key::new("scope", name).unwrap();
    let mut memory = Order::in_memory(Rules, order::Pending);
    let pay = read(r#"{"Pay":{"amount":"5c"}}"#).unwrap();
    assert_eq!(pay, read(r#"{"Charge":{"memo":null,"amount":"5c"}}"#).unwrap());
    assert_eq!(pay.kind(), order::CommandKind::Pay);
    assert_eq!(serde_json::to_string(&pay).unwrap(), r#"{"Pay":{"amount":"5c","memo":null}}"#);
    let paid = memory.apply(&key("k"), pay.complete(&Market)).unwrap();
    assert!(matches!(*paid, order::Reply::Pay(15)));
    memory.apply(&key("s"), read(r#""Seal""#).unwrap().complete(&Market)).unwrap();
    for bare in [r#""ship""#, r#"{"ship":{}}"#, r#"{"ship":null}"#] {
        let ship = read(bare).unwrap();
        assert_eq!((&ship, serde_json::to_string(&ship).unwrap()), (&order::wire::Command::Ship, r#""ship""#.into()));
        memory.apply(Natural, ship.complete(&Market)).unwrap();
    }
    for (text, why) in [
        (r#"{"Pay":{"amount":"5c","rate":100}}"#, "unknown field `rate`"),
        (r#"{"Pay":{"amount":"5c","tip":1}}"#, "unknown field `tip`"),
        (r#"{"Pay":{}}"#, "missing field `amount`"),
        (r#""Pay""#, "expected struct Pay"),
        (r#"{"Expire":null}"#, "unknown variant `Expire`, expected one of `Pay`, `ship`, `Seal`"),
        (r#"{"Ship":null}"#, "unknown variant `Ship`"),
        (r#"{"ship":{"now":true}}"#, "unknown field `now`"),
        (r#"{"ship":1}"#, "expected nothing"),
        (r#"{"Seal":{"by":"me"}}"#, "unknown field `by`"),
        (r#"{"ship":null,"Seal":null}"#, "several commands"),
        ("{}", "expected a command"),
        ("7", "expected a command"),
    ] {
        let error = read(text).unwrap_err().to_string();
        assert!(error.contains(why), "{text}: {error}");
    }
    memory.apply(Natural, order::Expire.into()).unwrap_err();
}
