//! Serves payments until it is killed: `http_worker URL`. Its one line is the port.

use std::env;
use std::error::Error;

use tests::{Backend, open_after_kill};
use tokio::net::TcpListener;

type Result<T> = std::result::Result<T, Box<dyn Error + Send + Sync>>;

#[tokio::main(flavor = "current_thread")]
async fn main() -> Result<()> {
    let url = env::args().nth(1).ok_or("usage: http_worker URL")?;
    if url.starts_with("sqlite:") { serve::<sqlx::Sqlite>(&url).await } else { serve::<sqlx::Postgres>(&url).await }
}

async fn serve<DB: Backend>(url: &str) -> Result<()> {
    let idem = open_after_kill::<DB>(url).await?;
    let listener = TcpListener::bind("127.0.0.1:0").await?;
    println!("{}", listener.local_addr()?);
    Ok(axum::serve(listener, tests::http::router(&idem)).await?)
}
