//! Sends webhooks: the rows that requests have queued in their transactions. A row is deleted once its endpoint has answered 2xx, so that
//! an event arrives at least once, also after a kill; the events of one payment arrive in their order. Receivers know a repeat by the id.

use std::future::Future;
use std::sync::Arc;
use std::time::Duration;

use idem_core::{Database, Idem, Tx};
use idem_http::webhook::{SecretError, Signer};
use reqwest::Client;
use reqwest::redirect::Policy;
use sqlx::Pool;
use tokio::sync::Notify;
use tokio::task::JoinSet;
use tokio::time::timeout;

use super::objects::VERSION;

/// How long an answer is waited for.
const PATIENCE: Duration = Duration::from_secs(10);
/// The pause after a first failure; after each further one it doubles.
const FIRST_PAUSE: Duration = Duration::from_millis(100);
const LONGEST_PAUSE: Duration = Duration::from_mins(1);
/// How often the queue is looked at without a reason: another process may have queued something.
const POLL: Duration = Duration::from_secs(1);
/// Rows that are read at a time.
const MOST: i64 = 20;

/// Where events are sent, and the secret that signs them.
#[derive(Debug, Clone)]
pub struct Endpoint {
    /// Its address: `http://…`.
    pub url: String,
    /// Begins with `whsec_`.
    pub secret: String,
}

/// An event that is to be sent.
#[derive(Debug)]
pub(in crate::payments) struct Queued {
    pub(super) seq: i64,
    pub(super) event: String,
    pub(super) body: String,
}

/// The statements of the queue.
pub(in crate::payments) trait Queue: Database {
    /// Queues an event for every endpoint.
    fn queue(tx: &mut Tx<Self>, event: &str) -> impl Future<Output = Result<(), sqlx::Error>> + Send;

    /// Makes an endpoint known.
    fn register(pool: &Pool<Self>, url: &str) -> impl Future<Output = Result<(), sqlx::Error>> + Send;

    /// The endpoints that are known, and how many events wait for each.
    fn waiting(pool: &Pool<Self>) -> impl Future<Output = Result<Vec<(String, i64)>, sqlx::Error>> + Send;

    /// The oldest events of an endpoint.
    fn queued(pool: &Pool<Self>, url: &str) -> impl Future<Output = Result<Vec<Queued>, sqlx::Error>> + Send;

    /// An event has arrived.
    fn arrived(pool: &Pool<Self>, seq: i64) -> impl Future<Output = Result<(), sqlx::Error>> + Send;
}

macro_rules! queue {
    ($database:ty) => {
        impl Queue for $database {
            async fn queue(tx: &mut Tx<Self>, event: &str) -> Result<(), sqlx::Error> {
                let insert = "INSERT INTO stripe_webhooks (endpoint, event) SELECT url, $1 FROM stripe_endpoints";
                sqlx::query(insert).bind(event).execute(tx.conn()).await.map(drop)
            }

            async fn register(pool: &Pool<Self>, url: &str) -> Result<(), sqlx::Error> {
                let insert = "INSERT INTO stripe_endpoints (url) VALUES ($1) ON CONFLICT (url) DO NOTHING";
                sqlx::query(insert).bind(url).execute(pool).await.map(drop)
            }

            async fn waiting(pool: &Pool<Self>) -> Result<Vec<(String, i64)>, sqlx::Error> {
                let select = "SELECT e.url, count(w.seq) FROM stripe_endpoints e
                    LEFT JOIN stripe_webhooks w ON w.endpoint = e.url GROUP BY e.url ORDER BY e.url";
                sqlx::query_as(select).fetch_all(pool).await
            }

            async fn queued(pool: &Pool<Self>, url: &str) -> Result<Vec<Queued>, sqlx::Error> {
                let select =
                    "SELECT w.seq, w.event, o.body FROM stripe_webhooks w JOIN stripe_objects o ON o.id = w.event
                    WHERE w.endpoint = $1 ORDER BY w.seq LIMIT $2";
                let rows: Vec<(i64, String, String)> =
                    sqlx::query_as(select).bind(url).bind(MOST).fetch_all(pool).await?;
                Ok(rows.into_iter().map(|(seq, event, body)| Queued { seq, event, body }).collect())
            }

            async fn arrived(pool: &Pool<Self>, seq: i64) -> Result<(), sqlx::Error> {
                sqlx::query("DELETE FROM stripe_webhooks WHERE seq = $1").bind(seq).execute(pool).await.map(drop)
            }
        }
    };
}

queue!(sqlx::Sqlite);
queue!(sqlx::Postgres);

/// Tasks that send, one for each endpoint. Dropped, they end; what has not arrived is sent by the next process.
#[derive(Debug)]
pub(super) struct Sender {
    _tasks: JoinSet<()>,
}

impl Sender {
    /// Begins to send to these endpoints. `queued` is woken when something was queued.
    ///
    /// # Errors
    /// For a secret that is none.
    pub(super) fn start<DB: Queue>(
        idem: &Idem<DB>,
        endpoints: &[Endpoint],
        queued: &Arc<Notify>,
    ) -> Result<Self, SecretError> {
        let mut tasks = JoinSet::new();
        for Endpoint { url, secret } in endpoints {
            // An answer that leads elsewhere has taken nothing.
            let Ok(client) = Client::builder().no_proxy().redirect(Policy::none()).build() else { continue };
            let to = To { url: url.clone(), signer: Signer::stripe(secret)?, client };
            tasks.spawn(to.send_all(idem.clone(), queued.clone()));
        }
        Ok(Self { _tasks: tasks })
    }
}

struct To {
    url: String,
    signer: Signer,
    client: Client,
}

impl To {
    async fn send_all<DB: Queue>(self, idem: Idem<DB>, queued: Arc<Notify>) {
        let mut pause = FIRST_PAUSE;
        loop {
            let Ok(events) = DB::queued(idem.pool(), &self.url).await else {
                tokio::time::sleep(POLL).await;
                continue;
            };
            if events.is_empty() {
                // Woken too early or not at all, it looks again.
                let _ = timeout(POLL, queued.notified()).await;
                continue;
            }
            for event in events {
                if self.send(&idem, &event).await && DB::arrived(idem.pool(), event.seq).await.is_ok() {
                    pause = FIRST_PAUSE;
                } else {
                    tokio::time::sleep(pause).await;
                    pause = (pause * 2).min(LONGEST_PAUSE);
                    break;
                }
            }
        }
    }

    /// Whether the endpoint has taken it.
    async fn send<DB: Queue>(&self, idem: &Idem<DB>, event: &Queued) -> bool {
        let Ok(now) = idem.now().await else { return false };
        // Signed anew for each try: a signature is good for five minutes.
        let signed = self.signer.sign(&event.event, now.as_micros() / 1_000_000, event.body.as_bytes());
        let Ok(headers) = signed else { return false };
        let request = self.client.post(&self.url).timeout(PATIENCE).headers(headers);
        let request = request.header("content-type", "application/json").header("stripe-version", VERSION);
        request.body(event.body.clone()).send().await.is_ok_and(|answer| answer.status().is_success())
    }
}
