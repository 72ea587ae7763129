//! A command decoded from a wire runs by `apply`, and its reply serialises as the outcome alone.
use idem_core::{Context, Key, Natural, Step, idempotent_fsm};
use serde::{Deserialize, Serialize};

#[idempotent_fsm]
#[command(Pay { amount: i64 } -> Vec<i64>)]
#[command(Ship)]
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
enum Order {
    #[initial]
    #[on(Pay => Paid)]
    Pending,
    #[on(Ship => Shipped)]
    Paid,
    #[terminal]
    Shipped,
}

struct Rules;

impl order::Transitions for Rules {
    type Rejection = idem_core::Never;

    fn pay(
        &self,
        _: order::Pending,
        pay: &order::Pay,
        _: &Context<'_>,
    ) -> Result<Step<order::Paid, Vec<i64>>, Self::Rejection> {
        Ok(Step::to(order::Paid).outcome(vec![pay.amount]))
    }
}

#[test]
fn decoded_command_runs_by_apply_and_replies_with_outcome() {
    let key = Key::new("scope", "key").unwrap();
    let mut memory = Order::in_memory(Rules, order::Pending);
    let reply = memory.apply(Some(&key), serde_json::from_str(r#"{"Pay":{"amount":5}}"#).unwrap()).unwrap();
    assert_eq!(reply.kind(), order::CommandKind::Pay);
    assert_eq!(serde_json::to_string(&*reply).unwrap(), "[5]");
    let reply = memory.apply(None, serde_json::from_str(r#"{"Ship":null}"#).unwrap()).unwrap();
    assert!(matches!(reply.into_inner(), order::Reply::Ship(())));
    assert!(memory.apply(&key, order::Pay { amount: 5 }.into()).unwrap().is_replay());
    assert!(memory.apply(Natural, order::Ship.into()).unwrap().is_replay());
}
