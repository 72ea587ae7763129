//! One check of one route while it runs: sends requests, and notes what came.

use std::time::Duration;

use idem_core::Key;
use tokio::time::{Instant, sleep, timeout};

use super::door::Failed;
use super::finding::{Finding, FindingKind};
use super::plan::{Form, KeyLines, Plan, What};
use super::report::{Line, Report, Verdict};
use super::scenario::Scenario;
use super::seen::Seen;
use crate::problem::{Kind, Problem};

/// Between two looks whether the first request has ended.
const PAUSE: Duration = Duration::from_millis(20);

/// Problems of a guard that is used wrongly: their detail is what to do.
const MISUSES: [&str; 4] = ["guarded-twice", "no-guard", "no-scope", "taken-twice"];

pub(super) struct Session<'p> {
    pub(super) plan: Plan<'p>,
    pub(super) form: Form,
    /// How many effects one request has, where they are counted.
    pub(super) one: Option<u64>,
    /// The service has marked a replay.
    pub(super) marks: bool,
    /// A guard of idem is around the route: an answer has said so.
    is_guarded: bool,
    lines: Vec<Line>,
}

/// The effects that were counted, at a moment.
#[derive(Debug, Clone, Copy)]
pub(super) struct Count(Option<u64>);

impl<'p> Session<'p> {
    pub(super) fn new(plan: Plan<'p>) -> Self {
        Self { plan, form: Form::Quoted, one: None, marks: false, is_guarded: false, lines: Vec::new() }
    }

    pub(super) fn report(self) -> Report {
        Report { route: format!("{} {}", self.plan.method, self.plan.uri), lines: self.lines }
    }

    /// Goes on with another scenario.
    pub(super) fn open(&mut self, scenario: Scenario) {
        self.lines.push(Line { scenario, answers: Vec::new(), verdict: Verdict::Kept });
    }

    /// Brings the service where the request is accepted. What was counted after that.
    pub(super) async fn ready(&self) -> Count {
        if let Some(before) = &self.plan.before {
            before().await;
        }
        self.count().await
    }

    pub(super) async fn count(&self) -> Count {
        match &self.plan.effects {
            Some(effects) => Count(Some(effects().await)),
            None => Count(None),
        }
    }

    /// By how much the effects grew. `None` if they are not counted.
    pub(super) async fn grown(&self, since: Count) -> Option<u64> {
        Some(self.count().await.0?.saturating_sub(since.0?))
    }

    /// Sends a request. `None`: there is no answer that could be judged, which was found.
    pub(super) async fn send(&mut self, key: KeyLines<'_>, what: What) -> Option<Seen> {
        let ended = self.sending(key, what).await;
        self.saw(ended)
    }

    /// The same request under a key in the form of this service.
    pub(super) async fn same(&mut self, key: &str) -> Option<Seen> {
        self.send(KeyLines::One(key, self.form), What::Same).await
    }

    /// Sends the request under a new key. `None` if it is not accepted.
    pub(super) async fn accepted(&mut self) -> Option<(String, Seen)> {
        let key = new_key();
        let seen = self.same(&key).await?;
        if seen.is_accepted() {
            return Some((key, seen));
        }
        self.found(FindingKind::NotAccepted, format!("the first request of this scenario is answered with {seen}"));
        None
    }

    /// A request on its way, which is not noted.
    pub(super) fn sending(&self, key: KeyLines<'_>, what: What) -> impl Future<Output = Ended> + use<> {
        let sending = (self.plan.door)(self.plan.request(key, what));
        let (patience, mark) = (self.plan.patience, self.plan.mark.clone());
        async move {
            match timeout(patience, sending).await {
                Ok(Ok((head, body))) => Ended::Seen(Seen::new(&head, body, mark.as_ref())),
                Ok(Err(failed)) => Ended::Failed(failed),
                Err(_) => Ended::TooLong,
            }
        }
    }

    /// Sends the same until the first has ended, as far as a client can see.
    pub(super) async fn same_until_ended(&mut self, key: &str) -> Option<Seen> {
        let until = Instant::now() + self.plan.patience;
        loop {
            let ended = self.sending(KeyLines::One(key, self.form), What::Same).await;
            match &ended {
                Ended::Seen(seen) if seen.is_in_flight() && Instant::now() < until => sleep(PAUSE).await,
                _ => return self.saw(ended),
            }
        }
    }

    /// Notes an answer. `None` if there is none that could be judged, which was found.
    pub(super) fn saw(&mut self, ended: Ended) -> Option<Seen> {
        let seen = match ended {
            Ended::Seen(seen) => seen,
            Ended::Failed(failed) => {
                self.noted("no answer");
                self.found(FindingKind::NoAnswer, format!("the service failed: {failed}"));
                return None;
            }
            Ended::TooLong => {
                self.noted("no answer");
                self.found(FindingKind::NoAnswer, format!("no answer came within {:?}", self.plan.patience));
                return None;
            }
        };
        self.noted(seen.to_string());
        self.is_guarded |= seen.is_of_guard();
        if !seen.status.is_server_error() {
            return Some(seen);
        }
        let (kind, detail, fix) = fault(&seen);
        self.push(Finding { scenario: self.scenario(), kind, is_warning: false, detail, fix });
        None
    }

    /// Notes what was seen.
    pub(super) fn noted(&mut self, answer: impl Into<String>) {
        if let Some(line) = self.lines.last_mut() {
            line.answers.push(answer.into());
        }
    }

    pub(super) fn unchecked(&mut self, why: &'static str) {
        if let Some(line) = self.lines.last_mut()
            && line.verdict == Verdict::Kept
        {
            line.verdict = Verdict::Unchecked(why);
        }
    }

    pub(super) fn found(&mut self, kind: FindingKind, detail: impl Into<String>) {
        let is_warning = match kind {
            FindingKind::AnswerNotKept | FindingKind::FormRefused | FindingKind::BrokenBodyAccepted => true,
            FindingKind::FormsDiffer => !self.is_guarded,
            // Without a count nothing but the mark shows a replay.
            FindingKind::ReplayNotMarked => !self.is_guarded && self.plan.effects.is_some(),
            _ => false,
        };
        let finding =
            Finding { scenario: self.scenario(), kind, is_warning, detail: detail.into(), fix: kind.fix().to_owned() };
        self.push(finding);
    }

    fn push(&mut self, finding: Finding) {
        let Some(line) = self.lines.last_mut() else { return };
        match &mut line.verdict {
            Verdict::Found(findings) => findings.push(finding),
            verdict => *verdict = Verdict::Found(vec![finding]),
        }
    }

    fn scenario(&self) -> Scenario {
        self.lines.last().map_or(Scenario::Fresh, |line| line.scenario)
    }
}

/// What a 5xx says: what is wrong, and what to do.
fn fault(seen: &Seen) -> (FindingKind, String, String) {
    let kind = match seen.kind() {
        // The database refused to commit what was handed back.
        Some("not-committed") if seen.detail() == Problem::from(Kind::NotCommitted).detail_text() => {
            FindingKind::ServerError
        }
        Some("not-committed") => FindingKind::NotHandedBack,
        _ => FindingKind::ServerError,
    };
    let is_misuse = kind == FindingKind::NotHandedBack || seen.kind().is_some_and(|kind| MISUSES.contains(&kind));
    match seen.detail() {
        Some(fix) if is_misuse => (kind, format!("the answer is {seen}"), fix.to_owned()),
        Some(detail) => (kind, format!("the answer is {seen}, {detail}"), kind.fix().to_owned()),
        None => (kind, format!("the answer is {seen}"), kind.fix().to_owned()),
    }
}

/// How a request ended.
#[derive(Debug)]
pub(super) enum Ended {
    Seen(Seen),
    Failed(Failed),
    TooLong,
}

/// A key that no request has had.
pub(super) fn new_key() -> String {
    // The name fits, so a key is made.
    Key::random("probe").map(|key| key.as_str().to_owned()).unwrap_or_default()
}
