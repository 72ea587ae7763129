//! The page at `/`: what the service has done, each number read from its tables, and the payouts whose end an operator has to find out.
//!
//! Readable without JavaScript; with it, it is read anew every two seconds. What changes anything is a POST with a token that only the
//! page has, and the page answers only to names of this machine: another site cannot read it, nor send a form in its name.

mod facts;
mod proof;
mod view;

pub(in crate::payments) use facts::Accounts;
use facts::Facts;

use std::sync::Arc;

use axum::Router;
use axum::extract::{Request, State};
use axum::http::header::{
    CACHE_CONTROL, CONTENT_SECURITY_POLICY, CONTENT_TYPE, HOST, ORIGIN, REFERRER_POLICY, X_CONTENT_TYPE_OPTIONS,
};
use axum::http::{HeaderValue, StatusCode};
use axum::middleware::{Next, from_fn};
use axum::response::{Html, IntoResponse as _, Redirect, Response};
use axum::routing::{get, post};
use idem_core::Key;

use self::proof::Prover;
use super::bank::Statement;
use super::call::App;
use super::edge::is_own_name;
use super::error::ApiError;
use super::form::Form;
use super::payouts;
use super::requests::Requests;
use super::store::Store;

const STYLE: &str = include_str!("style.css");
const SCRIPT: &str = include_str!("live.js");
/// Nothing is loaded from elsewhere, and no script that stands in the page runs.
const POLICY: HeaderValue = HeaderValue::from_static(
    "default-src 'none'; style-src 'self'; script-src 'self'; connect-src 'self'; form-action 'self'; base-uri 'none'; frame-ancestors 'none'",
);

/// What the page shows, and by what it knows its own forms.
pub(super) struct Page<DB: Store> {
    app: App<DB>,
    requests: Requests,
    prover: Prover,
    /// Where the payments are kept, without a password.
    database: Arc<str>,
    token: Arc<str>,
}

impl<DB: Store> Page<DB> {
    /// # Errors
    /// If the system has no random bytes.
    pub(super) fn new(app: &App<DB>, requests: &Requests, database: &str) -> Result<Self, idem_core::Error> {
        let token = Key::random("page").map_err(idem_core::Error::from)?.as_str().into();
        Ok(Self {
            app: app.clone(),
            requests: requests.clone(),
            prover: Prover::default(),
            database: database.into(),
            token,
        })
    }

    /// Its routes.
    pub(super) fn routes(self) -> Router {
        Router::new()
            .route("/", get(show::<DB>))
            .route("/payouts/resolve", post(resolve::<DB>))
            .route("/favicon.ico", get(|| async { StatusCode::NO_CONTENT }))
            .route("/style.css", get(|| async { ([(CONTENT_TYPE, "text/css; charset=utf-8")], STYLE) }))
            .route("/live.js", get(|| async { ([(CONTENT_TYPE, "text/javascript; charset=utf-8")], SCRIPT) }))
            .layer(from_fn(protect))
            .with_state(self)
    }
}

async fn show<DB: Store>(State(page): State<Page<DB>>) -> Result<Html<String>, ApiError> {
    let facts = Facts::read(&page).await?;
    Ok(Html(view::page(&facts, &page.database, &page.token).into_string()))
}

async fn resolve<DB: Store>(State(page): State<Page<DB>>, form: Form) -> Result<Redirect, Response> {
    let refused = |status: StatusCode, why: &str| (status, Html(view::refused(why).into_string())).into_response();
    if form.text("token") != Some(&*page.token) {
        return Err(refused(
            StatusCode::FORBIDDEN,
            "The form is not from this page, or the server was started anew since.",
        ));
    }
    let statement = match form.text("statement") {
        Some("paid") => Statement::Paid,
        Some("not_paid") => Statement::NotPaid,
        _ => return Err(refused(StatusCode::BAD_REQUEST, "The form does not say what the bank's statement shows.")),
    };
    match payouts::resolve(&page.app, form.text("claim").unwrap_or_default(), statement).await {
        Ok(()) => Ok(Redirect::to("/#unknown")),
        Err(error) if error.is_refusal() => Err(refused(StatusCode::CONFLICT, &error.to_string())),
        Err(error) => {
            let why = "The database is busy, or does not answer. Go back, and press again: nothing is done twice.";
            Err(refused(error.into_response().status(), why))
        }
    }
}

/// Answers only to names of this machine, so that no name that another site points here can read the token; and marks every answer.
async fn protect(request: Request, next: Next) -> Response {
    let host = request.headers().get(HOST).and_then(|host| host.to_str().ok()).unwrap_or_default();
    let own = format!("http://{host}");
    let is_foreign = |origin: &HeaderValue| origin.as_bytes() != own.as_bytes();
    let mut response = if !is_own_name(&request) {
        let why = "Open this page by the address that the server has printed.";
        (StatusCode::MISDIRECTED_REQUEST, Html(view::refused(why).into_string())).into_response()
    } else if request.method() != "GET" && request.headers().get(ORIGIN).is_some_and(is_foreign) {
        (StatusCode::FORBIDDEN, Html(view::refused("The form is from another site.").into_string())).into_response()
    } else {
        next.run(request).await
    };
    let headers = response.headers_mut();
    headers.insert(CACHE_CONTROL, HeaderValue::from_static("no-store"));
    headers.insert(CONTENT_SECURITY_POLICY, POLICY);
    headers.insert(REFERRER_POLICY, HeaderValue::from_static("same-origin"));
    headers.insert(X_CONTENT_TYPE_OPTIONS, HeaderValue::from_static("nosniff"));
    response
}

impl<DB: Store> Clone for Page<DB> {
    fn clone(&self) -> Self {
        Self {
            app: self.app.clone(),
            requests: self.requests.clone(),
            prover: self.prover.clone(),
            database: self.database.clone(),
            token: self.token.clone(),
        }
    }
}
