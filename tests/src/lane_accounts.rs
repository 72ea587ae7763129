//! The steps of a lane that are about its account, and the crowd that shares transactions.

use std::future::{Future, poll_fn};
use std::pin::Pin;
use std::task::Poll;

use idem_core::ledger::Delta;

use crate::backend::Backend;
use crate::lane::{Ack, Answers, Failure, Lane, MERCHANT};

/// How many of each kind a crowd has.
const CROWD: usize = 8;

/// What the changes of a batch are called.
const BATCH: [&str; 3] = ["batch 1", "batch 2", "batch 3"];

impl<DB: Backend> Lane<DB> {
    /// Changes the lane's account by 5.
    ///
    /// # Errors
    /// What the library answered.
    pub async fn delta(&self, call: &str) -> Result<Ack, Failure> {
        let account = self.idem.ledger().account(self.name());
        Ok(Ack::of(call, &account.apply_delta(&self.key(call), 5).await?))
    }

    pub(crate) async fn hold(&self) -> Answers {
        let ledger = self.idem.ledger();
        let held = ledger.account(self.name()).hold(&self.key("hold"), 2).await?;
        let captured = ledger.capture(&self.key("capture"), &*held.id, MERCHANT, 1).await?;
        let released = ledger.release(&self.key("release"), &*held.id).await?;
        Ok(vec![Ack::of("hold", &held), Ack::of("capture", &captured), Ack::of("release", &released)])
    }

    /// Two changes of the lane's account, with one of the merchant's between them.
    pub fn deltas(&self) -> Vec<Delta> {
        let accounts = [self.name(), MERCHANT, self.name()];
        BATCH.iter().zip(accounts).map(|(call, account)| Delta::new(account, &self.key(call), 1)).collect()
    }

    pub(crate) async fn batch(&self) -> Answers {
        let answers = self.idem.ledger().apply_batch(&self.deltas()).await?;
        BATCH.iter().zip(answers).map(|(call, answer)| Ok(Ack::of(*call, &answer?))).collect()
    }

    /// Additions and changes at once: what each was called, and what it was answered.
    pub async fn crowd(&self) -> Vec<(String, Result<Ack, Failure>)> {
        let wallet = self.wallet();
        let calls = (0..2 * CROWD).map(|number| {
            let (name, wallet) = (format!("crowd {number}"), wallet.clone());
            async move {
                let answer = if number % 2 == 0 { self.add(&wallet, &name).await } else { self.delta(&name).await };
                (name, answer)
            }
        });
        at_once(calls.collect()).await
    }
}

/// Runs all in one task, so that whoever drops this future drops all of them.
async fn at_once<F: Future>(calls: Vec<F>) -> Vec<F::Output> {
    let mut calls: Vec<Pin<Box<F>>> = calls.into_iter().map(Box::pin).collect();
    let mut answers: Vec<Option<F::Output>> = calls.iter().map(|_| None).collect();
    poll_fn(|cx| {
        for (call, answer) in calls.iter_mut().zip(&mut answers).filter(|(_, answer)| answer.is_none()) {
            if let Poll::Ready(output) = call.as_mut().poll(cx) {
                *answer = Some(output);
            }
        }
        if answers.iter().all(Option::is_some) { Poll::Ready(()) } else { Poll::Pending }
    })
    .await;
    answers.into_iter().flatten().collect()
}
