//! A database that others use as well: deliveries look at their own payments and accounts.

use std::process::Command;

use idem_core::ledger::{AccountSettings, Ledger};
use idem_core::{Idem, Key};
use serde_json::{Value, json};
use tokio::runtime::Runtime;

use crate::server::Server;
use crate::support::{Database, Payments, bare, feed, on_each_database, text};

on_each_database!(
    database_of_other_programs_leaves_book_and_audit_unaffected,
    delivery_to_account_of_another_unit_is_refused,
    entry_of_another_user_on_account_of_payments_is_found,
);

/// Runs changes of the ledger by another application.
macro_rules! on_ledger {
    ($url:expr, $change:expr) => {
        Runtime::new().expect("threads").block_on(async {
            let url = $url;
            if url.starts_with("sqlite") {
                let idem = Idem::<sqlx::Sqlite>::open(&url).await.expect("a database");
                $change(idem.ledger()).await.expect("a change");
                idem.shutdown().await;
                idem.pool().close().await;
            } else {
                let idem = Idem::<sqlx::Postgres>::open(&url).await.expect("a database");
                $change(idem.ledger()).await.expect("a change");
                idem.shutdown().await;
            }
        })
    };
}

fn key(key: &str) -> Key {
    Key::new("another application", key).expect("a key")
}

/// A change without a second side, on an account that is named as those of payments are.
async fn grant<DB: idem_core::Database>(ledger: Ledger<DB>) -> Result<(), idem_core::Error> {
    ledger.account("merchant:of-another-application").apply_delta(&key("1"), 500).await.map(drop)
}

fn wallets(url: &str) {
    let mut wallets = Command::new(env!("CARGO_BIN_EXE_wallets"));
    let output = wallets.args(["--db", url, "--visits", "200", "--wallets", "5"]).output().expect("the program starts");
    assert!(output.status.success(), "{}{}", text(&output.stdout), text(&output.stderr));
}

fn database_of_other_programs_leaves_book_and_audit_unaffected(database: impl Fn() -> Option<Database>) {
    let Some(database) = database() else { return };
    let feed = feed(300);
    let alone = Payments::on(&Database::sqlite(), &feed).json();
    let url = database.url();
    on_ledger!(url.clone(), grant);
    wallets(&url);
    let server = Server::start(&url);
    let storm = bare().args(["storm", "--url", &server.url(), "--requests", "10"]).output().expect("it starts");
    assert!(storm.status.success(), "{}{}", text(&storm.stdout), text(&storm.stderr));
    server.interrupt();
    let shared = Payments::on(&database, &feed).json();
    assert_eq!(shared["book"], alone["book"]);
    // The other way round.
    wallets(&url);
}

fn delivery_to_account_of_another_unit_is_refused(database: impl Fn() -> Option<Database>) {
    async fn open<DB: idem_core::Database>(ledger: Ledger<DB>) -> Result<(), idem_core::Error> {
        ledger.account("merchant:m").open(AccountSettings::default().unit("EUR")).await.map(drop)
    }
    let Some(database) = database() else { return };
    on_ledger!(database.url(), open);
    let report = Payments::on(&database, FEED.as_bytes()).json();
    assert_eq!(report["run"]["refused"], json!({ "account of another unit, or closed": 1 }));
    assert_eq!(report["book"]["accounts"], json!({ "customer:c": -500, "held:m": 500 }));
}

fn entry_of_another_user_on_account_of_payments_is_found(database: impl Fn() -> Option<Database>) {
    async fn take<DB: idem_core::Database>(ledger: Ledger<DB>) -> Result<(), idem_core::Error> {
        ledger.transfer(&key("2"), "merchant:m", "elsewhere", 1).await.map(drop)
    }
    let Some(database) = database() else { return };
    Payments::on(&database, FEED.as_bytes()).json();
    on_ledger!(database.url(), take);
    let output = Payments::on(&database, FEED.as_bytes()).with(&["--json"]).run();
    assert_eq!(output.status.code(), Some(1), "{}", text(&output.stderr));
    let report: Value = serde_json::from_slice(&output.stdout).expect("JSON on stdout");
    let finding = "account \"merchant:m\" has 499, its payments say 500";
    assert_eq!(report["book"]["audit"]["findings"], json!([finding]));
}

const FEED: &str = r#"{"scope":"s","key":"1","payment":"p","command":"authorize","args":{"customer":"c","merchant":"m","amount":500,"funds":500}}
{"scope":"s","key":"2","payment":"p","command":"capture"}"#;
