//! Payment methods of tests, and what their networks answer: Stripe's own names for them.

use super::machine::CardAnswer;

/// A payment method.
#[derive(Debug, Clone, Copy)]
pub(super) struct Card {
    pub(super) name: &'static str,
    pub(super) brand: &'static str,
    pub(super) last4: &'static str,
    /// Why it does not pay.
    pub(super) decline: Option<Decline>,
    needs_action: bool,
}

/// Why a card does not pay.
#[derive(Debug, Clone, Copy)]
pub(super) struct Decline {
    pub(super) code: &'static str,
    pub(super) reason: Option<&'static str>,
    pub(super) message: &'static str,
}

const fn card(name: &'static str, brand: &'static str, last4: &'static str) -> Card {
    Card { name, brand, last4, decline: None, needs_action: false }
}

const fn declined(card: Card, code: &'static str, reason: Option<&'static str>, message: &'static str) -> Card {
    Card { decline: Some(Decline { code, reason, message }), ..card }
}

const CARDS: [Card; 10] = [
    card("pm_card_visa", "visa", "4242"),
    card("pm_card_mastercard", "mastercard", "4444"),
    card("pm_card_amex", "amex", "8431"),
    Card { needs_action: true, ..card("pm_card_authenticationRequired", "visa", "3184") },
    declined(
        card("pm_card_chargeDeclined", "visa", "0002"),
        "card_declined",
        Some("generic_decline"),
        "Your card was declined.",
    ),
    declined(
        card("pm_card_visa_chargeDeclined", "visa", "0002"),
        "card_declined",
        Some("generic_decline"),
        "Your card was declined.",
    ),
    declined(
        card("pm_card_visa_chargeDeclinedInsufficientFunds", "visa", "9995"),
        "card_declined",
        Some("insufficient_funds"),
        "Your card has insufficient funds.",
    ),
    declined(card("pm_card_chargeDeclinedExpiredCard", "visa", "0069"), "expired_card", None, "Your card has expired."),
    declined(
        card("pm_card_chargeDeclinedIncorrectCvc", "visa", "0127"),
        "incorrect_cvc",
        None,
        "Your card's security code is incorrect.",
    ),
    declined(
        card("pm_card_chargeDeclinedProcessingError", "visa", "0119"),
        "processing_error",
        None,
        "An error occurred while processing your card. Try again in a little bit.",
    ),
];

/// The card of this name.
pub(super) fn by_name(name: &str) -> Option<Card> {
    CARDS.into_iter().find(|card| card.name == name)
}

impl Card {
    /// What its network answers. `confirmed`: the customer has confirmed with the bank.
    pub(super) fn answer(&self, confirmed: bool) -> CardAnswer {
        match self.decline {
            Some(_) => CardAnswer::Declined,
            None if self.needs_action && !confirmed => CardAnswer::ActionRequired,
            None => CardAnswer::Approved,
        }
    }
}
