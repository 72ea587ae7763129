//! The routes, and the guard around those that write.

use std::sync::Arc;
use std::time::Duration;

use axum::Router;
use axum::http::{Method, StatusCode, Uri};
use axum::middleware::from_fn;
use axum::routing::{get, post};
use idem_core::lease::WhenLost;
use idem_core::{Idem, Sweeper};
use idem_http::{Audit, Drain, Guard, Leases, scope};
use tokio::sync::Notify;
use tokio::task::JoinHandle;

use super::call::{App, Caller};
use super::edge::edge;
use super::error::{ApiError, look};
use super::machine::Intent;
use super::page::Page;
use super::payouts::{self, NAMESPACE};
use super::reads::{self, CHARGES, CUSTOMERS, EVENTS, INTENTS, REFUNDS, balance};
use super::requests::Requests;
use super::rules::Processor;
use super::serve::ServeError;
use super::store::Store;
use super::{customers, intents, refunds};

/// How long a repeat waits for the first request: the libraries repeat a request twice, and would meet a slow one with an error.
const WAIT: Duration = Duration::from_secs(5);

/// The API, and what belongs to it.
pub(super) struct Api {
    pub(super) router: Router,
    /// Deletes the records of keys that have expired.
    pub(super) sweeper: Sweeper,
    /// Wait for the last requests.
    pub(super) drains: [Drain; 2],
    pub(super) requests: Requests,
    /// Ends when everything is logged.
    pub(super) log: JoinHandle<()>,
    /// Woken when a request has ended that may have queued a webhook.
    pub(super) queued: Arc<Notify>,
}

/// The API on this database. `shown`: where it is, without a password.
///
/// # Errors
/// Those of the database.
pub(super) async fn api<DB: Store>(idem: Idem<DB>, shown: &str) -> Result<Api, ServeError> {
    DB::create(idem.pool()).await?;
    let sweeper = idem.sweep_in_background(Duration::from_mins(1));
    let (requests, log) = Requests::start(&idem);
    let queued = Arc::new(Notify::new());
    let (noted, woken) = (requests.clone(), queued.clone());
    let ended = move |audit: &Audit<'_>| {
        noted.note(audit);
        woken.notify_waiters();
    };
    let account = || scope::extension(|caller: &Caller| caller.account.clone());
    let in_transactions =
        Guard::transactional(&idem, account()).namespace(NAMESPACE).wait(WAIT).problems(look).audit(ended.clone());
    // The bank knows no keys, so it is not asked again on a guess.
    let under_leases = Guard::leased(Leases::from(&idem), account()).when_lost(WhenLost::Indeterminate);
    let under_leases = under_leases.namespace(NAMESPACE).wait(WAIT).problems(look).audit(ended);
    let drains = [in_transactions.drain(), under_leases.drain()];
    let app = App { intents: Intent::stored(&idem, Processor), idem };
    let page = Page::new(&app, &requests, shown).map_err(ServeError::Open)?;
    let payouts =
        Router::new().route(reads::PAYOUTS.url, post(payouts::create::<DB>)).route_layer(under_leases.required());
    let writes = Router::new()
        .route("/v1/customers", post(customers::create::<DB>))
        .route("/v1/payment_intents", post(intents::create::<DB>))
        .route("/v1/payment_intents/{id}", post(intents::change::<DB>))
        .route("/v1/payment_intents/{id}/cancel", post(intents::cancel::<DB>))
        .route("/v1/payment_intents/{id}/capture", post(intents::capture::<DB>))
        .route("/v1/payment_intents/{id}/confirm", post(intents::confirm::<DB>))
        .route("/v1/refunds", post(refunds::create::<DB>))
        .route_layer(in_transactions.optional());
    let mut api = writes.merge(payouts).route("/v1/balance", get(balance::<DB>));
    for kind in [CHARGES, CUSTOMERS, EVENTS, INTENTS, reads::PAYOUTS, REFUNDS] {
        api = api
            .route(kind.url, get(move |app, caller, form| kind.list::<DB>(app, caller, form)))
            .route(&kind.one(), get(move |app, caller, id, form| kind.retrieve::<DB>(app, caller, id, form)));
    }
    let api = api.fallback(unknown).method_not_allowed_fallback(not_allowed);
    let router = api.layer(from_fn(edge)).with_state(app).merge(page.routes());
    Ok(Api { router, sweeper, drains, requests, log, queued })
}

async fn not_allowed(method: Method, uri: Uri) -> ApiError {
    let message = format!("Unrecognized request URL ({method}: {}).", uri.path());
    // As Stripe answers it.
    ApiError::new(StatusCode::NOT_FOUND, "invalid_request_error", message)
}

async fn unknown(uri: Uri) -> ApiError {
    ApiError::new(StatusCode::NOT_FOUND, "invalid_request_error", format!("Unrecognized request URL ({}).", uri.path()))
}
