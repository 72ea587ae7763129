//! Makes the calls of lanes of operations, acknowledges each once it is answered, and is killed or stopped meanwhile:
//! `operation_worker URL LEASES LANE…`, where LEASES is `here`, or the URL of a Redis server and a prefix, `redis://host#prefix`.

use std::env;
use std::error::Error;
use std::time::Duration;

use idem_core::Idem;
use idem_core::lease::Leases;
use tests::Backend;
use tests::operations::{ON_DATABASE, ON_LEASES, Operations};

type Result<T> = std::result::Result<T, Box<dyn Error + Send + Sync>>;

const WAIT: Duration = Duration::from_secs(20);

#[tokio::main(flavor = "current_thread")]
async fn main() -> Result<()> {
    let mut arguments = env::args().skip(1);
    let (url, leases) = arguments.next().zip(arguments.next()).ok_or("usage: operation_worker URL LEASES LANE…")?;
    let lanes: Vec<String> = arguments.collect();
    if url.starts_with("sqlite:") {
        work::<sqlx::Sqlite>(&url, &leases, &lanes).await
    } else {
        work::<sqlx::Postgres>(&url, &leases, &lanes).await
    }
}

async fn work<DB: Backend>(url: &str, leases: &str, lanes: &[String]) -> Result<()> {
    let idem = open::<DB>(url).await?;
    for lane in lanes {
        let (leases, calls) = match leases.split_once('#') {
            Some((server, prefix)) => (Leases::redis_with_prefix(server, prefix).await?, &ON_LEASES[..]),
            None => (Leases::from(&idem), &ON_DATABASE[..]),
        };
        let operations = Operations::new(idem.clone(), leases, url, lane);
        for call in calls {
            println!("{}", operations.call(call).await?);
        }
    }
    Ok(())
}

/// A process that was killed may hold its locks for a moment longer: then opening is tried again, as a service would.
async fn open<DB: Backend>(url: &str) -> Result<Idem<DB>> {
    let builder = || Idem::<DB>::builder().lock_wait(WAIT).acquire_timeout(WAIT);
    for _ in 0..20 {
        match builder().open(url).await {
            Err(error) if error.is_retryable() => {}
            opened => return Ok(opened?),
        }
    }
    Ok(builder().open(url).await?)
}
