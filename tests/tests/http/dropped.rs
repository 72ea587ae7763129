//! Clients that disconnect at any await, and bodies that come slowly or break off.

use std::pin::Pin;
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::task::{Context, Poll};

use axum::body::Body;
use bytes::Bytes;
use http::Request;
use http_body::Frame;
use tests::{Backend, PollLimit, scale};
use tokio::sync::mpsc;
use tower::ServiceExt as _;

use crate::on_each;
use crate::service::{Script, Then, router};
use crate::site::{Door, KEY, Site, Via, act};

on_each! {
    client_that_disconnects_at_any_await_has_one_effect
}

async fn client_that_disconnects_at_any_await_has_one_effect<DB: Backend>(via: Via) {
    let Some(site) = Site::<DB>::open(via).await else { return };
    let guard = site.guard();
    let drain = guard.drain();
    let door = site.serve_router(router(site.app.clone(), &guard.required())).await;
    let script = Script::new(Then::Done);
    let key = |number: usize| format!("key-of-client-{number:06}");
    let (mut dropped, clients) = (0, scale(40, 400));
    for number in 1..=clients {
        // How many polls a request takes differs: each number of them comes several times.
        let got = PollLimit::new(1 + number % 6, door.act(&key(number), &script)).await;
        // What had begun ends; nothing else is in flight.
        while drain.in_flight() > 0 {
            tokio::task::yield_now().await;
        }
        let again = loop {
            let again = door.act(&key(number), &script).await;
            // Over a socket, what was sent may come after its client has disconnected.
            if again.status != 409 {
                break again;
            }
        };
        assert_eq!(again.status, 201, "{again:?}");
        match got {
            Some(got) => assert_eq!((got.key_status(), again.key_status()), (Some("executed"), Some("replayed"))),
            None => dropped += 1,
        }
        assert_eq!(site.effects().await, i64::try_from(number).expect("a few"), "one for each key");
    }
    assert!(dropped >= 5, "requests that were dropped: {dropped}");
}

/// A body whose frames the test sends one by one.
struct Slow {
    frames: mpsc::UnboundedReceiver<Result<Bytes, &'static str>>,
    polled: Arc<AtomicUsize>,
}

impl http_body::Body for Slow {
    type Data = Bytes;
    type Error = &'static str;

    fn poll_frame(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Option<Result<Frame<Bytes>, &'static str>>> {
        self.polled.fetch_add(1, Ordering::SeqCst);
        self.frames.poll_recv(cx).map(|frame| frame.map(|frame| frame.map(Frame::data)))
    }
}

/// While a slow client uploads, no transaction and no connection is held; a client that disconnects meanwhile leaves nothing.
#[tokio::test]
async fn slow_upload_holds_nothing_and_leaves_nothing() {
    let Some(site) = Site::<sqlx::Sqlite>::open(Via::Call).await else { return };
    let guard = site.guard();
    let drain = guard.drain();
    let door = site.serve_router(router(site.app.clone(), &guard.required())).await;
    let Door::Call(service) = door.clone() else { unreachable!("called in this process") };
    let script = Script::new(Then::Done);
    let begin = || {
        let (sender, frames) = mpsc::unbounded_channel();
        let polled = Arc::new(AtomicUsize::new(0));
        let body = Body::new(Slow { frames, polled: polled.clone() });
        let (parts, _) = act(KEY, &script).into_parts();
        (sender, polled, service.clone().oneshot(Request::from_parts(parts, body)))
    };
    let mut rest = Bytes::from(script.json());
    let first = rest.split_to(5);
    let reads = async |polled: &AtomicUsize| {
        while polled.load(Ordering::SeqCst) < 2 {
            tokio::task::yield_now().await;
        }
    };

    // Half a body, and the same request by another client meanwhile: it is not kept from anything.
    let (sender, polled, upload) = begin();
    sender.send(Ok(first.clone())).expect("read");
    let upload = tokio::spawn(upload);
    reads(&polled).await;
    assert_eq!(drain.in_flight(), 1);
    assert_eq!(door.act(KEY, &script).await.verdict(), (201, Some("executed"), false));
    sender.send(Ok(rest.clone())).expect("read");
    drop(sender);
    let late = upload.await.expect("it ends").expect("axum does not fail");
    assert_eq!(late.headers()["idempotency-status"], "replayed");

    // One that breaks off, and one that disconnects.
    let (sender, _, upload) = begin();
    sender.send(Ok(first.clone())).expect("read");
    sender.send(Err("broken off")).expect("read");
    let broken = upload.await.expect("axum does not fail");
    assert_eq!(broken.status(), 400);
    let (sender, polled, upload) = begin();
    sender.send(Ok(first)).expect("read");
    let upload = tokio::spawn(upload);
    reads(&polled).await;
    upload.abort();
    assert!(upload.await.expect_err("dropped").is_cancelled());
    assert_eq!((drain.in_flight(), site.app.runs(), site.effects().await), (0, 1, 1));
}
