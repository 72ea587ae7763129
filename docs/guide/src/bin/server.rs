use std::time::Duration;

use idem_core::Idem;
use sqlx::Sqlite;
use tokio::net::TcpListener;

#[tokio::main]
async fn main() -> Result<(), Box<dyn std::error::Error + Send + Sync>> {
    let idem = Idem::<Sqlite>::open("sqlite://shop.db").await?;
    let _sweeper = idem.sweep_in_background(Duration::from_mins(1)); // deletes records of keys that have expired
    let service = shop::service::service(&idem).await?;
    let address = std::env::args().nth(1).unwrap_or("127.0.0.1:8080".into());
    let listener = TcpListener::bind(address).await?;
    println!("listening on http://{}, process {}", listener.local_addr()?, std::process::id());
    axum::serve(listener, service).await?;
    Ok(())
}
