//! Payouts: money that leaves for a merchant's bank.
//!
//! A transaction cannot hold what a bank does, so a payout runs under a lease: the bank is asked at most once for each request. If its
//! answer is lost, or this process dies before it, nobody here knows whether the bank has paid. The claim of the request is then lost: the
//! page lists it, and an operator says what the bank's statement shows.

use std::time::Duration;

use axum::Json;
use axum::extract::State;
use axum::http::header::CONTENT_TYPE;
use axum::http::{HeaderValue, Response, StatusCode};
use bytes::Bytes;
use idem_core::lease::{ClaimId, LeasedOperation, Leases, LostClaim, Resolved};
use idem_core::{Error, Idem, Key, Timestamp, Tx};
use idem_http::{Done, Lease, recorded};
use serde_json::Value;
use tokio::time::{Instant, sleep};

use super::bank::{BankAccount, Statement};
use super::call::{App, Caller, happened, insert, lock, update};
use super::error::ApiError;
use super::form::{Form, Metadata};
use super::intents::{amount, available, currency};
use super::objects;
use super::store::{Page, Store};

/// The namespace of the guards, by which lost claims are found. Both have one, so that a key is one request on all routes.
pub(super) const NAMESPACE: &str = "payments";

/// How long the bank's answer is tried to be noted, and the pause between two tries.
const NOTED_WITHIN: Duration = Duration::from_secs(20);
const PAUSE: Duration = Duration::from_millis(200);

pub(super) async fn create<DB: Store>(
    State(app): State<App<DB>>,
    caller: Caller,
    lease: Lease,
    form: Form,
) -> Result<Done, ApiError> {
    form.only(&["amount", "currency", "description", "destination", "metadata"])?;
    let missing = || ApiError::param("amount", "parameter_missing", "Missing required param: amount.");
    let amount = amount(&form, "amount")?.ok_or_else(missing)?;
    let currency = currency(form.required("currency")?)?;
    let to = form.text("destination");
    let to = BankAccount::named(to)
        .ok_or_else(|| ApiError::missing("bank account", to.unwrap_or_default(), Some("destination")))?;
    let terms = (amount, currency, to.name, form.text("description"));
    let metadata = form.metadata()?;
    let (tx, payout) = match reserve(&app, &caller, &lease, terms, metadata).await {
        Ok(reserved) => reserved,
        // Rolled back: nothing was done, and the key is free.
        Err(error) => return Ok(lease.not_done(error)),
    };
    tx.commit().await?;
    held(&lease)?.check()?;
    let Some(statement) = to.pay(amount, currency).await else {
        let message = "The bank has not answered. An operator finds out whether it has paid.";
        return Err(ApiError::new(StatusCode::BAD_GATEWAY, "api_error", message));
    };
    // The bank has answered. Only a database that is away or busy for longer than this leaves its answer to an operator.
    let give_up = Instant::now() + NOTED_WITHIN;
    loop {
        match note(&app, &lease, &caller, objects::id(&payout), statement).await {
            Ok(payout) => return Ok(lease.done(Json(payout))),
            Err(_) if held(&lease)?.check().is_err() || Instant::now() > give_up => {
                let message = "The bank has answered, and its answer could not be noted. An operator notes it.";
                return Err(ApiError::new(StatusCode::BAD_GATEWAY, "api_error", message));
            }
            Err(_) => sleep(PAUSE).await,
        }
    }
}

/// Notes the bank's answer, unless an operator has said by now what became of the payout.
async fn note<DB: Store>(
    app: &App<DB>,
    lease: &Lease,
    caller: &Caller,
    id: &str,
    statement: Statement,
) -> Result<Value, ApiError> {
    let mut tx = app.idem.begin().await?;
    tx.fenced_by(held(lease)?).await?;
    settle(app, tx, caller, id, statement).await
}

/// The lease itself, which fences what is written. A request of this guard has one.
fn held(lease: &Lease) -> Result<&idem_core::lease::Lease, ApiError> {
    lease.lease().ok_or_else(|| ApiError::invalid("A payout needs an Idempotency-Key."))
}

/// Holds the money, and notes that the bank is going to be asked.
async fn reserve<DB: Store>(
    app: &App<DB>,
    caller: &Caller,
    lease: &Lease,
    terms: (i64, &str, &str, Option<&str>),
    metadata: Metadata,
) -> Result<(Tx<DB>, Value), ApiError> {
    let (amount, currency, ..) = terms;
    let at = app.idem.now().await?;
    let mut tx = app.idem.begin().await?;
    tx.fenced_by(held(lease)?).await?;
    let from = app.idem.ledger().account(available(&caller.account, currency));
    if from.within(&mut tx).lock().await?.available() < amount {
        let message = "You have insufficient funds in your account for this transfer.";
        return Err(ApiError::invalid(message).with("code", "balance_insufficient"));
    }
    let hold = from.within(&mut tx).hold(&lease.key("hold"), amount).await?;
    let mut payout = objects::payout(&objects::new_id("po")?, at, terms, &hold.id);
    objects::merge_metadata(&mut payout, metadata)?;
    // Leads from the claim to the payout, if the claim is lost.
    insert(&mut tx, caller, ("payout", &held(lease)?.id().to_string()), &payout).await?;
    happened(&mut tx, caller, at, ("payout.created", &payout)).await?;
    Ok((tx, payout))
}

/// Notes what became of a payout, and moves its money or gives it back. One that is settled already is left as it is.
async fn settle<DB: Store>(
    app: &App<DB>,
    mut tx: Tx<DB>,
    caller: &Caller,
    id: &str,
    statement: Statement,
) -> Result<Value, ApiError> {
    let mut payout = lock(&mut tx, caller, "payout", id, None).await?;
    if payout["status"] != "pending" {
        return Ok(payout);
    }
    let (hold, amount) = (payout["hold"].as_str().unwrap_or_default(), payout["amount"].as_i64().unwrap_or_default());
    let key = Key::new(&caller.account, format!("settle {id}")).map_err(idem_core::Error::from)?;
    let ledger = app.idem.ledger();
    let ledger = ledger.within(&mut tx);
    let at = match statement {
        Statement::Paid => {
            let bank = format!("bank:{}", payout["currency"].as_str().unwrap_or_default());
            ledger.capture(&key, hold, bank, amount).await?.at()
        }
        Statement::NotPaid => ledger.release(&key, hold).await?.at(),
    };
    objects::settle_payout(&mut payout, statement);
    update(&mut tx, &payout).await?;
    let kind = if statement == Statement::Paid { "payout.paid" } else { "payout.failed" };
    happened(&mut tx, caller, at, (kind, &payout)).await?;
    tx.commit().await?;
    Ok(payout)
}

/// A payout of which nobody here knows whether the bank has made it.
#[derive(Debug)]
pub(super) struct Unknown {
    pub(super) claim: ClaimId,
    pub(super) account: String,
    pub(super) since: Timestamp,
    /// `None` if the process died before the bank could be asked: nothing was paid.
    pub(super) payout: Option<Value>,
}

fn payouts<DB: Store>(idem: &Idem<DB>) -> LeasedOperation {
    Leases::from(idem).operation(NAMESPACE)
}

/// How many payouts have an unknown end, at most 1,000, and those of this number that are so for the longest.
pub(super) async fn unknown<DB: Store>(idem: &Idem<DB>, limit: usize) -> Result<(usize, Vec<Unknown>), ApiError> {
    let lost = payouts(idem).lost().await?;
    let (count, mut unknown) = (lost.len(), Vec::new());
    for LostClaim { id: claim, scope: account, since, .. } in lost.into_iter().take(limit) {
        let payout = find(idem, &account, &claim).await?;
        unknown.push(Unknown { claim, account, since, payout });
    }
    Ok((count, unknown))
}

/// The payout of a claim.
async fn find<DB: Store>(idem: &Idem<DB>, account: &str, claim: &ClaimId) -> Result<Option<Value>, ApiError> {
    let claim = claim.to_string();
    let page = Page { kind: "payout", account, parent: Some(&claim), after: None, before: None, limit: 1 };
    let (bodies, _) = DB::list(idem.pool(), &page).await?;
    let payout = bodies.first().map(|body| serde_json::from_str(body)).transpose();
    payout.map_err(|error| idem_http::Problem::internal(error).into())
}

/// What the bank's statement shows, as an operator has read it. From then on a repeat of the request is answered with the payout.
///
/// Two commits: that of the payout decides, under the lock of its row. A claim whose payout is settled and that is still listed is resolved by
/// the next press.
///
/// # Errors
/// [`ApiError`] if the claim is not lost: its request has ended, or another operator was faster; and if the payout had ended otherwise.
pub(super) async fn resolve<DB: Store>(app: &App<DB>, claim: &str, statement: Statement) -> Result<(), ApiError> {
    let conflict = |why: &str| ApiError::new(StatusCode::CONFLICT, "invalid_request_error", why);
    let claim: ClaimId = claim.parse().map_err(|_| conflict("The form names no claim."))?;
    let operation = payouts(&app.idem);
    let lost = operation.lost().await?.into_iter().find(|lost| lost.id == claim);
    let lost = lost.ok_or_else(|| conflict("It is known by now what became of this payout."))?;
    let caller = Caller { account: lost.scope, request: objects::new_id("req")?, key: None };
    let (how, settled) = match find(&app.idem, &caller.account, &claim).await? {
        Some(payout) => {
            let payout = settle(app, app.idem.begin().await?, &caller, objects::id(&payout), statement).await?;
            let mut answer = Response::new(Bytes::from(payout.to_string()));
            answer.headers_mut().insert(CONTENT_TYPE, HeaderValue::from_static("application/json"));
            (recorded(&answer), Some(payout))
        }
        None if statement == Statement::NotPaid => (Resolved::NotDone, None),
        None => return Err(conflict("The bank was not asked to make this payout.")),
    };
    match operation.resolve(&claim, how, "an operator has read the bank's statement").await {
        // Another operator, or the owner, was faster; the payout's status says what counts.
        Ok(()) | Err(Error::Fenced { .. }) => {}
        Err(error) => return Err(error.into()),
    }
    match settled.map(|payout| objects::statement(&payout)) {
        Some(other) if other != Some(statement) => Err(conflict("The payout had ended already, and otherwise.")),
        _ => Ok(()),
    }
}
