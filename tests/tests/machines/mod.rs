//! The machines of the explorer's and the schema lock's tests.
#![allow(dead_code, reason = "each test binary uses its own part")]

use std::convert::Infallible;
use std::sync::atomic::{AtomicU64, Ordering};

use idem_core::{Context, Step, idempotent_fsm};
use serde::{Deserialize, Serialize};

#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Receipt {
    pub id: String,
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

/// Rules of an order that answer differently each time.
#[derive(Default)]
pub struct Moody(AtomicU64);

impl order::Transitions for Moody {
    type Rejection = Refused;

    fn pay(&self, _: order::Pending, _: &order::Pay, _: &Context) -> Result<Step<order::PayTo, Receipt>, Refused> {
        let mood = self.0.fetch_add(1, Ordering::Relaxed).to_string();
        let receipt = Receipt { id: mood, amount: 0 };
        Ok(Step::to(order::Paid { receipt: receipt.clone() }).outcome(receipt))
    }

    fn ship(&self, from: order::Paid, ship: &order::Ship, cx: &Context) -> Result<Step<order::Shipped>, Refused> {
        Shop.ship(from, ship, cx)
    }

    fn cancel(
        &self,
        from: order::CancelFrom,
        cancel: &order::Cancel,
        cx: &Context,
    ) -> Result<Step<order::Cancelled>, Refused> {
        Shop.cancel(from, cancel, cx)
    }
}

/// A cycle, a self-loop, and a command of one effect per visit.
#[idempotent_fsm]
#[command(Push { by: String }, per_visit)]
#[command(Close)]
#[command(Knock { times: u64 } -> u64)]
#[command(Brick { why: String })]
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub enum Door {
    #[initial]
    #[on(Push => Open)]
    #[on(Knock => Shut)]
    #[on(Brick => Bricked)]
    Shut,

    #[on(Close => Shut)]
    Open { by: String },

    #[terminal]
    Bricked,
}

pub struct Keeper;

impl door::Transitions for Keeper {
    type Rejection = Infallible;

    fn push(&self, _: door::Shut, push: &door::Push, _: &Context) -> Result<Step<door::Open>, Infallible> {
        Ok(Step::to(door::Open { by: push.by.clone() }).delta("pushes", 1))
    }

    fn knock(&self, _: door::Shut, knock: &door::Knock, cx: &Context) -> Result<Step<door::Shut, u64>, Infallible> {
        Ok(Step::to(door::Shut).outcome(knock.times + cx.seq()))
    }

    fn brick(&self, _: door::Shut, _: &door::Brick, _: &Context) -> Result<Step<door::Bricked>, Infallible> {
        Ok(Step::to(door::Bricked))
    }
}
