//! Receivers of webhooks: through a tower service, and through axum.
#![cfg(feature = "webhook")]
#![allow(clippy::expect_used, reason = "a test says what it relies on")]

use std::collections::VecDeque;
use std::convert::Infallible;
use std::error::Error;
use std::pin::Pin;
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering::SeqCst};
use std::task::{Context, Poll};

use bytes::Bytes;
use http::{HeaderMap, Request, Response, StatusCode};
use http_body::{Body, Frame, SizeHint};
use http_body_util::{BodyExt, Full};
use idem_http::webhook::{NoVerifier, Signer, Verifier, Webhook, WebhookLayer};
use tower::{Service, ServiceBuilder, ServiceExt, service_fn};

const SECRET: &str = "whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw";

fn layer() -> WebhookLayer {
    Verifier::standard(SECRET).expect("a secret").layer()
}

fn now() -> i64 {
    std::time::UNIX_EPOCH.elapsed().expect("a clock after 1970").as_secs().cast_signed()
}

fn signed(body: &[u8]) -> HeaderMap {
    Signer::standard(SECRET).expect("a secret").sign("msg_1", now(), body).expect("signed")
}

fn request<B>(headers: HeaderMap, body: B) -> Request<B> {
    let mut request = Request::post("/hooks").body(body).expect("a request");
    *request.headers_mut() = headers;
    request
}

/// A body that announces no length, as one that is sent in chunks.
#[derive(Default)]
struct Chunks {
    frames: VecDeque<Result<Bytes, &'static str>>,
    announced: u64,
    polled: Arc<AtomicUsize>,
}

impl Chunks {
    fn of<const N: usize>(frames: [Result<&'static [u8], &'static str>; N]) -> Self {
        Self { frames: frames.map(|frame| frame.map(Bytes::from_static)).into(), ..Self::default() }
    }
}

impl From<Bytes> for Chunks {
    fn from(bytes: Bytes) -> Self {
        Self { frames: [Ok(bytes)].into(), ..Self::default() }
    }
}

impl Body for Chunks {
    type Data = Bytes;
    type Error = Box<dyn Error + Send + Sync>;

    fn poll_frame(mut self: Pin<&mut Self>, _: &mut Context<'_>) -> Poll<Option<Result<Frame<Bytes>, Self::Error>>> {
        self.polled.fetch_add(1, SeqCst);
        Poll::Ready(self.frames.pop_front().map(|frame| frame.map(Frame::data).map_err(Into::into)))
    }

    fn size_hint(&self) -> SizeHint {
        let mut hint = SizeHint::new();
        hint.set_lower(self.announced);
        hint
    }
}

/// What came back, and how often the handler ran.
struct Answer {
    status: StatusCode,
    headers: HeaderMap,
    body: Bytes,
    runs: usize,
}

/// Sends a request through the layer to a handler that answers with the body and the bytes of the webhook, one after the other.
async fn send<B>(layer: WebhookLayer, request: Request<B>) -> Answer
where
    B: Body<Data = Bytes> + From<Bytes> + Send + 'static,
    B::Error: Into<Box<dyn Error + Send + Sync>> + std::fmt::Debug,
{
    let runs = Arc::new(AtomicUsize::new(0));
    let counted = runs.clone();
    let handler = service_fn(move |request: Request<B>| {
        counted.fetch_add(1, SeqCst);
        async move {
            let hook = Webhook::of(&request).expect("a webhook");
            assert_eq!(hook.id(), Some("msg_1"));
            assert!(hook.at().is_some_and(|at| now().abs_diff(at) < 100));
            let body = request.into_body().collect().await.expect("the body again").to_bytes();
            assert_eq!(&body, hook.bytes());
            Ok::<_, Infallible>(Response::new(Full::from(body)))
        }
    });
    let answer = ServiceBuilder::new().layer(layer).service(handler).oneshot(request).await.expect("an answer");
    let (parts, body) = answer.into_parts();
    let body = body.collect().await.expect("a body").to_bytes();
    Answer { status: parts.status, headers: parts.headers, body, runs: runs.load(SeqCst) }
}

impl Answer {
    fn assert_problem(&self, status: u16, kind: &str, retryable: bool) {
        assert_eq!((self.status.as_u16(), self.runs), (status, 0));
        assert_eq!(self.headers["content-type"], "application/problem+json");
        let body: serde_json::Value = serde_json::from_slice(&self.body).expect("JSON");
        let detail = body["detail"].as_str().expect("a detail");
        let expected = serde_json::json!({
            "type": format!("/problems/{kind}"), "title": kind, "status": status, "detail": detail, "retryable": retryable,
        });
        assert_eq!(body, expected);
    }
}

#[tokio::test]
async fn signed_request_reaches_handler_with_its_bytes() {
    for body in [&b"{}"[..], b"", b"\xff\0 no text"] {
        let answer = send(layer(), request(signed(body), Full::from(body))).await;
        assert_eq!((answer.status, &*answer.body, answer.runs), (StatusCode::OK, body, 1));
    }
    let chunks = Chunks::of([Ok(b"{\"a\":"), Ok(b""), Ok(b" 1}")]);
    let answer = send(layer(), request(signed(br#"{"a": 1}"#), chunks)).await;
    assert_eq!((&*answer.body, answer.runs), (&br#"{"a": 1}"#[..], 1));
}

#[tokio::test]
async fn refused_signature_is_401_and_handler_does_not_run() {
    let old = Signer::standard(SECRET).expect("a secret").sign("msg_1", now() - 1_000, b"{}").expect("signed");
    let mut twice = signed(b"{}");
    twice.append("webhook-id", "msg_2".parse().expect("a value"));
    for headers in [HeaderMap::new(), signed(b"[]"), old, twice] {
        let answer = send(layer(), request(headers, Full::from("{}"))).await;
        answer.assert_problem(401, "webhook-signature", false);
        assert_eq!(answer.headers["www-authenticate"], "Webhook-Signature");
    }
}

#[tokio::test]
async fn refusal_shows_neither_signature_nor_body() {
    let headers = signed(b"other");
    let signature = headers["webhook-signature"].to_str().expect("a text")[3..].to_owned();
    let answer = send(layer(), request(headers, Full::from("private"))).await;
    let text = String::from_utf8(answer.body.to_vec()).expect("a text");
    assert!(!text.contains("private") && !text.contains(&signature) && text.contains("no signature matches"), "{text}");
}

#[tokio::test]
async fn unsigned_body_is_not_read() {
    let body = Chunks::of([Ok(b"{}")]);
    let polled = body.polled.clone();
    send(layer(), request(HeaderMap::new(), body)).await.assert_problem(401, "webhook-signature", false);
    assert_eq!(polled.load(SeqCst), 0);
}

#[tokio::test]
async fn body_over_limit_is_413() {
    let ten = b"0123456789";
    let small = || layer().max_body(10);
    assert_eq!(send(small(), request(signed(ten), Full::from(&ten[..]))).await.runs, 1);
    let chunks = Chunks::of([Ok(b"01234"), Ok(b"56789")]);
    assert_eq!(send(small(), request(signed(ten), chunks)).await.runs, 1);

    let eleven = b"0123456789a";
    let whole = send(small(), request(signed(eleven), Full::from(&eleven[..]))).await;
    whole.assert_problem(413, "too-large", false);
    let chunks = Chunks::of([Ok(b"01234"), Ok(b"56789"), Ok(b"a"), Err("is not read")]);
    send(small(), request(signed(eleven), chunks)).await.assert_problem(413, "too-large", false);

    let announced = Chunks { announced: 11, ..Chunks::of([Err("is not read")]) };
    let polled = announced.polled.clone();
    send(small(), request(signed(eleven), announced)).await.assert_problem(413, "too-large", false);
    assert_eq!(polled.load(SeqCst), 0);
}

#[tokio::test]
async fn body_limit_is_1_mib_by_default() {
    let body = vec![b' '; 1 << 20];
    assert_eq!(send(layer(), request(signed(&body), Full::from(body.clone()))).await.runs, 1);
    let body = [body, vec![b' ']].concat();
    let answer = send(layer(), request(signed(&body), Full::from(body))).await;
    answer.assert_problem(413, "too-large", false);
}

/// What arrived is not verified: a signature over the first part alone must not let it through.
#[tokio::test]
async fn broken_body_is_400() {
    let chunks = Chunks::of([Ok(b"{}"), Err("connection reset")]);
    let answer = send(layer(), request(signed(b"{}"), chunks)).await;
    answer.assert_problem(400, "body", true);
    assert!(!String::from_utf8_lossy(&answer.body).contains("reset"));
}

/// Fails if it is called without having been polled ready.
#[derive(Default)]
struct Reserved {
    ready: bool,
}

impl Clone for Reserved {
    fn clone(&self) -> Self {
        Self { ready: false }
    }
}

impl Service<Request<Full<Bytes>>> for Reserved {
    type Response = Response<Full<Bytes>>;
    type Error = &'static str;
    type Future = std::future::Ready<Result<Self::Response, Self::Error>>;

    fn poll_ready(&mut self, _: &mut Context<'_>) -> Poll<Result<(), Self::Error>> {
        self.ready = true;
        Poll::Ready(Ok(()))
    }

    fn call(&mut self, _: Request<Full<Bytes>>) -> Self::Future {
        let ready = std::mem::take(&mut self.ready);
        std::future::ready(if ready { Ok(Response::default()) } else { Err("called before it was ready") })
    }
}

#[tokio::test]
async fn service_that_was_ready_is_called() {
    let mut service = ServiceBuilder::new().layer(layer()).service(Reserved::default());
    for _ in 0..2 {
        let answer = service.ready().await.expect("ready").call(request(signed(b"{}"), Full::from("{}"))).await;
        assert_eq!(answer.map(|answer| answer.status()), Ok(StatusCode::OK));
    }
}

/// A webhook of the test's own, from a real request.
async fn received(body: &'static [u8]) -> Webhook {
    let handler = service_fn(|request: Request<Full<Bytes>>| async move {
        let mut response = Response::new(Full::<Bytes>::default());
        response.extensions_mut().insert(Webhook::of(&request).expect("a webhook"));
        Ok::<_, Infallible>(response)
    });
    let service = ServiceBuilder::new().layer(layer()).service(handler);
    let answer = service.oneshot(request(signed(body), Full::from(body))).await.expect("an answer");
    answer.extensions().get::<Webhook>().expect("a webhook").clone()
}

#[tokio::test]
async fn json_is_read_from_signed_bytes_and_errors_do_not_quote_them() {
    let hook = received(br#"{"amount": 9007199254740993}"#).await;
    let amounts: std::collections::BTreeMap<String, u64> = hook.json().expect("this shape");
    assert_eq!(amounts["amount"], 9_007_199_254_740_993);
    assert!(!format!("{hook:?}").contains("amount"));

    let hook = received(br#"{"amount": "private"}"#).await;
    let error = hook.json::<std::collections::BTreeMap<String, u64>>().expect_err("another shape");
    assert!(error.is_data() && error.to_string().contains("line 1, column"), "{error}");
    assert!(!format!("{error} {error:?}").contains("private") && error.source().is_none());

    for (body, text) in [(&b"\xff"[..], "is not JSON"), (b"{", "ends too early"), (b"", "ends too early")] {
        let error = received(body).await.json::<serde_json::Value>().expect_err("no JSON");
        assert!(!error.is_data() && error.to_string().contains(text), "{error}");
    }
}

#[test]
fn request_without_layer_has_no_webhook() {
    let refused = Webhook::of(&request(signed(b"{}"), Full::<Bytes>::from("{}"))).map(|_| ());
    assert!(matches!(refused, Err(NoVerifier { .. })));
}

#[cfg(feature = "axum")]
mod axum {
    use ::axum::Router;
    use ::axum::body::Body;
    use ::axum::routing::post;
    use idem_http::webhook::JsonError;

    use super::*;

    async fn echo(first: Webhook, second: Webhook, body: Bytes) -> Result<String, JsonError> {
        assert_eq!((first.bytes(), second.bytes()), (&body, &body));
        let event: serde_json::Value = first.json()?;
        Ok(format!("{} {}", first.id().unwrap_or_default(), event["amount"]))
    }

    async fn answer(router: Router, headers: HeaderMap, body: &'static str) -> (StatusCode, String) {
        let answer = router.oneshot(request(headers, Body::from(body))).await.expect("an answer");
        let status = answer.status();
        let body = answer.into_body().collect().await.expect("a body").to_bytes();
        (status, String::from_utf8(body.to_vec()).expect("a text"))
    }

    fn routes() -> Router {
        Router::new().route("/hooks", post(echo))
    }

    #[tokio::test]
    async fn handler_extracts_verified_webhook() {
        let body = r#"{"amount": 5}"#;
        let expected = (StatusCode::OK, "msg_1 5".to_owned());
        assert_eq!(answer(routes().layer(layer()), signed(body.as_bytes()), body).await, expected);
        let (status, text) = answer(routes().layer(layer()), signed(b"{}"), body).await;
        assert_eq!((status, text.contains("/problems/webhook-signature")), (StatusCode::UNAUTHORIZED, true));
    }

    #[tokio::test]
    async fn route_without_layer_is_500_and_does_not_say_why() {
        let (status, text) = answer(routes(), signed(b"{}"), "{}").await;
        assert_eq!((status, text.contains("/problems/no-verifier")), (StatusCode::INTERNAL_SERVER_ERROR, true));
        assert!(!text.contains("Verifier::layer"), "{text}");
    }

    #[tokio::test]
    async fn signed_body_that_is_no_json_is_400() {
        let (status, text) = answer(routes().layer(layer()), signed(b"private"), "private").await;
        assert_eq!((status, text.contains("/problems/body")), (StatusCode::BAD_REQUEST, true));
        assert!(!text.contains("private"), "{text}");
    }
}

/// A service with places: whoever polls it ready takes one.
#[derive(Clone, Default)]
struct Places(Arc<AtomicUsize>);

impl Service<Request<Full<Bytes>>> for Places {
    type Response = Response<Full<Bytes>>;
    type Error = Infallible;
    type Future = std::future::Ready<Result<Self::Response, Infallible>>;

    fn poll_ready(&mut self, _: &mut Context<'_>) -> Poll<Result<(), Infallible>> {
        self.0.fetch_add(1, SeqCst);
        Poll::Ready(Ok(()))
    }

    fn call(&mut self, _: Request<Full<Bytes>>) -> Self::Future {
        std::future::ready(Ok(Response::default()))
    }
}

#[tokio::test]
async fn message_that_is_not_verified_takes_no_place_of_service() {
    let places = Places::default();
    let mut service = ServiceBuilder::new().layer(layer()).service(places.clone());
    let forged = signed(b"another body");
    let answer =
        service.ready().await.expect("ready").call(request(forged, Full::from("{}"))).await.expect("an answer");
    assert_eq!((answer.status(), places.0.load(SeqCst)), (StatusCode::UNAUTHORIZED, 0));
    let answer = service.ready().await.expect("ready").call(request(signed(b"{}"), Full::from("{}"))).await;
    assert_eq!((answer.expect("an answer").status(), places.0.load(SeqCst)), (StatusCode::OK, 1));
}
