//! A payment intent: its states, its commands, and what they carry. What a command makes of a state stands in `rules`.

use idem_core::idempotent_fsm;
use serde::{Deserialize, Serialize};

/// The life of a payment intent. What may be changed at any time, its description and its metadata, stands in the service's own table.
///
/// A command is repeated under its key. Captures and refunds in parts, and a card that is declined, lead back to the same state, so the state
/// alone does not show a repeat.
#[idempotent_fsm(name = "payment_intent")]
#[command(Update { terms: Terms })]
// What the card's network says is looked up by the server: a repeat that looked it up again is still a repeat.
#[command(Confirm { method: String, #[fact] answer: CardAnswer } -> Confirmation)]
// Without an amount: all that is left. The last one releases what it leaves.
#[command(Capture { amount: Option<i64>, is_last: bool } -> i64)]
#[command(Cancel { reason: Option<String> })]
#[command(Refund { amount: Option<i64> } -> i64)]
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[allow(clippy::exhaustive_enums, reason = "the life of a payment intent is what this example shows, whole")]
pub enum Intent {
    /// Nothing is paid yet: a payment method is missing, or its confirmation.
    #[initial]
    #[on(Update => Open)]
    #[on(Confirm => Open | RequiresAction | RequiresCapture | Succeeded)]
    #[on(Cancel => Canceled)]
    Open {
        /// What is to be paid.
        terms: Terms,
    },

    /// The customer has to confirm with the bank.
    #[on(Confirm => Open | RequiresAction | RequiresCapture | Succeeded)]
    #[on(Cancel => Canceled)]
    RequiresAction {
        /// What is to be paid.
        terms: Terms,
    },

    /// The money is held on the payer's account.
    #[on(Capture => RequiresCapture | Succeeded)]
    #[on(Cancel => Canceled | Succeeded)]
    RequiresCapture {
        /// What is to be paid.
        terms: Terms,
        /// The name of the hold.
        hold: String,
        /// How much of it the merchant has.
        captured: i64,
    },

    /// The merchant has the money.
    #[on(Refund => Succeeded | Refunded)]
    Succeeded {
        /// What was to be paid.
        terms: Terms,
        /// How much was.
        captured: i64,
        /// How much of that the payer has again.
        refunded: i64,
    },

    /// The payer has all of it again.
    #[terminal]
    Refunded {
        /// What was to be paid.
        terms: Terms,
        /// How much was, and was given back.
        captured: i64,
    },

    /// Called off before anything was captured.
    #[terminal]
    Canceled {
        /// What was to be paid.
        terms: Terms,
        /// Why.
        reason: Option<String>,
    },
}

/// What is to be paid, in minor units, and between whom.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[allow(clippy::exhaustive_structs, reason = "stored as it is")]
pub struct Terms {
    /// How much.
    pub amount: i64,
    /// Of what, in small letters.
    pub currency: String,
    /// Whether the money is only held when it is confirmed, and captured later.
    pub is_manual: bool,
    /// The account that pays.
    pub payer: String,
    /// The account that is paid.
    pub payee: String,
}

/// What the network of a card answers to a payment.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[allow(clippy::exhaustive_enums, reason = "stored as it is")]
pub enum CardAnswer {
    /// It pays.
    Approved,
    /// The customer has to confirm with the bank first.
    ActionRequired,
    /// It does not pay.
    Declined,
}

/// What a confirmation came to.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[allow(clippy::exhaustive_structs, reason = "stored as it is")]
pub struct Confirmation {
    /// A part of the charge's id.
    pub charge: String,
}

/// Why a command is refused. Nothing is written, and the key stays free.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum Refusal {
    /// A capture of more than is held.
    #[error("{amount} cannot be captured, {left} is capturable")]
    OverHold {
        /// What was asked for.
        amount: i64,
        /// What is left of the hold.
        left: i64,
    },
    /// A refund of more than was captured and is not refunded.
    #[error("{amount} cannot be refunded, {left} is refundable")]
    OverCharge {
        /// What was asked for.
        amount: i64,
        /// What is left.
        left: i64,
    },
}

impl Intent {
    /// What is to be paid.
    pub fn terms(&self) -> &Terms {
        match self {
            Self::Open { terms }
            | Self::RequiresAction { terms }
            | Self::RequiresCapture { terms, .. }
            | Self::Succeeded { terms, .. }
            | Self::Refunded { terms, .. }
            | Self::Canceled { terms, .. } => terms,
        }
    }
}
