//! How often a server is asked: counted on the way to it, or where sqlx says so.

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};

use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::tcp::{OwnedReadHalf, OwnedWriteHalf};
use tokio::net::{TcpListener, TcpStream};
use tracing::span::{Attributes, Id, Record};
use tracing::subscriber::Interest;
use tracing::{Event, Metadata, Subscriber};

use crate::Failure;
use crate::race::Measured;

/// Calls before those that are counted: statements are prepared, pools are filled.
const UNCOUNTED: u64 = 50;
const COUNTED: u32 = 200;

/// A way to a server that counts round trips: what the client sends after the server's last word, until the server speaks again.
#[derive(Debug)]
pub struct Wire {
    /// Where it is, on 127.0.0.1.
    pub port: u16,
    trips: Arc<AtomicU64>,
}

impl Wire {
    /// A way to a server at `host:port`.
    ///
    /// # Errors
    /// If there is no port to listen on.
    pub async fn to(server: String) -> Result<Self, Failure> {
        let listener = TcpListener::bind(("127.0.0.1", 0)).await?;
        let wire = Self { port: listener.local_addr()?.port(), trips: Arc::default() };
        let trips = wire.trips.clone();
        tokio::spawn(async move {
            while let Ok((client, _)) = listener.accept().await {
                let Ok(server) = TcpStream::connect(&server).await else { continue };
                // Without a delay of its own: it would stand in every figure.
                let _ = (client.set_nodelay(true), server.set_nodelay(true));
                let spoke = Arc::new(AtomicBool::new(true));
                let (from_client, to_client) = client.into_split();
                let (from_server, to_server) = server.into_split();
                let (trips, heard) = (trips.clone(), spoke.clone());
                let asks = move || {
                    trips.fetch_add(u64::from(heard.swap(false, Ordering::SeqCst)), Ordering::SeqCst);
                };
                tokio::spawn(forward(from_client, to_server, asks));
                tokio::spawn(forward(from_server, to_client, move || spoke.store(true, Ordering::SeqCst)));
            }
        });
        Ok(wire)
    }

    /// The round trips so far.
    pub fn trips(&self) -> u64 {
        self.trips.load(Ordering::SeqCst)
    }
}

async fn forward(mut from: OwnedReadHalf, mut to: OwnedWriteHalf, passes: impl Fn()) {
    let mut bytes = vec![0; 64 * 1024];
    while let Ok(read @ 1..) = from.read(&mut bytes).await {
        passes();
        if to.write_all(bytes.get(..read).unwrap_or_default()).await.is_err() {
            break;
        }
    }
}

/// Prints how often each contender asks the server in a call.
///
/// # Errors
/// That of the first call that fails.
pub async fn print_trips(players: &[Box<dyn Measured>], asked: impl Fn() -> u64) -> Result<(), Failure> {
    for player in players {
        player.repeat(UNCOUNTED).await?;
        let before = asked();
        player.repeat(u64::from(COUNTED)).await?;
        let trips = u32::try_from(asked() - before)?;
        println!("{}: {:.2} a call", player.name(), f64::from(trips) / f64::from(COUNTED));
    }
    println!();
    Ok(())
}

static COUNTING: AtomicBool = AtomicBool::new(false);
static STATEMENTS: AtomicU64 = AtomicU64::new(0);

/// Lets the statements be counted that sqlx runs.
///
/// # Errors
/// If something else already receives what is traced.
pub fn count_sqlx() -> Result<(), Failure> {
    Ok(tracing::subscriber::set_global_default(Counter)?)
}

/// Whether they are counted now. A statement that is counted takes longer.
pub fn counting(counting: bool) {
    COUNTING.store(counting, Ordering::SeqCst);
}

/// The statements that were counted. sqlx says nothing of the BEGIN of a transaction of its own.
pub fn statements() -> u64 {
    STATEMENTS.load(Ordering::SeqCst)
}

struct Counter;

impl Subscriber for Counter {
    fn register_callsite(&self, _: &'static Metadata<'static>) -> Interest {
        Interest::sometimes()
    }

    fn enabled(&self, metadata: &Metadata<'_>) -> bool {
        COUNTING.load(Ordering::Relaxed) && metadata.target() == "sqlx::query"
    }

    fn new_span(&self, _: &Attributes<'_>) -> Id {
        Id::from_u64(1)
    }

    fn record(&self, _: &Id, _: &Record<'_>) {}
    fn record_follows_from(&self, _: &Id, _: &Id) {}
    fn enter(&self, _: &Id) {}
    fn exit(&self, _: &Id) {}

    fn event(&self, _: &Event<'_>) {
        STATEMENTS.fetch_add(1, Ordering::SeqCst);
    }
}
