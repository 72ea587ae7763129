//! Names of our own, and earlier ones that are still read, for states and commands.
use idem_core::idempotent_fsm;
use serde::{Deserialize, Serialize};

#[idempotent_fsm(name = "shop.order")]
#[command(Pay { amount: i64 }, name = "pay", was = "Buy", was = "Purchase")]
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
enum Order {
    #[initial]
    #[name = "open"]
    #[was("Pending", "New")]
    #[was("Fresh")]
    #[on(Pay => Paid)]
    Open { total: i64 },
    #[terminal]
    Paid,
}

struct Rules;

impl order::Transitions for Rules {
    type Rejection = idem_core::Never;

    fn pay(
        &self,
        _: order::Open,
        _: &order::Pay,
        _: &idem_core::Context<'_>,
    ) -> Result<idem_core::Step<order::Paid>, Self::Rejection> {
        Ok(idem_core::Step::to(order::Paid))
    }
}

#[test]
fn wire_name_and_earlier_names_of_state_and_command_are_read() {
    let open = Order::Open { total: 5 };
    assert_eq!(serde_json::to_string(&open).unwrap(), r#"{"open":{"total":5}}"#);
    for name in ["open", "Pending", "New", "Fresh"] {
        assert_eq!(serde_json::from_str::<Order>(&format!(r#"{{"{name}":{{"total":5}}}}"#)).unwrap(), open);
    }
    let pay = order::Command::from(order::Pay { amount: 5 });
    assert_eq!(serde_json::to_string(&pay).unwrap(), r#"{"pay":{"amount":5}}"#);
    for name in ["pay", "Buy", "Purchase"] {
        assert_eq!(serde_json::from_str::<order::Command>(&format!(r#"{{"{name}":{{"amount":5}}}}"#)).unwrap(), pay);
    }
    assert_eq!(order::StateKind::Open.to_string(), "open");
}
