//! The audit finds what is wrong: each kind of damage is done to a good book once.

use sqlx::Connection as _;
use tests::Sqlite;

use crate::support::{Payments, assert_no_log, generated, text};

/// Damages the book by one statement and says what the audit finds.
fn findings(damage: &'static str) -> String {
    let sqlite = Sqlite::fresh();
    let url = format!("sqlite://{}", sqlite.path().display());
    let feed = generated(1, 300);
    Payments::at(&url, &feed).json();
    let runtime = tokio::runtime::Runtime::new().expect("threads");
    runtime.block_on(async {
        let mut connection = sqlx::SqliteConnection::connect(&url).await.expect("the file is there");
        let done = sqlx::query(damage).execute(&mut connection).await.expect("the tables are there");
        assert_eq!(done.rows_affected(), 1, "{damage}");
        connection.close().await.expect("nothing is open");
    });
    let output = Payments::at(&url, &feed).run();
    assert_eq!(output.status.code(), Some(1), "{damage}: {}", text(&output.stderr));
    assert_no_log(&sqlite);
    let report = text(&output.stdout);
    assert!(report.contains("FAILED"), "{report}");
    report
}

#[test]
fn payments_audit_reports_changed_entry() {
    let report = findings(
        "UPDATE idem_entries SET delta = delta + 1 WHERE seq = 1 AND account = (SELECT min(account) FROM idem_accounts)",
    );
    assert!(report.contains("do not sum to zero") && report.contains("does not follow"), "{report}");
}

#[test]
fn payments_audit_reports_changed_balance() {
    let report = findings(
        "UPDATE idem_accounts SET balance = balance + 1 WHERE account = (SELECT min(account) FROM idem_accounts)",
    );
    assert!(report.contains("1 accounts whose balance is not that of their last entry"), "{report}");
    assert!(report.contains("its payments say"), "{report}");
}

#[test]
fn payments_audit_reports_missing_entry() {
    let report = findings(
        "DELETE FROM idem_entries WHERE seq = 1 AND account = (SELECT account FROM idem_accounts WHERE seq > 2 LIMIT 1)",
    );
    assert!(report.contains("does not follow from the entries before"), "{report}");
}

#[test]
fn payments_audit_reports_missing_key() {
    let report = findings(
        "UPDATE idem_transitions SET hash = NULL WHERE hash = (SELECT min(hash) FROM idem_transitions WHERE seq IS NOT NULL)",
    );
    assert!(report.contains("keyed transitions without a key of their own"), "{report}");
}

#[test]
fn payments_audit_reports_changed_payment_state() {
    let report = findings(
        "UPDATE idem_machines SET body = (SELECT body FROM idem_machines WHERE state = 'Captured' LIMIT 1) \
         WHERE id = (SELECT max(id) FROM idem_machines WHERE state = 'Captured')",
    );
    assert!(report.contains("transition") && report.contains("Row"), "{report}");
}
