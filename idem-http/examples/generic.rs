//! Handlers that are written once for several databases: `cargo run -p idem-http --features postgres --example generic -- postgres://…`,
//! or without an argument on SQLite.
//!
//! What differs, the service's own statements, is a trait; idem's calls are the same on all.

use std::error::Error;

use axum::extract::{Path, State};
use axum::http::StatusCode;
use axum::routing::put;
use axum::{Json, Router};
use idem_core::{Database, Idem, Tx};
use idem_http::{Done, Guard, Problem, Work, scope};
use serde::{Deserialize, Serialize};

/// The service's own statements.
pub trait Notes: Database {
    /// The statement that makes the table.
    const TABLE: &'static str =
        "CREATE TABLE IF NOT EXISTS notes (name VARCHAR(100) PRIMARY KEY, text VARCHAR(1000) NOT NULL)";

    /// Makes the table.
    fn create(idem: &Idem<Self>) -> impl Future<Output = Result<(), sqlx::Error>> + Send;

    /// Writes a note.
    fn put(tx: &mut Tx<Self>, name: &str, text: &str) -> impl Future<Output = Result<(), sqlx::Error>> + Send;
}

/// The same statements on each database; each has its own types in sqlx.
macro_rules! notes {
    ($database:ty) => {
        impl Notes for $database {
            async fn create(idem: &Idem<Self>) -> Result<(), sqlx::Error> {
                sqlx::query(Self::TABLE).execute(idem.pool()).await.map(drop)
            }

            async fn put(tx: &mut Tx<Self>, name: &str, text: &str) -> Result<(), sqlx::Error> {
                let put = "INSERT INTO notes VALUES ($1, $2) ON CONFLICT (name) DO UPDATE SET text = excluded.text";
                sqlx::query(put).bind(name).bind(text).execute(tx.conn()).await.map(drop)
            }
        }
    };
}

notes!(sqlx::Sqlite);
#[cfg(feature = "postgres")]
notes!(sqlx::Postgres);

#[derive(Serialize, Deserialize)]
struct Note {
    text: String,
}

/// What handlers share. `derive(Clone)` would ask for `DB: Clone`, and then no function is a handler.
struct App<DB: Database> {
    idem: Idem<DB>,
}

impl<DB: Database> Clone for App<DB> {
    fn clone(&self) -> Self {
        Self { idem: self.idem.clone() }
    }
}

async fn write<DB: Notes>(
    mut work: Work<DB>,
    Path(name): Path<String>,
    Json(note): Json<Note>,
) -> Result<Done, Problem> {
    DB::put(work.tx().await?, &name, &note.text).await?;
    Ok(work.done((StatusCode::OK, Json(note))))
}

async fn now<DB: Notes>(State(app): State<App<DB>>) -> Result<String, Problem> {
    Ok(app.idem.now().await?.to_string())
}

/// The service on any of the databases.
///
/// # Errors
/// Those of the database.
pub async fn router<DB: Notes>(idem: Idem<DB>) -> Result<Router, sqlx::Error> {
    DB::create(&idem).await?;
    let guard = Guard::transactional(&idem, scope::single()).methods([axum::http::Method::PUT]);
    let notes = put(write::<DB>).get(now::<DB>);
    Ok(Router::new().route("/notes/{name}", notes).route_layer(guard.required()).with_state(App { idem }))
}

#[tokio::main]
async fn main() -> Result<(), Box<dyn Error + Send + Sync>> {
    let url = std::env::args().nth(1);
    let service = match url.as_deref() {
        #[cfg(feature = "postgres")]
        Some(url) if url.starts_with("postgres") => router(Idem::<sqlx::Postgres>::open(url).await?).await?,
        url => router(Idem::<sqlx::Sqlite>::open(url.unwrap_or("sqlite://notes.db")).await?).await?,
    };
    let listener = tokio::net::TcpListener::bind("127.0.0.1:8080").await?;
    Ok(axum::serve(listener, service).await?)
}
