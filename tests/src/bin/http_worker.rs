//! Serves payments until it is killed: `http_worker URL`. Its one line is the port.

use std::env;
use std::error::Error;
use std::time::Duration;

use idem_core::Idem;
use tests::Backend;
use tokio::net::TcpListener;

type Result<T> = std::result::Result<T, Box<dyn Error + Send + Sync>>;

const WAIT: Duration = Duration::from_secs(20);

#[tokio::main(flavor = "current_thread")]
async fn main() -> Result<()> {
    let url = env::args().nth(1).ok_or("usage: http_worker URL")?;
    if url.starts_with("sqlite:") { serve::<sqlx::Sqlite>(&url).await } else { serve::<sqlx::Postgres>(&url).await }
}

async fn serve<DB: Backend>(url: &str) -> Result<()> {
    let idem = open::<DB>(url).await?;
    let listener = TcpListener::bind("127.0.0.1:0").await?;
    println!("{}", listener.local_addr()?);
    Ok(axum::serve(listener, tests::http::router(&idem)).await?)
}

/// A process that was killed may hold its locks for a moment longer: then opening is tried again, as a service would.
async fn open<DB: Backend>(url: &str) -> Result<Idem<DB>> {
    let builder = || Idem::<DB>::builder().lock_wait(WAIT).acquire_timeout(WAIT);
    for _ in 0..20 {
        match builder().open(url).await {
            Err(error) if error.is_retryable() => {}
            opened => return Ok(opened?),
        }
    }
    Ok(builder().open(url).await?)
}
