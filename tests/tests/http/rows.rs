//! Each row of the table of answers, under a transactional guard.

use std::time::Duration;

use http::header::{HeaderName, HeaderValue, IF_MATCH};
use http::{Method, Response, StatusCode};
use idem_core::{Idem, Key};
use idem_http::scope;
use tests::Backend;

use crate::on_each;
use crate::service::{Script, Then, router};
use crate::site::{Got, KEY, Site, Via, act, post, request};

on_each! {
    fresh_is_executed_and_repeat_is_replayed
    both_forms_and_both_names_are_one_key
    malformed_key_is_refused
    weak_key_is_refused_where_asked
    missing_key_is_refused_or_passes
    derived_key_makes_one_of_two
    old_request_is_refused_where_asked
    other_request_is_refused
    json_that_means_the_same_is_the_same
    chosen_header_counts
    other_tenant_has_keys_of_its_own
    other_methods_pass_untouched
    refusal_is_remembered_and_undone
    failure_is_released
    untouched_answer_is_released
    panic_is_released
    forgotten_token_is_not_committed
    server_error_is_not_committed
    lost_race_runs_again_and_gives_up
    refused_commit_is_released
    deadline_is_released
    long_answer_is_given_once
    stream_is_recorded_or_given_once
    body_too_long_or_missing_is_refused
    misuse_is_seen_at_the_first_call
    duplicate_in_flight_is_refused_or_waits
    other_request_in_flight_is_refused_first
    many_duplicates_have_one_effect
    replays_at_once_are_all_given
    client_that_went_away_has_its_effect
    closed_store_is_away
    too_many_and_draining_are_refused
    superseded_is_said
    expired_key_is_new
    forgotten_answer_is_gone
    problems_have_the_look_of_the_service
    kept_headers_are_replayed
    record_that_cannot_be_read_is_of_a_request_that_was_done
}

const OTHER: &str = "clkyoesmbgybucifusbbtdsbohtyuuwz";

async fn fresh_is_executed_and_repeat_is_replayed<DB: Backend>(via: Via) {
    let Some(site) = Site::<DB>::open(via).await else { return };
    let door = site.serve(|guard| guard).await;
    let script = Script::new(Then::Done);
    let first = door.act(KEY, &script).await;
    assert_eq!(first.verdict(), (201, Some("executed"), false));
    assert_eq!(first.header("idempotency-key"), Some(&*format!("\"{KEY}\"")));
    assert_eq!(first.header("set-cookie"), Some("session=secret"));
    for _ in 0..5 {
        let again = door.act(KEY, &script).await;
        assert_eq!(again.verdict(), (201, Some("replayed"), true));
        assert_eq!(again.body, first.body);
        assert_eq!(again.header("idempotency-superseded"), None);
    }
    assert_eq!((site.effects().await, site.app.runs()), (1, 1));
    // Another key is another request.
    assert_eq!(door.act(OTHER, &script).await.verdict(), (201, Some("executed"), false));
    assert_eq!(site.effects().await, 2);
    for status in [200, 202, 204, 303, 402, 404, 409, 422] {
        let (key, script) = (format!("key-of-status-{status}"), Script::new(Then::Done).status(status));
        assert_eq!(door.act(&key, &script).await.verdict(), (status, Some("executed"), false));
        assert_eq!(door.act(&key, &script).await.verdict(), (status, Some("replayed"), true));
    }
}

async fn both_forms_and_both_names_are_one_key<DB: Backend>(via: Via) {
    let Some(site) = Site::<DB>::open(via).await else { return };
    let door = site.serve(|guard| guard).await;
    let (body, quoted) = (Script::new(Then::Done).json(), format!("\"{KEY}\""));
    let with = |headers: &[(&str, &str)]| post("/acts", headers, body.clone());
    assert_eq!(door.send(with(&[("idempotency-key", &quoted)])).await.key_status(), Some("executed"));
    for headers in [
        &[("idempotency-key", KEY)][..],
        &[("x-idempotency-key", KEY)],
        &[("x-idempotency-key", &quoted), ("idempotency-key", KEY)],
    ] {
        assert_eq!(door.send(with(headers)).await.key_status(), Some("replayed"), "{headers:?}");
    }
    let strict = site.serve(idem_http::Guard::strict_header).await;
    let refused = strict.send(with(&[("idempotency-key", KEY)])).await;
    assert_eq!(refused.refusal(), (400, "key-malformed".into(), None, false));
    assert_eq!(strict.send(with(&[("idempotency-key", &quoted)])).await.key_status(), Some("replayed"));
    let named = site.serve(|guard| guard.header_names([HeaderName::from_static("x-request")])).await;
    assert_eq!(named.send(with(&[("x-request", KEY)])).await.key_status(), Some("replayed"));
    assert_eq!(named.send(with(&[("idempotency-key", KEY)])).await.problem(), "key-missing");
}

async fn malformed_key_is_refused<DB: Backend>(via: Via) {
    let Some(site) = Site::<DB>::open(via).await else { return };
    let door = site.serve(|guard| guard).await;
    let body = Script::new(Then::Done).json();
    let long = "k".repeat(256);
    for key in ["\"\"", "\"open", "'single'", "a,b", "a b", "\"a\" \"b\"", &long] {
        let got = door.send(post("/acts", &[("idempotency-key", key)], body.clone())).await;
        assert_eq!(got.refusal(), (400, "key-malformed".into(), None, false), "{key}");
    }
    let twice = [("idempotency-key", KEY), ("idempotency-key", KEY)];
    assert_eq!(door.send(post("/acts", &twice, body.clone())).await.problem(), "key-malformed");
    let names = [("idempotency-key", KEY), ("x-idempotency-key", OTHER)];
    assert_eq!(door.send(post("/acts", &names, body)).await.problem(), "key-malformed");
    assert_eq!((site.effects().await, site.app.runs()), (0, 0));
}

async fn weak_key_is_refused_where_asked<DB: Backend>(via: Via) {
    let Some(site) = Site::<DB>::open(via).await else { return };
    let script = Script::new(Then::Done);
    assert!(site.serve(|guard| guard).await.act("1", &script).await.is(StatusCode::CREATED));
    let strict = site.serve(idem_http::Guard::refuse_weak_keys).await;
    for key in ["2", "order-17", "0000000000000000000000000"] {
        assert_eq!(strict.act(key, &script).await.refusal(), (400, "key-weak".into(), None, false), "{key}");
    }
    assert!(strict.act(KEY, &script).await.is(StatusCode::CREATED));
    let shorter = site.serve(|guard| guard.refuse_weak_keys().min_key_bytes(8)).await;
    assert!(shorter.act("order-17", &script).await.is(StatusCode::CREATED));
}

async fn missing_key_is_refused_or_passes<DB: Backend>(via: Via) {
    let Some(site) = Site::<DB>::open(via).await else { return };
    let body = Script::new(Then::Done).json();
    let required = site.serve(|guard| guard).await;
    let got = required.send(post("/acts", &[], body.clone())).await;
    assert_eq!(got.refusal(), (400, "key-missing".into(), None, false));
    assert_eq!(got.header("link"), Some("</problems/key-missing>; rel=\"describedby\""));
    assert_eq!(site.app.runs(), 0);
    let optional = site.serve_router(router(site.app.clone(), &site.guard().optional())).await;
    for _ in 0..2 {
        let got = optional.send(post("/acts", &[], body.clone())).await;
        assert_eq!(got.verdict(), (201, None, false));
    }
    assert_eq!(site.effects().await, 2);
    // With a transaction all the same.
    let failing = Script::new(Then::Problem).status(422).json();
    assert_eq!(optional.send(post("/acts", &[], failing)).await.verdict(), (422, Some("released"), false));
    let refused = Script::new(Then::Refused).status(402).json();
    assert_eq!(optional.send(post("/acts", &[], refused)).await.status, 402);
    assert_eq!(site.effects().await, 2);
    assert_eq!(optional.act(KEY, &Script::new(Then::Done)).await.key_status(), Some("executed"));
    assert_eq!(optional.act(KEY, &Script::new(Then::Done)).await.key_status(), Some("replayed"));
}

async fn derived_key_makes_one_of_two<DB: Backend>(via: Via) {
    let Some(site) = Site::<DB>::open(via).await else { return };
    let door = site.serve(|guard| guard.derived(Duration::from_hours(1))).await;
    let send = async |amount: i64| door.send(post("/acts", &[], Script::new(Then::Done).amount(amount).json())).await;
    let first = send(5).await;
    assert_eq!((first.verdict(), first.header("idempotency-key")), ((201, Some("executed"), false), None));
    assert_eq!(send(5).await.verdict(), (201, Some("replayed"), true));
    assert_eq!(send(6).await.key_status(), Some("executed"));
    assert_eq!(door.act(KEY, &Script::new(Then::Done)).await.key_status(), Some("executed"));
    assert_eq!(site.effects().await, 3);
    // After its window it is a new request, long before a key of a client is.
    site.script("UPDATE idem_claims SET expires_at = expires_at - 3610000000").await;
    assert_eq!(send(5).await.key_status(), Some("executed"));
    assert_eq!(door.act(KEY, &Script::new(Then::Done)).await.key_status(), Some("replayed"));
    let mut conn = DB::connect(&site.url).await;
    let lanes = DB::ask(&mut conn, "SELECT lane, count(*) FROM notes GROUP BY lane").await;
    assert!(lanes.iter().all(|(_, count)| *count == 1), "its commands have other keys by then: {lanes:?}");
}

async fn old_request_is_refused_where_asked<DB: Backend>(via: Via) {
    let Some(site) = Site::<DB>::open(via).await else { return };
    let door = site.serve(idem_http::Guard::first_sent).await;
    let body = Script::new(Then::Done).json();
    let sent = |at: &str| post("/acts", &[("idempotency-key", KEY), ("repeatability-first-sent", at)], body.clone());
    let old = door.send(sent("Tue, 15 Nov 1994 12:45:26 GMT")).await;
    assert_eq!(old.refusal(), (412, "key-too-old".into(), None, false));
    assert_eq!(site.app.runs(), 0);
    let since = Duration::from_secs(site.now().await);
    let now = httpdate::fmt_http_date(std::time::UNIX_EPOCH + since);
    assert_eq!(door.send(sent(&now)).await.status, 201);
    let not_asked = site.serve(|guard| guard).await;
    assert_eq!(not_asked.send(sent("Tue, 15 Nov 1994 12:45:26 GMT")).await.key_status(), Some("replayed"));
}

async fn other_request_is_refused<DB: Backend>(via: Via) {
    let Some(site) = Site::<DB>::open(via).await else { return };
    let door = site.serve(|guard| guard).await;
    let script = Script::new(Then::Done);
    assert_eq!(door.act(KEY, &script).await.status, 201);
    let key = [("idempotency-key", KEY)];
    for other in [
        act(KEY, &script.clone().amount(6)),
        post("/acts?copies=2", &key, script.json()),
        post("/other", &key, script.json()),
        post("/nested/acts", &key, script.json()),
        request("PATCH", "/acts", &key, script.json()),
        post("/acts", &key, Vec::new()),
    ] {
        let uri = other.uri().clone();
        let got = door.send(other).await;
        assert_eq!(got.refusal(), (422, "key-reused".into(), None, false), "{uri}");
    }
    assert_eq!((site.effects().await, site.app.runs()), (1, 1));
}

async fn json_that_means_the_same_is_the_same<DB: Backend>(via: Via) {
    let Some(site) = Site::<DB>::open(via).await else { return };
    let door = site.serve(|guard| guard).await;
    let send = async |content_type: &str, body: &str| {
        let mut request = post("/acts", &[("idempotency-key", KEY)], body.as_bytes().to_vec());
        request.headers_mut().insert("content-type", content_type.parse().expect("a header"));
        door.send(request).await
    };
    let json = "application/json; charset=utf-8";
    assert_eq!(send(json, r#"{"then":"done","amount":5}"#).await.status, 201);
    assert_eq!(send(json, "{\"amount\": 5,\n \"then\": \"done\"}").await.key_status(), Some("replayed"));
    assert_eq!(send(json, r#"{"then":"done","amount":5,"status":201}"#).await.problem(), "key-reused");
    assert_eq!(send("text/plain", r#"{"then":"done","amount":5}"#).await.problem(), "key-reused");
}

async fn chosen_header_counts<DB: Backend>(via: Via) {
    let Some(site) = Site::<DB>::open(via).await else { return };
    let door = site.serve(|guard| guard.fingerprint_header(IF_MATCH)).await;
    let body = Script::new(Then::Done).json();
    let send = async |headers: &[(&str, &str)]| {
        let headers: Vec<_> = headers.iter().copied().chain([("idempotency-key", KEY)]).collect();
        door.send(post("/acts", &headers, body.clone())).await
    };
    assert_eq!(send(&[("if-match", "\"1\"")]).await.status, 201);
    let retried = [("if-match", "\"1\""), ("x-stripe-client-telemetry", "{}"), ("user-agent", "another")];
    assert_eq!(send(&retried).await.key_status(), Some("replayed"));
    assert_eq!(send(&[("if-match", "\"2\"")]).await.problem(), "key-reused");
    assert_eq!(send(&[]).await.problem(), "key-reused");
}

async fn other_tenant_has_keys_of_its_own<DB: Backend>(via: Via) {
    let Some(site) = Site::<DB>::open(via).await else { return };
    let tenant = scope::header(HeaderName::from_static("x-tenant"));
    let guard = idem_http::Guard::transactional(&site.idem, tenant).required();
    let door = site.serve_router(router(site.app.clone(), &guard)).await;
    let body = Script::new(Then::Done).json();
    let send = async |tenant: &str, key: &str| {
        door.send(post("/acts", &[("x-tenant", tenant), ("idempotency-key", key)], body.clone())).await
    };
    assert_eq!(send("a", KEY).await.key_status(), Some("executed"));
    assert_eq!(send("b", KEY).await.key_status(), Some("executed"));
    assert_eq!(send("a", KEY).await.key_status(), Some("replayed"));
    // A border between scope and key that a text cannot move.
    assert_eq!(send("a:b", "ccccccccccccccccccc").await.key_status(), Some("executed"));
    assert_eq!(send("a", "b:ccccccccccccccccccc").await.key_status(), Some("executed"));
    // A credential may change between two attempts; it is not looked at.
    let rotated = [("x-tenant", "a"), ("idempotency-key", KEY), ("authorization", "Bearer other")];
    assert_eq!(door.send(post("/acts", &rotated, body.clone())).await.key_status(), Some("replayed"));
    let nobody = door.send(post("/acts", &[("idempotency-key", KEY)], body.clone())).await;
    assert_eq!((nobody.status, nobody.problem()), (500, "no-scope".to_owned()));
    let unfit = "t".repeat(256);
    let unfit = door.send(post("/acts", &[("x-tenant", &unfit), ("idempotency-key", KEY)], body)).await;
    assert_eq!((unfit.status, unfit.problem()), (500, "no-scope".to_owned()));
}

async fn other_methods_pass_untouched<DB: Backend>(via: Via) {
    let Some(site) = Site::<DB>::open(via).await else { return };
    let door = site.serve(|guard| guard).await;
    for method in ["GET", "HEAD", "PUT"] {
        let got = door.send(request(method, "/acts", &[("idempotency-key", KEY)], Vec::new())).await;
        assert_eq!((got.status, got.key_status(), got.header("idempotency-key")), (200, None, None), "{method}");
    }
    assert_eq!(door.send(request("OPTIONS", "/acts", &[], Vec::new())).await.status, 405);
    // Named, PUT is guarded, and PATCH is not any more.
    let named = site.serve(|guard| guard.methods([Method::PUT])).await;
    assert_eq!(named.send(request("PUT", "/acts", &[], Vec::new())).await.problem(), "key-missing");
    let unguarded = named.send(request("PATCH", "/acts", &[], Script::new(Then::Done).json())).await;
    assert_eq!((unguarded.status, unguarded.problem_unseen()), (500, "no-guard".to_owned()));
}

async fn refusal_is_remembered_and_undone<DB: Backend>(via: Via) {
    let Some(site) = Site::<DB>::open(via).await else { return };
    let door = site.serve(|guard| guard).await;
    let script = Script::new(Then::Refused).status(402);
    let first = door.act(KEY, &script).await;
    assert_eq!(first.verdict(), (402, Some("executed"), false));
    let again = door.act(KEY, &script).await;
    assert_eq!((again.verdict(), &again.body), ((402, Some("replayed"), true), &first.body));
    assert_eq!((site.effects().await, site.app.runs()), (0, 1));
    // One that wrote nothing, as well.
    let script = Script::new(Then::Refused).status(402).untouched();
    assert_eq!(door.act(OTHER, &script).await.key_status(), Some("executed"));
    assert_eq!(door.act(OTHER, &script).await.key_status(), Some("replayed"));
}

async fn failure_is_released<DB: Backend>(via: Via) {
    let Some(site) = Site::<DB>::open(via).await else { return };
    let door = site.serve(|guard| guard).await;
    for status in [400, 402, 409, 500, 503] {
        let got = door.act(KEY, &Script::new(Then::Problem).status(status)).await;
        assert_eq!((got.verdict(), got.problem()), ((status, Some("released"), false), "scripted".to_owned()));
        let got = door.act(KEY, &Script::new(Then::Answer).status(status.max(400))).await;
        assert_eq!(got.verdict(), (status, Some("released"), false));
    }
    assert_eq!(site.effects().await, 0);
    // The key is free, for another request as well.
    assert_eq!(door.act(KEY, &Script::new(Then::Done).amount(9)).await.key_status(), Some("executed"));
    assert_eq!(site.effects().await, 1);
}

async fn untouched_answer_is_released<DB: Backend>(via: Via) {
    let Some(site) = Site::<DB>::open(via).await else { return };
    let door = site.serve(|guard| guard).await;
    for status in [400, 404, 422, 500] {
        let got = door.act(KEY, &Script::new(Then::Problem).status(status).untouched()).await;
        assert_eq!(got.verdict(), (status, Some("released"), false));
    }
    // An extractor of axum refuses the body.
    let got = door.send(post("/acts", &[("idempotency-key", KEY)], b"{".to_vec())).await;
    assert_eq!(got.verdict(), (400, Some("released"), false));
    // What only reads is remembered all the same, if it is handed back.
    let reads = Script::new(Then::Done).untouched();
    assert_eq!(door.act(KEY, &reads).await.key_status(), Some("executed"));
    assert_eq!(door.act(KEY, &reads).await.key_status(), Some("replayed"));
    assert_eq!(site.effects().await, 0);
}

async fn panic_is_released<DB: Backend>(via: Via) {
    let Some(site) = Site::<DB>::open(via).await else { return };
    let door = site.serve(|guard| guard).await;
    let script = Script::new(Then::Panic);
    assert_eq!(door.act(KEY, &script).await.refusal(), (500, "panic".into(), Some("released"), false));
    assert_eq!(door.act(KEY, &script.untouched()).await.refusal(), (500, "panic".into(), Some("released"), false));
    assert_eq!(site.effects().await, 0);
    assert_eq!(door.act(KEY, &Script::new(Then::Done)).await.key_status(), Some("executed"));
}

async fn forgotten_token_is_not_committed<DB: Backend>(via: Via) {
    let Some(site) = Site::<DB>::open(via).await else { return };
    let door = site.serve(|guard| guard).await;
    for script in
        [Script::new(Then::Answer), Script::new(Then::Answer).status(303), Script::new(Then::Answer).untouched()]
    {
        let got = door.act(KEY, &script).await;
        assert_eq!(got.refusal(), (500, "not-committed".into(), Some("released"), false));
        assert!(String::from_utf8_lossy(&got.body).contains("work.done(answer)"), "the fix is named");
        assert_eq!(got.header("set-cookie"), None, "nothing of the answer goes out");
    }
    assert_eq!(site.effects().await, 0);
}

async fn server_error_is_not_committed<DB: Backend>(via: Via) {
    let Some(site) = Site::<DB>::open(via).await else { return };
    let door = site.serve(|guard| guard).await;
    for then in [Then::Done, Then::Refused] {
        let got = door.act(KEY, &Script::new(then).status(502)).await;
        assert_eq!(got.verdict(), (502, Some("released"), false));
    }
    assert_eq!(site.effects().await, 0);
    assert_eq!(door.act(KEY, &Script::new(Then::Done)).await.key_status(), Some("executed"));
}

async fn lost_race_runs_again_and_gives_up<DB: Backend>(via: Via) {
    let Some(site) = Site::<DB>::open(via).await else { return };
    let door = site.serve(|guard| guard).await;
    assert_eq!(door.act(KEY, &Script::new(Then::Done).losing(2)).await.verdict(), (201, Some("executed"), false));
    assert_eq!((site.effects().await, site.app.runs()), (1, 3));
    let got = door.act(OTHER, &Script::new(Then::Done).losing(3)).await;
    assert_eq!(got.refusal(), (503, "contended".into(), Some("released"), true));
    assert_eq!((site.effects().await, site.app.runs()), (1, 6));
    let once = site.serve(|guard| guard.attempts(1)).await;
    assert_eq!(once.act(OTHER, &Script::new(Then::Done).losing(1)).await.problem(), "contended");
    assert_eq!(once.act(OTHER, &Script::new(Then::Done)).await.key_status(), Some("executed"));
}

async fn refused_commit_is_released<DB: Backend>(via: Via) {
    let Some(site) = Site::<DB>::open(via).await else { return };
    site.script(
        "CREATE TABLE owed (id bigint PRIMARY KEY, of bigint REFERENCES owed (id) DEFERRABLE INITIALLY DEFERRED)",
    )
    .await;
    let door = site.serve(|guard| guard).await;
    let got = door.act(KEY, &Script::new(Then::Violation)).await;
    assert_eq!(got.refusal(), (500, "not-committed".into(), Some("released"), false));
    assert_eq!(site.effects().await, 0);
    assert_eq!(door.act(KEY, &Script::new(Then::Done)).await.key_status(), Some("executed"));
}

async fn deadline_is_released<DB: Backend>(via: Via) {
    let Some(site) = Site::<DB>::open(via).await else { return };
    let door = site.serve(|guard| guard.deadline(Duration::from_millis(300))).await;
    let got = door.act(KEY, &Script::new(Then::Done).waiting()).await;
    assert_eq!(got.refusal(), (503, "deadline".into(), Some("released"), true));
    assert_eq!(site.effects().await, 0);
    assert_eq!(door.act(KEY, &Script::new(Then::Done)).await.key_status(), Some("executed"));
}

async fn long_answer_is_given_once<DB: Backend>(via: Via) {
    let Some(site) = Site::<DB>::open(via).await else { return };
    let door = site.serve(|guard| guard.max_answer(1_000)).await;
    let script = Script::new(Then::Done).bytes(5_000);
    let first = door.act(KEY, &script).await;
    assert_eq!((first.verdict(), first.body.len()), ((201, Some("executed"), false), 5_000));
    let again = door.act(KEY, &script).await;
    assert_eq!((again.verdict(), again.problem()), ((410, Some("replayed"), true), "answer-not-kept".to_owned()));
    assert_eq!(again.header("location"), Some("/acts/1"));
    assert_eq!((site.effects().await, site.app.runs()), (1, 1));
    // Also where only the store takes no more: 1 MiB unless it is set.
    let door = site.serve(|guard| guard.max_answer(4 << 20)).await;
    let script = Script::new(Then::Done).bytes((1 << 20) + 1);
    assert_eq!(door.act(OTHER, &script).await.body.len(), (1 << 20) + 1);
    assert_eq!(door.act(OTHER, &script).await.problem(), "answer-not-kept");
    let none = site.serve(|guard| guard.max_answer(0)).await;
    let key = "a-key-whose-answer-is-not-kept";
    assert_eq!(none.act(key, &Script::new(Then::Done)).await.status, 201);
    assert_eq!(none.act(key, &Script::new(Then::Done)).await.problem(), "answer-not-kept");
    // Nor is the body of a problem, or headers that the store does not take.
    let key = "a-key-whose-refusal-is-not-kept";
    let refused = Script::new(Then::RefusedProblem).status(409);
    assert_eq!(none.act(key, &refused).await.problem(), "scripted");
    assert_eq!(none.act(key, &refused).await.problem(), "answer-not-kept");
    let small = Idem::<DB>::builder().max_payload(100).open(&site.url).await.expect("opened");
    let guard =
        idem_http::Guard::transactional(&small, scope::single()).replays_header(HeaderName::from_static("x-long"));
    let door = site.serve_router(router(site.app.clone(), &guard.required())).await;
    let key = "a-key-whose-headers-are-too-long";
    assert_eq!(door.act(key, &Script::new(Then::Done)).await.key_status(), Some("executed"));
    assert_eq!(door.act(key, &Script::new(Then::Done)).await.problem(), "answer-not-kept");
}

async fn stream_is_recorded_or_given_once<DB: Backend>(via: Via) {
    let Some(site) = Site::<DB>::open(via).await else { return };
    let door = site.serve(|guard| guard).await;
    let script = Script::new(Then::Stream);
    let first = door.act(KEY, &script).await;
    assert_eq!(first.body, "part 0\npart 1\npart 2\npart 3\n");
    let again = door.act(KEY, &script).await;
    assert_eq!((again.verdict(), &again.body), ((200, Some("replayed"), true), &first.body));
    // What was read of a longer one is sent, and the rest behind it.
    let door = site.serve(|guard| guard.max_answer(10)).await;
    assert_eq!(door.act(OTHER, &script).await.body, "part 0\npart 1\npart 2\npart 3\n");
    assert_eq!(door.act(OTHER, &script).await.problem(), "answer-not-kept");
}

async fn body_too_long_or_missing_is_refused<DB: Backend>(via: Via) {
    let Some(site) = Site::<DB>::open(via).await else { return };
    let door = site.serve(|guard| guard.max_body(200)).await;
    let got = door.send(post("/acts", &[("idempotency-key", KEY)], vec![b' '; 201])).await;
    assert_eq!(got.refusal(), (413, "too-large".into(), None, false));
    assert_eq!(site.app.runs(), 0);
    assert_eq!(door.act(KEY, &Script::new(Then::Done)).await.key_status(), Some("executed"));
}

async fn misuse_is_seen_at_the_first_call<DB: Backend>(via: Via) {
    let Some(site) = Site::<DB>::open(via).await else { return };
    let door = site.serve(|guard| guard).await;
    let (key, body) = ([("idempotency-key", KEY)], Script::new(Then::Done).json());
    for (uri, kind) in [("/unguarded", "no-guard"), ("/double", "guarded-twice"), ("/twice", "taken-twice")] {
        let got = door.send(post(uri, &key, body.clone())).await;
        assert_eq!((got.status, got.problem_unseen()), (500, kind.to_owned()), "{uri}");
    }
    assert_eq!(site.effects().await, 0);
}

async fn duplicate_in_flight_is_refused_or_waits<DB: Backend>(via: Via) {
    let Some(site) = Site::<DB>::open(via).await else { return };
    let script = Script::new(Then::Done).waiting();
    let door = site.serve(|guard| guard).await;
    let first = door.begin(KEY, &script);
    site.app.gate.reached().await;
    assert_eq!(door.act(KEY, &script).await.refusal(), (409, "in-flight".into(), None, true));
    let waiting = site.serve(|guard| guard.wait(Duration::from_mins(1))).await;
    let second = waiting.begin(KEY, &script);
    site.app.gate.open();
    assert_eq!(first.await.expect("answered").verdict(), (201, Some("executed"), false));
    assert_eq!(second.await.expect("answered").verdict(), (201, Some("replayed"), true));
    assert_eq!((site.effects().await, site.app.runs()), (1, 1));
    // One that waits for a request that fails is a first try.
    let failing = Script::new(Then::Problem).status(422).waiting();
    let first = waiting.begin(OTHER, &failing);
    site.app.gate.reached().await;
    let second = waiting.begin(OTHER, &failing);
    site.app.gate.open();
    site.app.gate.open();
    assert_eq!(first.await.expect("answered").verdict(), (422, Some("released"), false));
    assert_eq!(second.await.expect("answered").verdict(), (422, Some("released"), false));
    assert_eq!(site.app.runs(), 3);
}

async fn other_request_in_flight_is_refused_first<DB: Backend>(via: Via) {
    let Some(site) = Site::<DB>::open(via).await else { return };
    let door = site.serve(|guard| guard.wait(Duration::from_mins(1))).await;
    let script = Script::new(Then::Done).waiting();
    let first = door.begin(KEY, &script);
    site.app.gate.reached().await;
    let other = door.act(KEY, &script.amount(6)).await;
    assert_eq!(other.refusal(), (422, "key-reused".into(), None, false));
    site.app.gate.open();
    assert_eq!(first.await.expect("answered").status, 201);
}

async fn many_duplicates_have_one_effect<DB: Backend>(via: Via) {
    let Some(site) = Site::<DB>::open(via).await else { return };
    let refusing = site.serve(|guard| guard).await;
    let waiting = site.serve(|guard| guard.wait(Duration::from_mins(1))).await;
    let script = Script::new(Then::Done);
    for (door, key) in [(refusing, KEY), (waiting, OTHER)] {
        let calls: Vec<_> = (0..40).map(|_| door.begin(key, &script)).collect();
        let mut statuses = Vec::new();
        for call in calls {
            let got = call.await.expect("answered");
            assert!([201, 409].contains(&got.status), "{got:?}");
            statuses.push((got.status, got.key_status().map(str::to_owned)));
        }
        let executed = statuses.iter().filter(|(_, status)| status.as_deref() == Some("executed")).count();
        assert_eq!(executed, 1, "{statuses:?}");
        if key == OTHER {
            assert!(statuses.iter().all(|(status, _)| *status == 201), "who waits is answered: {statuses:?}");
        }
    }
    assert_eq!((site.effects().await, site.app.runs()), (2, 2));
}

async fn replays_at_once_are_all_given<DB: Backend>(via: Via) {
    let Some(site) = Site::<DB>::open(via).await else { return };
    let door = site.serve(|guard| guard).await;
    let script = Script::new(Then::Done);
    door.act(KEY, &script).await;
    let calls: Vec<_> = (0..40).map(|_| door.begin(KEY, &script)).collect();
    for call in calls {
        assert_eq!(call.await.expect("answered").verdict(), (201, Some("replayed"), true));
    }
}

async fn client_that_went_away_has_its_effect<DB: Backend>(via: Via) {
    let Some(site) = Site::<DB>::open(via).await else { return };
    let guard = site.guard();
    let drain = guard.drain();
    let door = site.serve_router(router(site.app.clone(), &guard.required())).await;
    let script = Script::new(Then::Done).waiting();
    door.give_up(KEY, &script, site.app.gate.reached()).await;
    assert_eq!(site.effects().await, 0);
    assert_eq!(door.act(KEY, &script).await.problem(), "in-flight");
    assert_eq!(drain.in_flight(), 1);
    site.app.gate.open();
    drain.finished().await;
    assert_eq!(site.effects().await, 1);
    let after = site.serve(|guard| guard).await;
    assert_eq!(after.act(KEY, &script).await.verdict(), (201, Some("replayed"), true));
    assert_eq!(site.app.runs(), 1);
}

async fn closed_store_is_away<DB: Backend>(via: Via) {
    let Some(site) = Site::<DB>::open(via).await else { return };
    let closed = site.serve(|guard| guard).await;
    let open = site.serve(|guard| guard.fail_open_named("orders must not wait")).await;
    site.script("ALTER TABLE idem_claims RENAME TO claims_away").await;
    let script = Script::new(Then::Done);
    assert_eq!(closed.act(KEY, &script).await.refusal(), (503, "store-away".into(), None, true));
    // A database without the tables is there, and answers.
    assert_eq!(open.act(KEY, &script).await.refusal(), (503, "store-away".into(), None, true));
    assert_eq!(site.app.runs(), 0);
    site.script("ALTER TABLE claims_away RENAME TO idem_claims").await;
    assert_eq!(closed.act(KEY, &script).await.key_status(), Some("executed"));
    assert_eq!(site.effects().await, 1);
}

async fn too_many_and_draining_are_refused<DB: Backend>(via: Via) {
    let Some(site) = Site::<DB>::open(via).await else { return };
    let guard = site.guard().max_in_flight(1);
    let drain = guard.drain();
    let door = site.serve_router(router(site.app.clone(), &guard.required())).await;
    let first = door.begin(KEY, &Script::new(Then::Done).waiting());
    site.app.gate.reached().await;
    assert_eq!(door.act(OTHER, &Script::new(Then::Done)).await.refusal(), (503, "busy".into(), None, true));
    drain.begin();
    site.app.gate.open();
    assert_eq!(first.await.expect("answered").status, 201);
    let refused = door.act(OTHER, &Script::new(Then::Done)).await;
    assert_eq!(refused.refusal(), (503, "draining".into(), None, true));
    if via == Via::Call {
        assert_eq!(refused.header("connection"), Some("close"));
    }
    drain.finished().await;
    assert_eq!((drain.in_flight(), site.effects().await), (0, 1));
}

async fn superseded_is_said<DB: Backend>(via: Via) {
    let Some(site) = Site::<DB>::open(via).await else { return };
    let door = crate::keyed::machine_door(&site, via).await;
    let first = door.send(post("/payments/p1/start", &[("idempotency-key", KEY)], b"{}".to_vec())).await;
    assert_eq!(first.verdict(), (200, Some("executed"), false), "{first:?}");
    let again = door.send(post("/payments/p1/start", &[("idempotency-key", KEY)], b"{}".to_vec())).await;
    assert_eq!((again.key_status(), again.header("idempotency-superseded")), (Some("replayed"), None));
    assert_eq!(
        door.send(post("/payments/p1/capture", &[("idempotency-key", OTHER)], b"{}".to_vec())).await.status,
        200
    );
    let again = door.send(post("/payments/p1/start", &[("idempotency-key", KEY)], b"{}".to_vec())).await;
    assert_eq!((again.key_status(), again.header("idempotency-superseded")), (Some("replayed"), Some("true")));
}

async fn expired_key_is_new<DB: Backend>(via: Via) {
    let Some(site) = Site::<DB>::open(via).await else { return };
    let door = site.serve(|guard| guard).await;
    let script = Script::new(Then::Done);
    assert_eq!(door.act(KEY, &script).await.key_status(), Some("executed"));
    site.script("UPDATE idem_claims SET expires_at = expires_at - 86410000000").await;
    // Not swept yet, and expired all the same.
    assert_eq!(door.act(KEY, &script.clone().amount(6)).await.key_status(), Some("executed"));
    assert_eq!(door.act(KEY, &script.amount(6)).await.key_status(), Some("replayed"));
    assert_eq!(site.effects().await, 2);
}

async fn forgotten_answer_is_gone<DB: Backend>(via: Via) {
    let Some(site) = Site::<DB>::open(via).await else { return };
    let door = site.serve(|guard| guard).await;
    let script = Script::new(Then::Done);
    assert_eq!(door.act(KEY, &script).await.key_status(), Some("executed"));
    site.idem.forget("single").await.expect("forgotten");
    assert_eq!(door.act(KEY, &script).await.refusal(), (410, "forgotten".into(), None, false));
    assert_eq!((site.effects().await, site.app.runs()), (1, 1));
}

async fn problems_have_the_look_of_the_service<DB: Backend>(via: Via) {
    let Some(site) = Site::<DB>::open(via).await else { return };
    let door = site
        .serve(|guard| {
            guard.problems(|problem| {
                let error = serde_json::json!({"error": {"code": problem.kind(), "request": problem.instance()}});
                let mut response = Response::new(error.to_string().into());
                *response.status_mut() =
                    if problem.kind() == "key-reused" { StatusCode::BAD_REQUEST } else { problem.status() };
                response.headers_mut().insert("stripe-should-retry", HeaderValue::from_static("false"));
                response
            })
        })
        .await;
    let code = |got: &Got| {
        let body: serde_json::Value = serde_json::from_slice(&got.body).expect("JSON");
        assert!(body["error"]["request"].as_str().is_some_and(|id| id.starts_with("urn:")), "{body}");
        assert_eq!(got.header("stripe-should-retry"), Some("false"));
        (got.status, body["error"]["code"].as_str().expect("a code").to_owned())
    };
    let scripted = Script::new(Then::Problem).status(402);
    let got = door.act(KEY, &scripted).await;
    assert_eq!((code(&got), got.key_status()), ((402, "scripted".to_owned()), Some("released")));
    assert_eq!(door.act(KEY, &Script::new(Then::Done)).await.status, 201);
    assert_eq!(code(&door.act(KEY, &scripted).await), (400, "key-reused".to_owned()));
    let based = site.serve(|guard| guard.problem_base("https://errors.example/")).await.act(KEY, &scripted).await;
    let body: serde_json::Value = serde_json::from_slice(&based.body).expect("JSON");
    assert_eq!(body["type"], "https://errors.example/key-reused");
}

async fn kept_headers_are_replayed<DB: Backend>(via: Via) {
    let Some(site) = Site::<DB>::open(via).await else { return };
    let cost = HeaderName::from_static("x-request-cost");
    let door = site.serve(|guard| guard.replays_header(cost).replays_header(http::header::SET_COOKIE)).await;
    door.act(KEY, &Script::new(Then::Done)).await;
    let again = door.act(KEY, &Script::new(Then::Done)).await;
    assert_eq!(again.header("content-type"), Some("application/json"));
    assert_eq!((again.header("location"), again.header("x-request-cost")), (Some("/acts/1"), Some("7")));
    assert_eq!(again.header("set-cookie"), None);
    let door = site.serve(|guard| guard).await;
    door.act(OTHER, &Script::new(Then::Done)).await;
    assert_eq!(door.act(OTHER, &Script::new(Then::Done)).await.header("x-request-cost"), None);
}

async fn record_that_cannot_be_read_is_of_a_request_that_was_done<DB: Backend>(via: Via) {
    let Some(site) = Site::<DB>::open(via).await else { return };
    let door = site.serve(|guard| guard).await;
    let script = Script::new(Then::Done);
    door.act(KEY, &script).await;
    let tag = Key::new("single", KEY).expect("a key").tag().to_string();
    let bytes = if DB::TITLE == "SQLite" { "x'ff00'" } else { "'\\xff00'::bytea" };
    site.script(&format!("UPDATE idem_claims SET outcome = {bytes}")).await;
    let got = door.act(KEY, &script).await;
    // It was done: no client is to take it for a failure.
    assert_eq!((got.status, got.problem(), got.key_status()), (410, "answer-not-kept".to_owned(), Some("replayed")));
    assert!(!String::from_utf8_lossy(&got.body).contains(&tag));
    assert_eq!((site.effects().await, site.app.runs()), (1, 1));
}
