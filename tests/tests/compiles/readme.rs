//! The machine of the README, with its rules.
use idem_core::{Context, Step, idempotent_fsm};
use serde::{Deserialize, Serialize};

#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Receipt {
    pub id: String,
    pub amount: i64,
}

/// The life of an order.
#[idempotent_fsm]
#[command(Pay { amount: i64 } -> Receipt)]
#[command(Ship { tracking: String })]
#[command(Cancel { reason: String })]
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub enum Order {
    #[initial]
    #[on(Pay => Paid | Declined)]
    #[on(Cancel => Cancelled)]
    Pending { total: i64 },

    #[on(Ship => Shipped)]
    #[on(Cancel => Cancelled)]
    Paid { receipt: Receipt },

    #[terminal]
    Declined { reason: String },

    #[terminal]
    Shipped { tracking: String },

    #[terminal]
    Cancelled { reason: String },
}

#[derive(Debug, thiserror::Error)]
pub enum Refused {
    #[error("the total is {total}")]
    WrongAmount { total: i64 },
}

pub struct Shop;

impl order::Transitions for Shop {
    type Rejection = Refused;

    fn pay(
        &self,
        from: order::Pending,
        pay: &order::Pay,
        cx: &Context,
    ) -> Result<Step<order::PayTo, Receipt>, Refused> {
        if pay.amount != from.total {
            return Err(Refused::WrongAmount { total: from.total });
        }
        let receipt = Receipt { id: cx.id("receipt").to_string(), amount: pay.amount };
        Ok(Step::to(order::Paid { receipt: receipt.clone() })
            .transfer("customers", "sales", pay.amount)
            .emit("order.paid", &receipt)
            .outcome(receipt))
    }

    fn ship(&self, _from: order::Paid, ship: &order::Ship, _cx: &Context) -> Result<Step<order::Shipped>, Refused> {
        Ok(Step::to(order::Shipped { tracking: ship.tracking.clone() }))
    }

    fn cancel(
        &self,
        _from: order::CancelFrom,
        cancel: &order::Cancel,
        _cx: &Context,
    ) -> Result<Step<order::Cancelled>, Refused> {
        Ok(Step::to(order::Cancelled { reason: cancel.reason.clone() }))
    }
}

const _: () = assert!(order::guard(order::StateKind::Pending, order::CommandKind::Pay));

#[test]
fn readme_machine_compiles_and_answers_queries() {
    use order::{CommandKind, StateKind};
    assert_eq!(order::allowed(StateKind::Paid), [CommandKind::Ship, CommandKind::Cancel]);
    assert!(order::why_not(StateKind::Pending, CommandKind::Pay).is_none());
    let why = order::why_not(StateKind::Shipped, CommandKind::Pay).expect("a shipped order is not paid again");
    assert_eq!(why.to_string(), "`Pay` is legal in `Pending`; `Shipped` answers no command");
    let state = Order::from(order::Pending { total: 500 });
    assert_eq!(StateKind::from(&state).to_string(), "Pending");
    let command = order::Command::from(order::Pay { amount: 500 });
    assert_eq!(command.kind(), CommandKind::Pay);
    let text = serde_json::to_string(&command).expect("a payload of an integer");
    assert_eq!(text, r#"{"Pay":{"amount":500}}"#);
    assert_eq!(serde_json::from_str::<order::Command>(&text).expect("as it was written"), command);
    assert!(order::mermaid().contains("Pending --> Paid: Pay\n"));
    assert!(order::dot().contains("\"Pending\" -> \"Paid\" [label=\"Pay\"];"));
}
