//! Lines that are no deliveries, and where deliveries come from.

use serde_json::json;

use crate::support::{Database, Payments, bare, generated, text};

const FEED: &str = r#"{"scope":"s","key":"1","payment":"p","command":"authorize","args":{"customer":"c","merchant":"m","amount":500,"funds":500}}
not json

{"scope":"s","key":"2","payment":"p","command":"captrue"}
{"scope":"s","key":"3","payment":"","command":"expire"}
{"scope":"s","payment":"p","command":"capture","args":{"amount":1}}
{"scope":"s","key":"4","payment":"p","command":"capture","args":{"amount":501}}
{"scope":"s","key":"1","payment":"p","command":"capture","args":{"amount":500}}
{"scope":"s","key":"5","payment":"p","command":"capture"}"#;

#[test]
fn feed_line_gets_its_verdict() {
    let run = Payments::on(&Database::sqlite(), FEED.as_bytes()).json()["run"].take();
    assert_eq!((&run["lines"], &run["fresh"], &run["malformed"]), (&json!(9), &json!(2), &json!(3)));
    let refused = json!({ "needs a key": 1, "more than is held": 1, "key reused for another request": 1 });
    assert_eq!(run["refused"], refused);
    let lines: Vec<_> = run["malformed_lines"].as_array().expect("lines").iter().map(|it| it["line"].clone()).collect();
    assert_eq!(lines, [2, 4, 5]);
}

#[test]
fn malformed_lines_are_reported_and_skipped() {
    let long = format!("{}\n{FEED}", "x".repeat(1 << 20));
    let output = Payments::on(&Database::sqlite(), long.as_bytes()).run();
    let report = text(&output.stdout);
    assert!(output.status.success(), "{report}");
    for told in
        ["line 1: longer than 65536 bytes", "line 3: expected ident at column 2", "line 5: `captrue`: unknown variant"]
    {
        assert!(report.contains(told), "{told:?} is not in\n{report}");
    }
}

#[test]
fn report_ends_with_five_malformed_lines_and_number_of_others() {
    let report = text(&Payments::on(&Database::sqlite(), "no\n".repeat(1_050).as_bytes()).run().stdout);
    assert!(report.starts_with("This run: 1,050 lines in "), "{report}");
    let lines: Vec<_> = report.lines().rev().take(7).collect();
    assert_eq!(lines[0], "  and 1,045 more; --json lists the first 20", "{report}");
    assert!(lines[5].starts_with("  line 1: ") && lines[1].starts_with("  line 5: "), "{report}");
    assert_eq!(lines[6], "1,050 lines are malformed and had no effect:", "{report}");
}

#[test]
fn report_of_generated_feed_fits_screen() {
    let report = text(&Payments::on(&Database::sqlite(), &generated(7, 1_500)).run().stdout);
    assert!(report.lines().count() <= 24 && report.lines().all(|line| line.chars().count() <= 100), "{report}");
    assert!(report.contains("Proof passed: "), "{report}");
}

#[test]
fn empty_file_makes_empty_book() {
    let Database::Sqlite(database) = Database::sqlite() else { unreachable!("as asked") };
    let file = database.folder().join("feed.jsonl");
    std::fs::write(&file, "").expect("a temporary folder");
    let output =
        bare().current_dir(database.folder()).arg("deliveries").arg(&file).output().expect("the program starts");
    assert!(output.status.success(), "{}", text(&output.stderr));
    assert!(text(&output.stderr).contains("deliveries.db"), "{}", text(&output.stderr));
    let files = std::fs::read_dir(database.folder()).expect("a temporary folder");
    let mut names: Vec<_> = files.map(|file| file.expect("a file").file_name()).collect();
    names.sort();
    assert_eq!(names, ["deliveries.db", "feed.jsonl"]);
}
