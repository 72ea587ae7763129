//! The mode without a record: a handler's one command has a key of its own.

use bytes::Bytes;
use http::{Extensions, Response};
use http_body::Body;
use tokio::time::Instant;

use super::answered::{KeyStatus, Reply, Settled};
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
    type Turn = ();

    fn set_up(&mut self, _: &Settings) {}

    async fn enter(&self, _: &Admitted, _: &Settings) -> Entered<()> {
        Entered::Turn(())
    }

    fn lend((): &mut (), _: &Admitted, _: (u32, &RunId), _: &mut Extensions) {}

    async fn lost((): &()) {
        std::future::pending::<()>().await;
    }

    async fn settle<R>((): &mut (), _: &Settings, _: Instant, ran: Ran<R>) -> Settled<R>
    where
        R: Body<Data = Bytes> + Send + 'static,
    {
        match ran {
            Ran::Answered(_, response, _) => answered(response),
            // Whether its command had its effect is known by the key of the command: a repeat finds out.
            Ran::TooLong => Reply::problem(Kind::Deadline, None, Verdict::Passed),
            Ran::Panicked | Ran::Lost | Ran::Failed => Reply::problem(Kind::Panic, None, Verdict::Passed),
        }
        .into()
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
