//! Doc comments and further derives in front of a command; docs and serde attributes on its fields.
#![deny(missing_docs, unreachable_pub, missing_debug_implementations, unused, private_interfaces)]
use idem_core::{Context, Natural, Step, idempotent_fsm};
use serde::{Deserialize, Serialize};

/// The life of an order.
#[idempotent_fsm]
#[command(
    /// Pays the order.
    #[derive(Eq, Hash, Default)]
    Pay {
        /// In minor units.
        amount: i64,
        #[serde(default, skip_serializing_if = "Option::is_none")]
        note: Option<String>,
    } -> i64
)]
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub enum Order {
    /// Not paid.
    #[initial]
    #[on(Pay => Paid)]
    Pending {
        /// In minor units.
        total: i64,
    },
    /// Paid.
    #[terminal]
    Paid,
}

/// The rules.
#[derive(Debug)]
pub struct Shop;

impl order::Transitions for Shop {
    type Rejection = idem_core::Never;

    fn pay(
        &self,
        from: order::Pending,
        pay: &order::Pay,
        _: &Context<'_>,
    ) -> Result<Step<order::Paid, i64>, Self::Rejection> {
        Ok(Step::to(order::Paid).outcome(from.total - pay.amount))
    }
}

#[test]
fn command_with_docs_and_extra_derives_compiles_and_runs() {
    let pay: order::Pay = serde_json::from_str(r#"{"amount":5}"#).unwrap();
    assert_eq!(pay, order::Pay { amount: 5, ..order::Pay::default() });
    assert_eq!(serde_json::to_string(&pay).unwrap(), r#"{"amount":5}"#);
    assert_eq!(*Order::in_memory(Shop, order::Pending { total: 7 }).pay(Natural, pay).unwrap(), 2);
}
