//! A script, and what it must come to.

use std::sync::Arc;
use std::time::Duration;

use crate::clock::Timestamp;
use crate::epoch::Epoch;
use crate::fingerprint::Fingerprint;
use crate::key::{Key, KeyHash};
use crate::lease::store::{ClaimAnswer, End};
use crate::model::claim::call::{ClaimKey, Renewal};
use crate::model::claim::record::ClaimRecord;
use crate::model::claim::transition::{
    ClaimRefusal, ClaimRequest, Resolution, abandon, claim, complete, disown, release, renew, resolve, save,
};

use super::stores::TestStore;

const LEASE: Duration = Duration::from_secs(1_000);
const KEEP: Duration = Duration::from_secs(5_000);

/// A step. Claims are named by the order in which they were made.
#[derive(Debug, Clone, Copy)]
pub(super) enum Step {
    Claim {
        owner: i64,
        request: u8,
        takes_over: bool,
    },
    Renew(usize),
    Complete(usize),
    End(usize, End),
    Save(usize),
    Disown(i64),
    Resolve(usize, bool),
    Sweep,
    /// The store's clock is set on, or back, by this number of seconds.
    Clock(i64),
}

/// A script from a seed.
pub(super) fn steps(seed: u64) -> Vec<Step> {
    let mut random = Random(seed);
    (0..40).map(|_| random.step()).collect()
}

struct Random(u64);

impl Random {
    /// `SplitMix64`: <https://prng.di.unimi.it/splitmix64.c>.
    fn next(&mut self, below: u64) -> u64 {
        self.0 = self.0.wrapping_add(0x9e37_79b9_7f4a_7c15);
        let mut mixed = (self.0 ^ (self.0 >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        mixed = (mixed ^ (mixed >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
        (mixed ^ (mixed >> 31)) % below
    }

    fn step(&mut self) -> Step {
        // Mostly the newest claim or the one before it.
        let made = usize::try_from(self.next(3)).unwrap_or_default();
        let owner = i64::try_from(self.next(4)).unwrap_or_default() + 1;
        match self.next(16) {
            0..=4 => {
                let request = u8::from(self.next(4) == 0);
                Step::Claim { owner, request, takes_over: self.next(2) == 0 }
            }
            5 => Step::Renew(made),
            6 | 7 => Step::Complete(made),
            8 => Step::End(made, End::Release),
            9 => Step::End(made, End::Abandon),
            10 => Step::Save(made),
            11 => Step::Disown(owner),
            12 => Step::Resolve(made, self.next(2) == 0),
            13 => Step::Sweep,
            _ => Step::Clock([400, 1_100, 6_000, -400, -7_000][usize::try_from(self.next(5)).unwrap_or_default()]),
        }
    }
}

/// One key in a store, beside what must be recorded of it.
pub(super) struct Tried {
    hash: KeyHash,
    expected: Option<ClaimRecord>,
    /// The highest epoch that was swept.
    floor: Epoch,
    /// The time of the model.
    now: Timestamp,
    /// The claims that were made, the newest last: their epochs in the model.
    claims: Vec<Epoch>,
}

impl Tried {
    pub(super) fn new(script: u64) -> Self {
        let key = Key::joined("scope".to_owned(), &format!("script {script}"));
        let now = Timestamp::from_micros(2_000_000_000_000_000);
        Self { hash: key.hash_in("script"), expected: None, floor: Epoch(0), now, claims: Vec::new() }
    }

    /// Does a step in both.
    ///
    /// # Errors
    /// In what they differ.
    pub(super) async fn run<S: TestStore>(&mut self, store: &mut S, step: &Step) -> Result<(), String> {
        let hash = self.hash;
        let key = ClaimKey { hash: &hash, surface: "script", scope: "scope" };
        let leases = store.leases();
        let claim_of = |made: usize| self.claims.len().checked_sub(made + 1).map(|at| self.claims[at]);
        // Epochs of the store are those of the model, moved.
        let real = |epoch: Epoch| store.epoch_of(epoch, self.now);
        let (now, outcome) = (self.now, Arc::<[u8]>::from(&b"done"[..]));
        let fail = |what: &str| format!("the store fails to {what}");
        let answers = match *step {
            Step::Claim { owner, request, takes_over } => {
                let fingerprint = Fingerprint([request; Fingerprint::BYTES]);
                let request = ClaimRequest { fingerprint, owner, lease: LEASE, takes_over };
                let answered = leases.claim(key, &request).await.map_err(|error| error.to_string())?;
                let expected = claim(self.expected.as_ref(), &request, now, self.floor);
                let answers = match (&expected, &answered) {
                    (Ok(record), ClaimAnswer::Mine(claimed)) => (
                        format!("mine, {}, {:?}", record.attempts, record.checkpoint),
                        format!("mine, {}, {:?}", claimed.attempts, claimed.checkpoint),
                    ),
                    (expected, ClaimAnswer::Mine(_)) => (format!("{expected:?}"), "mine".to_owned()),
                    (Ok(_), ClaimAnswer::Refused(refusal, _)) => ("mine".to_owned(), format!("{refusal:?}")),
                    (Err(expected), ClaimAnswer::Refused(refusal, _)) => (shown(*expected), shown(*refusal)),
                };
                if let (Ok(record), ClaimAnswer::Mine(claimed)) = (expected, answered) {
                    if !self.claims.contains(&record.epoch) {
                        self.claims.push(record.epoch);
                    }
                    store.note(record.epoch, claimed.epoch);
                    self.expected = Some(record);
                }
                answers
            }
            Step::Renew(made) => {
                let Some(epoch) = claim_of(made) else { return Ok(()) };
                let renewal = Renewal { hash, epoch: real(epoch), lease: LEASE };
                let renewed = leases.renew(&[renewal]).await.map_err(|_| fail("renew"))?;
                let expected = self.expected.as_mut().map(|record| renew(record, epoch, LEASE, now));
                (yes(expected == Some(Ok(()))), yes(renewed == [hash]))
            }
            Step::Complete(made) => {
                let Some(epoch) = claim_of(made) else { return Ok(()) };
                let done = leases.complete((&hash, real(epoch)), &outcome, KEEP).await.map_err(|_| fail("complete"))?;
                let expected = self.expected.as_mut().map(|record| complete(record, epoch, (outcome, KEEP), now));
                (yes(expected == Some(Ok(()))), yes(done.is_ok()))
            }
            Step::End(made, how) => {
                let Some(epoch) = claim_of(made) else { return Ok(()) };
                let ended = leases.end((&hash, real(epoch)), how).await.map_err(|_| fail("end"))?;
                let expected = self.expected.as_mut().map(|record| match how {
                    End::Release => release(record, epoch, now),
                    End::Abandon => abandon(record, epoch, now),
                });
                (yes(expected == Some(Ok(()))), yes(ended.is_ok()))
            }
            Step::Save(made) => {
                let Some(epoch) = claim_of(made) else { return Ok(()) };
                let saved = leases.save((&hash, real(epoch)), b"so far").await.map_err(|_| fail("save"))?;
                let checkpoint = Arc::from(&b"so far"[..]);
                let expected = self.expected.as_mut().map(|record| save(record, epoch, checkpoint));
                (yes(expected == Some(Ok(()))), yes(saved.is_ok()))
            }
            Step::Disown(owner) => {
                leases.disown(&hash, owner).await.map_err(|_| fail("disown"))?;
                let _ = self.expected.as_mut().map(|record| disown(record, owner, now));
                (String::new(), String::new())
            }
            Step::Resolve(made, done) => {
                let Some(epoch) = claim_of(made) else { return Ok(()) };
                let how = if done { Resolution::Completed { outcome, keep: KEEP } } else { Resolution::NotDone };
                let resolved = leases.resolve((&hash, real(epoch)), &how, "why").await.map_err(|_| fail("resolve"))?;
                let expected = self.expected.as_mut().map(|record| resolve(record, epoch, how, now));
                (yes(expected == Some(Ok(()))), yes(resolved.is_ok()))
            }
            Step::Sweep => {
                store.sweep().await;
                if let Some(expired) = self.expected.take_if(|record| record.is_expired(now)) {
                    self.floor = self.floor.max(expired.epoch);
                }
                (String::new(), String::new())
            }
            Step::Clock(seconds) => {
                store.set_clock(seconds).await;
                self.now = Timestamp::from_micros(now.as_micros() + seconds * 1_000_000);
                (String::new(), String::new())
            }
        };
        let recalled = leases.recall(&hash).await.map_err(|_| fail("recall"))?;
        if let (Some(expected), Some(found)) = (&self.expected, &recalled.claim) {
            store.note(expected.epoch, found.record.epoch);
        }
        let found = recalled.claim.map(|claim| state(&claim.record, recalled.now));
        let expected = self.expected.as_ref().map(|record| state(record, self.now));
        if answers.0 != answers.1 {
            return Err(format!("expected {:?}, answered {:?}", answers.0, answers.1));
        }
        if expected != found {
            return Err(format!("expected {expected:?}, recorded {found:?}"));
        }
        Ok(())
    }
}

fn yes(yes: bool) -> String {
    yes.to_string()
}

/// Without what the time makes of it.
fn shown(refusal: ClaimRefusal) -> String {
    match refusal {
        ClaimRefusal::Held { left } => format!("held, {} minutes", (left.as_secs() + 30) / 60),
        other => format!("{other:?}"),
    }
}

/// What is recorded, its times in minutes from now.
fn state(record: &ClaimRecord, now: Timestamp) -> String {
    let minutes = |at: Timestamp| (at.as_micros() - now.as_micros() + 30_000_000).div_euclid(60_000_000);
    let claimed = record.expires_at.is_none();
    // An epoch that is ahead of the clock shows that it was set back.
    let ahead = minutes(Timestamp::from_micros(record.epoch.0)).max(0);
    format!(
        "{:?}, {} minutes ahead, request {}, owner {:?}, until {:?}, attempts {:?}, {:?}, {:?}, at {}, expires {:?}",
        record.state,
        ahead,
        record.fingerprint.0[0],
        claimed.then_some(record.owner),
        claimed.then(|| minutes(record.until)),
        claimed.then_some(record.attempts),
        record.outcome,
        record.checkpoint,
        minutes(record.at),
        record.expires_at.map(minutes),
    )
}
