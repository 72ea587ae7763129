//! The proof: what the database and the mail server have, beside what the workers were to do.

use std::collections::BTreeMap;
use std::fmt;

use serde::Serialize;

use super::events::Event;
use super::server::Post;
use crate::figures::{count, counted, cut, grouped};

/// What is wrong and is printed; the JSON has all of it.
const SHOWN: usize = 5;

/// What was heard of the workers.
#[derive(Debug, Default)]
pub(super) struct Tally {
    pub(super) killed: u64,
    pub(super) paused: u64,
    fenced: u64,
    retried: u64,
    unknown: u64,
    mails_taken_over: u64,
    /// The epochs that the lock was held under, and whether it was given back.
    locks: BTreeMap<i64, bool>,
}

/// What is proved, and what is wrong.
#[derive(Debug, Serialize)]
pub(super) struct Proof {
    nights: i64,
    reports: usize,
    mails: u64,
    mails_sent: u64,
    requests: u64,
    /// Requests under a key that the mail server knew.
    repeats: u64,
    killed: u64,
    paused: u64,
    locks_lost: usize,
    locks_taken_over: usize,
    mails_taken_over: u64,
    fenced: u64,
    unknown: u64,
    retried: u64,
    wrong: Vec<String>,
}

impl Tally {
    pub(super) fn note(&mut self, event: &Event) {
        match event {
            Event::Locked { epoch, .. } => {
                self.locks.entry(*epoch).or_default();
            }
            Event::Released { epoch } => {
                self.locks.entry(*epoch).insert_entry(true);
            }
            Event::Fenced { .. } => self.fenced += 1,
            Event::Sending { attempt, .. } => self.mails_taken_over += u64::from(*attempt > 1),
            Event::Unknown { .. } => self.unknown += 1,
            Event::Retried { .. } => self.retried += 1,
            Event::Written { .. } | Event::Sent { .. } => {}
        }
    }

    /// How many owners of the lock did not give it back, and how many of them were followed by another one.
    fn lost(&self) -> (usize, usize) {
        let lost: Vec<i64> =
            self.locks.iter().filter(|(_, given_back)| !**given_back).map(|(epoch, _)| *epoch).collect();
        let newest = self.locks.keys().next_back().copied().unwrap_or_default();
        (lost.len(), lost.iter().filter(|epoch| **epoch < newest).count())
    }
}

impl Proof {
    /// Compares. `epochs` are of the reports, by night; `lost` mails have an owner that did not record what it did.
    pub(super) fn new(
        (nights, mails, (kill, pause)): (i64, u64, (bool, bool)),
        epochs: &[(i64, i64)],
        lost: usize,
        post: &Post,
        tally: &Tally,
    ) -> Self {
        let mut wrong = Vec::new();
        let mut reports: BTreeMap<i64, u64> = BTreeMap::new();
        for (night, _) in epochs {
            *reports.entry(*night).or_default() += 1;
        }
        wrong.extend(
            reports
                .iter()
                .filter(|(_, many)| **many != 1)
                .map(|(night, many)| format!("night {night} has {many} reports")),
        );
        if i64::try_from(reports.len()) != Ok(nights) {
            wrong.push(format!("{} of {} have a report", grouped(reports.len()), counted(nights, "night")));
        }
        let grow = epochs.windows(2).all(|pair| matches!(pair, [(_, before), (_, after)] if before < after));
        if !grow {
            wrong.push("a report was written under an older epoch than the one before it".to_owned());
        }
        wrong.extend(
            post.sent
                .iter()
                .filter(|(_, times)| **times != 1)
                .map(|(mail, times)| format!("the mail of night {} to {} was sent {times} times", mail.night, mail.to)),
        );
        let expected = nights.unsigned_abs() * mails;
        let sent: u64 = post.sent.values().sum();
        if u64::try_from(post.sent.len()) != Ok(expected) {
            wrong.push(format!("{} of {} were sent", grouped(post.sent.len()), counted(expected, "mail")));
        }
        if lost != 0 {
            wrong.push(format!("{} of this run have an owner that lost its lease", counted(lost, "mail")));
        }
        for (asked, done, what) in [(kill, tally.killed, "killed"), (pause, tally.paused, "paused")] {
            if asked && done == 0 {
                wrong.push(format!("no worker was {what}: the run has proved nothing"));
            }
        }
        let (locks_lost, locks_taken_over) = tally.lost();
        if pause && (tally.fenced == 0 || locks_taken_over == 0) {
            wrong.push("no worker that was paused lost its lock".to_owned());
        }
        Self {
            nights,
            reports: epochs.len(),
            mails: expected,
            mails_sent: sent,
            requests: post.keys.values().map(|(_, came)| came).sum(),
            repeats: post.repeats(),
            killed: tally.killed,
            paused: tally.paused,
            locks_lost,
            locks_taken_over,
            mails_taken_over: tally.mails_taken_over,
            fenced: tally.fenced,
            unknown: tally.unknown,
            retried: tally.retried,
            wrong,
        }
    }

    pub(super) fn holds(&self) -> bool {
        self.wrong.is_empty()
    }

    pub(super) fn json(&self) -> Result<String, serde_json::Error> {
        serde_json::to_string(self).map(|text| text + "\n")
    }
}

impl fmt::Display for Proof {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self { nights, reports, mails, mails_sent, requests, repeats, killed, paused, .. } = self;
        writeln!(f, "This run: {}, {}, 2 workers", counted(nights, "night"), counted(mails, "mail"))?;
        f.write_str(&count(reports, "report is written", "reports are written"))?;
        let (requests, repeats) = (counted(requests, "request"), counted(repeats, "repeat"));
        let sent = format!("sent; the mail server got {requests}, among them {repeats} under a key it knew");
        f.write_str(&count(mails_sent, &format!("mail is {sent}"), &format!("mails are {sent}")))?;
        let taken = counted(self.locks_taken_over, "takeover");
        let lost = ["owner of the lock of the report", "owners of the lock of the report"];
        let [one, many] = lost.map(|lost| format!("{lost} did not release it; {taken} by another owner"));
        for (number, one, many) in [
            (*killed, "worker was killed, and another one started", "workers were killed, and others started"),
            (*paused, "worker was paused", "workers were paused"),
            (self.locks_lost as u64, &*one, &*many),
            (
                self.fenced,
                "report of an owner that had lost the lock was refused by the fence",
                "reports of owners that had lost the lock were refused by the fence",
            ),
            (
                self.mails_taken_over,
                "mail was taken over from a worker that lost its lease",
                "mails were taken over from workers that lost their leases",
            ),
            (
                self.unknown,
                "mail was repeated, because its worker did not know whether it was sent",
                "mails were repeated, because their workers did not know whether they were sent",
            ),
            (self.retried, "error was followed by another try", "errors were followed by another try"),
        ] {
            f.write_str(&count(number, one, many))?;
        }
        if self.holds() {
            return writeln!(
                f,
                "\nProof passed: each of {} has one report, no report is of an older owner of the lock than\n\
                 the one before, and the mail server sent each of {} once.",
                counted(nights, "night"),
                counted(mails, "mail")
            );
        }
        writeln!(f, "\nProof FAILED:")?;
        for wrong in self.wrong.iter().take(SHOWN) {
            f.write_str(&cut(&format!("  {wrong}")))?;
        }
        match self.wrong.len().saturating_sub(SHOWN) {
            0 => Ok(()),
            more => writeln!(f, "  and {} more; --json lists them", grouped(more)),
        }
    }
}
