//! Works on a database, acknowledges each call once it is answered, and is killed meanwhile: `worker URL [ORDER…]`.
//! Without orders it takes them from standard input, one a line, and answers each with a last line `done`.
//!
//! - `lane NAME`: every step of that lane
//! - `brief NAME`: one call of each way to write
//! - `once NAME`: one call of each way to write, none of them twice; after the first that fails it prints what it was told, a
//!   line of the key and the effect, and aborts
//! - `forget NAME`: forgets the scope of that lane
//! - `sweep`: deletes what has expired, ten rows at a time
//! - `same NAME REQUEST KEY N`: N concurrent copies of a request on that lane, under one key
//!
//! With `IDEM_UNGROUPED` in the environment each call has a transaction of its own, so that those that come at once race.

use std::env;
use std::error::Error;
use std::io::{self, BufRead};
use std::time::Duration;

use idem_core::{GroupCommit, Idem};
use tests::Backend;
use tests::copies::Request;
use tests::lane::{Lane, Step};

type Result<T> = std::result::Result<T, Box<dyn Error + Send + Sync>>;

const BRIEF: [Step; 7] =
    [Step::Start, Step::Pay, Step::StartWallet, Step::AddAtOnce, Step::Unit, Step::Whole, Step::Transfer];

#[tokio::main(flavor = "current_thread")]
async fn main() -> Result<()> {
    let mut arguments = env::args().skip(1);
    let url = arguments.next().ok_or("usage: worker URL [ORDER…]")?;
    let orders: Vec<String> = arguments.collect();
    if url.starts_with("sqlite:") {
        work::<sqlx::Sqlite>(&url, &orders).await
    } else {
        work::<sqlx::Postgres>(&url, &orders).await
    }
}

async fn work<DB: Backend>(url: &str, orders: &[String]) -> Result<()> {
    let idem = open::<DB>(url).await?;
    let lane = Lane::new(&idem, "worker");
    for order in orders {
        obey(&lane, order).await?;
    }
    if orders.is_empty() {
        for order in io::stdin().lock().lines() {
            obey(&lane, &order?).await?;
            println!("done");
        }
    }
    Ok(())
}

/// A process that was killed may hold its locks for a moment longer: then opening is tried again, as a service would.
async fn open<DB: Backend>(url: &str) -> Result<Idem<DB>> {
    let grouping = if env::var_os("IDEM_UNGROUPED").is_some() { GroupCommit::off() } else { GroupCommit::default() };
    let builder =
        || Idem::<DB>::builder().lock_wait(WAIT).acquire_timeout(WAIT).max_connections(32).group_commit(grouping);
    for _ in 0..20 {
        match builder().open(url).await {
            Err(error) if error.is_retryable() => {}
            opened => return Ok(opened?),
        }
    }
    Ok(builder().open(url).await?)
}

/// Many processes on two processors: a wait that ends too early would say nothing about the library.
const WAIT: Duration = Duration::from_secs(20);

async fn obey<DB: Backend>(lane: &Lane<DB>, order: &str) -> Result<()> {
    let words: Vec<&str> = order.split(' ').collect();
    match words.as_slice() {
        ["lane", name] => all(&lane.renamed(*name), &Step::ALL).await,
        ["brief", name] => all(&lane.renamed(*name), &BRIEF).await,
        ["once", name] => once(&lane.renamed(*name)).await,
        ["forget", name] => Ok(lane.idem.forget(*name).await.map(drop)?),
        ["sweep"] => sweep(lane).await,
        ["same", name, request, key, count] => same(&lane.renamed(*name), request.parse()?, key, count.parse()?).await,
        _ => Err(format!("{order:?} is no order").into()),
    }
}

async fn all<DB: Backend>(lane: &Lane<DB>, steps: &[Step]) -> Result<()> {
    for step in steps {
        for ack in lane.insist(*step).await? {
            println!("{ack}");
        }
    }
    Ok(())
}

async fn once<DB: Backend>(lane: &Lane<DB>) -> Result<()> {
    for step in [Step::Start, Step::Pay, Step::StartWallet, Step::Add, Step::Unit, Step::Adopted, Step::Whole] {
        match lane.call(step).await {
            Ok(acks) => acks.iter().for_each(|ack| println!("{ack}")),
            Err(failure) => {
                println!("told {step:?} {:?}", failure.effect());
                std::process::abort();
            }
        }
    }
    std::process::abort();
}

async fn sweep<DB: Backend>(lane: &Lane<DB>) -> Result<()> {
    while lane.idem.sweep(10).await?.more {}
    Ok(())
}

async fn same<DB: Backend>(lane: &Lane<DB>, request: Request, key: &str, count: usize) -> Result<()> {
    for ack in lane.copies(request, key, count).await? {
        println!("{ack}");
    }
    Ok(())
}
