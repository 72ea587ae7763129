//! The two databases: a new one for each question.

use std::str::FromStr as _;
use std::time::Duration;

use benches::private_postgres::PrivatePostgres;
use benches::wire::Wire;
use idem_core::Idem;
use sqlx::postgres::{PgConnectOptions, PgPoolOptions};
use sqlx::sqlite::{SqliteConnectOptions, SqliteJournalMode, SqlitePoolOptions, SqliteSynchronous};
use sqlx::{AssertSqlSafe, ConnectOptions, Connection as _, Pool, Postgres, Sqlite};

use crate::folder::Folder;
use crate::service::App;
use crate::shop::Shop;
use crate::sides::{Rows, Site, commands, orders, replays};
use crate::{Asked, Failure};

const MOST: u32 = 32;

const QUESTIONS: [&str; 3] = ["transactional", "replay", "keyed"];

pub(crate) async fn sqlite(asked: &Asked) -> Result<(), Failure> {
    if !asked.wants("sqlite") || !QUESTIONS.iter().any(|question| asked.wants(question)) {
        return Ok(());
    }
    println!("SQLite, WAL, flushed at every commit\n");
    let folder = Folder::new("http")?;
    for question in QUESTIONS.into_iter().filter(|question| asked.wants(question)) {
        answer(asked, question, &on_sqlite(&folder, question).await?).await?;
    }
    Ok(())
}

/// Measures on a server of its own.
pub(crate) async fn postgres(asked: &Asked) -> Result<(), Failure> {
    if !asked.wants("postgres") || !QUESTIONS.iter().any(|question| asked.wants(question)) {
        return Ok(());
    }
    let folder = Folder::new("http-postgres")?;
    let Some(server) = PrivatePostgres::start(&folder.0)? else { return Ok(()) };
    let options = PgConnectOptions::from_str(&server.url())?;
    let mut admin = options.connect().await?;
    let show = "SELECT current_setting('server_version') || ', fsync ' || current_setting('fsync')
        || ', synchronous_commit ' || current_setting('synchronous_commit')";
    let settings: String = sqlx::query_scalar(show).fetch_one(&mut admin).await?;
    println!("PostgreSQL {settings}\n");
    for question in QUESTIONS.into_iter().filter(|question| asked.wants(question)) {
        let name = format!("idem_{question}");
        sqlx::raw_sql(AssertSqlSafe(format!("CREATE DATABASE {name}"))).execute(&mut admin).await?;
        answer(asked, question, &on_postgres(options.clone().database(&name)).await?).await?;
    }
    Ok(())
}

async fn answer<DB: Shop>(asked: &Asked, question: &str, site: &Site<DB>) -> Result<(), Failure> {
    match question {
        "transactional" => {
            let rows = orders(asked, site).await?;
            rows.compare(DB::count(&site.app.readers, Rows::TABLES).await?)
        }
        "replay" => replays(asked, site).await,
        _ => commands(asked, site).await,
    }
}

/// Where one connection writes, the pool of writers has one: others would poll for the lock.
pub(crate) async fn on_sqlite(folder: &Folder, name: &str) -> Result<Site<Sqlite>, Failure> {
    let file = folder.0.join(format!("{name}.db"));
    let options = SqliteConnectOptions::new()
        .filename(&file)
        .create_if_missing(true)
        .journal_mode(SqliteJournalMode::Wal)
        .synchronous(SqliteSynchronous::Full)
        .busy_timeout(Duration::from_secs(2));
    let mut conn = options.connect().await?;
    sqlx::raw_sql(Sqlite::SCHEMA).execute(&mut conn).await?;
    conn.close().await?;
    let pool = |connections| SqlitePoolOptions::new().max_connections(connections).test_before_acquire(false);
    let (writers, readers) = (pool(1).connect_with(options.clone()).await?, pool(MOST).connect_with(options).await?);
    let idem = Idem::open(&format!("sqlite://{}", file.display())).await?;
    let app = app(idem, writers, readers);
    Ok(Site { counted: app.clone(), app, wire: None })
}

async fn on_postgres(database: PgConnectOptions) -> Result<Site<Postgres>, Failure> {
    let mut conn = database.connect().await?;
    sqlx::raw_sql(Postgres::SCHEMA).execute(&mut conn).await?;
    conn.close().await?;
    let wire = Wire::to(format!("{}:{}", database.get_host(), database.get_port())).await?;
    let counted = postgres_app(&database.clone().port(wire.port)).await?;
    Ok(Site { app: postgres_app(&database).await?, counted, wire: Some(wire) })
}

async fn postgres_app(database: &PgConnectOptions) -> Result<App<Postgres>, Failure> {
    let pool = PgPoolOptions::new().max_connections(MOST).test_before_acquire(false);
    let pool = pool.connect_with(database.clone()).await?;
    let idem = Idem::builder().max_connections(MOST).open(database.to_url_lossy().as_str()).await?;
    Ok(app(idem, pool.clone(), pool))
}

fn app<DB: Shop>(idem: Idem<DB>, writers: Pool<DB>, readers: Pool<DB>) -> App<DB> {
    App { idem, writers, readers, known: [].into() }
}
