//! The payment: its states, its commands, and what they carry. What a command makes of a state stands in `rules`.

use idem_core::idempotent_fsm;
use serde::{Deserialize, Serialize};

/// The life of a payment.
///
/// A capture or a refund in parts leads back to where it started, so only a key tells its repeat from a new request.
/// `Authorize`, `Void` and `Expire` happen once in a payment's life: a repeat of them is recognised even without a key.
#[idempotent_fsm(name = "payment")]
// What the customer had when the request came in is stored, but a repeat that looked it up again is still a repeat.
#[command(
    Authorize { customer: String, merchant: String, amount: Amount, #[fact] funds: i64 } -> Decision,
    name = "authorize"
)]
// Without an amount: all that is left.
#[command(Capture { amount: Option<Amount> } -> Receipt, name = "capture")]
#[command(Void { reason: String }, name = "void")]
#[command(Refund { amount: Amount } -> Receipt, name = "refund")]
#[command(Expire {}, name = "expire")]
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[allow(clippy::exhaustive_enums, reason = "the life of a payment is what this example shows, whole")]
pub enum Payment {
    /// Carries nothing, so the first command starts it.
    #[initial]
    #[on(Authorize => Authorized | Declined)]
    Requested,

    /// The money is set aside for the merchant.
    #[on(Capture => PartlyCaptured | Captured)]
    #[on(Void => Voided)]
    #[on(Expire => Expired)]
    Authorized {
        /// What is set aside.
        hold: Hold,
    },

    /// Some of the money is the merchant's, the rest is still set aside.
    #[on(Capture => PartlyCaptured | Captured)]
    #[on(Expire => Captured)]
    PartlyCaptured {
        /// What was set aside.
        hold: Hold,
        /// How much of it is the merchant's.
        captured: i64,
    },

    /// Nothing is set aside any more.
    #[on(Refund => PartlyRefunded | Refunded)]
    Captured {
        /// What was sold.
        sale: Hold,
    },

    /// Some of the money is the customer's again.
    #[on(Refund => PartlyRefunded | Refunded)]
    PartlyRefunded {
        /// What was sold.
        sale: Hold,
        /// How much of it went back.
        refunded: i64,
    },

    /// The customer had too little.
    #[terminal]
    Declined {
        /// What was asked for.
        amount: i64,
    },

    /// Called off before anything was captured.
    #[terminal]
    Voided {
        /// Why.
        reason: String,
    },

    /// Too old to be captured.
    #[terminal]
    Expired,

    /// All of the money is the customer's again.
    #[terminal]
    Refunded {
        /// What was sold.
        sale: Hold,
    },
}

/// An amount in minor units: 1 to 10¹², so that no sum of a million of them leaves 64 bits.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(try_from = "i64", into = "i64")]
pub struct Amount(pub(super) i64);

/// Money between a customer and a merchant.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[allow(clippy::exhaustive_structs, reason = "stored as it is")]
pub struct Hold {
    /// Who pays.
    pub customer: String,
    /// Who is paid.
    pub merchant: String,
    /// How much, in minor units.
    pub amount: i64,
}

/// The answer to an authorization; a decline is an answer like any other, and remembered like any other.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[allow(clippy::exhaustive_structs, reason = "stored as it is")]
pub struct Decision {
    /// The authorization's number.
    pub id: String,
    /// Whether the money is set aside.
    pub approved: bool,
}

/// The answer to a capture or a refund.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[allow(clippy::exhaustive_structs, reason = "stored as it is")]
pub struct Receipt {
    /// The receipt's number.
    pub id: String,
    /// How much was moved.
    pub amount: i64,
    /// How much may still be moved.
    pub left: i64,
}

/// Why a command is refused. Not remembered: nothing is written, the key stays free.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum Refusal {
    /// A capture of more than is set aside.
    #[error("{amount} cannot be captured, {left} is set aside")]
    OverHold {
        /// What was asked for.
        amount: i64,
        /// What is left of the hold.
        left: i64,
    },
    /// A refund of more than was captured.
    #[error("{amount} cannot be refunded, {left} is left of the sale")]
    OverSale {
        /// What was asked for.
        amount: i64,
        /// What is left of the sale.
        left: i64,
    },
}

impl Hold {
    /// The customer's account.
    pub fn payer(&self) -> String {
        format!("customer:{}", self.customer)
    }

    /// The account of what is set aside for the merchant.
    pub fn held(&self) -> String {
        format!("held:{}", self.merchant)
    }

    /// The merchant's account.
    pub fn payee(&self) -> String {
        format!("merchant:{}", self.merchant)
    }
}

impl Amount {
    const MAX: i64 = 1_000_000_000_000;
}

impl TryFrom<i64> for Amount {
    type Error = String;

    fn try_from(amount: i64) -> Result<Self, String> {
        if (1..=Self::MAX).contains(&amount) {
            Ok(Self(amount))
        } else {
            Err(format!("{amount} is no amount; give 1 to {} minor units", Self::MAX))
        }
    }
}

impl From<Amount> for i64 {
    fn from(amount: Amount) -> Self {
        amount.0
    }
}
