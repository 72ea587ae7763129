//! What is done with a delivery, however often it comes.

use std::sync::Arc;
use std::time::Duration;

use idem_core::{CommandError, Database, Idem, Outcome};
use tokio::sync::mpsc::Receiver;
use tokio::task::JoinSet;

use super::delivery::Delivery;
use super::feed::Job;
use super::kill::{KillSwitch, Moment};
use super::machine::{Payment, Refusal, payment};
use super::progress::Progress;
use super::rules::House;
use super::tally::{Tally, Verdict, refusal};

/// How often a delivery is tried while other writers are faster or the database does not answer; with the pauses below,
/// about ten seconds.
const ATTEMPTS: u32 = 12;
const FIRST_PAUSE: Duration = Duration::from_millis(10);
const LONGEST_PAUSE: Duration = Duration::from_secs(2);

/// The counter at which all deliveries are handed in.
pub(super) struct Counter<DB: Database> {
    idem: Idem<DB>,
    payments: payment::Repository<DB, House>,
    kill: Option<KillSwitch>,
    progress: Progress,
}

/// The database is lost: what it said, and where the feed stopped.
#[derive(Debug, thiserror::Error)]
#[error("stopped at line {line}: {error}")]
pub(super) struct Lost {
    line: u64,
    error: Box<CommandError<Refusal>>,
}

impl<DB: Database> Counter<DB> {
    pub(super) fn new(idem: &Idem<DB>, kill: Option<KillSwitch>, progress: Progress) -> Self {
        Self { idem: idem.clone(), payments: Payment::stored(idem, House), kill, progress }
    }

    /// Works a queue off.
    pub(super) async fn work(self: Arc<Self>, mut jobs: Receiver<Job>) -> Result<Tally, Lost> {
        let mut tally = Tally::default();
        while let Some(job) = jobs.recv().await {
            match job {
                Job::One(delivery) => self.note(&delivery, self.deliver(&delivery).await?, &mut tally),
                Job::Burst(deliveries) => {
                    let mut burst = JoinSet::new();
                    for delivery in deliveries {
                        let counter = self.clone();
                        burst.spawn(async move {
                            let verdict = counter.deliver(&delivery).await;
                            verdict.map(|verdict| (delivery, verdict))
                        });
                    }
                    for result in burst.join_all().await {
                        let (delivery, verdict) = result?;
                        self.note(&delivery, verdict, &mut tally);
                    }
                }
            }
        }
        Ok(tally)
    }

    fn note(&self, delivery: &Delivery, verdict: Verdict, tally: &mut Tally) {
        self.progress.delivered(delivery.bytes, &verdict);
        tally.add(delivery.line, verdict);
    }

    /// Tries until there is an answer: with idem a repeat is always safe.
    async fn deliver(&self, delivery: &Delivery) -> Result<Verdict, Lost> {
        let mut pause = FIRST_PAUSE;
        let mut attempt = 1;
        loop {
            let error = match self.apply(delivery).await {
                Ok(outcome) if outcome.is_fresh() => return Ok(Verdict::Fresh),
                Ok(outcome) => return Ok(Verdict::Replayed { superseded: outcome.is_superseded() }),
                Err(error) => error,
            };
            if let Some(verdict) = refusal(&error) {
                return Ok(verdict);
            }
            if attempt == ATTEMPTS || !error.is_retryable() {
                return Err(Lost { line: delivery.line, error: Box::new(error) });
            }
            tokio::time::sleep(pause).await;
            attempt += 1;
            pause = LONGEST_PAUSE.min(pause * 2);
        }
    }

    /// All that a user of idem writes.
    async fn apply(
        &self,
        delivery: &Delivery,
    ) -> Result<Outcome<payment::Reply, payment::StateKind>, CommandError<Refusal>> {
        let this = self.payments.at(delivery.payment.as_str());
        match &self.kill {
            None => this.apply(delivery.key.as_ref(), delivery.command.clone()).await,
            Some(kill) => self.apply_and_maybe_die(&this, delivery, kill).await,
        }
    }

    /// The same in a transaction of our own, so that there is a commit to die before or after.
    async fn apply_and_maybe_die(
        &self,
        this: &payment::Handle<DB, House>,
        delivery: &Delivery,
        kill: &KillSwitch,
    ) -> Result<Outcome<payment::Reply, payment::StateKind>, CommandError<Refusal>> {
        let mut tx = self.idem.begin().await?;
        let outcome = this.within(&mut tx).apply(delivery.key.as_ref(), delivery.command.clone()).await?;
        let dies = if outcome.is_fresh() { kill.count() } else { None };
        if let Some(moment @ Moment::BeforeCommit) = dies {
            kill.die(moment);
        }
        tx.commit().await?;
        if let Some(moment) = dies {
            kill.die(moment);
        }
        Ok(outcome)
    }
}
