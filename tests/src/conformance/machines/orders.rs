//! The life of an order: nothing in it happens twice.

use idem_core::{Context, Step, idempotent_fsm};
use serde::{Deserialize, Serialize};

use super::Shop;

/// What a payment is answered with.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Receipt {
    /// Made from the transition.
    pub id: String,
    /// In minor units.
    pub amount: i64,
}

/// The life of an order: nothing in it happens twice.
#[idempotent_fsm]
#[command(Pay { amount: i64, #[fact] rate: i64 } -> Receipt)]
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

/// Why an order refuses.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum Refused {
    /// Not what the order costs.
    #[error("the total is {total}")]
    WrongAmount {
        /// What is to be paid.
        total: i64,
    },
}

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
        let declined = Receipt { id: "none".into(), amount: 0 };
        Ok(Step::to(order::Paid { receipt: receipt.clone() })
            .transfer("customers", "sales", pay.amount)
            .emit("order.paid", &receipt)
            .outcome(receipt)
            .or_if_refused(Step::to(order::Declined { reason: "funds".into() }).outcome(declined)))
    }

    fn ship(&self, _: order::Paid, ship: &order::Ship, _: &Context) -> Result<Step<order::Shipped>, Refused> {
        Ok(Step::to(order::Shipped { tracking: ship.tracking.clone() }))
    }

    fn cancel(
        &self,
        _: order::CancelFrom,
        cancel: &order::Cancel,
        _: &Context,
    ) -> Result<Step<order::Cancelled>, Refused> {
        Ok(Step::to(order::Cancelled { reason: cancel.reason.clone() }))
    }
}
