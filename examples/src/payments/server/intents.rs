//! Payment intents.

use axum::Json;
use axum::extract::State;
use axum::http::StatusCode;
use idem_core::{Outcome, Timestamp, Tx};
use idem_http::{Done, Work};
use serde_json::Value;

use super::call::{App, Caller, Id, Source, happened, insert, lock, update};
use super::cards::{self, Card};
use super::error::ApiError;
use super::form::Form;
use super::machine::{CardAnswer, Confirmation, Terms, intent};
use super::objects;
use super::store::Store;

const CURRENCIES: [&str; 6] = ["chf", "eur", "gbp", "jpy", "sek", "usd"];
const MOST: i64 = 99_999_999;
const METHODS: [&str; 3] = ["automatic", "automatic_async", "manual"];
const REASONS: [&str; 4] = ["abandoned", "duplicate", "fraudulent", "requested_by_customer"];

pub(super) async fn create<DB: Store>(
    State(app): State<App<DB>>,
    caller: Caller,
    mut work: Work<DB>,
    form: Form,
) -> Result<Done, ApiError> {
    form.only(&[
        "amount",
        "automatic_payment_methods",
        "capture_method",
        "confirm",
        "currency",
        "customer",
        "description",
        "expand",
        "metadata",
        "off_session",
        "payment_method",
        "payment_method_types",
        "receipt_email",
        "return_url",
    ])?;
    let amount = amount(&form, "amount")?;
    let amount =
        amount.ok_or_else(|| ApiError::param("amount", "parameter_missing", "Missing required param: amount."))?;
    let id = objects::new_id("pi")?;
    let currency = currency(form.required("currency")?)?;
    let payer = payer(&caller.account, form.text("customer").unwrap_or(&id), currency);
    let is_manual = form.one_of("capture_method", &METHODS)? == Some("manual");
    let terms =
        Terms { amount, payee: available(&caller.account, currency), currency: currency.into(), is_manual, payer };
    let confirms = form.flag("confirm")?.unwrap_or_default();

    let (start, confirm) = (work.key("start"), work.key("confirm"));
    let tx = work.tx().await?;
    let started = app.intents.at(&id).within(tx).start(&start, intent::Open { terms: terms.clone() }).await?;
    let at = started.at();
    let mut object = objects::intent(&id, at, &terms);
    describe(tx, &caller, &form, &mut object).await?;
    refresh(&app, tx, &id, &mut object).await?;
    insert(tx, &caller, ("payment_intent", form.text("customer").unwrap_or_default()), &object).await?;
    happened(tx, &caller, at, ("payment_intent.created", &object)).await?;
    let declined = if confirms { confirm_by(&app, tx, &caller, &confirm, &mut object).await? } else { None };
    answer(tx, &caller, &form, object, declined).await.map(|(status, body)| work.done((status, Json(body))))
}

pub(super) async fn change<DB: Store>(
    State(app): State<App<DB>>,
    caller: Caller,
    Id(id): Id,
    mut work: Work<DB>,
    form: Form,
) -> Result<Done, ApiError> {
    form.only(&[
        "amount",
        "capture_method",
        "currency",
        "description",
        "expand",
        "metadata",
        "payment_method",
        "receipt_email",
    ])?;
    let (amount, currency) = (amount(&form, "amount")?, form.text("currency").map(currency).transpose()?);
    let method = form.one_of("capture_method", &METHODS)?;
    let key = work.key("update");
    let tx = work.tx().await?;
    let mut object = lock(tx, &caller, "payment_intent", &id, None).await?;
    // The machine decides whether there is still something to pay, and with what.
    if amount.is_some() || currency.is_some() || method.is_some() || form.text("payment_method").is_some() {
        let stored = app.intents.at(&id).within(tx).get().await?;
        let mut terms = stored.ok_or_else(|| ApiError::missing("payment_intent", &id, None))?.state().terms().clone();
        terms.amount = amount.unwrap_or(terms.amount);
        if let Some(currency) = currency {
            let customer = object["customer"].as_str().unwrap_or(&id);
            (terms.currency, terms.payee) = (currency.to_owned(), available(&caller.account, currency));
            terms.payer = payer(&caller.account, customer, currency);
        }
        terms.is_manual = method.map_or(terms.is_manual, |method| method == "manual");
        first(app.intents.at(&id).within(tx).update(&key, intent::Update { terms }).await?)?;
    }
    describe(tx, &caller, &form, &mut object).await?;
    refresh(&app, tx, &id, &mut object).await?;
    update(tx, &object).await?;
    answer(tx, &caller, &form, object, None).await.map(|(status, body)| work.done((status, Json(body))))
}

pub(super) async fn confirm<DB: Store>(
    State(app): State<App<DB>>,
    caller: Caller,
    Id(id): Id,
    mut work: Work<DB>,
    form: Form,
) -> Result<Done, ApiError> {
    form.only(&["expand", "off_session", "payment_method", "receipt_email", "return_url"])?;
    let key = work.key("confirm");
    let tx = work.tx().await?;
    let mut object = lock(tx, &caller, "payment_intent", &id, None).await?;
    describe(tx, &caller, &form, &mut object).await?;
    let declined = confirm_by(&app, tx, &caller, &key, &mut object).await?;
    answer(tx, &caller, &form, object, declined).await.map(|(status, body)| work.done((status, Json(body))))
}

pub(super) async fn capture<DB: Store>(
    State(app): State<App<DB>>,
    caller: Caller,
    Id(id): Id,
    mut work: Work<DB>,
    form: Form,
) -> Result<Done, ApiError> {
    form.only(&["amount_to_capture", "expand", "final_capture", "metadata"])?;
    let (amount, is_last) = (amount(&form, "amount_to_capture")?, form.flag("final_capture")?.unwrap_or(true));
    let key = work.key("capture");
    let tx = work.tx().await?;
    let mut object = lock(tx, &caller, "payment_intent", &id, None).await?;
    let capture = intent::Capture { amount, is_last };
    let ((), at) = first(app.intents.at(&id).within(tx).capture(&key, capture).await?.map(drop))?;
    describe(tx, &caller, &form, &mut object).await?;
    refresh(&app, tx, &id, &mut object).await?;
    update(tx, &object).await?;
    let charge = captured(tx, &caller, &object).await?;
    happened(tx, &caller, at, ("charge.captured", &charge)).await?;
    if object["status"] == "succeeded" {
        happened(tx, &caller, at, ("payment_intent.succeeded", &object)).await?;
    }
    answer(tx, &caller, &form, object, None).await.map(|(status, body)| work.done((status, Json(body))))
}

pub(super) async fn cancel<DB: Store>(
    State(app): State<App<DB>>,
    caller: Caller,
    Id(id): Id,
    mut work: Work<DB>,
    form: Form,
) -> Result<Done, ApiError> {
    form.only(&["cancellation_reason", "expand"])?;
    let reason = form.one_of("cancellation_reason", &REASONS)?.map(str::to_owned);
    let key = work.key("cancel");
    let tx = work.tx().await?;
    let mut object = lock(tx, &caller, "payment_intent", &id, None).await?;
    let ((), at) = first(app.intents.at(&id).within(tx).cancel(&key, intent::Cancel { reason }).await?)?;
    object["next_action"] = Value::Null;
    refresh(&app, tx, &id, &mut object).await?;
    update(tx, &object).await?;
    let what = if object["status"] == "canceled" { "payment_intent.canceled" } else { "payment_intent.succeeded" };
    happened(tx, &caller, at, (what, &object)).await?;
    answer(tx, &caller, &form, object, None).await.map(|(status, body)| work.done((status, Json(body))))
}

/// The account of what a merchant may pay out.
pub(super) fn available(account: &str, currency: &str) -> String {
    format!("{account}:available:{currency}")
}

/// The account that a customer pays from, or that of a payment intent without one. Of one currency: an account has one unit.
fn payer(account: &str, customer: &str, currency: &str) -> String {
    format!("{account}:payer:{customer}:{currency}")
}

/// The currencies that there are.
pub(super) fn currencies() -> [&'static str; 6] {
    CURRENCIES
}

/// The outcome of this request, and when. Another one, under another key, may have come to the same: then this did nothing.
pub(super) fn first<T, S: Copy>(outcome: Outcome<T, S>) -> Result<(T, Timestamp), ApiError> {
    if outcome.is_replay() {
        return Err(ApiError::unexpected("This PaymentIntent cannot do that again."));
    }
    let at = outcome.at();
    Ok((outcome.into_inner(), at))
}

/// Takes over what may be changed at any time, and the payment method.
async fn describe<DB: Store>(
    tx: &mut Tx<DB>,
    caller: &Caller,
    form: &Form,
    object: &mut Value,
) -> Result<(), ApiError> {
    for name in ["description", "receipt_email"] {
        if let Some(text) = form.sent(name) {
            object[name] = if text.is_empty() { Value::Null } else { text.into() };
        }
    }
    objects::merge_metadata(object, form.metadata()?)?;
    if let Some(customer) = form.text("customer") {
        Source::Tx(tx).find(caller, "customer", customer, Some("customer")).await?;
        object["customer"] = customer.into();
    }
    if let Some(method) = form.text("payment_method") {
        object["payment_method"] = card(method)?.name.into();
    }
    Ok(())
}

fn card(name: &str) -> Result<Card, ApiError> {
    cards::by_name(name).ok_or_else(|| ApiError::missing("PaymentMethod", name, Some("payment_method")))
}

/// Confirms with the payment method that the object names. The card's error, if it does not pay.
async fn confirm_by<DB: Store>(
    app: &App<DB>,
    tx: &mut Tx<DB>,
    caller: &Caller,
    key: &idem_core::Key,
    object: &mut Value,
) -> Result<Option<ApiError>, ApiError> {
    let missing =
        || ApiError::unexpected("You cannot confirm this PaymentIntent because it's missing a payment method.");
    let card = card(object["payment_method"].as_str().ok_or_else(missing)?)?;
    let answer = card.answer(object["status"] == "requires_action");
    let id = object["id"].as_str().unwrap_or_default().to_owned();
    let command = intent::Confirm { method: card.name.to_owned(), answer: answer.clone() };
    let (Confirmation { charge }, at) = first(app.intents.at(&id).within(tx).confirm(key, command).await?)?;
    object["next_action"] = Value::Null;
    if answer == CardAnswer::ActionRequired {
        let url = serde_json::json!({"return_url": null, "url": "https://hooks.invalid/authenticate"});
        object["next_action"] = serde_json::json!({"type": "redirect_to_url", "redirect_to_url": url});
        refresh(app, tx, &id, object).await?;
        update(tx, object).await?;
        happened(tx, caller, at, ("payment_intent.requires_action", object)).await?;
        return Ok(None);
    }
    if card.decline.is_some() {
        object["payment_method"] = Value::Null;
    }
    refresh(app, tx, &id, object).await?;
    let charge = objects::charge(&format!("ch_{}", charge.replace('-', "")), at, object, &card);
    object["latest_charge"] = charge["id"].clone();
    insert(tx, caller, ("charge", &id), &charge).await?;
    let Some(decline) = card.decline else {
        update(tx, object).await?;
        happened(tx, caller, at, ("charge.succeeded", &charge)).await?;
        let held = object["status"] == "requires_capture";
        let what = if held { "payment_intent.amount_capturable_updated" } else { "payment_intent.succeeded" };
        happened(tx, caller, at, (what, object)).await?;
        return Ok(None);
    };
    let error = ApiError::new(StatusCode::PAYMENT_REQUIRED, "card_error", decline.message)
        .with("code", decline.code)
        .with("decline_code", decline.reason)
        .with("charge", charge["id"].clone());
    object["last_payment_error"] = error.body();
    update(tx, object).await?;
    happened(tx, caller, at, ("charge.failed", &charge)).await?;
    happened(tx, caller, at, ("payment_intent.payment_failed", object)).await?;
    Ok(Some(error))
}

/// Shows in the charge of a payment intent what was captured.
async fn captured<DB: Store>(tx: &mut Tx<DB>, caller: &Caller, object: &Value) -> Result<Value, ApiError> {
    let id = object["latest_charge"].as_str().unwrap_or_default();
    let mut charge = Source::Tx(tx).find(caller, "charge", id, None).await?;
    charge["amount_captured"] = object["amount_received"].clone();
    charge["captured"] = true.into();
    update(tx, &charge).await?;
    Ok(charge)
}

/// Shows what the machine has decided.
async fn refresh<DB: Store>(app: &App<DB>, tx: &mut Tx<DB>, id: &str, object: &mut Value) -> Result<(), ApiError> {
    if let Some(stored) = app.intents.at(id).within(tx).get().await? {
        objects::show(object, stored.entered_at(), stored.state());
    }
    Ok(())
}

/// The object, expanded; or the card's error, with the object.
async fn answer<DB: Store>(
    tx: &mut Tx<DB>,
    caller: &Caller,
    form: &Form,
    mut object: Value,
    declined: Option<ApiError>,
) -> Result<(StatusCode, Value), ApiError> {
    if let Some(declined) = declined {
        let body = declined.with("payment_intent", object).body();
        return Ok((StatusCode::PAYMENT_REQUIRED, serde_json::json!({"error": body})));
    }
    Source::Tx(tx).expand(caller, &mut object, &form.list("expand")).await?;
    Ok((StatusCode::OK, object))
}

/// The parameter that is an amount of money which can be moved.
pub(super) fn amount(form: &Form, name: &str) -> Result<Option<i64>, ApiError> {
    match form.integer(name)? {
        Some(amount) if amount > MOST => {
            let message = format!("Amount must be no more than {MOST}.");
            Err(ApiError::param(name, "amount_too_large", message))
        }
        Some(amount) if amount < 1 => {
            let message = "This value must be greater than or equal to 1.";
            Err(ApiError::param(name, "parameter_invalid_integer", message))
        }
        amount => Ok(amount),
    }
}

/// A currency of this server, in small letters.
pub(super) fn currency(text: &str) -> Result<&'static str, ApiError> {
    let known = CURRENCIES.into_iter().find(|known| known.eq_ignore_ascii_case(text));
    let invalid = || format!("Invalid currency: {text}. This server has {}.", CURRENCIES.join(", "));
    known.ok_or_else(|| ApiError::param("currency", "parameter_invalid", invalid()))
}
