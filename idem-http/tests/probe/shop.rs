//! A service that honours keys in its own way, and with a fault each.

use std::collections::HashMap;
use std::future::pending;
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, Mutex, MutexGuard};
use std::time::Duration;

use axum::Router;
use axum::extract::State;
use axum::http::{HeaderMap, StatusCode, Uri};
use axum::response::{IntoResponse as _, Response};
use axum::routing::post;
use bytes::Bytes;
use idem_http::testing::{Probe, Report, Route};
use serde_json::{Value, json};
use tokio::task::yield_now;

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Fault {
    None,
    Unguarded,
    BodyNotCompared,
    QueryNotCompared,
    OtherRequestRuns,
    NoClaim,
    RaceIsServerError,
    RaceIsLocked,
    ReplayHasOtherBody,
    ReplayHasOtherStatus,
    ReplayNotMarked,
    ReplayMarkedOtherwise,
    KeysAreRaw,
    BareOnly,
    ClaimStays,
    RecordBeforeEffect,
    KeyOfBrokenBodyIsKept,
    BodyNotRead,
    EffectBeforeBody,
    KeyNotRequired,
    EmptyKeyTaken,
    FirstKeyTaken,
    KeyOfBrokenBodyIsDone,
    RaceUndoesFirst,
    GoesOnWithoutClaim,
    /// An await between the effect and its record.
    GapAfterEffect,
    Instant,
    OnceOnly,
    NeverAnswers,
}

#[derive(Clone)]
pub(crate) struct Shop(Arc<Inner>);

struct Inner {
    fault: Fault,
    /// Says what became of a key, as the guards of idem do.
    is_guard: bool,
    known: Mutex<HashMap<String, Known>>,
    effects: AtomicU64,
}

#[derive(Clone)]
enum Known {
    Claimed,
    Done { request: (String, Bytes), answer: String },
    Refused,
}

/// Frees a key whose request was dropped.
struct Claim<'s> {
    shop: &'s Shop,
    key: String,
}

impl Drop for Claim<'_> {
    fn drop(&mut self) {
        let mut known = self.shop.known();
        if matches!(known.get(&self.key), Some(Known::Claimed)) && !self.shop.has(Fault::ClaimStays) {
            known.remove(&self.key);
        }
    }
}

impl Shop {
    pub(crate) fn new(fault: Fault) -> Self {
        Self(Arc::new(Inner { fault, is_guard: false, known: Mutex::default(), effects: AtomicU64::new(0) }))
    }

    /// One that seems to be behind a guard of idem.
    pub(crate) fn guarded(fault: Fault) -> Self {
        Self(Arc::new(Inner { fault, is_guard: true, known: Mutex::default(), effects: AtomicU64::new(0) }))
    }

    /// What happened before does not count.
    pub(crate) fn start_anew(&self) {
        self.0.effects.store(0, Ordering::SeqCst);
    }

    fn has(&self, fault: Fault) -> bool {
        self.0.fault == fault
    }

    fn known(&self) -> MutexGuard<'_, HashMap<String, Known>> {
        self.0.known.lock().expect("no test has panicked")
    }

    pub(crate) fn effects(&self) -> u64 {
        self.0.effects.load(Ordering::SeqCst)
    }

    fn effect(&self) -> u64 {
        self.0.effects.fetch_add(1, Ordering::SeqCst)
    }

    pub(crate) fn router(&self) -> Router {
        Router::new().route("/orders", post(order)).with_state(self.clone())
    }

    pub(crate) fn probe(&self) -> Probe {
        Probe::new(self.router())
    }

    /// Its route, with its effects counted.
    pub(crate) fn route<'p>(&'p self, probe: &'p Probe) -> Route<'p> {
        let route = probe.post("/orders", json!({"amount": 5})).changed(json!({"amount": 6}));
        let ends = !self.has(Fault::ClaimStays) && !self.has(Fault::NeverAnswers);
        let patience = if ends { Duration::from_secs(30) } else { Duration::from_millis(200) };
        route.effects(|| async { self.effects() }).patience(patience)
    }

    pub(crate) async fn report(&self) -> Report {
        self.route(&self.probe()).check().await
    }
}

/// The key, or why there is none.
fn key_of(shop: &Shop, headers: &HeaderMap) -> Result<Option<String>, &'static str> {
    let lines: Vec<_> = headers.get_all("idempotency-key").iter().collect();
    let line = match lines.as_slice() {
        [] => return Ok(None),
        [line] => line,
        [line, ..] if shop.has(Fault::FirstKeyTaken) => line,
        _ => return Err("two keys"),
    };
    let line = line.to_str().map_err(|_| "no text")?;
    let key = if shop.has(Fault::KeysAreRaw) { line } else { line.trim_matches('"') };
    if key.is_empty() && !shop.has(Fault::EmptyKeyTaken) {
        return Err("an empty key");
    }
    if shop.has(Fault::BareOnly) && line.starts_with('"') {
        return Err("a key in quotation marks");
    }
    Ok(Some(key.to_owned()))
}

async fn order(State(shop): State<Shop>, uri: Uri, headers: HeaderMap, body: Bytes) -> Response {
    if shop.has(Fault::NeverAnswers) {
        pending::<()>().await;
    }
    if shop.has(Fault::Unguarded) {
        run(&shop, "").await;
        return "made".into_response();
    }
    if shop.has(Fault::EffectBeforeBody) {
        shop.effect();
    }
    let key = match key_of(&shop, &headers) {
        Ok(Some(key)) => key,
        Ok(None) if shop.has(Fault::KeyNotRequired) => {
            run(&shop, "").await;
            return StatusCode::CREATED.into_response();
        }
        Ok(None) => return (StatusCode::BAD_REQUEST, "no key").into_response(),
        Err(why) => return (StatusCode::BAD_REQUEST, why).into_response(),
    };
    if serde_json::from_slice::<Value>(&body).is_err() && !shop.has(Fault::BodyNotRead) {
        if shop.has(Fault::KeyOfBrokenBodyIsKept) || shop.has(Fault::KeyOfBrokenBodyIsDone) {
            shop.known().insert(key, Known::Refused);
        }
        return (StatusCode::BAD_REQUEST, "no JSON").into_response();
    }
    let compared_body = if shop.has(Fault::BodyNotCompared) { Bytes::new() } else { body.clone() };
    let compared_uri = if shop.has(Fault::QueryNotCompared) { uri.path().to_owned() } else { uri.to_string() };
    let request = (compared_uri, compared_body);
    if let Some(answer) = known(&shop, &key, &request) {
        return answer;
    }
    if shop.has(Fault::OnceOnly) && shop.effects() > 0 {
        return (StatusCode::CONFLICT, axum::Json(json!({"title": "made-before", "retryable": false}))).into_response();
    }
    let answer = format!("made {}", String::from_utf8_lossy(&body));
    let done = Known::Done { request, answer: answer.clone() };
    let _claim = Claim { shop: &shop, key: key.clone() };
    match shop.0.fault {
        Fault::NoClaim => {}
        Fault::RecordBeforeEffect => drop(shop.known().insert(key.clone(), done.clone())),
        _ => drop(shop.known().insert(key.clone(), Known::Claimed)),
    }
    if shop.has(Fault::GoesOnWithoutClaim) {
        let (shop, key) = (shop.clone(), key.clone());
        tokio::spawn(async move { run(&shop, &key).await }).await.expect("it does not panic");
    } else {
        run(&shop, &key).await;
    }
    shop.known().insert(key, done);
    let response = (StatusCode::CREATED, answer).into_response();
    if shop.0.is_guard { ([("idempotency-status", "executed")], response).into_response() } else { response }
}

/// The work.
async fn run(shop: &Shop, key: &str) {
    if !shop.has(Fault::Instant) {
        yield_now().await;
        yield_now().await;
    }
    if shop.has(Fault::RaceUndoesFirst) && matches!(shop.known().get(key), Some(Known::Refused)) {
        return;
    }
    shop.effect();
    if shop.has(Fault::GapAfterEffect) {
        yield_now().await;
    }
}

/// The answer of a key that is known.
fn known(shop: &Shop, key: &str, request: &(String, Bytes)) -> Option<Response> {
    let known = shop.known().get(key).cloned()?;
    let reused = (StatusCode::UNPROCESSABLE_ENTITY, "another request").into_response();
    Some(match known {
        Known::Refused if shop.has(Fault::KeyOfBrokenBodyIsDone) => (StatusCode::CREATED, "made").into_response(),
        Known::Refused => reused,
        Known::Claimed => match shop.0.fault {
            Fault::RaceIsServerError => StatusCode::INTERNAL_SERVER_ERROR.into_response(),
            Fault::RaceUndoesFirst => {
                shop.known().insert(key.to_owned(), Known::Refused);
                StatusCode::CONFLICT.into_response()
            }
            Fault::RaceIsLocked => StatusCode::LOCKED.into_response(),
            _ => (StatusCode::CONFLICT, "in flight").into_response(),
        },
        Known::Done { request: first, .. } if first != *request => {
            if !shop.has(Fault::OtherRequestRuns) {
                return Some(reused);
            }
            shop.effect();
            (StatusCode::CREATED, "made another").into_response()
        }
        Known::Done { answer, .. } => {
            let status = if shop.has(Fault::ReplayHasOtherStatus) { StatusCode::OK } else { StatusCode::CREATED };
            let answer = if shop.has(Fault::ReplayHasOtherBody) { "made before".to_owned() } else { answer };
            let mark = match shop.0.fault {
                Fault::ReplayNotMarked => "x-nothing",
                Fault::ReplayMarkedOtherwise => "x-seen",
                _ => "idempotent-replayed",
            };
            (status, [(mark, "true")], answer).into_response()
        }
    })
}
