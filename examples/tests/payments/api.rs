//! Calls of the API that the libraries do not make by themselves: at the same time, wrong ones, and those beside a busy database.

use futures_util::future::join_all;
use serde_json::Value;
use sqlx::{Connection as _, PgConnection};
use tokio::runtime::Runtime;

use crate::page::Merchant;
use crate::server::Server;
use crate::support::{Database, on_each_database};

on_each_database!(
    mixed_calls_at_once_are_all_answered,
    wrong_method_or_path_is_answered_in_json,
    metadata_has_limits_and_is_cleared_by_an_empty_parameter,
    list_is_expanded_where_an_object_has_nothing_to_show,
);

/// Refunds by the charge and by the payment, captures, updates and payments of one customer: each has its answer, and none is told that the
/// service is busy. That is so only if all take their locks in one order.
fn mixed_calls_at_once_are_all_answered(database: impl Fn() -> Option<Database>) {
    let Some(database) = database() else { return };
    let server = Server::start(&database.url());
    Runtime::new().expect("threads").block_on(async {
        let merchant = Merchant::of(&server);
        for round in 0..tests::scale(3, 20) {
            let key = |name: &str, at: usize| format!("{name}-{round}-{at}");
            let (_, customer) = merchant.post("/v1/customers", &key("customer", 0), &[]).await;
            let customer = customer["id"].as_str().expect("an id");
            let (_, paid) = merchant.pay(&key("pay", 0), "1000").await;
            let [intent, charge] = ["id", "latest_charge"].map(|name| paid[name].as_str().expect("an id"));
            let refund = |at: usize| {
                let of = if at.is_multiple_of(2) { ("payment_intent", intent) } else { ("charge", charge) };
                let (key, form) = (key("refund", at), [of, ("amount", "10"), ("expand[]", "charge")]);
                let merchant = &merchant;
                async move { merchant.post("/v1/refunds", &key, &form).await }
            };
            let update = |at: usize| {
                let (key, url) = (key("update", at), format!("/v1/payment_intents/{intent}"));
                let merchant = &merchant;
                async move {
                    let form = [("description", "tea"), ("expand[]", "latest_charge"), ("expand[]", "customer")];
                    merchant.post(&url, &key, &form).await
                }
            };
            let pay = |at: usize| {
                let key = key("pay-by-customer", at);
                let merchant = &merchant;
                async move {
                    let form = [
                        ("amount", "100"),
                        ("currency", "eur"),
                        ("payment_method", "pm_card_visa"),
                        ("confirm", "true"),
                        ("customer", customer),
                        ("expand[]", "customer"),
                    ];
                    merchant.post("/v1/payment_intents", &key, &form).await
                }
            };
            let (refunds, (updates, payments)) = tokio::join!(
                join_all((0..8).map(refund)),
                futures_util::future::join(join_all((0..4).map(update)), join_all((0..4).map(pay)))
            );
            for (status, answer) in refunds.into_iter().chain(updates).chain(payments) {
                assert_eq!(status, 200, "{answer}");
            }
            let (_, again) = merchant.post("/v1/refunds", "", &[("charge", charge), ("expand[]", "charge")]).await;
            assert_eq!((&again["amount"], &again["charge"]["amount_refunded"]), (&920.into(), &1000.into()), "{again}");
        }
    });
}

fn wrong_method_or_path_is_answered_in_json(database: impl Fn() -> Option<Database>) {
    let Some(database) = database() else { return };
    let server = Server::start(&database.url());
    Runtime::new().expect("threads").block_on(async {
        let client = reqwest::Client::new();
        for (method, path, status) in [
            ("DELETE", "/v1/customers/cus_1", 404),
            ("POST", "/v1/customers/cus_1", 404),
            ("GET", "/v1/payment_intents/pi_1/capture", 404),
            ("GET", "/v1/payment_intents/%FF", 400),
            ("GET", "/v1/nothing", 404),
        ] {
            let method = method.parse().expect("a method");
            let request =
                client.request(method, format!("{}{path}", server.url())).basic_auth("sk_test_shop", Some(""));
            let answer = request.send().await.expect("an answer");
            assert_eq!(answer.status(), status, "{path}");
            let body: Value = serde_json::from_str(&answer.text().await.expect("a body")).expect("JSON");
            assert_eq!(body["error"]["type"], "invalid_request_error", "{path}: {body}");
        }
    });
}

fn metadata_has_limits_and_is_cleared_by_an_empty_parameter(database: impl Fn() -> Option<Database>) {
    let Some(database) = database() else { return };
    let server = Server::start(&database.url());
    Runtime::new().expect("threads").block_on(async {
        let merchant = Merchant::of(&server);
        let names: Vec<String> = (0..50).map(|at| format!("metadata[{at}]")).collect();
        let mut form = vec![("amount", "500"), ("currency", "eur")];
        form.extend(names.iter().map(|name| (name.as_str(), "a")));
        let (status, made) = merchant.post("/v1/payment_intents", "create", &form).await;
        assert_eq!((status, made["metadata"].as_object().expect("a map").len()), (200, 50));
        let url = format!("/v1/payment_intents/{}", made["id"].as_str().expect("an id"));
        let long = "a".repeat(501);
        for (name, text) in [("metadata[one more]", "a"), ("metadata[0]", &*long), ("metadata[a][b]", "a")] {
            assert_eq!(merchant.post(&url, "", &[(name, text)]).await.0, 400, "{name}");
        }
        let (status, cleared) = merchant.post(&url, "clear", &[("metadata", "")]).await;
        assert_eq!((status, &cleared["metadata"]), (200, &serde_json::json!({})));
        assert_eq!(merchant.post("/v1/customers", "", &[("email", &"a".repeat(12_000))]).await.0, 400);
    });
}

fn list_is_expanded_where_an_object_has_nothing_to_show(database: impl Fn() -> Option<Database>) {
    let Some(database) = database() else { return };
    let server = Server::start(&database.url());
    Runtime::new().expect("threads").block_on(async {
        let merchant = Merchant::of(&server);
        merchant.pay("paid", "500").await;
        merchant.post("/v1/payment_intents", "open", &[("amount", "500"), ("currency", "eur")]).await;
        let url = format!("{}/v1/payment_intents?expand[]=data.latest_charge.payment_intent", server.url());
        let answer = reqwest::Client::new().get(url).bearer_auth("sk_test_shop").send().await.expect("an answer");
        let list: Value = serde_json::from_str(&answer.text().await.expect("a body")).expect("JSON");
        assert_eq!(list["data"][0]["latest_charge"], Value::Null, "{list}");
        assert_eq!(list["data"][1]["latest_charge"]["payment_intent"]["amount"], 500, "{list}");
    });
}

/// The bank has paid, and the account of the bank is locked for longer than a lock is waited for: the answer of the bank is noted all the same.
#[test]
fn answer_of_bank_is_noted_beside_a_busy_database() {
    let Some(database) = Database::postgres() else { return };
    let server = Server::start(&database.url());
    Runtime::new().expect("threads").block_on(async {
        let merchant = Merchant::of(&server);
        merchant.pay("paid", "500").await;
        assert_eq!(merchant.payout("first", "ba_test").await.0, 200);
        let mut other = PgConnection::connect(&database.url()).await.expect("a connection");
        let mut looks = PgConnection::connect(&database.url()).await.expect("a connection");
        let mut held = other.begin().await.expect("begun");
        let lock = "SELECT 1 FROM idem_accounts WHERE account = 'bank:eur' FOR UPDATE";
        sqlx::query(lock).execute(&mut *held).await.expect("locked");
        let mut waits = async |expected: bool| {
            let waiting = "SELECT count(*) > 0 FROM pg_stat_activity WHERE datname = current_database() AND wait_event_type = 'Lock'";
            while sqlx::query_scalar::<_, bool>(waiting).fetch_one(&mut looks).await.expect("a count") != expected {}
        };
        let payout = merchant.payout("second", "ba_test");
        let second_try = async {
            // A wait, its end, and another one: the first try has failed.
            waits(true).await;
            waits(false).await;
            waits(true).await;
            held.rollback().await.expect("ended");
        };
        let ((status, paid), ()) = tokio::join!(payout, second_try);
        assert_eq!((status, &paid["status"]), (200, &"paid".into()), "{paid}");
    });
}

/// Several processes on a database that is new: one makes the tables, the others find them.
#[test]
fn servers_that_start_at_once_on_a_new_database_all_start() {
    let Some(database) = Database::postgres() else { return };
    let url = &database.url();
    for _ in 0..tests::scale(1, 5) {
        let servers: Vec<Server> = std::thread::scope(|scope| {
            let starting: Vec<_> = (0..4).map(|_| scope.spawn(|| Server::start(url))).collect();
            starting.into_iter().map(|server| server.join().expect("it starts")).collect()
        });
        assert_eq!(servers.len(), 4);
    }
}
