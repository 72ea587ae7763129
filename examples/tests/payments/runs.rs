//! Undisturbed runs: every delivery has one effect, whoever repeats it and however many work on it.

use examples::payments::SAMPLE;
use serde_json::Value;

use crate::support::{Database, Payments, feed, fresh, generated, on_each_database};

on_each_database!(second_run_of_feed_changes_nothing, book_is_same_for_any_number_of_workers);

#[test]
fn generator_reproduces_bundled_sample() {
    assert!(
        generated(7, 12_000) == SAMPLE,
        "run `cargo run -p examples --bin generate -- --out examples/data/payments.jsonl`"
    );
}

/// The sample shows what it says it shows.
#[test]
fn bundled_sample_has_every_verdict() {
    let database = Database::sqlite();
    let first = Payments::on(&database, SAMPLE).json();
    let run = &first["run"];
    assert_eq!(run["lines"], 12_000);
    let refused = run["refused"].as_object().expect("reasons");
    assert_eq!(refused.len(), 6, "{refused:?}");
    let verdicts: u64 = [&run["fresh"], &run["replayed"], &run["malformed"]]
        .into_iter()
        .chain(refused.values())
        .map(|count| count.as_u64().filter(|count| *count > 20).expect("a good number of each"))
        .sum();
    assert_eq!(verdicts, 12_000);
    assert_eq!(first["book"]["effects"], run["fresh"]);
    assert!(states_with_payments(&first) >= 8, "{first:#}");
    let second = Payments::on(&database, SAMPLE).json();
    assert_eq!((fresh(&second), &second["book"]), (0, &first["book"]));
}

fn second_run_of_feed_changes_nothing(database: impl Fn() -> Option<Database>) {
    let Some(database) = database() else { return };
    let feed = feed(1_200);
    let first = Payments::on(&database, &feed).json();
    assert!(fresh(&first) > 400, "{first:#}");
    assert_eq!(first["book"]["effects"], first["run"]["fresh"]);
    let second = Payments::on(&database, &feed).json();
    assert_eq!((fresh(&second), &second["book"]), (0, &first["book"]));
}

fn book_is_same_for_any_number_of_workers(database: impl Fn() -> Option<Database>) {
    let feed = feed(800);
    let book = |workers| {
        let report = Payments::on(&database()?, &feed).with(&["--workers", workers]).json();
        Some((report["book"].clone(), report["run"]["fresh"].clone()))
    };
    let alone = book("1");
    assert_eq!(alone, book("16"));
}

/// The lane's copies come at once; exactly one of them has the effect.
#[test]
fn concurrent_copies_of_delivery_have_one_effect() {
    let line = |command: &str| {
        format!(
            r#"{{"scope":"s","key":"{command}","payment":"p","command":"{command}","args":{{"customer":"c","merchant":"m","amount":500,"funds":500}},"lane":"l"}}"#
        ) + "\n"
    };
    let feed = [line("authorize").repeat(64), line("capture").repeat(64)].concat();
    for database in [Some(Database::sqlite()), Database::postgres()].into_iter().flatten() {
        let report = Payments::on(&database, feed.as_bytes()).json();
        assert_eq!((fresh(&report), &report["run"]["replayed"]), (2, &Value::from(126)), "{report:#}");
        assert_eq!(report["book"]["accounts"]["merchant:m"], 500);
    }
}

fn states_with_payments(report: &Value) -> usize {
    let states = report["book"]["payments"].as_object().expect("states");
    states.values().filter(|count| count.as_u64() > Some(0)).count()
}
