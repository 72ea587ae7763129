//! A run: everything fed, worked off, and read back.

use std::io::{self, BufRead};
use std::sync::Arc;

use idem_core::{Error, Idem};

use super::book::{self, Unreadable};
use super::feed::{feed, queues};
use super::kill::KillSwitch;
use super::progress::Progress;
use super::report::Report;
use super::tables::Tables;
use super::tally::Tally;
use super::worker::{Counter, Lost};
use crate::program::close;

/// A server accepts a hundred by default, and not all are ours; further workers take turns.
const MOST_CONNECTIONS: u32 = 64;

/// What is fed, and how large it is if that is known.
pub(super) struct Input {
    pub(super) lines: Box<dyn BufRead + Send>,
    pub(super) bytes: Option<u64>,
}

/// Why a run did not come to its end. What it had applied stays applied, and the same run again goes on from there.
#[derive(Debug, thiserror::Error)]
pub(super) enum Failed {
    #[error("the database cannot be used: {0}")]
    Open(#[source] Error),
    #[error(
        "the database was lost: {0}\nwhat is applied stays applied: run the same command again and it goes on from there"
    )]
    Lost(#[from] Lost),
    #[error("the input broke off: {0}\nwhat is applied stays applied: run the same command again with the whole input")]
    Input(io::Error),
    #[error("the book cannot be read: {0}")]
    Book(#[from] Unreadable),
    #[error("a worker stopped: {0}")]
    Worker(#[from] tokio::task::JoinError),
}

pub(super) async fn run<DB: Tables>(
    url: &str,
    input: Input,
    workers: u32,
    kill: Option<KillSwitch>,
) -> Result<Report, Failed> {
    // Each worker has one command in flight, unless a lane comes at once: then they share.
    let builder = Idem::<DB>::builder().max_connections(workers.saturating_add(4).min(MOST_CONNECTIONS));
    let idem = builder.open(url).await.map_err(Failed::Open)?;
    let report = fed(&idem, input, workers, kill).await;
    close(&idem).await;
    report
}

async fn fed<DB: Tables>(
    idem: &Idem<DB>,
    input: Input,
    workers: u32,
    kill: Option<KillSwitch>,
) -> Result<Report, Failed> {
    let progress = Progress::begin(input.bytes);
    let worked = work(idem, input, workers, kill, &progress).await;
    let (lines, elapsed) = (progress.lines(), progress.elapsed());
    progress.end();
    let tally = worked?;
    let book = book::read(idem).await?;
    Ok(Report { book, tally, lines, elapsed })
}

async fn work<DB: Tables>(
    idem: &Idem<DB>,
    input: Input,
    workers: u32,
    kill: Option<KillSwitch>,
    progress: &Progress,
) -> Result<Tally, Failed> {
    let counter = Arc::new(Counter::new(idem, kill, progress.clone()));
    let (senders, receivers) = queues(workers as usize);
    let skipped = progress.clone();
    let feeding = tokio::task::spawn_blocking(move || feed(input.lines, &senders, |bytes| skipped.passed(bytes)));
    let working: Vec<_> = receivers.into_iter().map(|jobs| tokio::spawn(counter.clone().work(jobs))).collect();
    let (mut tally, mut lost) = (Tally::default(), None);
    for worker in working {
        match worker.await? {
            Ok(verdicts) => tally.merge(verdicts),
            Err(error) => lost = lost.or(Some(error)),
        }
    }
    if let Some(lost) = lost {
        return Err(lost.into());
    }
    tally.merge(feeding.await?.map_err(Failed::Input)?);
    Ok(tally)
}
