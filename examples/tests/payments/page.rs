//! The page of the payments server: each number is what SQL counts, and its one form changes what it says, for a reader of the page alone.

use std::collections::BTreeMap;

use idem_core::Idem;
use reqwest::StatusCode;
use reqwest::header::{HOST, ORIGIN};
use reqwest::redirect::Policy;
use serde_json::Value;
use sqlx::{Postgres, Sqlite};
use tokio::runtime::Runtime;

use crate::server::Server;
use crate::support::Database;

/// A merchant of the server.
pub(crate) struct Merchant {
    client: reqwest::Client,
    url: String,
}

impl Merchant {
    pub(crate) fn of(server: &Server) -> Self {
        let client = reqwest::Client::builder().redirect(Policy::none()).build().expect("a client");
        Self { client, url: server.url() }
    }

    /// The status and the answer of a call with a key.
    pub(crate) async fn post(&self, path: &str, key: &str, form: &[(&str, &str)]) -> (u16, Value) {
        let request = self.client.post(format!("{}{path}", self.url)).bearer_auth("sk_test_shop");
        let request = if key.is_empty() { request } else { request.header("idempotency-key", key) };
        let body = form_urlencoded::Serializer::new(String::new()).extend_pairs(form).finish();
        let request = request.header("content-type", "application/x-www-form-urlencoded").body(body);
        let answer = request.send().await.expect("an answer");
        let status = answer.status().as_u16();
        (status, serde_json::from_str(&answer.text().await.expect("a body")).expect("JSON"))
    }

    pub(crate) async fn pay(&self, key: &str, amount: &str) -> (u16, Value) {
        let payment =
            [("amount", amount), ("currency", "eur"), ("payment_method", "pm_card_visa"), ("confirm", "true")];
        self.post("/v1/payment_intents", key, &payment).await
    }

    pub(crate) async fn payout(&self, key: &str, to: &str) -> (u16, Value) {
        self.post("/v1/payouts", key, &[("amount", "100"), ("currency", "eur"), ("destination", to)]).await
    }

    async fn page(&self) -> String {
        let answer = self.client.get(&self.url).send().await.expect("an answer");
        assert_eq!(answer.status(), StatusCode::OK);
        answer.text().await.expect("a body")
    }

    /// Presses a button of the page.
    async fn press(
        &self,
        page: &str,
        claim: usize,
        statement: &str,
        with: impl Fn(reqwest::RequestBuilder) -> reqwest::RequestBuilder,
    ) -> u16 {
        let [token, claim] = [values(page, "token")[claim], values(page, "claim")[claim]];
        self.form(token, claim, statement, with).await
    }

    async fn form(
        &self,
        token: &str,
        claim: &str,
        statement: &str,
        with: impl Fn(reqwest::RequestBuilder) -> reqwest::RequestBuilder,
    ) -> u16 {
        let request = self.client.post(format!("{}/payouts/resolve", self.url));
        let body = [("token", token), ("claim", claim), ("statement", statement)];
        let body = form_urlencoded::Serializer::new(String::new()).extend_pairs(body).finish();
        let request = request.header("content-type", "application/x-www-form-urlencoded").body(body);
        with(request).send().await.expect("an answer").status().as_u16()
    }
}

/// The values of the hidden inputs of this name.
fn values<'p>(page: &'p str, name: &str) -> Vec<&'p str> {
    let before = format!("name=\"{name}\" value=\"");
    page.split(&before).skip(1).map(|rest| rest.split('"').next().expect("a value")).collect()
}

/// The numbers of the page, by their ids.
pub(crate) fn numbers(page: &str) -> BTreeMap<String, i64> {
    let number = |data: &str| {
        let (id, rest) = data.split_once("\" value=\"")?;
        Some((id.to_owned(), rest.split('"').next()?.parse().ok()?))
    };
    page.split("<data id=\"n-").skip(1).map(|data| number(data).expect("an id and a value")).collect()
}

/// What SQL counts, by the ids of the page.
pub(crate) async fn counted(url: &str) -> BTreeMap<String, i64> {
    const COUNTS: [(&str, &str); 8] = [
        ("", "SELECT 'intents-' || state, count(*) FROM idem_machines WHERE machine = 'payment_intent' GROUP BY state"),
        ("", "SELECT 'verdict-' || verdict, count(*) FROM stripe_requests GROUP BY verdict"),
        ("requests", "SELECT '', count(*) FROM stripe_requests"),
        ("duplicates", "SELECT '', count(*) FROM stripe_requests WHERE verdict IN ('replayed', 'late', 'in_flight')"),
        ("unknown", "SELECT '', count(*) FROM idem_claims WHERE surface = 'payments' AND state = 1"),
        ("accounts", "SELECT '', count(*) FROM idem_accounts"),
        ("entries", "SELECT '', count(seq) FROM idem_entries"),
        ("sum", "SELECT '', CAST(coalesce(sum(balance), 0) AS BIGINT) FROM idem_accounts WHERE account LIKE '%:eur'"),
    ];
    const ACCOUNTS: [(&str, &str); 3] = [
        ("balance", "SELECT 'balance-' || account, balance FROM idem_accounts WHERE account NOT LIKE '%:payer:%'"),
        ("held", "SELECT 'held-' || account, held FROM idem_accounts WHERE account NOT LIKE '%:payer:%'"),
        (
            "entries",
            "SELECT 'entries-' || account, count(*) FROM idem_entries WHERE account NOT LIKE '%:payer:%' GROUP BY account",
        ),
    ];
    let mut counted = BTreeMap::new();
    for (name, sql) in COUNTS.into_iter().chain(ACCOUNTS) {
        let rows: Vec<(String, i64)> = if url.starts_with("sqlite") {
            let idem = Idem::<Sqlite>::open(url).await.expect("it opens");
            sqlx::query_as(sql).fetch_all(idem.pool()).await.expect(sql)
        } else {
            let idem = Idem::<Postgres>::open(url).await.expect("it opens");
            sqlx::query_as(sql).fetch_all(idem.pool()).await.expect(sql)
        };
        counted.extend(rows.into_iter().map(|(id, count)| (if id.is_empty() { name.to_owned() } else { id }, count)));
    }
    // The audit has counted as well.
    counted.insert("proven".to_owned(), counted["entries"]);
    counted
}

/// Payments, duplicates, and two payouts whose end is unknown.
pub(crate) async fn traffic(merchant: &Merchant) {
    for at in 0..6 {
        let (status, first) = merchant.pay(&format!("order-{at}"), "1234").await;
        assert_eq!(status, 200, "{first}");
        if at % 2 == 0 {
            assert_eq!(merchant.pay(&format!("order-{at}"), "1234").await, (200, first));
        }
    }
    assert_eq!(merchant.pay("order-0", "1235").await.0, 400);
    assert_eq!(merchant.pay("", "99").await.0, 200);
    for (key, to, status) in [
        ("p1", "ba_test", 200),
        ("p2", "ba_test_closed", 200),
        ("p3", "ba_test_silent", 502),
        ("p4", "ba_test_silent", 502),
    ] {
        let (found, body) = merchant.payout(key, to).await;
        assert_eq!(found, status, "{body}");
    }
    let too_much = [("amount", "9999999"), ("currency", "eur")];
    assert_eq!(merchant.post("/v1/payouts", "p5", &too_much).await.1["error"]["code"], "balance_insufficient");
    assert_eq!(merchant.post("/v1/payouts", "", &too_much).await.0, 400, "without a key");
}

crate::support::on_each_database! {
    numbers_are_what_sql_counts,
    unknown_payouts_are_resolved,
    form_from_elsewhere_changes_nothing,
    amount_that_is_none_moves_nothing,
}

fn numbers_are_what_sql_counts(database: impl Fn() -> Option<Database>) {
    let Some(database) = database() else { return };
    let server = Server::start(&database.url());
    Runtime::new().expect("threads").block_on(async {
        let merchant = Merchant::of(&server);
        // A new one has nothing but zeros.
        assert!(numbers(&merchant.page().await).values().all(|number| *number == 0));
        traffic(&merchant).await;
        assert_agrees(&merchant, &database.url()).await;
    });
    assert!(server.interrupt().contains("sound"));
    // After a new start the log is still there.
    let server = Server::start(&database.url());
    Runtime::new().expect("threads").block_on(async {
        assert_agrees(&Merchant::of(&server), &database.url()).await;
    });
}

/// The audit is shown again for two seconds: the page is read until it is the newest.
async fn assert_agrees(merchant: &Merchant, url: &str) {
    // Reading the page writes what is not logged yet.
    merchant.page().await;
    let counted = counted(url).await;
    loop {
        let mut shown = numbers(&merchant.page().await);
        if shown.get("proven") != counted.get("proven") {
            tokio::task::yield_now().await;
            continue;
        }
        // States that no payment is in are shown as well.
        shown.retain(|id, number| *number != 0 || counted.contains_key(id));
        assert_eq!(shown, counted);
        assert!(counted["entries"] > 0 && counted["duplicates"] == 3 && counted["unknown"] == 2, "{counted:?}");
        return;
    }
}

fn unknown_payouts_are_resolved(database: impl Fn() -> Option<Database>) {
    let Some(database) = database() else { return };
    let server = Server::start(&database.url());
    Runtime::new().expect("threads").block_on(async {
        let merchant = Merchant::of(&server);
        traffic(&merchant).await;
        let again = merchant.payout("p3", "ba_test_silent").await;
        assert_eq!((again.0, &again.1["error"]["code"]), (409, &"outcome_unknown".into()));

        let page = merchant.page().await;
        assert_eq!(merchant.press(&page, 0, "paid", |form| form).await, 303);
        assert_eq!(merchant.press(&page, 1, "not_paid", |form| form).await, 303);
        for (key, status) in [("p3", "paid"), ("p4", "failed")] {
            let (found, payout) = merchant.payout(key, "ba_test_silent").await;
            assert_eq!(
                (found, &payout["status"]),
                (200, &status.into()),
                "a repeat is answered with what the operator has said"
            );
        }
        // One key is one request, on all routes.
        assert_eq!(merchant.post("/v1/customers", "p1", &[]).await.0, 400);
        // Pressed once more, from a page that is out of date.
        assert_eq!(merchant.press(&page, 0, "not_paid", |form| form).await, 409);

        let numbers = numbers(&merchant.page().await);
        assert_eq!(numbers["unknown"], 0);
        // Six payments of 1234 and one of 99; two payouts of 100 were paid.
        assert_eq!(numbers["balance-acct_shop:available:eur"], 6 * 1234 + 99 - 200);
        assert_eq!(numbers["held-acct_shop:available:eur"], 0);
        assert_eq!(numbers["balance-bank:eur"], 200);
    });
}

fn form_from_elsewhere_changes_nothing(database: impl Fn() -> Option<Database>) {
    let Some(database) = database() else { return };
    let server = Server::start(&database.url());
    Runtime::new().expect("threads").block_on(async {
        let merchant = Merchant::of(&server);
        traffic(&merchant).await;
        let page = merchant.page().await;
        let claim = values(&page, "claim")[0];
        assert_eq!(merchant.form("", claim, "paid", |form| form).await, 403, "no token");
        assert_eq!(
            merchant.form("01a22d9a-5703-71eb-8160-f44eb7465a57", claim, "paid", |form| form).await,
            403,
            "a guess"
        );
        let foreign = |form: reqwest::RequestBuilder| form.header(ORIGIN, "http://shop.example");
        assert_eq!(merchant.press(&page, 0, "paid", foreign).await, 403, "another site");
        let renamed = |form: reqwest::RequestBuilder| form.header(HOST, "shop.example");
        assert_eq!(merchant.press(&page, 0, "paid", renamed).await, 421, "a name that points here");
        assert_eq!(merchant.press(&page, 0, "perhaps", |form| form).await, 400);
        let read = merchant.client.get(&merchant.url).header(HOST, "shop.example").send().await.expect("an answer");
        assert_eq!(read.status(), 421, "the token is not shown");
        let api = merchant.client.get(format!("{}/v1/balance", merchant.url)).bearer_auth("sk_test_shop");
        assert_eq!(
            api.header(HOST, "shop.example").send().await.expect("an answer").status(),
            421,
            "nor what the API has"
        );
        assert_eq!(numbers(&merchant.page().await)["unknown"], 2);
    });
}

/// Without an amount all that is left is meant: an amount that cannot be read must not be taken for none.
fn amount_that_is_none_moves_nothing(database: impl Fn() -> Option<Database>) {
    let Some(database) = database() else { return };
    let server = Server::start(&database.url());
    Runtime::new().expect("threads").block_on(async {
        let merchant = Merchant::of(&server);
        let (_, paid) = merchant.pay("order", "1000").await;
        let id = paid["id"].as_str().expect("an id").to_owned();
        for (name, text) in
            [("amount[]", "100"), ("amount[value]", "100"), ("amount", ""), ("amount", "0"), ("amount", "-5")]
        {
            let (status, refused) = merchant.post("/v1/refunds", "", &[("payment_intent", &id), (name, text)]).await;
            assert_eq!(status, 400, "{name}={text}: {refused}");
        }
        let (status, refunded) = merchant.post("/v1/refunds", "", &[("payment_intent", &id)]).await;
        assert_eq!((status, &refunded["amount"]), (200, &1000.into()));
        let (_, again) = merchant.post("/v1/refunds", "", &[("payment_intent", &id)]).await;
        assert_eq!(again["error"]["code"], "charge_already_refunded");
    });
}
