//! A database of its own for every test.

use std::env;
use std::fmt;
use std::hash::{DefaultHasher, Hash, Hasher};
use std::net::{SocketAddr, ToSocketAddrs};
use std::path::{Path, PathBuf};
use std::process;
use std::str::FromStr;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::thread;

use sqlx::postgres::{PgConnectOptions, PgConnection};
use sqlx::{AssertSqlSafe, ConnectOptions, Connection};
use tempfile::TempDir;

use crate::requirement::{skip, test_name};

/// The server that `IDEM_POSTGRES_URL` names. Without it the test is skipped, see [`skip`].
pub fn postgres() -> Option<PgUrl> {
    let Ok(url) = env::var("IDEM_POSTGRES_URL") else {
        skip("postgres", "set IDEM_POSTGRES_URL, or run scripts/test");
        return None;
    };
    Some(url.parse().expect("IDEM_POSTGRES_URL is the URL of a PostgreSQL server"))
}

/// Where a PostgreSQL database is.
#[derive(Debug, Clone)]
pub struct PgUrl(PgConnectOptions);

impl PgUrl {
    /// Another database of the same server.
    #[must_use]
    pub fn database(&self, name: &str) -> Self {
        Self(self.0.clone().database(name))
    }

    /// The same database by way of `proxy`, without TLS, which a proxy could not read.
    #[must_use]
    pub fn through(&self, proxy: SocketAddr) -> Self {
        let options = self.0.clone().host(&proxy.ip().to_string()).port(proxy.port());
        Self(options.ssl_mode(sqlx::postgres::PgSslMode::Disable))
    }

    /// The server's address.
    pub fn address(&self) -> SocketAddr {
        let mut addresses =
            (self.0.get_host(), self.0.get_port()).to_socket_addrs().expect("the server's host name resolves");
        addresses.next().expect("the server has an address")
    }

    /// For sqlx's own pools and connections.
    pub fn options(&self) -> PgConnectOptions {
        self.0.clone()
    }

    /// One connection, outside any pool.
    pub async fn connect(&self) -> PgConnection {
        self.0.connect().await.expect("the server accepts a connection")
    }
}

impl FromStr for PgUrl {
    type Err = sqlx::Error;

    fn from_str(url: &str) -> Result<Self, sqlx::Error> {
        url.parse().map(Self)
    }
}

impl fmt::Display for PgUrl {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.0.to_url_lossy().fmt(f)
    }
}

/// A new PostgreSQL database, dropped with this value.
#[derive(Debug)]
pub struct Postgres {
    url: PgUrl,
    server: PgUrl,
    name: String,
}

impl Postgres {
    /// A new database on the server of [`postgres`], or `None` where the test is skipped.
    pub async fn fresh() -> Option<Self> {
        Some(Self::fresh_on(&postgres()?).await)
    }

    /// A new database on `server`.
    pub async fn fresh_on(server: &PgUrl) -> Self {
        let name = unique_name();
        let mut connection = server.connect().await;
        execute(&mut connection, &format!("CREATE DATABASE {name}")).await.expect("the role may create databases");
        // An error here would only mean that the server hung up first.
        let _ = connection.close().await;
        Self { url: server.database(&name), server: server.clone(), name }
    }

    /// Answers commits before they are on the disk, for tests in which the server lives on: they lose nothing by it, and
    /// thousands of strikes need not wait for the disk.
    pub async fn hurry(self) -> Self {
        let statement = format!("ALTER DATABASE {} SET synchronous_commit = off", self.name);
        execute(&mut self.server.connect().await, &statement).await.expect("the role owns the database");
        self
    }

    /// Where the new database is.
    pub fn url(&self) -> &PgUrl {
        &self.url
    }
}

impl Drop for Postgres {
    fn drop(&mut self) {
        let statement = format!("DROP DATABASE IF EXISTS {} WITH (FORCE)", self.name);
        let server = self.server.clone();
        // A runtime cannot be started on a thread that already drives one. The result is dropped: a database that
        // outlives its test does no harm, and the test's own failure is what a reader should see.
        let dropping = thread::spawn(move || {
            let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build()?;
            runtime.block_on(async {
                let mut connection = server.0.connect().await?;
                execute(&mut connection, &statement).await
            })
        });
        let _: Result<Result<(), sqlx::Error>, _> = dropping.join();
    }
}

async fn execute(connection: &mut PgConnection, statement: &str) -> Result<(), sqlx::Error> {
    sqlx::raw_sql(AssertSqlSafe(statement)).execute(connection).await.map(drop)
}

/// A folder of its own with a path for a SQLite database, removed with this value.
#[derive(Debug)]
pub struct Sqlite {
    folder: TempDir,
}

impl Sqlite {
    /// A new folder; the database file is created by who opens it.
    ///
    /// It is in memory where the system has such a folder: a process that dies leaves the same files there as on a disk,
    /// and thousands of deaths need not wait for the disk.
    pub fn fresh() -> Self {
        let builder = || {
            let mut builder = tempfile::Builder::new();
            builder.prefix("idem-");
            builder
        };
        let folder = builder().tempdir_in("/dev/shm").or_else(|_| builder().tempdir());
        Self { folder: folder.expect("a temporary folder") }
    }

    /// The database file, ending in `.db`.
    pub fn path(&self) -> PathBuf {
        self.folder().join("test.db")
    }

    /// The folder, for files beside the database.
    pub fn folder(&self) -> &Path {
        self.folder.path()
    }

    /// The URL, which creates the file when it is first opened.
    pub fn url(&self) -> String {
        format!("sqlite://{}?mode=rwc", self.path().display())
    }
}

/// A name for a database: the test, the process, and a number within it.
fn unique_name() -> String {
    static NUMBER: AtomicUsize = AtomicUsize::new(0);
    let mut hasher = DefaultHasher::new();
    test_name().hash(&mut hasher);
    let number = NUMBER.fetch_add(1, Ordering::Relaxed);
    format!("idem_{:016x}_{}_{number}", hasher.finish(), process::id())
}
