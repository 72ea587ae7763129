//! What the feature `tracing` tells of a call: a span each, with the hash of its key and none of its secrets.
#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::significant_drop_tightening,
    reason = "a panic is how a test fails"
)]

use std::collections::BTreeMap;
use std::fmt;
use std::sync::{Arc, Mutex};
use std::thread::{self, ThreadId};

use idem_core::ledger::Bounds;
use idem_core::update::{ConditionalUpdate, Upsert};
use idem_core::{Idem, Key, Natural};
use tests::lane::PRICE;
use tests::shop::{Order, Shop, order};
use tests::{Backend, Place as _};
use tracing::field::{Field, Visit};
use tracing::span::{Attributes, Id, Record};
use tracing::{Event, Metadata, Subscriber};
use tracing_core::span::Current;

const SECRET: &str = "secret";

#[tokio::test]
async fn call_emits_one_span_without_secrets_sqlite() {
    each_call::<sqlx::Sqlite>().await;
}

#[tokio::test]
async fn call_emits_one_span_without_secrets_postgres() {
    each_call::<sqlx::Postgres>().await;
}

async fn each_call<DB: Backend>() {
    let Some(place) = DB::fresh().await else { return };
    let idem = Idem::<DB>::open(&place.address()).await.unwrap();
    DB::prepare(&place.address()).await;
    let spans = Spans::default();
    // The tests of this binary have a thread each, and all that a call tells is told on it.
    let _guard = tracing::subscriber::set_default(spans.clone());
    let key = |name: &str| Key::new(SECRET, format!("{SECRET} {name}")).unwrap();

    let secret_order = Order::stored(&idem, Shop).at(SECRET);
    secret_order.start(Natural, order::Pending { total: PRICE }).await.unwrap();
    spans.told("Order @start fresh 1");
    for (amount, verdict) in [(PRICE + 1, "rejected"), (PRICE, "fresh"), (PRICE, "replayed"), (1, "KeyReused")] {
        drop(secret_order.pay(&key("pay"), order::Pay { amount }).await);
        spans.told_of("Order Pay", verdict, &key("pay"));
    }

    let wallet = idem.ledger().account(SECRET);
    wallet.open(Bounds::at_least(0)).await.unwrap();
    for (delta, verdict) in [(-1, "OutOfBounds"), (5, "fresh"), (5, "replayed")] {
        drop(wallet.apply_delta(&key("delta"), delta).await);
        spans.told_of("@ledger delta", verdict, &key("delta"));
    }

    let upsert = Upsert::table("pages").key("name", SECRET).set("body", SECRET).once(&key("upsert"));
    let edit =
        |version| ConditionalUpdate::table("pages").key("name", SECRET).set("body", SECRET).expect_version(version);
    for verdict in ["fresh", "replayed"] {
        upsert.clone().execute(&idem).await.unwrap();
        spans.told_of("@update upsert", verdict, &key("upsert"));
    }
    edit(1).execute(&idem).await.unwrap();
    spans.told("@update update fresh 1 pages");
    edit(1).execute(&idem).await.unwrap_err();
    spans.told("@update update Stale 1 pages");
    Upsert::table("pages").key("name", SECRET).set("body", SECRET).expect_absent().execute(&idem).await.unwrap_err();
    spans.told("@update insert Stale 1 pages");

    let mut tx = idem.begin().await.unwrap();
    for verdict in ["fresh", "replayed"] {
        edit(2).once(&key("joined")).execute(&mut tx).await.unwrap();
        spans.told_of("@update update", verdict, &key("joined"));
    }
    tx.commit().await.unwrap();
}

#[tokio::test]
async fn span_with_ids_on_demand_shows_machine_and_account() {
    let place = <sqlx::Sqlite as Backend>::fresh().await.expect("a file");
    let idem = Idem::<sqlx::Sqlite>::builder().span_ids(true).open(&place.address()).await.unwrap();
    let spans = Spans::default();
    let _guard = tracing::subscriber::set_default(spans.clone());
    let key = |name: &str| Key::new("s", name).unwrap();
    let shown = || told(&spans.only(), &["machine", "command", "id"]);

    let orders = Order::stored(&idem, Shop);
    orders.at("o-1").start(Natural, order::Pending { total: PRICE }).await.unwrap();
    assert_eq!(shown(), "Order @start o-1");
    let ledger = idem.ledger();
    ledger.account("wallet").apply_delta(&key("delta"), 1).await.unwrap();
    assert_eq!(shown(), "@ledger delta wallet");
    let mut tx = idem.begin().await.unwrap();
    orders.at("o-1").within(&mut tx).pay(&key("pay"), order::Pay { amount: PRICE }).await.unwrap();
    assert_eq!(shown(), "Order Pay o-1");
    ledger.within(&mut tx).transfer(&key("t"), "wallet", "shop", 1).await.unwrap();
    assert_eq!(shown(), "@ledger transfer wallet");
    tx.commit().await.unwrap();
}

/// A guarded request has a span around those of its calls, without its key and its path.
#[tokio::test]
async fn guarded_request_has_a_span_without_secrets() {
    use axum::routing::post;
    use idem_http::{Done, Guard, Problem, Work, scope};
    use tower::ServiceExt as _;

    async fn made(mut work: Work<sqlx::Sqlite>) -> Result<Done, Problem> {
        work.tx().await?;
        Ok(work.done(SECRET))
    }

    let place = <sqlx::Sqlite as Backend>::fresh().await.expect("a file");
    let idem = Idem::<sqlx::Sqlite>::open(&place.address()).await.unwrap();
    let guard = Guard::transactional(&idem, scope::single()).required();
    let service = axum::Router::new().route("/things/{id}", post(made)).layer(guard);
    let spans = Spans::default();
    let _guard = tracing::subscriber::set_default(spans.clone());
    for verdict in ["fresh", "replayed"] {
        let request =
            http::Request::post(format!("/things/{SECRET}")).header("idempotency-key", format!("{SECRET}-{SECRET}-1"));
        let request = request.header("x-request-id", "trace-7").body(axum::body::Body::empty()).unwrap();
        service.clone().oneshot(request).await.unwrap();
        let span = spans.only();
        let shown = told(&span, &["namespace", "route", "correlation", "scope", "verdict"]);
        assert_eq!(shown, format!("http /things/{{id}} trace-7 single {verdict}"));
        assert!(span["key"].starts_with('#') && span.contains_key("attempts"), "{span:?}");
    }
}

type Fields = BTreeMap<&'static str, String>;

/// The spans of calls that are not asked for yet.
#[derive(Debug, Clone, Default)]
struct Spans(Arc<Mutex<Told>>);

#[derive(Debug, Default)]
struct Told {
    spans: Vec<(&'static Metadata<'static>, Fields)>,
    /// Those that are entered, the innermost last: a driver's own thread enters the span that it works for.
    entered: Vec<(ThreadId, Id)>,
}

impl Spans {
    /// One call was made since this was last asked, and it told of itself what `line` says.
    fn told(&self, line: &str) {
        let span = self.only();
        assert_eq!(told(&span, &["machine", "command", "verdict", "attempts", "table"]), line, "{span:?}");
        assert!(!span.contains_key("key"), "{span:?}");
    }

    /// The same of a call with a key.
    fn told_of(&self, call: &str, verdict: &str, key: &Key) {
        let span = self.only();
        assert_eq!(told(&span, &["machine", "command", "verdict"]), format!("{call} {verdict}"), "{span:?}");
        assert!(span.contains_key("attempts"), "{span:?}");
        let hash = span["key"].strip_prefix('#').expect("marked as a hash");
        assert!(hash.len() == 16 && hash.chars().all(|digit| digit.is_ascii_hexdigit()), "{key:?}: {span:?}");
    }

    fn only(&self) -> Fields {
        let mut spans = std::mem::take(&mut self.0.lock().unwrap().spans);
        let (_, span) = spans.pop().expect("a span");
        assert!(spans.is_empty(), "more than one span: {spans:?}");
        assert!(!span.values().any(|value| value.contains(SECRET)), "{span:?}");
        span
    }
}

fn told(span: &Fields, fields: &[&str]) -> String {
    fields.iter().filter_map(|field| span.get(field)).map(String::as_str).collect::<Vec<_>>().join(" ")
}

impl Subscriber for Spans {
    fn enabled(&self, metadata: &Metadata<'_>) -> bool {
        ["idem.call", "idem.http"].contains(&metadata.name())
    }

    fn new_span(&self, span: &Attributes<'_>) -> Id {
        let mut fields = Fields::new();
        span.record(&mut Note(&mut fields));
        let mut told = self.0.lock().unwrap();
        told.spans.push((span.metadata(), fields));
        Id::from_u64(told.spans.len() as u64)
    }

    fn record(&self, id: &Id, values: &Record<'_>) {
        values.record(&mut Note(&mut self.0.lock().unwrap().spans[place(id)].1));
    }

    fn current_span(&self) -> Current {
        let told = self.0.lock().unwrap();
        let mine = told.entered.iter().rev().find(|(thread, _)| *thread == thread::current().id());
        mine.map_or_else(Current::none, |(_, id)| Current::new(id.clone(), told.spans[place(id)].0))
    }

    fn enter(&self, id: &Id) {
        self.0.lock().unwrap().entered.push((thread::current().id(), id.clone()));
    }

    fn exit(&self, _: &Id) {
        let mut told = self.0.lock().unwrap();
        let mine = told.entered.iter().rposition(|(thread, _)| *thread == thread::current().id());
        mine.map(|place| told.entered.remove(place));
    }

    fn record_follows_from(&self, _: &Id, _: &Id) {}
    fn event(&self, _: &Event<'_>) {}
}

fn place(id: &Id) -> usize {
    usize::try_from(id.into_u64()).expect("a few") - 1
}

/// Notes each field as text.
struct Note<'f>(&'f mut Fields);

impl Visit for Note<'_> {
    fn record_str(&mut self, field: &Field, value: &str) {
        self.0.insert(field.name(), value.to_owned());
    }

    fn record_debug(&mut self, field: &Field, value: &dyn fmt::Debug) {
        self.0.insert(field.name(), format!("{value:?}"));
    }
}
