//! Services that are not idem's: one that keeps its promises, and one for each finding.

use axum::http::HeaderName;
use bytes::Bytes;
use http::Request;
use http_body_util::Full;
use idem_http::testing::{FindingKind, Probe, Scenario, Verdict};
use serde_json::{Value, json};
use tower::service_fn;

use crate::shop::{Fault, Shop};
use crate::{assert_found, assert_kept, assert_only, assert_warned, found};

#[tokio::test]
async fn foreign_service_keeps_its_promises() {
    assert_kept(&Shop::new(Fault::None).report().await);
}

/// The faults that one scenario alone shows.
#[tokio::test]
async fn each_fault_is_found_in_its_scenario() {
    let cases = [
        (Fault::BodyNotCompared, Scenario::OtherBody, FindingKind::OtherRequestAnswered),
        (Fault::QueryNotCompared, Scenario::OtherQuery, FindingKind::OtherRequestAnswered),
        (Fault::RaceIsServerError, Scenario::AtOnce, FindingKind::ServerError),
        (Fault::RaceIsLocked, Scenario::AtOnce, FindingKind::WrongRefusal),
        (Fault::NoClaim, Scenario::AtOnce, FindingKind::SecondEffect),
        (Fault::RaceUndoesFirst, Scenario::AtOnce, FindingKind::EffectLost),
        (Fault::ClaimStays, Scenario::ClientGone, FindingKind::KeyStuck),
        (Fault::GoesOnWithoutClaim, Scenario::ClientGone, FindingKind::SecondEffect),
        (Fault::GapAfterEffect, Scenario::ClientGone, FindingKind::SecondEffect),
        (Fault::KeyOfBrokenBodyIsDone, Scenario::BrokenBody, FindingKind::EffectLost),
        (Fault::KeyOfBrokenBodyIsKept, Scenario::BrokenBody, FindingKind::KeySpent),
        (Fault::KeyNotRequired, Scenario::NoKey, FindingKind::KeyNotRequired),
        (Fault::EmptyKeyTaken, Scenario::EmptyKey, FindingKind::UnusableKeyAccepted),
        (Fault::FirstKeyTaken, Scenario::TwoKeys, FindingKind::UnusableKeyAccepted),
    ];
    for (fault, scenario, kind) in cases {
        let report = Shop::new(fault).report().await;
        assert_found(&report, scenario, kind);
        let elsewhere: Vec<_> =
            found(&report).into_iter().filter(|(at, found, _)| (*at, *found) != (scenario, kind)).collect();
        assert!(elsewhere.is_empty(), "{fault:?}: {report}");
    }
}

/// Those that several scenarios show.
#[tokio::test]
async fn fault_is_found_where_it_shows() {
    let cases = [
        (Fault::Unguarded, Scenario::Repeated, FindingKind::SecondEffect),
        (Fault::Unguarded, Scenario::OtherBody, FindingKind::OtherRequestAnswered),
        (Fault::Unguarded, Scenario::AtOnce, FindingKind::SecondEffect),
        (Fault::OtherRequestRuns, Scenario::OtherBody, FindingKind::SecondEffect),
        (Fault::ReplayHasOtherBody, Scenario::Repeated, FindingKind::ReplayDiffers),
        (Fault::ReplayHasOtherBody, Scenario::AtOnce, FindingKind::ReplayDiffers),
        (Fault::ReplayHasOtherStatus, Scenario::Repeated, FindingKind::ReplayDiffers),
        (Fault::RecordBeforeEffect, Scenario::ClientGone, FindingKind::EffectLost),
        (Fault::EffectBeforeBody, Scenario::Repeated, FindingKind::EffectBesideRecord),
        (Fault::EffectBeforeBody, Scenario::BrokenBody, FindingKind::EffectOfRefused),
        (Fault::EffectBeforeBody, Scenario::NoKey, FindingKind::EffectOfRefused),
        (Fault::NeverAnswers, Scenario::Fresh, FindingKind::NoAnswer),
    ];
    for (fault, scenario, kind) in cases {
        assert_found(&Shop::new(fault).report().await, scenario, kind);
    }
}

#[tokio::test]
async fn unguarded_route_is_found_without_a_count_as_well() {
    let probe = Probe::new(Shop::new(Fault::Unguarded).router());
    let report = probe.post("/orders", json!({"amount": 5})).changed(json!({"amount": 6})).check().await;
    assert_found(&report, Scenario::Repeated, FindingKind::ReplayNotMarked);
    assert_found(&report, Scenario::OtherBody, FindingKind::OtherRequestAnswered);
    assert_found(&report, Scenario::AtOnce, FindingKind::ReplayNotMarked);
}

#[tokio::test]
async fn what_is_right_in_its_own_way_is_a_warning() {
    let report = Shop::new(Fault::ReplayNotMarked).report().await;
    report.assert();
    assert!(found(&report).contains(&(Scenario::Repeated, FindingKind::ReplayNotMarked, true)), "{report}");
    let report = Shop::new(Fault::KeysAreRaw).report().await;
    assert!(found(&report).contains(&(Scenario::OtherForm, FindingKind::FormsDiffer, true)), "{report}");
    assert_warned(&Shop::new(Fault::BareOnly).report().await, Scenario::OtherForm, FindingKind::FormRefused);
    let report = Shop::new(Fault::BodyNotRead).report().await;
    assert_warned(&report, Scenario::BrokenBody, FindingKind::BrokenBodyAccepted);
}

#[tokio::test]
async fn what_is_said_of_a_route_is_not_found() {
    let shop = Shop::new(Fault::ReplayMarkedOtherwise);
    assert_kept(&shop.route(&shop.probe()).replay_header(HeaderName::from_static("x-seen")).check().await);
    let shop = Shop::new(Fault::QueryNotCompared);
    assert_kept(&shop.route(&shop.probe()).query_ignored().check().await);
    let shop = Shop::new(Fault::KeyNotRequired);
    assert_kept(&shop.route(&shop.probe()).key_optional().check().await);
}

#[tokio::test]
async fn what_is_said_of_a_route_has_to_be_right() {
    let shop = Shop::new(Fault::None);
    let report = shop.route(&shop.probe()).query_ignored().check().await;
    assert_found(&report, Scenario::OtherQuery, FindingKind::ReplayDiffers);
}

/// What is a warning elsewhere.
#[tokio::test]
async fn guard_marks_replays_and_reads_both_forms() {
    assert_found(&Shop::guarded(Fault::KeysAreRaw).report().await, Scenario::OtherForm, FindingKind::FormsDiffer);
    let report = Shop::guarded(Fault::ReplayNotMarked).report().await;
    assert_found(&report, Scenario::Repeated, FindingKind::ReplayNotMarked);
}

#[tokio::test]
async fn what_cannot_be_checked_is_said() {
    let shop = Shop::new(Fault::Instant);
    let report = shop.report().await;
    report.assert();
    assert!(matches!(report.verdict(Scenario::ClientGone), Some(Verdict::Unchecked(_))), "{report}");
    let shop = Shop::new(Fault::BodyNotRead);
    let probe = shop.probe();
    let report = probe.post("/orders", Value::Null).body_bytes("five").check().await;
    report.assert();
    assert!(matches!(report.verdict(Scenario::BrokenBody), Some(Verdict::Unchecked(_))), "{report}");
    assert!(matches!(report.verdict(Scenario::OtherBody), Some(Verdict::Unchecked(_))), "{report}");
}

#[tokio::test]
async fn request_that_is_accepted_once_needs_a_preparation() {
    let shop = Shop::new(Fault::OnceOnly);
    let report = shop.report().await;
    assert_found(&report, Scenario::OtherBody, FindingKind::NotAccepted);
    assert_found(&report, Scenario::AtOnce, FindingKind::NotAccepted);
    assert_found(&report, Scenario::ClientGone, FindingKind::NotAccepted);
    assert_found(&report, Scenario::BrokenBody, FindingKind::NotAccepted);
    let before = || async { shop.start_anew() };
    assert_kept(&shop.route(&shop.probe()).before(before).check().await);
}

#[tokio::test]
async fn count_of_something_else_is_found() {
    let probe = Probe::new(Shop::new(Fault::None).router());
    let report = probe.post("/orders", json!({"amount": 5})).effects(|| async { 7 }).check().await;
    assert_only(&report, Scenario::Fresh, FindingKind::NoEffect);
    assert_eq!(report.verdict(Scenario::OtherBody), Some(&Verdict::Unchecked("`Route::changed` gives another body")));
}

#[tokio::test]
async fn service_that_fails_has_no_answer() {
    let failing = service_fn(async |_: Request<Full<Bytes>>| Err::<http::Response<Full<Bytes>>, _>("out of order"));
    let report = Probe::new(failing).post("/", json!({})).check().await;
    assert_found(&report, Scenario::Fresh, FindingKind::NoAnswer);
    assert!(report.to_string().contains("out of order"), "{report}");
}

#[tokio::test]
async fn headers_of_probe_are_sent() {
    let service = service_fn(async |request: Request<Full<Bytes>>| {
        let status = if request.headers().contains_key("authorization") { 200 } else { 401 };
        http::Response::builder().status(status).body(Full::<Bytes>::default())
    });
    let report = Probe::new(service).post("/", json!({})).check().await;
    assert_found(&report, Scenario::Fresh, FindingKind::NotAccepted);
    assert!(report.to_string().contains("a new key → 401, 401; not-accepted"), "{report}");
    let report = Probe::new(service).header("authorization", "Bearer test").post("/", json!({})).check().await;
    assert_eq!(report.verdict(Scenario::Fresh), Some(&Verdict::Kept), "{report}");
}

#[test]
#[should_panic(expected = "no URI that a probe can send to")]
fn text_that_is_no_uri_is_refused() {
    let probe = Shop::new(Fault::None).probe();
    let _route = probe.post("/two words", json!({}));
}

#[test]
#[should_panic(expected = "a value that no header can have")]
fn header_that_is_none_is_refused() {
    let _probe = Shop::new(Fault::None).probe().header("authorization", "two\nlines");
}

#[tokio::test]
async fn report_has_a_line_for_each_scenario() {
    let shop = Shop::new(Fault::BodyNotCompared);
    let report = shop.report().await;
    let text = report.to_string();
    let lines: Vec<_> = text.lines().collect();
    assert_eq!(lines[0], "POST /orders");
    assert_eq!(lines[1], "ok        a new key → 201");
    assert_eq!(lines[2], "ok        the same request and key again → 201 replayed");
    assert!(
        lines[4].starts_with("FAILED    another body under the same key → 201, 201 replayed; other-request-answered: ")
    );
    assert!(lines[4].contains("To do: compare method, path, query and body"), "{text}");
    assert_eq!(lines.len(), 12, "{text}");
    let panicked = std::panic::catch_unwind(|| report.assert()).expect_err("it fails");
    assert_eq!(panicked.downcast_ref::<String>(), Some(&text));
}
