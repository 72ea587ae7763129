//! The storm itself.

use std::sync::atomic::{AtomicU64, Ordering::Relaxed};
use std::sync::{Arc, PoisonError};
use std::time::Duration;

use fastrand::Rng;
use indicatif::ProgressBar;
use reqwest::redirect::Policy;
use reqwest::{Client, StatusCode};
use tokio::sync::Mutex;
use tokio::task::JoinSet;
use tokio::time::{Instant, Interval, MissedTickBehavior, interval, sleep, timeout};

use super::count::CountError;
use super::plan::Plan;
use super::summary::Summary;

/// A request that has no answer after this time ends the storm.
const LONGEST: Duration = Duration::from_mins(1);
/// The longest wait of a client that is gone before the reply, in microseconds.
const HASTE: u64 = 20_000;
/// How long a reply is waited for.
const PATIENCE: Duration = Duration::from_secs(10);

/// Why a storm ends without a proof.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum StormError {
    /// The effects are not known.
    #[error(transparent)]
    Count(#[from] CountError),
    /// The service does not take the request.
    #[error("the service refuses the request with {status}: {text}")]
    Refused {
        /// The status.
        status: StatusCode,
        /// The beginning of the answer.
        text: String,
    },
    /// The service never answered.
    #[error("a request was sent {tries} times within a minute and never answered")]
    NoAnswer {
        /// How often.
        tries: u32,
    },
    /// The numbers of effects are none.
    #[error("the effects were {before} before and are {after} now: no service counts so many")]
    TooLarge {
        /// Before the storm.
        before: i64,
        /// After it.
        after: i64,
    },
    /// The service does not come to an end.
    #[error("the number of effects still changes {waited:?} after the last answer")]
    Unsettled {
        /// How long was waited.
        waited: Duration,
    },
    /// A client of the storm panicked.
    #[error("a client of the storm panicked")]
    Panicked,
}

/// How an attempt ended.
enum Ended {
    Answered(Answer),
    /// It may be repeated.
    Failed,
}

/// The status and the body.
type Answer = (StatusCode, Vec<u8>);

#[derive(Default)]
struct Tally {
    sent: AtomicU64,
    raced: AtomicU64,
    abandoned: AtomicU64,
    repeated: AtomicU64,
    failed: AtomicU64,
    contradicted: AtomicU64,
}

struct Storm {
    /// The answer to each request.
    answers: std::sync::Mutex<Vec<Answer>>,
    plan: Plan,
    client: Client,
    tally: Tally,
    pace: Mutex<Interval>,
    progress: ProgressBar,
}

/// Storms a service, and counts the effects.
///
/// # Errors
/// [`StormError`].
pub async fn storm(plan: Plan, progress: ProgressBar) -> Result<Summary, StormError> {
    // Neither a redirect nor a proxy leads the storm to another machine.
    let client =
        Client::builder().no_proxy().redirect(Policy::none()).timeout(PATIENCE).build().map_err(CountError::from)?;
    let before = plan.count.now(&client, &plan.headers).await?;
    let mut pace = interval(Duration::from_secs(1) / plan.rate.max(1));
    pace.set_missed_tick_behavior(MissedTickBehavior::Delay);
    let (clients, requests) = (u64::from(plan.clients), u64::from(plan.requests));
    let storm = Arc::new(Storm {
        answers: std::sync::Mutex::default(),
        plan,
        client,
        tally: Tally::default(),
        pace: Mutex::new(pace),
        progress,
    });
    let mut running = JoinSet::new();
    for number in 0..clients {
        let storm = storm.clone();
        running.spawn(async move {
            for request in (number..requests).step_by(usize::try_from(clients).unwrap_or(1)) {
                storm.request(request).await?;
                storm.progress.inc(1);
            }
            Ok::<_, StormError>(())
        });
    }
    while let Some(ended) = running.join_next().await {
        ended.map_err(|_| StormError::Panicked)??;
    }
    storm.progress.finish_and_clear();
    let (after, waited) = storm.settled().await?;
    let answers = std::mem::take(&mut *storm.answers.lock().unwrap_or_else(PoisonError::into_inner));
    let unmatched = storm.plan.count.unmatched(&storm.client, &storm.plan.headers, &answers).await?;
    let unit = storm.plan.count.unit().max(1);
    // The payments of a storm that ran before with this seed are its own: the merchant is.
    let before = if unmatched.is_some() { 0 } else { before };
    let made = after.checked_sub(before).ok_or(StormError::TooLarge { before, after })?;
    let count = |count: &AtomicU64| count.load(Relaxed);
    let tally = &storm.tally;
    Ok(Summary {
        requests,
        sent: count(&tally.sent),
        raced: count(&tally.raced),
        abandoned: count(&tally.abandoned),
        repeated: count(&tally.repeated),
        failed: count(&tally.failed),
        contradicted: count(&tally.contradicted),
        effects: made / unit,
        rest: made % unit,
        waited,
        unmatched,
        seed: storm.plan.seed,
    })
}

impl Storm {
    /// The number of effects, once it has not changed for a while: a request whose client has gone may still be worked on. And how long
    /// that was waited for.
    async fn settled(&self) -> Result<(i64, Duration), StormError> {
        const LOOKS: u32 = 20;
        let (Plan { count, headers, settle, .. }, mut waited) = (&self.plan, Duration::ZERO);
        let mut last = count.now(&self.client, headers).await?;
        for _ in 0..LOOKS {
            sleep(*settle).await;
            waited += *settle;
            let now = count.now(&self.client, headers).await?;
            if now == last {
                return Ok((now, waited));
            }
            last = now;
        }
        Err(StormError::Unsettled { waited })
    }

    /// One request, until it is answered.
    async fn request(&self, number: u64) -> Result<(), StormError> {
        let mut random = Rng::with_seed(self.plan.seed.wrapping_add(number));
        let key = format!("storm-{:016x}-{number:08}", self.plan.seed);
        let (mut tries, mut answer, begun) = (0, None, Instant::now());
        while answer.is_none() {
            if begun.elapsed() > LONGEST {
                return Err(StormError::NoAnswer { tries });
            }
            tries += 1;
            match random.u8(0..10) {
                // The client is gone before the reply; the next one begins anew.
                0..3 => {
                    self.tally.abandoned.fetch_add(1, Relaxed);
                    let _ = timeout(Duration::from_micros(random.u64(..HASTE)), self.send(&key)).await;
                }
                3..6 => {
                    let copies = random.u64(2..5);
                    self.tally.raced.fetch_add(copies, Relaxed);
                    let sent = (0..copies).map(|_| self.send(&key));
                    for ended in futures_util::future::join_all(sent).await {
                        self.note(ended?, &mut answer);
                    }
                }
                _ => {
                    let ended = self.send(&key).await?;
                    self.note(ended, &mut answer);
                }
            }
            if answer.is_none() {
                sleep(Duration::from_millis(random.u64(5..50))).await;
            }
        }
        if random.bool() {
            self.tally.repeated.fetch_add(1, Relaxed);
            let ended = self.send(&key).await?;
            self.note(ended, &mut answer);
        }
        self.answers.lock().unwrap_or_else(PoisonError::into_inner).extend(answer);
        Ok(())
    }

    async fn send(&self, key: &str) -> Result<Ended, StormError> {
        self.pace.lock().await.tick().await;
        self.tally.sent.fetch_add(1, Relaxed);
        let Plan { target, headers, body, .. } = &self.plan;
        let request = self.client.post(target.clone()).headers(headers.clone()).header("idempotency-key", key);
        let Ok(answer) = request.body(body.clone()).send().await else { return Ok(Ended::Failed) };
        let status = answer.status();
        let Ok(bytes) = answer.bytes().await else { return Ok(Ended::Failed) };
        if status.is_success() {
            return Ok(Ended::Answered((status, bytes.to_vec())));
        }
        if status.is_server_error() || [StatusCode::CONFLICT, StatusCode::TOO_MANY_REQUESTS].contains(&status) {
            return Ok(Ended::Failed);
        }
        let text = String::from_utf8_lossy(&bytes[..bytes.len().min(300)]).into_owned();
        Err(StormError::Refused { status, text })
    }

    /// All answers to one request are the same.
    fn note(&self, ended: Ended, first: &mut Option<Answer>) {
        match (ended, &*first) {
            (Ended::Failed, _) => {
                self.tally.failed.fetch_add(1, Relaxed);
            }
            (Ended::Answered(answer), Some(first)) if answer != *first => {
                self.tally.contradicted.fetch_add(1, Relaxed);
            }
            (Ended::Answered(answer), _) => *first = Some(answer),
        }
    }
}
