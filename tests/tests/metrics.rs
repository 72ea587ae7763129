//! What is counted of calls (feature `metrics`), and the table of verdicts.
#![allow(clippy::unwrap_used, clippy::expect_used, reason = "a panic is how a test fails")]
#![allow(clippy::float_cmp, clippy::cast_precision_loss, reason = "these are small whole numbers")]

use std::collections::BTreeMap;
use std::sync::{Arc, Mutex};
use std::time::Duration;

use idem_core::lease::Leases;
use idem_core::{Error, ErrorKind, Idem, Key, Natural};
use metrics::{
    Counter, CounterFn, Gauge, GaugeFn, Histogram, HistogramFn, Key as MetricKey, KeyName, Metadata, Recorder,
    SharedString, Unit,
};
use tests::lane::PRICE;
use tests::shop::{Order, Shop, order};
use tests::{Backend, Place as _};

/// A bound on a wait for what comes within a second.
const LONG: Duration = Duration::from_secs(30);

#[tokio::test]
async fn calls_are_counted_by_verdict_sqlite() {
    calls_are_counted_by_verdict::<sqlx::Sqlite>().await;
}

#[tokio::test]
async fn calls_are_counted_by_verdict_postgres() {
    calls_are_counted_by_verdict::<sqlx::Postgres>().await;
}

async fn calls_are_counted_by_verdict<DB: Backend>() {
    let Some(place) = DB::fresh().await else { return };
    let counted = Counted::default();
    // The runtime of this test has one thread.
    let _guard = metrics::set_default_local_recorder(&counted);
    let idem = Idem::<DB>::open(&place.address()).await.unwrap();
    let key = |name: &str| Key::new("shop", name).unwrap();

    let order = Order::stored(&idem, Shop).at("o-1");
    order.start(Natural, order::Pending { total: PRICE }).await.unwrap();
    for amount in [PRICE + 1, PRICE, PRICE, 1] {
        drop(order.pay(&key("pay"), order::Pay { amount }).await);
    }
    let verdicts = ["rejected", "fresh", "replayed", "KeyReused"];
    assert_eq!(verdicts.map(|verdict| counted.of(&format!("idem_calls_total Order {verdict}"))), [1.0, 2.0, 1.0, 1.0]);
    assert_eq!(counted.of("idem_call_seconds Order"), 5.0, "each has a duration");

    let create = idem.operation("create");
    for _ in 0..2 {
        create.once(&key("create"), "tea", |_tx| async { Ok::<_, Error>(1) }).await.unwrap();
    }
    create.once(&key("other"), "tea", |_tx| async { Err::<(), _>(Error::Interrupted) }).await.unwrap_err();
    let held_key = key("held");
    let held = create.once(&held_key, "tea", |_tx| {
        assert_eq!(counted.of("idem_in_flight create"), 1.0, "while its closure runs");
        async { Ok::<_, Error>(1) }
    });
    held.await.unwrap();
    let verdicts = ["fresh", "replayed", "failed"];
    assert_eq!(verdicts.map(|verdict| counted.of(&format!("idem_calls_total create {verdict}"))), [2.0, 1.0, 1.0]);

    let charge = Leases::memory().operation("charge");
    for _ in 0..2 {
        charge.leased(&key("charge"), "5", |_lease| async { Ok(()) }).await.map_err(|error: Error| error).unwrap();
    }
    let verdicts = ["fresh", "replayed"];
    assert_eq!(verdicts.map(|verdict| counted.of(&format!("idem_calls_total charge {verdict}"))), [1.0, 1.0]);

    idem.ledger().account("wallet").apply_delta(&key("delta"), 1).await.unwrap();
    assert_eq!(counted.of("idem_calls_total @ledger fresh"), 1.0);
    let mut conn = DB::connect(&place.address()).await;
    DB::script(&mut conn, "UPDATE idem_claims SET expires_at = at").await.unwrap();
    assert_eq!(idem.sweep(500).await.unwrap().claims, 2);
    assert_eq!(counted.of("idem_swept_total claims"), 2.0);
    assert!(counted.of(&format!("idem_store_seconds {}", DB::TITLE)) > 5.0, "replies of the database");
    let in_flight = ["Order", "create", "charge", "@ledger"].map(|name| counted.of(&format!("idem_in_flight {name}")));
    assert_eq!(in_flight, [0.0; 4], "none is under way");
}

/// Guarded requests are counted by route and verdict.
#[tokio::test]
async fn guarded_requests_are_counted_by_route_and_verdict() {
    use axum::routing::post;
    use idem_http::{Done, Guard, Problem, Work, scope};
    use tower::ServiceExt as _;

    async fn made(mut work: Work<sqlx::Sqlite>) -> Result<Done, Problem> {
        let attempt = work.attempt();
        let tx = work.tx().await?;
        if attempt == 1 {
            tx.note(&sqlx::Error::Io(std::io::ErrorKind::ConnectionReset.into()));
            return Err(Problem::unprocessable("lost to another writer"));
        }
        Ok(work.done("made"))
    }

    let place = <sqlx::Sqlite as Backend>::fresh().await.expect("a file");
    let counted = Counted::default();
    let _guard = metrics::set_default_local_recorder(&counted);
    let idem = Idem::<sqlx::Sqlite>::open(&place.address()).await.unwrap();
    let guard = Guard::transactional(&idem, scope::single()).required();
    let service = axum::Router::new().route("/things/{id}", post(made)).layer(guard);
    for uri in ["/things/1", "/things/1", "/things/2"] {
        let request = http::Request::post(uri).header("idempotency-key", "8e03978e-40d5-43e8-bc93");
        service.clone().oneshot(request.body(axum::body::Body::empty()).unwrap()).await.unwrap();
    }
    let verdicts = ["fresh", "replayed", "key_reused"];
    let requests = |verdict| counted.of(&format!("idem_http_requests_total /things/{{id}} {verdict}"));
    assert_eq!(verdicts.map(requests), [1.0; 3]);
    assert_eq!(counted.of("idem_http_reruns_total /things/{id}"), 1.0);
    assert_eq!(counted.of("idem_http_seconds /things/{id}"), 3.0);
    assert_eq!(counted.of("idem_http_in_flight /things/{id}"), 0.0);
    assert_eq!(counted.of("idem_http_store_seconds look_up"), 3.0);
    assert_eq!(counted.of("idem_http_store_seconds record"), 1.0);
}

#[tokio::test]
async fn dropped_call_is_under_way_no_more() {
    let place = <sqlx::Sqlite as Backend>::fresh().await.expect("a file");
    let counted = Counted::default();
    let _guard = metrics::set_default_local_recorder(&counted);
    let idem = Idem::<sqlx::Sqlite>::open(&place.address()).await.unwrap();
    let (create, key) = (idem.operation("create"), Key::new("shop", "1").unwrap());
    let call = create.once(&key, "tea", |_tx| std::future::pending::<Result<(), Error>>());
    tokio::time::timeout(Duration::from_millis(50), call).await.unwrap_err();
    assert_eq!(counted.of("idem_in_flight create"), 0.0);
}

#[tokio::test]
async fn verdicts_of_key_are_kept_sqlite() {
    verdicts_of_key_are_kept::<sqlx::Sqlite>().await;
}

#[tokio::test]
async fn verdicts_of_key_are_kept_postgres() {
    verdicts_of_key_are_kept::<sqlx::Postgres>().await;
}

async fn verdicts_of_key_are_kept<DB: Backend>() {
    let Some(place) = DB::fresh().await else { return };
    let idem = Idem::<DB>::builder().verdicts(10).open(&place.address()).await.unwrap();
    let (key, other) = (Key::new("customer-7", "pay").unwrap(), Key::new("shop", "n").unwrap());

    let order = Order::stored(&idem, Shop).at("o-1");
    order.start(Natural, order::Pending { total: PRICE }).await.unwrap();
    for amount in [PRICE + 1, PRICE, PRICE, 1] {
        drop(order.pay(&key, order::Pay { amount }).correlation("trace-1").await);
    }
    let (apart, early) = (Order::stored(&idem, Shop).at("o-2"), Key::new("customer-8", "pay").unwrap());
    apart.start(Natural, order::Pending { total: PRICE }).await.unwrap();
    apart.pay(&early, order::Pay { amount: PRICE }).correlation("trace-2").await.unwrap();
    idem.forget("customer-8").await.unwrap();
    let kept = until(&idem, "Order", &early, 1).await;
    assert_eq!(kept[0].correlation, None, "it was erased before it was written");
    let kept = until(&idem, "Order", &key, 4).await;
    let verdicts: Vec<_> = kept.iter().map(|kept| (&*kept.operation, &*kept.verdict)).collect();
    assert_eq!(verdicts, [("Pay", "rejected"), ("Pay", "fresh"), ("Pay", "replayed"), ("Pay", "KeyReused")]);
    assert!(kept.iter().all(|kept| kept.correlation.as_deref() == Some("trace-1")));
    assert!(kept.iter().all(|kept| kept.namespace == "Order") && kept.is_sorted_by_key(|kept| kept.at));

    assert_eq!(idem.forget("customer-7").await.unwrap().verdicts, 4);
    let kept = idem.verdicts("Order", &key).await.unwrap();
    assert!(kept.len() == 4 && kept.iter().all(|kept| kept.correlation.is_none()), "{kept:?}");

    let create = idem.operation("create");
    for _ in 0..9 {
        create.once(&other, "tea", |_tx| async { Ok::<_, Error>(1) }).await.unwrap();
        idem.operation("send")
            .leased(&other, "tea", |_lease| async { Ok(1) })
            .await
            .map_err(|error: Error| error)
            .unwrap();
    }
    // The last ten: each other call.
    let [created, sent] = [until(&idem, "create", &other, 5).await, until(&idem, "send", &other, 5).await];
    assert!(created.iter().chain(&sent).all(|kept| kept.verdict == "replayed"), "{created:?} {sent:?}");
    assert!(idem.verdicts("Order", &key).await.unwrap().is_empty());
    assert_eq!(idem.verdicts_left_out(), 0);
    assert_eq!(ErrorKind::KeyReused.to_string(), "KeyReused", "as verdicts name it");
}

#[tokio::test]
async fn more_verdicts_of_key_than_page_are_forgotten_sqlite() {
    more_verdicts_of_key_than_page_are_forgotten::<sqlx::Sqlite>().await;
}

#[tokio::test]
async fn more_verdicts_of_key_than_page_are_forgotten_postgres() {
    more_verdicts_of_key_than_page_are_forgotten::<sqlx::Postgres>().await;
}

async fn more_verdicts_of_key_than_page_are_forgotten<DB: Backend>() {
    let Some(place) = DB::fresh().await else { return };
    let idem = Idem::<DB>::builder().verdicts(10_000).open(&place.address()).await.unwrap();
    let key = Key::new("customer-7", "pay").unwrap();
    let order = Order::stored(&idem, Shop).at("o-1");
    order.start(Natural, order::Pending { total: PRICE }).await.unwrap();
    order.pay(&key, order::Pay { amount: PRICE }).await.unwrap();
    until(&idem, "Order", &key, 1).await;
    let mut conn = DB::connect(&place.address()).await;
    let copies = "WITH RECURSIVE n (i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n WHERE i < 1200)
        INSERT INTO idem_verdicts (at, namespace, operation, hash, verdict)
        SELECT at, namespace, operation, hash, verdict FROM idem_verdicts, n WHERE operation = 'Pay'";
    DB::script(&mut conn, copies).await.unwrap();
    order.pay(&key, order::Pay { amount: PRICE }).correlation("trace-1").await.unwrap();
    let named = "SELECT '', count(*) FROM idem_verdicts WHERE correlation IS NOT NULL";
    let written = async {
        while DB::ask(&mut conn, named).await[0].1 == 0 {
            tokio::time::sleep(Duration::from_millis(10)).await;
        }
    };
    tokio::time::timeout(LONG, written).await.expect("it is written");
    assert_eq!(idem.forget("customer-7").await.unwrap().verdicts, 1);
    assert_eq!(DB::ask(&mut conn, named).await[0].1, 0);
}

/// The verdicts of a key, once there are as many: they are written beside the calls.
async fn until<DB: Backend>(idem: &Idem<DB>, namespace: &str, key: &Key, count: usize) -> Vec<idem_core::Verdict> {
    let kept = async {
        loop {
            let kept = idem.verdicts(namespace, key).await.unwrap();
            if kept.len() == count {
                return kept;
            }
            tokio::time::sleep(Duration::from_millis(10)).await;
        }
    };
    let kept = tokio::time::timeout(LONG, kept).await;
    kept.unwrap_or_else(|_| panic!("there are never {count} verdicts of {namespace}"))
}

/// By name and labels: a counter's or gauge's value, or the number of values of a histogram.
#[derive(Debug, Clone, Default)]
struct Counted(Arc<Mutex<BTreeMap<String, f64>>>);

impl Counted {
    fn of(&self, name: &str) -> f64 {
        self.0.lock().unwrap().get(name).copied().unwrap_or_default()
    }

    fn series(&self, key: &MetricKey) -> Arc<Series> {
        let labels = key.labels().map(metrics::Label::value);
        let name = std::iter::once(key.name()).chain(labels).collect::<Vec<_>>().join(" ");
        Arc::new(Series { counted: self.clone(), name })
    }
}

struct Series {
    counted: Counted,
    name: String,
}

impl Series {
    fn change(&self, change: impl FnOnce(f64) -> f64) {
        let mut counted = self.counted.0.lock().unwrap();
        let value = counted.entry(self.name.clone()).or_default();
        *value = change(*value);
    }
}

impl CounterFn for Series {
    fn increment(&self, value: u64) {
        self.change(|before| before + value as f64);
    }

    fn absolute(&self, value: u64) {
        self.change(|_| value as f64);
    }
}

impl GaugeFn for Series {
    fn increment(&self, value: f64) {
        self.change(|before| before + value);
    }

    fn decrement(&self, value: f64) {
        self.change(|before| before - value);
    }

    fn set(&self, value: f64) {
        self.change(|_| value);
    }
}

impl HistogramFn for Series {
    fn record(&self, _value: f64) {
        self.change(|before| before + 1.0);
    }
}

impl Recorder for Counted {
    fn describe_counter(&self, _name: KeyName, _unit: Option<Unit>, _description: SharedString) {}

    fn describe_gauge(&self, _name: KeyName, _unit: Option<Unit>, _description: SharedString) {}

    fn describe_histogram(&self, _name: KeyName, _unit: Option<Unit>, _description: SharedString) {}

    fn register_counter(&self, key: &MetricKey, _metadata: &Metadata<'_>) -> Counter {
        Counter::from_arc(self.series(key))
    }

    fn register_gauge(&self, key: &MetricKey, _metadata: &Metadata<'_>) -> Gauge {
        Gauge::from_arc(self.series(key))
    }

    fn register_histogram(&self, key: &MetricKey, _metadata: &Metadata<'_>) -> Histogram {
        Histogram::from_arc(self.series(key))
    }
}
