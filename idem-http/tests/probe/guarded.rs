//! Routes under the three guards.

use std::convert::Infallible;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};

use axum::extract::State;
use axum::http::StatusCode;
use axum::routing::{patch, post};
use axum::{Json, Router};
use bytes::Bytes;
use http::{Request, Response};
use http_body_util::Full;
use idem_core::Idem;
use idem_core::ledger::Bounds;
use idem_http::testing::{FindingKind, Probe, Scenario, Verdict};
use idem_http::{Answer, Done, Guard, Keys, Lease, Leases, Problem, scope};
use serde_json::{Value, json};
use sqlx::Sqlite;
use tokio::task::yield_now;
use tower::{ServiceBuilder, service_fn};

use crate::place::Place;
use crate::{assert_found, assert_kept, assert_only, assert_warned, found};

type Work = idem_http::Work<Sqlite>;
type Count = Arc<AtomicU64>;

fn five() -> Value {
    json!({"amount": 5})
}

fn six() -> Value {
    json!({"amount": 6})
}

async fn write(work: &mut Work, body: &Value) -> Result<(), Problem> {
    let tx = work.tx().await?;
    sqlx::query("INSERT INTO notes VALUES ($1)").bind(body.to_string()).execute(tx.conn()).await?;
    Ok(())
}

async fn note(mut work: Work, Json(body): Json<Value>) -> Result<Done, Problem> {
    write(&mut work, &body).await?;
    Ok(work.done((StatusCode::CREATED, Json(body))))
}

async fn note_that_is_not_handed_back(mut work: Work, Json(body): Json<Value>) -> Result<Json<Value>, Problem> {
    write(&mut work, &body).await?;
    Ok(Json(body))
}

/// What is handed back, and what the database refuses to commit.
async fn orphan(mut work: Work) -> Result<Done, Problem> {
    let tx = work.tx().await?;
    sqlx::query("INSERT INTO replies VALUES (7)").execute(tx.conn()).await?;
    Ok(work.done("replied"))
}

fn transactional(place: &Place) -> Router {
    Router::new()
        .route("/notes", post(note).patch(note))
        .route("/orphans", post(orphan))
        .route("/lost", post(note_that_is_not_handed_back))
        .layer(Guard::transactional(&place.idem, scope::single()).required())
}

#[tokio::test]
async fn transactional_route_keeps_its_promises() {
    let place = Place::new().await;
    let probe = Probe::new(transactional(&place)).header("authorization", "Bearer test");
    let report = probe.post("/notes?in=1", five()).changed(six()).effects(|| place.notes()).check().await;
    assert_kept(&report);
    assert_kept(&probe.patch("/notes", five()).changed(six()).effects(|| place.notes()).check().await);
    place.idem.shutdown().await;
}

#[tokio::test]
async fn answer_that_is_not_handed_back_is_named_with_its_fix() {
    let place = Place::new().await;
    let probe = Probe::new(transactional(&place));
    let report = probe.post("/lost", five()).effects(|| place.notes()).check().await;
    assert_found(&report, Scenario::Fresh, FindingKind::NotHandedBack);
    let finding = report.findings().next().expect("found");
    assert!(finding.fix().contains("work.done(answer)"), "{report}");
    assert_eq!(report.verdict(Scenario::Repeated), None);
    place.idem.shutdown().await;
}

#[tokio::test]
async fn refused_commit_is_no_answer_that_was_not_handed_back() {
    let place = Place::new().await;
    let tables = "CREATE TABLE threads (id INTEGER PRIMARY KEY); \
        CREATE TABLE replies (thread INTEGER REFERENCES threads (id) DEFERRABLE INITIALLY DEFERRED)";
    sqlx::raw_sql(tables).execute(place.idem.pool()).await.expect("tables");
    let report = Probe::new(transactional(&place)).post("/orphans", five()).check().await;
    assert_only(&report, Scenario::Fresh, FindingKind::ServerError);
    assert!(report.to_string().contains("→ 500 not-committed released"), "{report}");
    place.idem.shutdown().await;
}

#[tokio::test]
async fn guard_that_is_used_wrongly_says_what_to_do() {
    let twice = leased(&Count::default(), |guard| guard);
    let outer = Guard::leased(Leases::memory(), scope::single());
    let report = Probe::new(twice.layer(outer.required())).post("/charges", five()).check().await;
    assert_only(&report, Scenario::Fresh, FindingKind::ServerError);
    assert!(report.findings().all(|finding| finding.fix().contains("one guard belongs around a route")), "{report}");
}

#[tokio::test]
async fn keyed_route_keeps_its_promises() {
    let place = Place::new().await;
    place.idem.ledger().account("till").open(Bounds::none()).await.expect("opened");
    let probe = Probe::new(keyed(&place.idem, Count::default()));
    let report = probe.post("/till", five()).changed(six()).query_ignored().effects(|| balance(&place)).check().await;
    assert_kept(&report);
    // It compares the command, of which the query is no part.
    let report = probe.post("/till", five()).changed(six()).effects(|| balance(&place)).check().await;
    assert_only(&report, Scenario::OtherQuery, FindingKind::OtherRequestAnswered);
    place.idem.shutdown().await;
}

#[tokio::test]
async fn effect_beside_the_command_of_a_keyed_route_is_found() {
    let place = Place::new().await;
    place.idem.ledger().account("till").open(Bounds::none()).await.expect("opened");
    let mails = Count::default();
    let probe = Probe::new(keyed(&place.idem, mails.clone()));
    let effects = || async { mails.load(Ordering::SeqCst) };
    let report = probe.post("/till-and-mail", five()).changed(six()).query_ignored().effects(effects).check().await;
    assert_found(&report, Scenario::Repeated, FindingKind::EffectBesideRecord);
    place.idem.shutdown().await;
}

#[tokio::test]
async fn keyed_answer_that_says_nothing_is_a_replay_that_is_not_marked() {
    let place = Place::new().await;
    place.idem.ledger().account("till").open(Bounds::none()).await.expect("opened");
    let probe = Probe::new(keyed(&place.idem, Count::default()));
    let route = || probe.post("/plain-till", five()).changed(six()).query_ignored();
    let report = route().check().await;
    assert_found(&report, Scenario::Repeated, FindingKind::ReplayNotMarked);
    assert_found(&report, Scenario::AtOnce, FindingKind::ReplayNotMarked);
    // The count shows that it was none the less one.
    let report = route().effects(|| balance(&place)).check().await;
    report.assert();
    assert!(found(&report).iter().all(|(_, kind, _)| *kind == FindingKind::ReplayNotMarked), "{report}");
    place.idem.shutdown().await;
}

#[derive(Clone)]
struct Till {
    idem: Idem<Sqlite>,
    mails: Count,
}

async fn add(till: &Till, keys: &Keys, body: &Value) -> Result<Answer<i64>, Problem> {
    let amount = body["amount"].as_i64().ok_or_else(|| Problem::bad_request("an amount is missing"))?;
    let entry = till.idem.ledger().account("till").apply_delta(&keys.key("add"), amount).await?;
    Ok(Answer::from(entry).map(|entry| entry.delta))
}

fn keyed(idem: &Idem<Sqlite>, mails: Count) -> Router {
    let plain = async |State(till): State<Till>, keys: Keys, Json(body): Json<Value>| -> Result<String, Problem> {
        add(&till, &keys, &body).await?;
        Ok("added".to_owned())
    };
    let alone = async |State(till): State<Till>, keys: Keys, Json(body): Json<Value>| add(&till, &keys, &body).await;
    let and_mail = async |State(till): State<Till>, keys: Keys, Json(body): Json<Value>| {
        till.mails.fetch_add(1, Ordering::SeqCst);
        add(&till, &keys, &body).await
    };
    Router::new()
        .route("/till", post(alone))
        .route("/till-and-mail", post(and_mail))
        .route("/plain-till", post(plain))
        .layer(Guard::keyed(scope::single()).required())
        .with_state(Till { idem: idem.clone(), mails })
}

/// The balance, by what one request adds.
async fn balance(place: &Place) -> u64 {
    let account = place.idem.ledger().account("till").get().await.expect("read");
    // An account without an entry has no state.
    account.map_or(0, |account| account.balance.cast_unsigned() / 5)
}

async fn charge(State(charges): State<Count>, lease: Lease, Json(body): Json<Value>) -> Result<Done, Problem> {
    let _for_the_gateway = lease.key("charge");
    yield_now().await;
    charges.fetch_add(1, Ordering::SeqCst);
    yield_now().await;
    Ok(lease.done((StatusCode::CREATED, Json(body))))
}

async fn charge_that_is_not_handed_back(lease: Lease) -> &'static str {
    let _for_the_gateway = lease.key("charge");
    "charged"
}

fn leased(charges: &Count, settings: impl FnOnce(Guard<idem_http::Leased>) -> Guard<idem_http::Leased>) -> Router {
    let guard = settings(Guard::leased(Leases::memory(), scope::single()));
    Router::new()
        .route("/charges", post(charge))
        .route("/edits", patch(charge))
        .route("/lost", post(charge_that_is_not_handed_back))
        .layer(guard.required())
        .with_state(charges.clone())
}

#[tokio::test]
async fn leased_route_keeps_its_promises() {
    let charges = Count::default();
    let probe = Probe::new(leased(&charges, |guard| guard));
    let effects = || async { charges.load(Ordering::SeqCst) };
    assert_kept(&probe.post("/charges", five()).changed(six()).effects(effects).check().await);
    assert_kept(&probe.patch("/edits", five()).changed(six()).effects(effects).check().await);
    assert_only(&probe.post("/lost", five()).check().await, Scenario::Fresh, FindingKind::NotHandedBack);
}

#[tokio::test]
async fn answer_that_is_not_kept_is_a_warning() {
    let charges = Count::default();
    let probe = Probe::new(leased(&charges, |guard| guard.max_answer(0)));
    let report = probe.post("/charges", five()).changed(six()).check().await;
    report.assert();
    assert!(found(&report).contains(&(Scenario::Repeated, FindingKind::AnswerNotKept, true)), "{report}");
    assert!(found(&report).iter().all(|(_, kind, _)| *kind == FindingKind::AnswerNotKept), "{report}");
}

#[tokio::test]
async fn strict_guard_refuses_the_bare_form() {
    let charges = Count::default();
    let probe = Probe::new(leased(&charges, Guard::strict_header));
    let report = probe.post("/charges", five()).changed(six()).check().await;
    assert_warned(&report, Scenario::OtherForm, FindingKind::FormRefused);
}

#[tokio::test]
async fn optional_guard_is_said_to_be_one() {
    let charges = Count::default();
    let guard = Guard::leased(Leases::memory(), scope::single());
    let router = Router::new().route("/charges", post(charge)).layer(guard.optional()).with_state(charges);
    let probe = Probe::new(router);
    let report = probe.post("/charges", five()).changed(six()).check().await;
    assert_only(&report, Scenario::NoKey, FindingKind::KeyNotRequired);
    assert_kept(&probe.post("/charges", five()).changed(six()).key_optional().check().await);
}

#[tokio::test]
async fn another_header_and_another_body_are_sent_as_the_route_has_them() {
    let name = http::HeaderName::from_static("x-order-key");
    let handler = async |lease: Lease, headers: http::HeaderMap, form: String| {
        assert_eq!(headers["content-type"], "application/x-www-form-urlencoded");
        yield_now().await;
        if form.ends_with("=5") { lease.done("five") } else { lease.not_done((StatusCode::BAD_REQUEST, "other")) }
    };
    let guard = Guard::leased(Leases::memory(), scope::single()).header_names([name.clone()]);
    let probe = Probe::new(Router::new().route("/forms", post(handler)).layer(guard.required()));
    let route = probe.post("/forms", Value::Null).body_bytes("amount=5").changed_bytes("amount=6");
    let report = route.content_type("application/x-www-form-urlencoded").key_header(name).check().await;
    assert_kept(&report);
}

#[tokio::test]
async fn service_without_axum_is_probed_by_its_own_body() {
    let handler = async |mut request: Request<Full<Bytes>>| -> Result<_, Infallible> {
        let answer = Lease::take(&mut request).map(|lease| lease.done_response(Response::new(Full::from("made"))));
        yield_now().await;
        Ok(answer.unwrap_or_else(|problem| problem.response().map(Full::from)))
    };
    let guard = Guard::leased(Leases::memory(), scope::single());
    let service = ServiceBuilder::new().layer(guard.required()).service(service_fn(handler));
    let report = Probe::new(service).post("/", Value::Null).body_bytes("").check().await;
    report.assert();
    assert!(matches!(report.verdict(Scenario::BrokenBody), Some(Verdict::Unchecked(_))), "{report}");
    assert!(matches!(report.verdict(Scenario::OtherBody), Some(Verdict::Unchecked(_))), "{report}");
}

/// So that it can be spawned, and wrapped in a time limit.
#[test]
fn check_can_go_to_another_thread() {
    fn assert_send(future: impl Send) {
        drop(future);
    }
    let probe = Probe::new(leased(&Count::default(), |guard| guard));
    assert_send(probe.post("/charges", five()).check());
}

#[tokio::test]
async fn service_of_one_type_of_body_is_probed() {
    let plain = service_fn(async |_: Request<axum::body::Body>| {
        Ok::<_, Infallible>(Response::builder().status(403).body(axum::body::Body::empty()).expect("an answer"))
    });
    let report = Probe::with_body::<axum::body::Body, _, _>(plain).post("/", five()).check().await;
    assert_only(&report, Scenario::Fresh, FindingKind::NotAccepted);
}
