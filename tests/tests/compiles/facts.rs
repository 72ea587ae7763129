//! A fact is stored and not compared: the first one wins.
use idem_core::{Context, Key, Step, idempotent_fsm};
use serde::{Deserialize, Serialize};

#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
struct Rate(i64);

#[idempotent_fsm]
#[command(Pay {
    amount: i64,
    #[fact]
    rate: Rate,
    #[fact]
    #[serde(rename = "seen_at", default)]
    at: u64,
    #[fact]
    #[serde(rename(deserialize = "by", serialize = "by"))]
    seen_by: String,
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
        Ok(Step::to(order::Paid).outcome(pay.amount * pay.rate.0))
    }
}

#[test]
fn fact_with_serde_attributes_is_not_compared() {
    let key = Key::new("scope", "key").unwrap();
    let mut memory = Order::in_memory(Rules, order::Pending);
    assert_eq!(*memory.pay(&key, order::Pay { amount: 5, rate: Rate(2), at: 1, seen_by: "a".into() }).unwrap(), 10);
    assert_eq!(*memory.pay(&key, order::Pay { amount: 5, rate: Rate(3), at: 2, seen_by: "b".into() }).unwrap(), 10);
    assert!(memory.pay(&key, order::Pay { amount: 6, rate: Rate(2), at: 1, seen_by: "a".into() }).is_err());
}
