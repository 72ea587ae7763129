//! Calls that are begun one by one, while what they need is held, and finished together.

use std::fmt::Debug;
use std::future::{Future, poll_fn};
use std::pin::Pin;
use std::task::Poll;

use idem_core::{Database, Error, Outcome};

use crate::conformance::machines::{Shop, subscription};
use crate::conformance::{fresh, key};

/// A call that was begun.
pub(super) type Begun<O, S = ()> = Pin<Box<dyn Future<Output = Result<Outcome<O, S>, Error>> + Send>>;

/// Begins `callers` calls, which all renew one subscription: each is alone, or queued, before the next one begins.
pub(super) async fn renewing<DB: Database>(
    subscription: &subscription::Handle<DB, Shop>,
    prefix: &'static str,
    callers: usize,
) -> Vec<Begun<u64, subscription::StateKind>> {
    let renew = |caller| {
        let (subscription, key) = (subscription.clone(), key(&format!("{prefix}{caller}")));
        Box::pin(async move { subscription.renew(&key, subscription::Renew { months: 0 }).await })
            as Begun<u64, subscription::StateKind>
    };
    let mut calls: Vec<_> = (0..callers).map(renew).collect();
    for call in &mut calls {
        begin(call).await;
    }
    calls
}

/// Waits for all at once; what they gave, in order.
pub(super) async fn finish<T: Send + 'static>(calls: Vec<impl Future<Output = T> + Send + 'static>) -> Vec<T> {
    let mut done = Vec::with_capacity(calls.len());
    for task in calls.into_iter().map(tokio::spawn).collect::<Vec<_>>() {
        done.push(task.await.expect("no panic"));
    }
    done
}

/// Polls once what cannot be done yet.
pub(super) async fn begin<F: Future + Unpin>(call: &mut F) {
    poll_fn(|cx| {
        assert!(Pin::new(&mut *call).poll(cx).is_pending(), "answered while another transaction holds what it needs");
        Poll::Ready(())
    })
    .await;
}

/// Waits for all at once; each of them must have had its effect.
pub(super) async fn all_fresh<O, S, E>(
    calls: Vec<impl Future<Output = Result<Outcome<O, S>, E>> + Send + 'static>,
) -> Vec<Outcome<O, S>>
where
    S: Debug + Send + 'static,
    O: Debug + Send + 'static,
    E: Debug + Send + 'static,
{
    finish(calls).await.into_iter().map(fresh).collect()
}
