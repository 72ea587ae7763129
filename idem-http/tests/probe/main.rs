//! The probe: what keeps its promises passes, and each finding is seen once on a service that does not.
#![allow(clippy::expect_used, reason = "a test says what it relies on")]

mod foreign;
mod guarded;
mod place;
mod shop;

use idem_http::testing::{FindingKind, Report, Scenario, Verdict};

/// All that was found: in which scenario, what, and whether it is a warning.
fn found(report: &Report) -> Vec<(Scenario, FindingKind, bool)> {
    let all = report.findings().map(|finding| (finding.scenario(), finding.kind(), finding.is_warning()));
    all.collect()
}

/// Nothing was found, and all was checked.
#[track_caller]
fn assert_kept(report: &Report) {
    report.assert();
    assert!(report.verdicts().all(|(_, verdict)| *verdict == Verdict::Kept), "{report}");
    assert_eq!(report.verdicts().count(), 11, "{report}");
}

/// This was found, and fails the test of a user.
#[track_caller]
fn assert_found(report: &Report, scenario: Scenario, kind: FindingKind) {
    assert!(found(report).contains(&(scenario, kind, false)), "{report}");
    assert!(!report.is_ok(), "{report}");
}

/// Nothing but this was found.
#[track_caller]
fn assert_only(report: &Report, scenario: Scenario, kind: FindingKind) {
    assert_eq!(found(report), [(scenario, kind, false)], "{report}");
    assert!(!report.is_ok(), "{report}");
}

/// Nothing but this warning was found.
#[track_caller]
fn assert_warned(report: &Report, scenario: Scenario, kind: FindingKind) {
    assert_eq!(found(report), [(scenario, kind, true)], "{report}");
    report.assert();
}
