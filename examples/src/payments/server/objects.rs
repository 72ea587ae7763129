//! The objects of the API, as JSON.

use idem_core::{Key, Timestamp};
use serde_json::{Value, json};

use super::bank::Statement;
use super::cards::Card;
use super::error::ApiError;
use super::form::Metadata;
use super::machine::{Intent, Terms};

/// The version of the API that is spoken.
pub(super) const VERSION: &str = "2026-10-28.endive";

/// A new id with this prefix; ids that are made later sort later.
pub(super) fn new_id(prefix: &str) -> Result<String, ApiError> {
    let key = Key::random("id").map_err(idem_core::Error::from)?;
    Ok(format!("{prefix}_{}", key.as_str().replace('-', "")))
}

/// Seconds since 1970, by the database's clock.
fn seconds(at: Timestamp) -> i64 {
    at.as_micros().div_euclid(1_000_000)
}

/// A payment intent that is new. What its machine decides is shown by [`show`].
pub(super) fn intent(id: &str, at: Timestamp, terms: &Terms) -> Value {
    let mut object = json!({
        "id": id,
        "object": "payment_intent",
        "amount_details": {"tip": {}},
        "application": null,
        "application_fee_amount": null,
        "automatic_payment_methods": null,
        "canceled_at": null,
        "cancellation_reason": null,
        "client_secret": format!("{id}_secret"),
        "confirmation_method": "automatic",
        "created": seconds(at),
        "customer": null,
        "description": null,
        "last_payment_error": null,
        "latest_charge": null,
        "livemode": false,
        "metadata": {},
        "next_action": null,
        "on_behalf_of": null,
        "payment_method": null,
        "payment_method_options": {},
        "payment_method_types": ["card"],
        "processing": null,
        "receipt_email": null,
        "setup_future_usage": null,
        "shipping": null,
        "statement_descriptor": null,
        "statement_descriptor_suffix": null,
        "transfer_data": null,
        "transfer_group": null,
    });
    show(&mut object, at, &Intent::Open { terms: terms.clone() });
    object
}

/// Shows the state of its machine.
pub(super) fn show(object: &mut Value, at: Timestamp, intent: &Intent) {
    let terms = intent.terms();
    let (capturable, received, status) = match intent {
        Intent::Open { .. } if object["payment_method"].is_null() => (0, 0, "requires_payment_method"),
        Intent::Open { .. } => (0, 0, "requires_confirmation"),
        Intent::RequiresAction { .. } => (0, 0, "requires_action"),
        Intent::RequiresCapture { captured, .. } => (terms.amount - captured, *captured, "requires_capture"),
        Intent::Succeeded { captured, .. } | Intent::Refunded { captured, .. } => (0, *captured, "succeeded"),
        Intent::Canceled { .. } => (0, 0, "canceled"),
    };
    if let Intent::Canceled { reason, .. } = intent {
        object["cancellation_reason"] = reason.clone().into();
        object["canceled_at"] = seconds(at).into();
    }
    object["amount"] = terms.amount.into();
    object["amount_capturable"] = capturable.into();
    object["amount_received"] = received.into();
    object["capture_method"] = if terms.is_manual { "manual" } else { "automatic" }.into();
    object["currency"] = terms.currency.clone().into();
    object["status"] = status.into();
}

/// The charge of a payment intent by a card.
pub(super) fn charge(id: &str, at: Timestamp, intent: &Value, card: &Card) -> Value {
    let decline = card.decline;
    json!({
        "id": id,
        "object": "charge",
        "amount": intent["amount"],
        "amount_captured": intent["amount_received"],
        "amount_refunded": 0,
        "balance_transaction": null,
        "billing_details": {"address": null, "email": null, "name": null, "phone": null},
        "captured": intent["status"] == "succeeded",
        "created": seconds(at),
        "currency": intent["currency"],
        "customer": intent["customer"],
        "description": intent["description"],
        "disputed": false,
        "failure_code": decline.map(|decline| decline.code),
        "failure_message": decline.map(|decline| decline.message),
        "livemode": false,
        "metadata": intent["metadata"],
        "outcome": {
            "network_status": if decline.is_none() { "approved_by_network" } else { "declined_by_network" },
            "reason": decline.and_then(|decline| decline.reason),
            "type": if decline.is_none() { "authorized" } else { "issuer_declined" },
        },
        "paid": decline.is_none(),
        "payment_intent": intent["id"],
        "payment_method": card.name,
        "payment_method_details": {"card": {"brand": card.brand, "last4": card.last4}, "type": "card"},
        "refunded": false,
        "status": if decline.is_none() { "succeeded" } else { "failed" },
    })
}

/// A refund of a payment intent.
pub(super) fn refund(
    (id, at): (&str, Timestamp),
    intent: &Value,
    (amount, reason): (i64, Option<&str>),
    metadata: &Metadata,
) -> Value {
    json!({
        "id": id,
        "object": "refund",
        "amount": amount,
        "balance_transaction": null,
        "charge": intent["latest_charge"],
        "created": seconds(at),
        "currency": intent["currency"],
        "metadata": metadata.texts,
        "payment_intent": intent["id"],
        "reason": reason,
        "receipt_number": null,
        "source_transfer_reversal": null,
        "status": "succeeded",
        "transfer_reversal": null,
    })
}

/// A payout of which the bank has said nothing yet.
pub(super) fn payout(
    id: &str,
    at: Timestamp,
    (amount, currency, to, description): (i64, &str, &str, Option<&str>),
    hold: &str,
) -> Value {
    json!({
        "id": id,
        "object": "payout",
        "amount": amount,
        "arrival_date": seconds(at),
        "automatic": false,
        "balance_transaction": null,
        "created": seconds(at),
        "currency": currency,
        "description": description,
        "destination": to,
        "failure_code": null,
        "failure_message": null,
        // Not in Stripe's objects: what reserves the money.
        "hold": hold,
        "livemode": false,
        "metadata": {},
        "method": "standard",
        "reconciliation_status": "not_applicable",
        "source_type": "card",
        "statement_descriptor": null,
        "status": "pending",
        "type": "bank_account",
    })
}

/// Shows what the bank's statement shows.
pub(super) fn settle_payout(payout: &mut Value, statement: Statement) {
    match statement {
        Statement::Paid => payout["status"] = "paid".into(),
        Statement::NotPaid => {
            payout["status"] = "failed".into();
            payout["failure_code"] = "could_not_process".into();
            payout["failure_message"] = "The bank could not process this transfer.".into();
        }
    }
}

/// What the bank's statement shows of a payout; `None` if nothing is known.
pub(super) fn statement(payout: &Value) -> Option<Statement> {
    match payout["status"].as_str() {
        Some("paid") => Some(Statement::Paid),
        Some("failed") => Some(Statement::NotPaid),
        _ => None,
    }
}

/// A customer that is new.
pub(super) fn customer(id: &str, at: Timestamp) -> Value {
    json!({
        "id": id,
        "object": "customer",
        "address": null,
        "balance": 0,
        "created": seconds(at),
        "currency": null,
        "default_source": null,
        "delinquent": false,
        "description": null,
        "discount": null,
        "email": null,
        "invoice_settings": {"custom_fields": null, "default_payment_method": null, "footer": null, "rendering_options": null},
        "livemode": false,
        "metadata": {},
        "name": null,
        "phone": null,
        "preferred_locales": [],
        "shipping": null,
        "tax_exempt": "none",
    })
}

/// An event about an object.
pub(super) fn event((id, at): (&str, Timestamp), kind: &str, object: &Value, request: (&str, Option<&str>)) -> Value {
    json!({
        "id": id,
        "object": "event",
        "api_version": VERSION,
        "created": seconds(at),
        "data": {"object": object},
        "livemode": false,
        "pending_webhooks": 0,
        "request": {"id": request.0, "idempotency_key": request.1},
        "type": kind,
    })
}

/// A page of a list.
pub(super) fn list(url: &str, data: &[Value], has_more: bool) -> Value {
    json!({"object": "list", "url": url, "has_more": has_more, "data": data})
}

/// The id of an object.
pub(super) fn id(object: &Value) -> &str {
    object["id"].as_str().unwrap_or_default()
}

/// Adds what was sent to an object's metadata: an empty text takes a name away, and an empty parameter all of them.
///
/// # Errors
/// [`ApiError`] if there would be too many names.
pub(super) fn merge_metadata(object: &mut Value, sent: Metadata) -> Result<(), ApiError> {
    let Some(metadata) = object["metadata"].as_object_mut() else { return Ok(()) };
    if sent.clears {
        metadata.clear();
    }
    for (name, text) in sent.texts {
        if text == "" {
            metadata.remove(&name);
        } else {
            metadata.insert(name, text);
        }
    }
    if metadata.len() > Metadata::MOST {
        let message = format!("An object has at most {} metadata keys.", Metadata::MOST);
        return Err(ApiError::param("metadata", "parameter_invalid", message));
    }
    Ok(())
}
