//! Ends of work under a lease: what an owner before may have done, what went out, and what an answer says of it.

use std::sync::{Arc, Mutex};
use std::time::Duration;

use axum::Router;
use axum::body::Body;
use axum::extract::Request;
use axum::middleware::{Next, from_fn};
use axum::response::IntoResponse as _;
use axum::routing::post;
use bytes::Bytes;
use http::{HeaderMap, StatusCode};
use idem_core::Idem;
use idem_http::{Done, Guard, Keys, Lease, Leases, Problem, WhenLost, scope};
use tests::{Backend as _, Sqlite};

use crate::site::{Door, Got, KEY, post as request};

fn door(
    leases: impl Into<Leases>,
    settings: impl FnOnce(Guard<idem_http::Leased>) -> Guard<idem_http::Leased>,
    acts: Router,
) -> Door {
    Door::Call(acts.layer(settings(Guard::leased(leases, scope::single())).required()))
}

async fn send(door: &Door, header: &str, body: &str) -> Got {
    door.send(request("/acts", &[("idempotency-key", KEY), (header, "1")], body.as_bytes().to_vec())).await
}

/// A gateway is charged by the first owner, whose reply is lost; a rate limit inside the guard refuses the second owner; the third asks for
/// what `body` says. The answers, and what the gateway got.
async fn after_lost_reply(leases: Leases, when_lost: WhenLost, body: &str) -> (Vec<Got>, Vec<String>) {
    let charged = Arc::new(Mutex::new(Vec::new()));
    let gateway = charged.clone();
    let act = move |lease: Lease, headers: HeaderMap, body: String| {
        let gateway = gateway.clone();
        async move {
            if lease.resumed::<String>()?.is_none() {
                let _ = lease.key("charge");
                gateway.lock().expect("not poisoned").push(body.clone());
                lease.save("charged").await?;
            }
            if headers.contains_key("x-lost") {
                return Err(Problem::bad_gateway("no reply"));
            }
            Ok::<_, Problem>(lease.done(body))
        }
    };
    let limit = from_fn(async |request: Request, next: Next| {
        if request.headers().contains_key("x-limited") {
            return StatusCode::TOO_MANY_REQUESTS.into_response();
        }
        next.run(request).await
    });
    let door = door(leases, |guard| guard.when_lost(when_lost), Router::new().route("/acts", post(act)).layer(limit));
    let mut got = Vec::new();
    for (header, body) in [("x-lost", "pay 5"), ("x-limited", "pay 5"), ("x-ok", body)] {
        got.push(send(&door, header, body).await);
    }
    let charged = charged.lock().expect("not poisoned").clone();
    (got, charged)
}

#[tokio::test]
async fn owner_that_did_nothing_does_not_free_what_one_before_may_have_done() {
    let (got, charged) = after_lost_reply(Leases::memory(), WhenLost::Resume, "pay 5").await;
    assert_eq!(charged, ["pay 5"], "the third goes on from the checkpoint");
    assert_eq!((got[1].status, got[1].key_status()), (429, None), "not released");
    assert_eq!(got[2].key_status(), Some("executed"));
    let (got, charged) = after_lost_reply(Leases::memory(), WhenLost::Reexecute, "pay 999").await;
    assert_eq!((got[2].problem(), &charged[..]), ("key-reused".to_owned(), &["pay 5".to_owned()][..]));
}

#[tokio::test]
async fn key_of_the_other_extractor_counts_as_gone_out() {
    async fn act(keys: Keys, _lease: Lease) -> Result<Done, Problem> {
        let _ = keys.key("charge");
        Err(Problem::bad_gateway("no reply"))
    }
    let door = door(Leases::memory(), |guard| guard, Router::new().route("/acts", post(act)));
    assert_eq!(send(&door, "x", "").await.key_status(), None);
    assert_eq!(send(&door, "x", "").await.refusal(), (409, "outcome-unknown".into(), None, false));
}

#[tokio::test]
async fn answer_that_breaks_off_is_of_work_that_is_done() {
    async fn act(lease: Lease) -> Done {
        let _ = lease.key("charge");
        let broken = futures_util::stream::iter([Err::<Bytes, _>(std::io::Error::other("broken off"))]);
        lease.done(Body::from_stream(broken))
    }
    let door = door(Leases::memory(), |guard| guard, Router::new().route("/acts", post(act)));
    for status in ["executed", "replayed"] {
        let got = send(&door, "x", "").await;
        assert_eq!((got.status, got.problem(), got.key_status()), (410, "answer-not-kept".into(), Some(status)));
    }
}

#[tokio::test]
async fn lease_that_is_lost_before_anything_went_out_is_in_flight_elsewhere() {
    let place = Sqlite::fresh();
    let idem = Idem::<sqlx::Sqlite>::open(&place.url()).await.expect("opened");
    let begun = Arc::new(tokio::sync::Notify::new());
    let reached = begun.clone();
    let act = move |lease: Lease| {
        let reached = reached.clone();
        async move {
            reached.notify_one();
            std::future::pending::<()>().await;
            lease.done("never")
        }
    };
    let short = |guard: Guard<idem_http::Leased>| guard.lease(Duration::from_millis(300));
    let door = door(&idem, short, Router::new().route("/acts", post(act)));
    let takes = async {
        begun.notified().await;
        let mut conn = sqlx::Sqlite::connect(&place.url()).await;
        sqlx::Sqlite::script(&mut conn, "UPDATE idem_claims SET epoch = epoch + 1, owner = 5")
            .await
            .expect("taken over");
    };
    let (got, ()) = tokio::join!(send(&door, "x", ""), takes);
    assert_eq!(got.refusal(), (409, "in-flight".into(), None, true));
}

/// A body that panics there.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Panics {
    Read,
    End,
    Length,
    Drop,
}

impl http_body::Body for Panics {
    type Data = Bytes;
    type Error = std::convert::Infallible;

    fn poll_frame(
        self: std::pin::Pin<&mut Self>,
        _: &mut std::task::Context<'_>,
    ) -> std::task::Poll<Option<Result<http_body::Frame<Bytes>, Self::Error>>> {
        assert!(*self != Self::Read, "as the test says");
        std::task::Poll::Ready(None)
    }

    fn is_end_stream(&self) -> bool {
        assert!(*self != Self::End, "as the test says");
        false
    }

    fn size_hint(&self) -> http_body::SizeHint {
        assert!(*self != Self::Length, "as the test says");
        http_body::SizeHint::default()
    }
}

impl Drop for PanicsInBody {
    fn drop(&mut self) {
        assert!(self.0 != Panics::Drop || std::thread::panicking(), "as the test says");
    }
}

/// The same with a destructor.
struct PanicsInBody(Panics);

impl http_body::Body for PanicsInBody {
    type Data = Bytes;
    type Error = std::convert::Infallible;

    fn poll_frame(
        mut self: std::pin::Pin<&mut Self>,
        cx: &mut std::task::Context<'_>,
    ) -> std::task::Poll<Option<Result<http_body::Frame<Bytes>, Self::Error>>> {
        std::pin::Pin::new(&mut self.0).poll_frame(cx)
    }

    fn is_end_stream(&self) -> bool {
        self.0.is_end_stream()
    }

    fn size_hint(&self) -> http_body::SizeHint {
        self.0.size_hint()
    }
}

#[tokio::test]
async fn answer_that_panics_is_of_work_that_is_done() {
    for panics in [Panics::Read, Panics::End, Panics::Length, Panics::Drop] {
        let charges = Arc::new(Mutex::new(0));
        let gateway = charges.clone();
        let act = move |lease: Lease| {
            let _ = lease.key("charge");
            *gateway.lock().expect("not poisoned") += 1;
            async move { lease.done(Body::new(PanicsInBody(panics))) }
        };
        let again = |guard: Guard<idem_http::Leased>| guard.when_lost(WhenLost::Reexecute);
        let door = door(Leases::memory(), again, Router::new().route("/acts", post(act)));
        for status in ["executed", "replayed"] {
            let got = send(&door, "x", "").await;
            assert_eq!((got.status, got.key_status()), (410, Some(status)));
        }
        assert_eq!(*charges.lock().expect("not poisoned"), 1);
    }
}

#[tokio::test]
async fn lease_and_keys_that_a_task_keeps_are_not_released() {
    for keeps_lease in [true, false] {
        let kept = Arc::new(tokio::sync::Notify::new());
        let waits = kept.clone();
        let act = move |keys: Keys, lease: Lease| {
            let waits = waits.clone();
            async move {
                if keeps_lease {
                    tokio::spawn(async move {
                        waits.notified().await;
                        drop(lease);
                    });
                } else {
                    tokio::spawn(async move {
                        waits.notified().await;
                        drop(keys);
                    });
                }
                Err::<Done, _>(Problem::unavailable("the task goes on"))
            }
        };
        let door = door(Leases::memory(), |guard| guard, Router::new().route("/acts", post(act)));
        assert_eq!(send(&door, "x", "").await.key_status(), None, "the task may still send something");
        assert_eq!(send(&door, "x", "").await.problem(), "outcome-unknown");
        kept.notify_one();
    }
}

#[tokio::test]
async fn checkpoint_is_kept_for_the_next_owner() {
    let act = async |lease: Lease| -> Result<Done, Problem> {
        if let Some(job) = lease.resumed::<String>()? {
            return Ok(lease.done(job));
        }
        lease.save("job 1").await?;
        Err(Problem::unavailable("later"))
    };
    let resumes = |guard: Guard<idem_http::Leased>| guard.when_lost(WhenLost::Resume);
    let door = door(Leases::memory(), resumes, Router::new().route("/acts", post(act)));
    assert_eq!(send(&door, "x", "").await.key_status(), None);
    let got = send(&door, "x", "").await;
    assert_eq!((got.key_status(), &*got.body), (Some("executed"), &b"job 1"[..]));
}
