//! Guards around plain tower services, without axum.
#![cfg(all(feature = "server", feature = "sqlite"))]
#![allow(clippy::expect_used, reason = "a test says what it relies on")]

use bytes::Bytes;
use http::{Request, Response};
use http_body_util::{BodyExt as _, Full};
use idem_core::Idem;
use idem_http::{Answer, AnswerBody, Guard, Keys, Lease, Leases, OriginalTarget, Problem, Work, scope};
use sqlx::Sqlite;
use tower::{Service, ServiceBuilder, ServiceExt as _, service_fn};

type Body = Full<Bytes>;

const KEY: &str = "8e03978e-40d5-43e8-bc93-6894a57f9324";

fn request(uri: &str, body: &'static str) -> Request<Body> {
    Request::post(uri).header("idempotency-key", KEY).body(Full::from(body)).expect("a request")
}

async fn shown(response: Response<AnswerBody<Body>>) -> (u16, Option<String>, String) {
    let (head, body) = response.into_parts();
    let status = head.headers.get("idempotency-status").map(|value| value.to_str().expect("a text").to_owned());
    let body = body.collect().await.expect("a body").to_bytes();
    (head.status.as_u16(), status, String::from_utf8(body.to_vec()).expect("a text"))
}

async fn open() -> (tempfile::TempDir, Idem<Sqlite>) {
    let folder = tempfile::tempdir().expect("a folder");
    let url = format!("sqlite://{}?mode=rwc", folder.path().join("notes.db").display());
    let idem = Idem::<Sqlite>::open(&url).await.expect("opened");
    sqlx::query("CREATE TABLE notes (text TEXT NOT NULL)").execute(idem.pool()).await.expect("made");
    (folder, idem)
}

async fn notes(idem: &Idem<Sqlite>) -> i64 {
    sqlx::query_scalar("SELECT count(*) FROM notes").fetch_one(idem.pool()).await.expect("counted")
}

async fn note(mut request: Request<Body>) -> Result<Response<Body>, Problem> {
    let mut work = Work::<Sqlite>::take(&mut request)?;
    sqlx::query("INSERT INTO notes VALUES ('hello')").execute(work.tx().await?.conn()).await?;
    let body = request.into_body().collect().await.map_err(Problem::internal)?.to_bytes();
    match &*body {
        b"refused" => Ok(work.refused_response(Response::new(Full::from("no")))),
        b"failed" => Err(Problem::unprocessable("as the body says")),
        _ => Ok(work.done_response(Response::new(Full::from("made")))),
    }
}

#[tokio::test]
async fn problem_that_a_service_fails_with_is_its_answer() {
    let (_folder, idem) = open().await;
    let guard = Guard::transactional(&idem, scope::single());
    let service = ServiceBuilder::new().layer(guard.required()).service(service_fn(note));
    let send = async |body| shown(service.clone().oneshot(request("/notes", body)).await.expect("an answer")).await;
    let (status, key, body) = send("failed").await;
    assert_eq!((status, key.as_deref()), (422, Some("released")));
    assert!(body.contains("as the body says") && body.contains("urn:"), "{body}");
    assert_eq!(notes(&idem).await, 0);
    assert_eq!(send("made").await, (200, Some("executed".into()), "made".into()));
    assert_eq!(send("made").await, (200, Some("replayed".into()), "made".into()));
    assert_eq!((send("refused").await.0, notes(&idem).await), (422, 1));
}

#[tokio::test]
async fn other_error_of_a_service_is_handed_on_and_nothing_is_committed() {
    let (_folder, idem) = open().await;
    let guard = Guard::transactional(&idem, scope::single());
    let fails = service_fn(async |mut request: Request<Body>| -> Result<Response<Body>, &'static str> {
        let mut work = Work::<Sqlite>::take(&mut request).map_err(|_| "no work")?;
        let tx = work.tx().await.map_err(|_| "no transaction")?;
        sqlx::query("INSERT INTO notes VALUES ('hello')").execute(tx.conn()).await.map_err(|_| "not written")?;
        Err("the service is gone")
    });
    let mut service = ServiceBuilder::new().layer(guard.required()).service(fails);
    let failed = service.ready().await.expect("ready").call(request("/notes", "")).await;
    assert_eq!(failed.expect_err("it failed"), "the service is gone");
    assert_eq!(notes(&idem).await, 0);
}

#[tokio::test]
async fn keys_and_leases_are_taken_from_the_request() {
    let charge = service_fn(async |mut request: Request<Body>| -> Result<Response<Body>, Problem> {
        let lease = Lease::take(&mut request)?;
        let keys = Keys::of(&request)?;
        assert_eq!(lease.key("charge"), keys.key("charge"), "the same for every owner");
        assert!(Work::<Sqlite>::take(&mut request).is_err_and(|problem| problem.kind() == "no-guard"));
        Ok(lease.done_response(Response::new(Full::from("charged"))))
    });
    let guard = Guard::leased(Leases::memory(), scope::single());
    let service = ServiceBuilder::new().layer(guard.required()).service(charge);
    for status in ["executed", "replayed"] {
        let got = shown(service.clone().oneshot(request("/charges", "")).await.expect("an answer")).await;
        assert_eq!(got, (200, Some(status.into()), "charged".into()));
    }
}

#[tokio::test]
async fn outcome_of_a_command_is_marked_by_its_answer() {
    let (_folder, idem) = open().await;
    let pay = move |request: Request<Body>| {
        let idem = idem.clone();
        async move {
            let entry = idem.ledger().account("wallet").apply_delta(&Keys::of(&request)?.key("pay"), 5).await?;
            Ok::<_, Problem>(
                Answer::from(entry).map(|entry| entry.delta).response(|delta| Full::from(delta.to_string())),
            )
        }
    };
    let guard = Guard::keyed(scope::single());
    let service = ServiceBuilder::new().layer(guard.required()).service(service_fn(pay));
    for status in ["executed", "replayed"] {
        let got = shown(service.clone().oneshot(request("/pay", "")).await.expect("an answer")).await;
        assert_eq!(got, (200, Some(status.into()), "5".into()));
    }
}

#[tokio::test]
async fn target_before_a_router_is_compared() {
    let (_folder, idem) = open().await;
    let guard = Guard::transactional(&idem, scope::single());
    let service = ServiceBuilder::new().layer(guard.required()).service(service_fn(note));
    let send = async |original: &'static str| {
        let mut request = request("/notes", "made");
        request.extensions_mut().insert(OriginalTarget(original.parse().expect("a target")));
        shown(service.clone().oneshot(request).await.expect("an answer")).await.0
    };
    assert_eq!([send("/v1/notes").await, send("/v1/notes").await, send("/v2/notes").await], [200, 200, 422]);
}
