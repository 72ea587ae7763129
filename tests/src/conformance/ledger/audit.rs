//! What proves the ledger: sound books are found sound, also while they are written, and every change by other hands is found.

use std::time::Duration;

use idem_core::Natural;
use idem_core::ledger::{AccountSettings, AuditReport, Bounds};

use super::batches::delta;
use super::{Desk, unfit};
use crate::conformance::machines::{Payment, Shop, payment};
use crate::conformance::{Stored, Subject, fresh, key};

/// Every kind of entry, in few of them.
async fn books<S: Subject>(stored: &Stored<'_, S>) {
    let ledger = stored.idem.ledger();
    let wallet = ledger.account("wallet");
    wallet.open(AccountSettings::from(Bounds::at_least(-1_000)).unit("EUR")).await.expect("opened");
    for account in ["revenue", "tax"] {
        ledger.account(account).open(AccountSettings::tally().unit("EUR")).await.expect("opened");
    }
    ledger.account("bank").open(AccountSettings::default().unit("EUR")).await.expect("opened");
    // The first of its account, as each hold with a time: of one that follows at the same time, the lifetime is not known.
    fresh(wallet.hold_for(&key("expires"), 900, Duration::ZERO).await);
    fresh(wallet.apply_delta(&key("delta"), 100).await);
    fresh(wallet.set_balance(&key("set"), 150).await);
    fresh(ledger.transfer(&key("transfer"), "wallet", "revenue", 20).await);
    fresh(ledger.post(&key("post"), [("wallet", -30), ("tax", 10), ("bank", 20)]).await);
    let hold = fresh(wallet.hold(&key("hold"), 40).await).id.clone();
    fresh(ledger.capture(&key("capture"), &hold, "bank", 15).await);
    fresh(ledger.release(&key("release"), &hold).await);
    fresh(wallet.apply_delta(&key("needs what expired"), -500).await);
    let deposit = ledger.account("deposit");
    deposit.open(AccountSettings::default().unit("EUR")).await.expect("opened");
    fresh(deposit.hold_for(&key("open"), 7, Duration::from_hours(1)).await);
    unfit(wallet.apply_delta(&key("refused"), -5_000).remember_refusal().await);
    assert!(ledger.capture(&key("spent"), &hold, "bank", 1).remember_refusal().await.is_err());
    let payment = Payment::stored(&stored.idem, Shop).at("payment");
    fresh(payment.authorize(Natural, payment::Authorize { price: 60, expires: false }).await);
    fresh(payment.capture(Natural, payment::Capture { amount: 50 }).await);
}

async fn audited<S: Subject>(stored: &Stored<'_, S>) -> AuditReport {
    stored.idem.ledger().audit().await.expect("readable")
}

/// The counts are those of the tables.
pub async fn audit_of_every_kind_of_entry_is_sound<S: Subject>(on: &S) {
    let stored = Stored::open(on).await;
    let empty = audited(&stored).await;
    assert_eq!((empty.is_sound(), empty.accounts, empty.entries), (true, 0, 0), "{:?}", empty.findings);
    books(&stored).await;
    let mut told = Vec::new();
    let report = stored.idem.ledger().audit().progress(|so_far| told.push(so_far)).await.expect("readable");
    assert!(report.is_sound(), "{:?}", report.findings);
    for (count, rows) in [
        (report.accounts, "idem_accounts"),
        (report.entries, "idem_entries WHERE seq IS NOT NULL"),
        (report.keys, "idem_entries WHERE hash IS NOT NULL"),
        (report.holds, "idem_holds"),
    ] {
        let there = stored.number(&format!("SELECT count(*) FROM {rows}")).await;
        assert_eq!(i64::try_from(count), Ok(there), "{rows}");
    }
    let last = told.last().expect("told at least once");
    assert_eq!((last.accounts, last.entries, last.keys), (report.accounts, report.entries, report.keys));
}

/// More accounts, entries and legs than a page has.
pub async fn audit_of_many_pages_is_sound<S: Subject>(on: &S) {
    let stored = Stored::open(on).await;
    let ledger = stored.idem.ledger();
    for round in 0..3 {
        let legs = (0..500).flat_map(|n| [(format!("a{n}"), 1), (format!("b{round}-{n}"), -1)]);
        fresh(ledger.post(&key(&format!("post {round}")), legs).await);
        let deltas: Vec<_> = (0..900).map(|n| delta("busy", &format!("k{round}-{n}"), n)).collect();
        ledger.apply_batch(&deltas).await.expect("a result per item");
    }
    let report = audited(&stored).await;
    assert!(report.is_sound(), "{:?}", report.findings);
    assert_eq!((report.entries, report.accounts, report.keys), (3 * 1_900, 501 + 1_500, 3 * 901));
}

/// What others write meanwhile is no damage.
pub async fn audit_during_writes_is_sound<S: Subject>(on: &S) {
    let stored = Stored::open(on).await;
    books(&stored).await;
    let mut tasks = tokio::task::JoinSet::new();
    for writer in 0..4 {
        let ledger = stored.idem.ledger();
        tasks.spawn(async move {
            for round in 0..40 {
                let key = |what| key(&format!("{what} {writer}-{round}"));
                fresh(ledger.transfer(&key("t"), "bank", "revenue", 1).await);
                fresh(ledger.post(&key("p"), [("bank", 2), ("wallet", -1), ("tax", -1)]).await);
                let hold = fresh(ledger.account("bank").hold(&key("h"), 3).await).id.clone();
                fresh(ledger.capture(&key("c"), hold, "tax", 1).await);
            }
        });
    }
    let mut audits = 0;
    while !tasks.is_empty() {
        let report = audited(&stored).await;
        assert!(report.is_sound(), "{:?}", report.findings);
        audits += 1;
        while let Some(done) = tasks.try_join_next() {
            done.expect("no panic");
        }
    }
    assert!(audits > 0 && audited(&stored).await.is_sound());
}

/// One table, or some rows of one: its name, the rows, their key, and the columns with what each is changed to in which of them.
type Tampered = (&'static str, &'static str, &'static str, &'static [(&'static str, &'static str, &'static str)]);

const ALL: &str = "true";
/// Nothing reads in which order a step changed accounts, unless two changes are one transfer.
const IN_A_RING: &str = "machine IS NULL OR next_account IS NOT NULL";
/// That an entry was made later shows only by the transition that made it.
const OF_STEPS: &str = "machine IS NOT NULL";
const OTHER_HASH: &str = "(SELECT hash FROM kept_entries WHERE hash IS NOT NULL LIMIT 1)";
const OTHER_FINGERPRINT: &str = "(SELECT fingerprint FROM kept_entries WHERE hash IS NOT NULL LIMIT 1)";
const NAMED: &str = "hash IS NOT NULL";
const NOT_NAMED: &str = "hash IS NULL";
/// What is remembered of a hold says nothing of its account.
const BY_ACCOUNT: &str = "hold IS NULL";
const BY_HOLD: &str = "hold IS NOT NULL";
/// How long a step holds is in its rules alone; a change of the ledger has it in its key's fingerprint, unless the entry before is of the
/// same time: then it may have been asked for earlier.
const OF_KEYS: &str = "hold IN (SELECT h.hold FROM idem_entries h WHERE h.kind = 'hold' AND h.scope IS NOT NULL
    AND NOT EXISTS (SELECT 1 FROM idem_entries b WHERE b.account = h.account AND b.seq = h.seq - 1 AND b.at = h.at))";
/// Of a unit the books know only that postings do not mix it.
const IN_POSTINGS: &str = "account IN (SELECT account FROM idem_entries WHERE next_account IS NOT NULL)";
const TABLES: &[Tampered] = &[
    (
        "accounts",
        ALL,
        "account",
        &[
            ("account", "'x'", "seq > 0 OR tally"),
            ("balance", "balance + 1", ALL),
            ("seq", "seq + 1", ALL),
            ("held", "held - 1", ALL),
            ("at", "at + 1", ALL),
            ("floor", "balance - held + 1", ALL),
            ("ceiling", "balance - 1", ALL),
            ("unit", "'x'", IN_POSTINGS),
            ("tally", "NOT tally", ALL),
            ("closed_at", "1", ALL),
        ],
    ),
    (
        "entries",
        "seq IS NOT NULL",
        "account, seq",
        &[
            ("account", "'x'", ALL),
            ("seq", "seq + 1000", ALL),
            ("delta", "delta - 1", ALL),
            ("balance", "coalesce(balance, 0) + 1", ALL),
            ("balance", "NULL", "balance IS NOT NULL"),
            ("at", "at + 1", OF_STEPS),
            ("kind", "'x'", ALL),
            ("kind", "'delta'", "kind <> 'delta'"),
            ("kind", "'set'", "kind <> 'set'"),
            ("kind", "'transfer'", "kind <> 'transfer'"),
            ("kind", "'post'", "kind <> 'post'"),
            ("kind", "'hold'", "kind <> 'hold'"),
            ("kind", "'capture'", "kind <> 'capture'"),
            ("kind", "'release'", "kind <> 'release'"),
            ("kind", "'expire'", "kind <> 'expire'"),
            ("hold", "'x'", ALL),
            ("hold", "NULL", "hold IS NOT NULL"),
            ("reserved", "coalesce(reserved, 0) + 1", ALL),
            ("scope", "'x'", ALL),
            ("key", "'x'", ALL),
            ("machine", "'x'", ALL),
            ("id", "'x'", ALL),
            ("machine_seq", "coalesce(machine_seq, 0) + 1000", ALL),
            ("entry_no", "coalesce(entry_no, 0) + 10", IN_A_RING),
            ("entry_no", "NULL", "entry_no IS NOT NULL"),
            ("next_account", "'x'", ALL),
            ("next_seq", "coalesce(next_seq, 0) + 1000", ALL),
            ("hash", "fingerprint", NAMED),
            ("hash", "NULL", NAMED),
            ("fingerprint", "hash", NAMED),
            ("fingerprint", "NULL", NAMED),
            ("fingerprint", OTHER_HASH, NOT_NAMED),
            ("hash", OTHER_FINGERPRINT, NOT_NAMED),
            ("outcome", OTHER_HASH, ALL),
            // The table itself refuses it of the others.
            ("seq", "NULL", NAMED),
        ],
    ),
    (
        "entries",
        "seq IS NULL",
        "hash",
        &[
            ("account", "'x'", BY_ACCOUNT),
            ("seq", "1000", ALL),
            ("delta", "1", ALL),
            ("kind", "'delta'", ALL),
            ("hold", "'x'", ALL),
            ("hold", "NULL", BY_HOLD),
            ("scope", "'x'", ALL),
            ("key", "'x'", ALL),
            ("hash", "fingerprint", ALL),
            ("outcome", "hash", ALL),
            ("outcome", "NULL", ALL),
        ],
    ),
    (
        "holds",
        ALL,
        "hold",
        &[
            ("hold", "'x'", ALL),
            ("account", "'x'", ALL),
            ("amount", "amount + 1", ALL),
            ("remaining", "remaining + 1", ALL),
            ("expires_at", "coalesce(expires_at, 0) + 1", OF_KEYS),
        ],
    ),
    ("tails", ALL, "account, seq", &[("account", "'x'", ALL), ("seq", "seq + 1000", ALL), ("delta", "delta + 1", ALL)]),
];

/// Each column of each row, one at a time; and each row taken away, but for refusals, which nothing else tells of.
pub async fn audit_finds_each_edit_of_ledger_tables<S: Subject>(on: &S) {
    let stored = Stored::open(on).await;
    books(&stored).await;
    for (table, of, primary, columns) in TABLES {
        if *table == "tails" && on.differences().one_writer {
            continue;
        }
        stored.execute(&format!("DROP TABLE IF EXISTS kept_{table}")).await;
        stored.execute(&format!("CREATE TABLE kept_{table} AS SELECT * FROM idem_{table}")).await;
        let mut found = 0;
        let gone = match *table {
            "accounts" => "seq > 0 OR tally",
            _ if *of == "seq IS NULL" => "false",
            _ => ALL,
        };
        for (column, value, rows) in columns.iter().copied().chain([("", "", gone)]) {
            let rows = format!("({of}) AND ({rows})");
            let count = stored.number(&format!("SELECT count(*) FROM kept_{table} WHERE {rows}")).await;
            for row in 0..count {
                let chosen = format!(
                    "({primary}) IN (SELECT {primary} FROM kept_{table} WHERE {rows} ORDER BY {primary} LIMIT 1 OFFSET {row})"
                );
                let change = if column.is_empty() {
                    format!("DELETE FROM idem_{table} WHERE {chosen}")
                } else {
                    format!("UPDATE idem_{table} SET {column} = {value} WHERE {chosen}")
                };
                assert_eq!(stored.execute(&change).await, 1, "{change}");
                let report = audited(&stored).await;
                assert!(!report.is_sound(), "not found: {change}");
                assert!(report.findings.iter().all(|finding| !finding.to_string().is_empty()));
                stored.execute(&format!("DELETE FROM idem_{table}")).await;
                stored.execute(&format!("INSERT INTO idem_{table} SELECT * FROM kept_{table}")).await;
                found += 1;
            }
        }
        assert!(found >= columns.len(), "{table}: {found} changes");
        assert!(audited(&stored).await.is_sound());
    }
}

/// The report lists the first of many findings and counts the rest.
pub async fn audit_report_lists_first_findings_and_counts_all<S: Subject>(on: &S) {
    let stored = Stored::open(on).await;
    let [own, _] = &Desk::each(&stored).await[..] else { panic!("two desks") };
    for number in 0..120 {
        fresh(own.delta(&format!("k{number}"), &format!("a{number}"), 1).await);
    }
    stored.execute("UPDATE idem_accounts SET balance = 2").await;
    let report = audited(&stored).await;
    assert_eq!((report.found, report.findings.len(), report.is_sound()), (120, 100, false));
    assert_eq!(report.findings[0].to_string(), "account \"a0\": the account's `balance` should be 1");
}
