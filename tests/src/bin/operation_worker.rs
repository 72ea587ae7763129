//! Makes the calls of lanes of operations, acknowledges each once it is answered, and is killed or stopped meanwhile:
//! `operation_worker URL LEASES LANE…`, where LEASES is `here`, or the URL of a Redis server and a prefix, `redis://host#prefix`.

use std::env;
use std::error::Error;

use idem_core::lease::Leases;
use tests::operations::{ON_DATABASE, ON_LEASES, Operations};
use tests::{Backend, open_after_kill};

type Result<T> = std::result::Result<T, Box<dyn Error + Send + Sync>>;

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
    let idem = open_after_kill::<DB>(url).await?;
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
