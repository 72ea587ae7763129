//! The machines on which the fault tests strike: an order that is paid once, and a wallet that is added to for ever.

use idem_core::{Context, Step, idempotent_fsm};
use serde::{Deserialize, Serialize};

/// The outcome of a payment. Its id is another one for every attempt that counts.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Receipt {
    /// Unique for ever.
    pub id: String,
    /// In minor units.
    pub amount: i64,
}

/// The life of an order.
#[idempotent_fsm]
#[command(Pay { amount: i64 } -> Receipt)]
#[command(Ship { tracking: String })]
#[command(Cancel { reason: String })]
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub enum Order {
    /// Waits for its money.
    #[initial]
    #[on(Pay => Paid)]
    #[on(Cancel => Cancelled)]
    Pending {
        /// In minor units.
        total: i64,
    },

    /// Waits to be sent.
    #[on(Ship => Shipped)]
    #[on(Cancel => Cancelled)]
    Paid {
        /// What the customer has.
        receipt: Receipt,
    },

    /// Done.
    #[terminal]
    Shipped {
        /// The parcel.
        tracking: String,
    },

    /// Given up.
    #[terminal]
    Cancelled {
        /// Why.
        reason: String,
    },
}

/// A command that can be legal again: only its key tells a repeat from a new request.
#[idempotent_fsm(endless)]
#[command(Add { by: i64 } -> Total)]
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub enum Wallet {
    /// Counts.
    #[initial]
    #[on(Add => Open)]
    Open {
        /// The sum of what was added.
        total: i64,
    },
}

/// The outcome of an addition.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Total {
    /// Unique for ever.
    pub id: String,
    /// The sum after it: a lost update shows.
    pub total: i64,
}

/// Why an order is not paid.
#[derive(Debug, thiserror::Error)]
#[allow(missing_docs, reason = "the message says it")]
pub enum Refused {
    #[error("the total is {total}")]
    WrongAmount { total: i64 },
}

/// The rules of both.
#[derive(Debug, Clone, Copy)]
pub struct Shop;

impl order::Transitions for Shop {
    type Rejection = Refused;

    fn pay(
        &self,
        from: order::Pending,
        pay: &order::Pay,
        cx: &Context<'_>,
    ) -> Result<Step<order::Paid, Receipt>, Refused> {
        if pay.amount != from.total {
            return Err(Refused::WrongAmount { total: from.total });
        }
        let receipt = Receipt { id: cx.id("receipt").to_string(), amount: pay.amount };
        Ok(Step::to(order::Paid { receipt: receipt.clone() })
            .transfer("customers", "sales", pay.amount)
            .emit("order.paid", &receipt)
            .outcome(receipt))
    }

    fn ship(&self, _from: order::Paid, ship: &order::Ship, _cx: &Context<'_>) -> Result<Step<order::Shipped>, Refused> {
        Ok(Step::to(order::Shipped { tracking: ship.tracking.clone() }))
    }

    fn cancel(
        &self,
        _from: order::CancelFrom,
        cancel: &order::Cancel,
        _cx: &Context<'_>,
    ) -> Result<Step<order::Cancelled>, Refused> {
        Ok(Step::to(order::Cancelled { reason: cancel.reason.clone() }))
    }
}

impl wallet::Transitions for Shop {
    type Rejection = Refused;

    fn add(
        &self,
        from: wallet::Open,
        add: &wallet::Add,
        cx: &Context<'_>,
    ) -> Result<Step<wallet::Open, Total>, Refused> {
        let total = Total { id: cx.id("addition").to_string(), total: from.total.saturating_add(add.by) };
        Ok(Step::to(wallet::Open { total: total.total })
            .transfer("customers", "wallets", add.by)
            .emit("wallet.added", &total)
            .outcome(total))
    }
}
