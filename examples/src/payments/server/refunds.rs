//! Refunds.

use axum::Json;
use axum::extract::State;
use axum::http::StatusCode;
use idem_http::{Done, Work};

use super::call::{App, Caller, Source, happened, insert, lock, update};
use super::error::ApiError;
use super::form::Form;
use super::intents::{amount, first};
use super::machine::intent;
use super::objects;
use super::store::Store;

const REASONS: [&str; 3] = ["duplicate", "fraudulent", "requested_by_customer"];

pub(super) async fn create<DB: Store>(
    State(app): State<App<DB>>,
    caller: Caller,
    mut work: Work<DB>,
    form: Form,
) -> Result<Done, ApiError> {
    form.only(&["amount", "charge", "expand", "metadata", "payment_intent", "reason"])?;
    let (amount, reason) = (amount(&form, "amount")?, form.one_of("reason", &REASONS)?);
    let key = work.key("refund");
    let tx = work.tx().await?;
    // Which payment intent it belongs to never changes: it is read without a lock.
    let charge = match (form.text("charge"), form.text("payment_intent")) {
        (Some(charge), _) => Some(Source::Tx(tx).find(&caller, "charge", charge, Some("charge")).await?),
        _ => None,
    };
    let of = charge.as_ref().and_then(|charge| charge["payment_intent"].as_str()).or(form.text("payment_intent"));
    if let (Some(of), Some(intent)) = (of, form.text("payment_intent"))
        && of != intent
    {
        return Err(ApiError::invalid("The charge and the payment_intent do not belong to each other."));
    }
    let missing = || ApiError::invalid("One of the following params should be provided: payment_intent or charge.");
    let id = of.ok_or_else(missing)?;
    let object = lock(tx, &caller, "payment_intent", id, Some("payment_intent")).await?;

    let (amount, at) = first(app.intents.at(id).within(tx).refund(&key, intent::Refund { amount }).await?)?;
    let mut refund = objects::refund((&objects::new_id("re")?, at), &object, (amount, reason), &form.metadata()?);
    insert(tx, &caller, ("refund", id), &refund).await?;
    let charge = object["latest_charge"].as_str().unwrap_or_default();
    let mut charge = Source::Tx(tx).find(&caller, "charge", charge, None).await?;
    let refunded = charge["amount_refunded"].as_i64().unwrap_or_default() + amount;
    charge["refunded"] = (Some(refunded) == charge["amount_captured"].as_i64()).into();
    charge["amount_refunded"] = refunded.into();
    update(tx, &charge).await?;
    happened(tx, &caller, at, ("refund.created", &refund)).await?;
    happened(tx, &caller, at, ("charge.refunded", &charge)).await?;
    Source::Tx(tx).expand(&caller, &mut refund, &form.list("expand")).await?;
    Ok(work.done((StatusCode::OK, Json(refund))))
}
