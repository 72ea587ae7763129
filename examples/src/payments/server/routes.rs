//! The routes, and the guard around those that write.

use std::sync::Arc;
use std::time::Duration;

use axum::Router;
use axum::http::{StatusCode, Uri};
use axum::middleware::from_fn;
use axum::routing::{get, post};
use idem_core::{Idem, Sweeper};
use idem_http::{Drain, Guard, scope};
use tokio::sync::Notify;

use super::call::{App, Caller};
use super::edge::edge;
use super::error::{ApiError, look};
use super::machine::Intent;
use super::reads::{CHARGES, CUSTOMERS, EVENTS, INTENTS, REFUNDS, balance};
use super::rules::Processor;
use super::store::Store;
use super::verdicts::Verdicts;
use super::{customers, intents, refunds};

/// How long a repeat waits for the first request: the libraries repeat a request twice, and would meet a slow one with an error.
const WAIT: Duration = Duration::from_secs(5);

/// The API, and what belongs to it.
pub(super) struct Api {
    pub(super) router: Router,
    /// Deletes the records of keys that have expired.
    pub(super) sweeper: Sweeper,
    /// Waits for the last request.
    pub(super) drain: Drain,
    pub(super) verdicts: Verdicts,
    /// Woken when a request has ended that may have queued a webhook.
    pub(super) queued: Arc<Notify>,
}

/// The API on this database.
///
/// # Errors
/// Those of the database.
pub(super) async fn api<DB: Store>(idem: Idem<DB>) -> Result<Api, sqlx::Error> {
    DB::create(idem.pool()).await?;
    let sweeper = idem.sweep_in_background(Duration::from_mins(1));
    let guard = Guard::transactional(&idem, scope::extension(|caller: &Caller| caller.account.clone()));
    let verdicts = Verdicts::default();
    let (noted, queued) = (verdicts.clone(), Arc::new(Notify::new()));
    let wakes = queued.clone();
    let guard = guard.wait(WAIT).problems(look).audit(move |audit| {
        noted.note(audit);
        wakes.notify_waiters();
    });
    let drain = guard.drain();
    let app = App { intents: Intent::stored(&idem, Processor), idem };
    let writes = Router::new()
        .route("/v1/customers", post(customers::create::<DB>))
        .route("/v1/payment_intents", post(intents::create::<DB>))
        .route("/v1/payment_intents/{id}", post(intents::change::<DB>))
        .route("/v1/payment_intents/{id}/cancel", post(intents::cancel::<DB>))
        .route("/v1/payment_intents/{id}/capture", post(intents::capture::<DB>))
        .route("/v1/payment_intents/{id}/confirm", post(intents::confirm::<DB>))
        .route("/v1/refunds", post(refunds::create::<DB>))
        .route_layer(guard.optional());
    let mut api = writes.route("/v1/balance", get(balance::<DB>));
    for kind in [CHARGES, CUSTOMERS, EVENTS, INTENTS, REFUNDS] {
        api = api
            .route(kind.url, get(move |app, caller, form| kind.list::<DB>(app, caller, form)))
            .route(&kind.one(), get(move |app, caller, id, form| kind.retrieve::<DB>(app, caller, id, form)));
    }
    let router = api.fallback(unknown).layer(from_fn(edge)).with_state(app);
    Ok(Api { router, sweeper, drain, verdicts, queued })
}

async fn unknown(uri: Uri) -> ApiError {
    ApiError::new(StatusCode::NOT_FOUND, "invalid_request_error", format!("Unrecognized request URL ({}).", uri.path()))
}
