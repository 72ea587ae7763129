//! The program around the API: it listens, says what to try, and ends with what it has done.

use std::collections::BTreeMap;
use std::fmt;
use std::future::Future;
use std::io::{self, Write as _};
use std::net::SocketAddr;
use std::time::Duration;

use idem_core::Idem;
use tokio::net::TcpListener;
use tokio::signal::ctrl_c;
use tokio::sync::oneshot;
use tokio::time::{sleep, timeout};

use super::super::report::grouped;
use super::machine::{Intent, intent};
use super::routes::{Api, api};
use super::rules::Processor;
use super::store::Store;
use super::webhooks::{Endpoint, Sender};
use crate::program::close;

/// Why the server ends early.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum ServeError {
    /// The database was not opened.
    #[error(transparent)]
    Open(idem_core::Error),
    /// Or refuses the server's own tables.
    #[error("the server's tables cannot be made: {0}")]
    Tables(#[from] sqlx::Error),
    /// The secret of an endpoint is none.
    #[error("--webhook: {0}")]
    Secret(#[from] idem_http::webhook::SecretError),
    /// It cannot listen there.
    #[error("{address} cannot be listened on: {source}; `--listen 127.0.0.1:0` takes a free port")]
    Listen {
        /// Where.
        address: SocketAddr,
        /// Why.
        source: io::Error,
    },
    /// It cannot say where it listens.
    #[error("stdout: {0}")]
    Stdout(io::Error),
    /// The database did not answer at the end.
    #[error("the database does not answer, so the books were not read; the next start goes on")]
    NoEnd,
    /// The audit of the books cannot be made.
    #[error("the books cannot be read: {0}")]
    Books(idem_core::Error),
}

/// How long the requests in flight have at the end; a second Ctrl-C ends it at once.
const LAST_REQUESTS: Duration = Duration::from_secs(10);

/// What a server has done.
#[derive(Debug)]
pub struct Summary {
    /// Requests that write, by how they were answered.
    verdicts: BTreeMap<&'static str, u64>,
    /// Payment intents, by the state of their machines.
    intents: Vec<(intent::StateKind, u64)>,
    /// Whether the entries of the ledger prove its balances.
    is_sound: bool,
}

/// Serves a database until `stop` resolves, then until the last request has ended.
///
/// # Errors
/// [`ServeError`].
pub(in crate::payments) async fn serve<DB: Store>(
    (url, shown_url): (&str, &str),
    listen: SocketAddr,
    endpoints: &[Endpoint],
    stop: impl Future<Output = ()> + Send + 'static,
) -> Result<Summary, ServeError> {
    let idem = Idem::<DB>::open(url).await.map_err(ServeError::Open)?;
    let summary = serve_on(&idem, shown_url, listen, endpoints, stop).await;
    let _ = timeout(LAST_REQUESTS, close(&idem)).await;
    summary
}

async fn serve_on<DB: Store>(
    idem: &Idem<DB>,
    shown_url: &str,
    listen: SocketAddr,
    endpoints: &[Endpoint],
    stop: impl Future<Output = ()> + Send + 'static,
) -> Result<Summary, ServeError> {
    let Api { router, sweeper, drains, requests, log, queued } = api(idem.clone(), shown_url).await?;
    for endpoint in endpoints {
        DB::register(idem.pool(), &endpoint.url).await?;
    }
    let sender = Sender::start(idem, endpoints, &queued)?;
    let failed = |source| ServeError::Listen { address: listen, source };
    let listener = TcpListener::bind(listen).await.map_err(failed)?;
    let address = listener.local_addr().map_err(failed)?;
    let earlier = Intent::stored(idem, Processor).count_by_state().await.map_err(ServeError::Books)?;
    let earlier = intent::StateKind::ALL.iter().map(|state| earlier.of(state)).sum();
    let mut said = greeting(address, shown_url, earlier);
    for (url, events) in DB::waiting(idem.pool()).await? {
        if !endpoints.iter().any(|endpoint| endpoint.url == url) {
            said += &not_sent(&url, events);
        }
    }
    writeln!(io::stdout().lock(), "{said}").map_err(ServeError::Stdout)?;
    let (stopped, stops) = oneshot::channel();
    let stop = async {
        stop.await;
        // The other end is waited for below.
        let _ = stopped.send(());
    };
    let served = async {
        axum::serve(listener, router).with_graceful_shutdown(stop).await.map_err(failed)?;
        // Requests whose clients have disconnected end as well.
        for drain in drains {
            drain.finished().await;
        }
        Ok::<_, ServeError>(())
    };
    // A client that never sends the rest of its request does not keep the server.
    let late = async {
        if stops.await.is_ok() {
            tokio::spawn(end_at_once());
            sleep(LAST_REQUESTS).await;
        }
    };
    tokio::select! {
        served = served => served?,
        () = late => {}
    }
    drop(sender);
    drop(sweeper);
    let verdicts = requests.counts();
    let end = async {
        requests.flush().await;
        log.abort();
        summary(idem, verdicts).await.map_err(ServeError::Books)
    };
    // Nor does a database that does not answer.
    timeout(LAST_REQUESTS, end).await.unwrap_or(Err(ServeError::NoEnd))
}

/// Ends the process on the next Ctrl-C. Nothing is lost: a server may be killed at any time.
async fn end_at_once() {
    const BY_SIGINT: i32 = 130;
    if ctrl_c().await.is_ok() {
        std::process::exit(BY_SIGINT);
    }
}

async fn summary<DB: Store>(
    idem: &Idem<DB>,
    verdicts: BTreeMap<&'static str, u64>,
) -> Result<Summary, idem_core::Error> {
    let counts = Intent::stored(idem, Processor).count_by_state().await?;
    let intents = intent::StateKind::ALL.iter().map(|state| (*state, counts.of(state))).collect();
    Ok(Summary { verdicts, intents, is_sound: idem.ledger().audit().await?.is_sound() })
}

fn not_sent(url: &str, events: i64) -> String {
    format!(
        "\n\n{} events wait for {url}, and each new one will: it was given at an earlier start. Give it again, or delete it:
  DELETE FROM stripe_webhooks WHERE endpoint = '{url}'; DELETE FROM stripe_endpoints WHERE url = '{url}'",
        grouped(events.unsigned_abs())
    )
}

fn greeting(address: SocketAddr, database: &str, earlier: u64) -> String {
    let earlier = match earlier {
        0 => String::new(),
        payments => format!(", with {} payments from before", grouped(payments)),
    };
    let call = format!("curl http://{address}");
    let auth = "-H 'Authorization: Bearer sk_test_shop'";
    let open =
        if address.ip().is_loopback() { "" } else { "\nWithout logins, and open to other machines: for tests alone." };
    format!(
        "A payments server that speaks the core of Stripe's API, on http://{address}, kept in {database}{earlier}.{open}
That address, in a browser, shows what it has done. Try, in another terminal:

  {call}/v1/payment_intents {auth} \\
    -H 'Idempotency-Key: order-1' -d amount=500 -d currency=eur -d payment_method=pm_card_visa -d confirm=true

The same once more: the first answer is repeated, and nothing is charged again. Then:

  {call}/v1/balance {auth}

`storm` after the command sends it duplicates; examples/README.md has more. Ctrl-C ends it."
    )
}

impl Summary {
    /// Whether the books are sound.
    pub fn is_sound(&self) -> bool {
        self.is_sound
    }
}

impl fmt::Display for Summary {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let requests: u64 = self.verdicts.values().sum();
        writeln!(f, "\nIn this run {} requests to write were answered:", grouped(requests))?;
        for (verdict, count) in &self.verdicts {
            writeln!(f, "{:>12}  {verdict}", grouped(count))?;
        }
        let intents: u64 = self.intents.iter().map(|(_, count)| count).sum();
        writeln!(f, "In the database are {} payment intents:", grouped(intents))?;
        for (state, count) in self.intents.iter().filter(|(_, count)| *count > 0) {
            writeln!(f, "{:>12}  {state}", grouped(count))?;
        }
        let books = if self.is_sound { "sound: its entries prove every balance" } else { "NOT SOUND" };
        write!(f, "the ledger is {books}")
    }
}
