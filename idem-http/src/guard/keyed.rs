//! The mode without a record: a handler's one command has a key of its own.

use bytes::Bytes;
use http::{Extensions, Response};
use http_body::Body;
use tokio::time::Instant;

use super::answered::{KeyStatus, Marks, Reply, Settled};
use super::mode::{Engine, Entered, Mode};
use super::prepare::Admitted;
use super::run::{Ran, RunId};
use super::settings::Settings;
use crate::answer::Origin;
use crate::observe::Verdict;
use crate::problem::Kind;

/// The mode of [`Guard::keyed`](super::Guard::keyed).
#[derive(Debug, Clone, Copy)]
#[non_exhaustive]
pub struct Keyed;

impl Mode for Keyed {}

impl Engine for Keyed {
    const NAME: &'static str = "keyed";
    const COMPARES: bool = false;
    const RERUNS: bool = false;
    /// Whether the request has a key: a repeat then has the same keys.
    type Turn = bool;

    fn set_up(&mut self, _: &Settings) {}

    async fn enter(&self, request: &Admitted, _: &Settings) -> Entered<bool> {
        Entered::Turn(request.key.is_some())
    }

    fn lend(_: &mut bool, _: &Admitted, _: (u32, &RunId), _: &mut Extensions) {}

    async fn lost(_: &bool) {
        std::future::pending::<()>().await;
    }

    async fn settle<R>(has_key: &mut bool, _: &Marks<'_>, _: Instant, ran: Ran<R>) -> Settled<R>
    where
        R: Body<Data = Bytes> + Send + 'static,
    {
        // Whether its command had its effect is known by the key of the command: a repeat finds out.
        let reply = match ran {
            Ran::Answered(response, _) => answered(response),
            Ran::TooLong => Reply::problem(Kind::Deadline, None, Verdict::Passed),
            Ran::Panicked | Ran::Lost | Ran::Failed => Reply::problem(Kind::Panic, None, Verdict::Passed),
        };
        // Without one it has other keys, and may do it a second time.
        if *has_key || reply.is_success() { reply } else { reply.unrecorded() }.into()
    }
}

fn answered<R>(mut response: Response<crate::answer_body::AnswerBody<R>>) -> Reply<R> {
    let (status, verdict, is_superseded) = match response.extensions_mut().remove::<Origin>() {
        Some(Origin { is_replay: true, is_superseded }) => {
            (Some(KeyStatus::Replayed), Verdict::Replayed, is_superseded)
        }
        Some(Origin { is_superseded, .. }) => (Some(KeyStatus::Executed), Verdict::Fresh, is_superseded),
        None => (None, Verdict::Passed, false),
    };
    Reply { is_superseded, ..Reply::handlers(response, status, verdict) }
}
