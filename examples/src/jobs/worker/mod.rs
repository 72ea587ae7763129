//! A worker: for each night the report, then the mails.

pub(super) mod mail;
mod report;

use std::net::SocketAddr;
use std::time::Duration;

use idem_core::{Error, ErrorKind, Idem};
use tokio::time::sleep;

use super::events::{Event, say};
use super::tables::Tables;

/// Before what failed is tried again.
const PAUSE: Duration = Duration::from_millis(50);

/// What a worker is to do.
#[derive(Debug, Clone)]
pub(super) struct Work {
    pub(super) name: String,
    pub(super) nights: std::ops::RangeInclusive<i64>,
    pub(super) mails: u64,
    pub(super) server: SocketAddr,
}

/// Why a worker gives up.
#[derive(Debug, thiserror::Error)]
pub(super) enum Stuck {
    #[error(transparent)]
    Idem(#[from] Error),
    #[error("the database refused a statement of the application: {0}")]
    Sql(#[from] sqlx::Error),
    #[error("nobody listens to this worker: {0}")]
    Alone(#[from] std::io::Error),
}

/// Works until every night has its report and every mail of it is sent.
pub(super) async fn work<DB: Tables>(idem: &Idem<DB>, work: &Work) -> Result<(), Stuck> {
    for night in work.nights.clone() {
        while let Err(stuck) = report::write_once(idem, work, night).await {
            again(stuck).await?;
        }
        let mut left = mail::mails_of(work, night);
        while !left.is_empty() {
            match mail::send_all(idem, work, &mut left).await {
                // What is left is another worker's at the moment.
                Ok(()) if !left.is_empty() => sleep(PAUSE).await,
                Ok(()) => {}
                Err(stuck) => again(stuck).await?,
            }
        }
    }
    Ok(())
}

/// Waits a moment, if another try may succeed.
async fn again(stuck: Stuck) -> Result<(), Stuck> {
    let Stuck::Idem(error) = &stuck else { return Err(stuck) };
    // Whether it happened is found out by doing it again, under the same key or lock.
    if !error.is_retryable() && error.kind() != ErrorKind::Indeterminate {
        return Err(stuck);
    }
    say(&Event::Retried { error: error.to_string() })?;
    sleep(PAUSE).await;
    Ok(())
}
