//! Routes that are one command of a machine: under a keyed guard, and in a handler's transaction.

use axum::Router;
use axum::extract::{Path, State};
use axum::routing::post;
use idem_core::{Context, Idem, Step, idempotent_fsm};
use idem_http::{Answer, Done, Guard, Keys, MapRejected, Problem, Work, scope};
use serde::{Deserialize, Serialize};
use tests::Backend;

use crate::on_each;
use crate::site::{Door, KEY, Site, Via, post as request};

on_each! {
    command_answers_by_its_own_key
    keyed_answers_say_nothing_of_keys_that_they_do_not_know
}

const OTHER: &str = "clkyoesmbgybucifusbbtdsbohtyuuwz";

#[idempotent_fsm]
#[command(Capture -> Receipt)]
#[command(Refund)]
#[derive(Debug, Clone, Serialize, Deserialize)]
pub(crate) enum Payment {
    #[initial]
    #[on(Capture => Captured)]
    Authorized {},
    #[on(Refund => Refunded)]
    Captured,
    #[terminal]
    Refunded,
}

#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub(crate) struct Receipt {
    number: u64,
}

#[derive(Debug, thiserror::Error)]
#[error("refunds are closed")]
pub(crate) struct Closed;

#[derive(Debug, Clone, Copy)]
pub(crate) struct Rules;

impl payment::Transitions for Rules {
    type Rejection = Closed;

    fn capture(
        &self,
        _: payment::Authorized,
        _: &payment::Capture,
        _: &Context<'_>,
    ) -> Result<Step<payment::Captured, Receipt>, Closed> {
        Ok(Step::to(payment::Captured).outcome(Receipt { number: 7 }))
    }

    fn refund(
        &self,
        _: payment::Captured,
        _: &payment::Refund,
        _: &Context<'_>,
    ) -> Result<Step<payment::Refunded>, Closed> {
        Err(Closed)
    }
}

async fn start<DB: Backend>(
    State(idem): State<Idem<DB>>,
    mut work: Work<DB>,
    Path(id): Path<String>,
) -> Result<Done, Problem> {
    let key = work.key("start");
    let payment = Payment::stored(&idem, Rules).at(&id);
    payment.within(work.tx().await?).start(&key, payment::Authorized {}).await?;
    Ok(work.done("started"))
}

async fn capture_in_tx<DB: Backend>(
    State(idem): State<Idem<DB>>,
    mut work: Work<DB>,
    Path(id): Path<String>,
) -> Result<Done, Problem> {
    let key = work.key("capture");
    let payment = Payment::stored(&idem, Rules).at(&id);
    let receipt = payment.within(work.tx().await?).capture(&key).await?;
    Ok(work.done(axum::Json(receipt.into_inner())))
}

/// A service whose routes move a machine in their handlers' transaction.
pub(crate) async fn machine_door<DB: Backend>(site: &Site<DB>, via: Via) -> Door {
    let router = Router::new()
        .route("/payments/{id}/start", post(start::<DB>))
        .route("/payments/{id}/capture", post(capture_in_tx::<DB>))
        .layer(site.guard().required())
        .with_state(site.idem.clone());
    Door::open(router, via).await
}

async fn capture<DB: Backend>(
    State(idem): State<Idem<DB>>,
    keys: Keys,
    Path(id): Path<String>,
) -> Result<Answer<Receipt>, Problem> {
    Ok(Payment::stored(&idem, Rules).at(&id).capture(&keys.key("capture")).await?.into())
}

async fn refund<DB: Backend>(
    State(idem): State<Idem<DB>>,
    keys: Keys,
    Path((id, mapped)): Path<(String, bool)>,
) -> Result<Answer<()>, Problem> {
    let refunded = Payment::stored(&idem, Rules).at(&id).refund(&keys.key("refund")).await;
    let closed = |why: Closed| Problem::conflict(why.to_string());
    Ok(if mapped { refunded.map_rejected(closed)? } else { refunded? }.into())
}

async fn keyed_door<DB: Backend>(site: &Site<DB>, via: Via) -> Door {
    let router = Router::new()
        .route("/payments/{id}/capture", post(capture::<DB>))
        .route("/payments/{id}/refund/{mapped}", post(refund::<DB>))
        .layer(Guard::keyed(scope::single()).required())
        .with_state(site.idem.clone());
    Door::open(router, via).await
}

async fn command_answers_by_its_own_key<DB: Backend>(via: Via) {
    let Some(site) = Site::<DB>::open(via).await else { return };
    let started = machine_door(&site, via).await;
    assert_eq!(started.send(request("/payments/p1/start", &[("idempotency-key", KEY)], Vec::new())).await.status, 200);
    let door = keyed_door(&site, via).await;
    let capture =
        async |key: &str| door.send(request("/payments/p1/capture", &[("idempotency-key", key)], Vec::new())).await;
    let first = capture(KEY).await;
    assert_eq!((first.verdict(), &*first.body), ((200, Some("executed"), false), br#"{"number":7}"#.as_slice()));
    assert_eq!(first.header("content-type"), Some("application/json"));
    let again = capture(KEY).await;
    assert_eq!((again.verdict(), &again.body), ((200, Some("replayed"), true), &first.body));
    // The state was reached before: another key gets the original outcome as well.
    assert_eq!(capture(OTHER).await.verdict(), (200, Some("replayed"), true));
    // The key of one command is not that of another, whatever its path.
    let refund = async |id: &str, mapped: bool| {
        door.send(request(&format!("/payments/{id}/refund/{mapped}"), &[("idempotency-key", KEY)], Vec::new())).await
    };
    let refused = refund("p1", false).await;
    assert_eq!((refused.refusal(), refused.key_status()), ((422, "refused".into(), None, false), None));
    assert!(String::from_utf8_lossy(&refused.body).contains("refunds are closed"));
    assert_eq!(refund("p1", true).await.refusal(), (409, "conflict".into(), None, false));
    assert_eq!(refund("p2", false).await.refusal(), (409, "invalid-state".into(), None, false));
    let other = door.send(request("/payments/p2/capture", &[("idempotency-key", KEY)], Vec::new())).await;
    assert_eq!(other.refusal(), (422, "key-reused".into(), None, false));
}

async fn keyed_answers_say_nothing_of_keys_that_they_do_not_know<DB: Backend>(via: Via) {
    let Some(site) = Site::<DB>::open(via).await else { return };
    let router = Router::new()
        .route("/plain", post(async || "done"))
        .route("/panic", post(async || -> &'static str { panic!("as the test says") }))
        .layer(Guard::keyed(scope::single()).required());
    let door = site.serve_router(router).await;
    let send = async |uri: &str, key: &str| door.send(request(uri, &[("idempotency-key", key)], Vec::new())).await;
    let plain = send("/plain", KEY).await;
    assert_eq!((plain.verdict(), plain.header("idempotency-key")), ((200, None, false), Some(&*format!("\"{KEY}\""))));
    assert_eq!(send("/panic", KEY).await.refusal(), (500, "panic".into(), None, false));
    assert_eq!(door.send(request("/plain", &[], Vec::new())).await.problem(), "key-missing");
    assert_eq!(send("/plain", "\"").await.problem(), "key-malformed");
}
