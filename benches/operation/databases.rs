//! The two databases.

use std::time::Duration;

use idem_core::{Database, Idem};
use sqlx::postgres::{PgConnectOptions, PgPoolOptions};
use sqlx::sqlite::{SqliteConnectOptions, SqliteJournalMode, SqlitePoolOptions, SqliteSynchronous};
use sqlx::{AssertSqlSafe, ConnectOptions, Connection, Pool};

use crate::by_hand::{Select, Texts, Transaction};
use crate::door::Turns;
use crate::folder::Folder;
use crate::idem::{Once, Replay};
use crate::race::{Contender, Measured, Player};
use crate::server::on_server;
use crate::wire::{Wire, counting, print_trips, statements};
use crate::{Asked, Failure, renewals};

/// Keys that replays ask for.
pub(crate) const KNOWN: u64 = 1_000;

pub(crate) const TASKS: [u64; 3] = [1, 8, 32];

const MOST: u32 = 32;

const SQLITE: Texts = Texts {
    schema: "
CREATE TABLE orders (id INTEGER PRIMARY KEY, item TEXT NOT NULL) STRICT;
CREATE TABLE hand_orders (id INTEGER PRIMARY KEY, item TEXT NOT NULL) STRICT;
CREATE TABLE hand_keys (hash BLOB NOT NULL PRIMARY KEY, fingerprint BLOB NOT NULL, outcome BLOB, at INTEGER NOT NULL,
    expires_at INTEGER NOT NULL) STRICT, WITHOUT ROWID;
CREATE INDEX hand_keys_by_expiry ON hand_keys (expires_at);",
    begin: "BEGIN IMMEDIATE",
    claim: "
INSERT INTO hand_keys (hash, fingerprint, at, expires_at)
VALUES ($1, $2, CAST(unixepoch('subsec') * 1000000 AS INTEGER), CAST(unixepoch('subsec') * 1000000 AS INTEGER) + $3)
ON CONFLICT DO NOTHING",
};

const POSTGRES: Texts = Texts {
    schema: "
CREATE TABLE orders (id bigint PRIMARY KEY GENERATED ALWAYS AS IDENTITY, item text NOT NULL);
CREATE TABLE hand_orders (id bigint PRIMARY KEY GENERATED ALWAYS AS IDENTITY, item text NOT NULL);
CREATE TABLE hand_keys (hash bytea PRIMARY KEY, fingerprint bytea NOT NULL, outcome bytea, at bigint NOT NULL,
    expires_at bigint NOT NULL);
CREATE INDEX ON hand_keys (expires_at);",
    begin: "BEGIN",
    claim: "
INSERT INTO hand_keys (hash, fingerprint, at, expires_at)
VALUES ($1, $2, (extract(epoch FROM statement_timestamp()) * 1000000)::bigint,
    (extract(epoch FROM statement_timestamp()) * 1000000)::bigint + $3)
ON CONFLICT DO NOTHING",
};

pub(crate) fn key(number: u64) -> String {
    format!("order-{number:016}")
}

pub(crate) fn item(number: u64) -> String {
    format!("the item of order {number:016}")
}

/// The two sides on one database.
struct Sides<DB: Database> {
    idem: Idem<DB>,
    writers: Pool<DB>,
    readers: Pool<DB>,
    texts: Texts,
}

macro_rules! sides {
    ($($database:ty),*) => {$(
        impl Sides<$database> {
            fn once(&self) -> Vec<Box<dyn Measured>> {
                let by_hand = Transaction { writers: self.writers.clone(), texts: self.texts };
                vec![Player::boxed("by hand", by_hand), Player::boxed("idem, once", Once::new(&self.idem))]
            }

            async fn replay(&self) -> Result<Vec<Box<dyn Measured>>, Failure> {
                let select = Select::new(self.readers.clone());
                Ok(vec![Player::boxed("SELECT", select), Player::boxed("idem, replay", Replay::new(&self.idem)?)])
            }

            async fn fence(&self, suffix: [&'static str; 2]) -> Result<Vec<Box<dyn Measured>>, Failure> {
                let [plain, fenced] = suffix;
                let lock = self.idem.lock(fenced).acquire(Duration::ZERO).await?;
                Ok(vec![
                    Player::boxed("unfenced", Turns::of(&self.idem, plain, None).await?),
                    Player::boxed("fenced", Turns::of(&self.idem, fenced, Some(lock)).await?),
                ])
            }

            /// Knows the keys that replays ask for.
            async fn fill(&self) -> Result<(), Failure> {
                let by_hand = Transaction { writers: self.writers.clone(), texts: self.texts };
                let once = Once::new(&self.idem);
                for number in 0..KNOWN {
                    by_hand.call(number).await?;
                    once.call(number).await?;
                }
                Ok(())
            }

            /// What was answered is there.
            async fn audit(&self, answered: &[u64]) -> Result<(), Failure> {
                for (table, answered) in ["hand_orders", "orders"].into_iter().zip(answered) {
                    let count = AssertSqlSafe(format!("SELECT count(*) FROM {table}"));
                    let orders: i64 = sqlx::query_scalar(count).fetch_one(&self.readers).await?;
                    if u64::try_from(orders)? != *answered {
                        return Err(format!("{table} has {orders} rows, {answered} were answered").into());
                    }
                }
                println!("every answered order is there\n");
                Ok(())
            }
        }
    )*};
}

sides!(sqlx::Sqlite, sqlx::Postgres);

pub(crate) async fn sqlite(asked: &Asked) -> Result<(), Failure> {
    if !asked.wants("sqlite") || !["once", "replay", "fence", "renewals"].iter().any(|question| asked.wants(question)) {
        return Ok(());
    }
    println!("SQLite, WAL, flushed at every commit\n");
    let folder = Folder::new("operation")?;
    if asked.wants("once") {
        let sides = on_sqlite(&folder, "once").await?;
        let players = sides.once();
        println!("Statements, without BEGIN and COMMIT of sqlx's own transactions:");
        counting(true);
        print_trips(&players, statements).await?;
        counting(false);
        asked.race.run("once", &players, &TASKS).await?;
        sides.audit(&players.iter().map(|player| player.made()).collect::<Vec<_>>()).await?;
    }
    let sides = on_sqlite(&folder, "rest").await?;
    if asked.wants("replay") {
        sides.fill().await?;
        let players = sides.replay().await?;
        counting(true);
        print_trips(&players, statements).await?;
        counting(false);
        asked.race.run("replay", &players, &TASKS).await?;
    }
    if asked.wants("fence") {
        let players = sides.fence(["plain", "fenced"]).await?;
        counting(true);
        print_trips(&players, statements).await?;
        counting(false);
        asked.race.run("command", &players, &TASKS[..1]).await?;
    }
    if asked.wants("renewals") {
        counting(true);
        renewals::print("SQLite", sides.idem.operation("held").as_leased().clone(), statements).await?;
        counting(false);
    }
    Ok(())
}

/// Where one connection writes, the pool of writers has one: others would poll for the lock.
async fn on_sqlite(folder: &Folder, name: &str) -> Result<Sides<sqlx::Sqlite>, Failure> {
    let file = folder.0.join(format!("{name}.db"));
    let options = SqliteConnectOptions::new()
        .filename(&file)
        .create_if_missing(true)
        .journal_mode(SqliteJournalMode::Wal)
        .synchronous(SqliteSynchronous::Full)
        .busy_timeout(Duration::from_secs(2));
    let mut conn = options.connect().await?;
    sqlx::raw_sql(SQLITE.schema).execute(&mut conn).await?;
    conn.close().await?;
    let pool = |connections| SqlitePoolOptions::new().max_connections(connections).test_before_acquire(false);
    let (writers, readers) = (pool(1).connect_with(options.clone()).await?, pool(MOST).connect_with(options).await?);
    let idem = Idem::open(&format!("sqlite://{}", file.display())).await?;
    Ok(Sides { idem, writers, readers, texts: SQLITE })
}

/// Measures on the server that `IDEM_POSTGRES_URL` names.
pub(crate) async fn postgres(asked: &Asked) -> Result<(), Failure> {
    if !asked.wants("postgres") || !["once", "replay", "fence", "renewals"].iter().any(|question| asked.wants(question))
    {
        return Ok(());
    }
    on_server(async |database| measure_on_server(asked, database).await).await.map(drop)
}

async fn measure_on_server(asked: &Asked, database: PgConnectOptions) -> Result<(), Failure> {
    let mut conn = database.connect().await?;
    sqlx::raw_sql(POSTGRES.schema).execute(&mut conn).await?;
    let version: String = sqlx::query_scalar("SHOW server_version").fetch_one(&mut conn).await?;
    println!("PostgreSQL {version}\n");
    let wire = Wire::to(format!("{}:{}", database.get_host(), database.get_port())).await?;
    let sides = on_postgres(&database).await?;
    let counted = on_postgres(&database.clone().host("127.0.0.1").port(wire.port)).await?;
    let trips = || wire.trips();
    let clean = "TRUNCATE hand_keys, idem_claims, orders, hand_orders";
    if asked.wants("once") {
        println!("Round trips, sqlx's ping of a connection that is given back among them:");
        print_trips(&counted.once(), trips).await?;
        sqlx::raw_sql(clean).execute(&mut conn).await?;
        let players = sides.once();
        asked.race.run("once", &players, &TASKS).await?;
        sides.audit(&players.iter().map(|player| player.made()).collect::<Vec<_>>()).await?;
    }
    if asked.wants("replay") {
        sqlx::raw_sql(clean).execute(&mut conn).await?;
        sides.fill().await?;
        sqlx::raw_sql("VACUUM ANALYZE").execute(&mut conn).await?;
        print_trips(&counted.replay().await?, trips).await?;
        asked.race.run("replay", &sides.replay().await?, &TASKS).await?;
    }
    if asked.wants("fence") {
        print_trips(&counted.fence(["plain-counted", "fenced-counted"]).await?, trips).await?;
        asked.race.run("command", &sides.fence(["plain", "fenced"]).await?, &TASKS[..1]).await?;
    }
    if asked.wants("renewals") {
        renewals::print("PostgreSQL", counted.idem.operation("held").as_leased().clone(), trips).await?;
    }
    Ok(())
}

async fn on_postgres(database: &PgConnectOptions) -> Result<Sides<sqlx::Postgres>, Failure> {
    let pool = PgPoolOptions::new().max_connections(MOST).test_before_acquire(false);
    let pool = pool.connect_with(database.clone()).await?;
    let idem = Idem::builder().max_connections(MOST).open(database.to_url_lossy().as_str()).await?;
    Ok(Sides { idem, writers: pool.clone(), readers: pool, texts: POSTGRES })
}
