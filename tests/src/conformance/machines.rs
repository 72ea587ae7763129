//! The machines that the clauses drive: an order, a door, and the releases of a parcel.
#![allow(missing_docs, clippy::exhaustive_enums, reason = "machines to drive; what they mean is in the names")]

use std::convert::Infallible;

use idem_core::{Context, Step, idempotent_fsm};
use serde::{Deserialize, Serialize};

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

/// The rules of an order.
#[derive(Debug, Clone, Copy)]
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

/// The rules of a door.
#[derive(Debug, Clone, Copy)]
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

/// The releases of one machine, `parcel`. The first one writes; the others read what it wrote.
pub mod parcel {
    use super::{Deserialize, Serialize, idempotent_fsm};

    /// What sending is answered with.
    #[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
    pub struct Label {
        /// Where it went.
        pub to: String,
    }

    /// What a later release answers with; it cannot read a [`Label`].
    #[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
    pub struct Barcode {
        /// No label has it.
        pub number: u64,
    }

    /// The first release.
    pub mod first {
        use super::{Deserialize, Label, Serialize, idempotent_fsm};
        use idem_core::{Context, Step};

        /// Packed, then sent, perhaps lost.
        #[idempotent_fsm(name = "parcel")]
        #[command(Send { to: String } -> Label)]
        #[command(Lose)]
        #[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
        pub enum Parcel {
            #[initial]
            #[on(Send => Sent)]
            Packed { grams: u64 },

            #[on(Lose => Lost)]
            Sent { to: String },

            #[terminal]
            Lost,
        }

        impl parcel::Transitions for super::Post {
            type Rejection = std::convert::Infallible;

            fn send(
                &self,
                _: parcel::Packed,
                send: &parcel::Send,
                _: &Context,
            ) -> Result<Step<parcel::Sent, Label>, Self::Rejection> {
                Ok(Step::to(parcel::Sent { to: send.to.clone() }).outcome(Label { to: send.to.clone() }))
            }
        }
    }

    /// A release that renamed a state and a command, and added a field to each.
    pub mod renamed {
        use super::{Deserialize, Label, Serialize, idempotent_fsm};
        use idem_core::{Context, Step};

        /// Boxed, then posted, perhaps lost.
        #[idempotent_fsm(name = "parcel")]
        #[command(Post { to: String, #[serde(default)] express: bool } -> Label, was = "Send")]
        #[command(Lose)]
        #[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
        pub enum Parcel {
            #[initial]
            #[was("Packed")]
            #[on(Post => Posted)]
            Boxed {
                grams: u64,
                #[serde(default)]
                fragile: bool,
            },

            #[was("Sent")]
            #[on(Lose => Lost)]
            Posted { to: String },

            #[terminal]
            Lost,
        }

        impl parcel::Transitions for super::Post {
            type Rejection = std::convert::Infallible;

            fn post(
                &self,
                _: parcel::Boxed,
                post: &parcel::Post,
                _: &Context,
            ) -> Result<Step<parcel::Posted, Label>, Self::Rejection> {
                Ok(Step::to(parcel::Posted { to: post.to.clone() }).outcome(Label { to: post.to.clone() }))
            }
        }
    }

    /// A release that no longer knows how a parcel is lost, nor what sending was answered with.
    pub mod narrowed {
        use super::{Barcode, Deserialize, Serialize, idempotent_fsm};
        use idem_core::{Context, Step};

        /// Packed, then sent.
        #[idempotent_fsm(name = "parcel")]
        #[command(Send { to: String } -> Barcode)]
        #[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
        pub enum Parcel {
            #[initial]
            #[on(Send => Sent)]
            Packed { grams: u64 },

            #[terminal]
            Sent { to: String },
        }

        impl parcel::Transitions for super::Post {
            type Rejection = std::convert::Infallible;

            fn send(
                &self,
                _: parcel::Packed,
                send: &parcel::Send,
                cx: &Context,
            ) -> Result<Step<parcel::Sent, Barcode>, Self::Rejection> {
                Ok(Step::to(parcel::Sent { to: send.to.clone() }).outcome(Barcode { number: cx.seq() }))
            }
        }
    }

    /// Another machine that took the name.
    pub mod stranger {
        use super::{Deserialize, Serialize, idempotent_fsm};

        /// A parcel of land.
        #[idempotent_fsm(name = "parcel")]
        #[command(Sell)]
        #[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
        pub enum Parcel {
            #[initial]
            #[on(Sell => Sold)]
            Owned,

            #[terminal]
            Sold,
        }
    }

    /// The rules of every release.
    #[derive(Debug, Clone, Copy)]
    pub struct Post;
}
