//! A database per contender, on the server that is there.

use std::str::FromStr;

use sqlx::postgres::{PgConnectOptions, PgPoolOptions};
use sqlx::{ConnectOptions, Connection, PgConnection, PgPool};

use crate::Failure;

/// Connections that each contender may open.
pub(crate) const CONNECTIONS: u32 = 32;

/// The server, and the databases made on it.
pub(crate) struct Server {
    options: PgConnectOptions,
    admin: PgConnection,
    version: String,
    made: Vec<String>,
}

impl Server {
    /// The one that `IDEM_POSTGRES_URL` names, if it names one.
    pub(crate) async fn named() -> Result<Option<Self>, Failure> {
        let Ok(url) = std::env::var("IDEM_POSTGRES_URL") else { return Ok(None) };
        let options = PgConnectOptions::from_str(&url)?;
        let mut admin = options.connect().await?;
        let (version, connections): (String, i32) =
            sqlx::query_as("SELECT current_setting('server_version'), current_setting('max_connections')::int")
                .fetch_one(&mut admin)
                .await?;
        if connections < 300 {
            return Err(format!("the server has max_connections = {connections}; the contenders need 300").into());
        }
        Ok(Some(Self { options, admin, version, made: Vec::new() }))
    }

    pub(crate) fn version(&self) -> &str {
        &self.version
    }

    /// A fresh database.
    pub(crate) async fn database(&mut self, contender: &str) -> Result<Room, Failure> {
        let name = format!("idem_peers_{}_{}_{contender}", std::process::id(), self.made.len());
        sqlx::raw_sql(&format!("CREATE DATABASE {name}")).execute(&mut self.admin).await?;
        self.made.push(name.clone());
        Ok(Room { options: self.options.clone().database(&name) })
    }

    /// Lets the planner see what is there, in every database that was made.
    pub(crate) async fn analyse(&mut self) -> Result<(), Failure> {
        for name in &self.made {
            let mut conn = self.options.clone().database(name).connect().await?;
            sqlx::raw_sql("VACUUM ANALYZE").execute(&mut conn).await?;
            conn.close().await?;
        }
        sqlx::raw_sql("CHECKPOINT").execute(&mut self.admin).await?;
        Ok(())
    }

    /// Drops what was made, under whoever still uses it.
    pub(crate) async fn drop_databases(&mut self) -> Result<(), Failure> {
        for name in self.made.drain(..) {
            sqlx::raw_sql(&format!("DROP DATABASE {name} WITH (FORCE)")).execute(&mut self.admin).await?;
        }
        Ok(())
    }
}

/// A contender's own database.
#[derive(Clone)]
pub(crate) struct Room {
    options: PgConnectOptions,
}

impl Room {
    pub(crate) fn url(&self) -> String {
        self.options.to_url_lossy().to_string()
    }

    /// The same, as libpq takes it.
    pub(crate) fn libpq_url(&self) -> String {
        let mut url = self.options.to_url_lossy();
        let kept: Vec<_> =
            url.query_pairs().into_owned().filter(|(name, _)| name == "host" || name == "port").collect();
        url.query_pairs_mut().clear().extend_pairs(kept);
        url.to_string()
    }

    /// A pool for a peer that takes one. It does not ping a connection before it hands it out, which idem's own does not
    /// either.
    pub(crate) async fn pool(&self) -> Result<PgPool, Failure> {
        let options = PgPoolOptions::new().max_connections(CONNECTIONS).test_before_acquire(false);
        Ok(options.connect_with(self.options.clone()).await?)
    }

    /// Runs statements of the bench's own.
    pub(crate) async fn execute(&self, statements: &str) -> Result<(), Failure> {
        let mut conn = self.options.connect().await?;
        sqlx::raw_sql(statements).execute(&mut conn).await?;
        Ok(conn.close().await?)
    }

    /// A query whose one row has two numbers.
    pub(crate) async fn two(&self, query: &str) -> Result<(i64, i64), Failure> {
        let mut conn = self.options.connect().await?;
        let row = sqlx::query_as(query).fetch_one(&mut conn).await?;
        conn.close().await?;
        Ok(row)
    }
}
