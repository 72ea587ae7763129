use std::sync::atomic::{AtomicU64, Ordering::Relaxed};
use std::time::Duration;

use idem_core::Key;

const REQUESTS: u64 = 1_000;
const PURCHASE: &str = r#"{"customer": "ann", "item": "tea", "price": 5}"#;

static SENT_AGAIN: AtomicU64 = AtomicU64::new(0);
static REPLAYS: AtomicU64 = AtomicU64::new(0);

#[tokio::main]
async fn main() -> Result<(), Box<dyn std::error::Error + Send + Sync>> {
    let address = std::env::args().nth(1).unwrap_or("127.0.0.1:8080".into());
    let client = reqwest::Client::new();
    let mut workers = tokio::task::JoinSet::new();
    for worker in 0..10 {
        let (client, url) = (client.clone(), format!("http://{address}/orders"));
        workers.spawn(async move {
            for _ in (worker..REQUESTS).step_by(10) {
                buy(&client, &url).await;
            }
        });
    }
    workers.join_all().await;
    println!("{REQUESTS} requests have an answer");
    println!("sent again: {}, answered by a replay: {}", SENT_AGAIN.load(Relaxed), REPLAYS.load(Relaxed));
    println!("{}", client.get(format!("http://{address}/books")).send().await?.text().await?);
    Ok(())
}

/// One request: one key, the same in each attempt, until there is an answer.
async fn buy(client: &reqwest::Client, url: &str) {
    let key = Key::random("client").expect("random bytes");
    for _ in 0..600 {
        let request = client.post(url).header("idempotency-key", format!("\"{}\"", key.as_str()));
        match request.header("content-type", "application/json").body(PURCHASE).send().await {
            Ok(answer) if answer.status().is_success() => {
                REPLAYS.fetch_add(answer.headers().contains_key("idempotent-replayed").into(), Relaxed);
                return;
            }
            _ => SENT_AGAIN.fetch_add(1, Relaxed), // no answer, 409 in flight, 503: what was done is not known
        };
        tokio::time::sleep(Duration::from_millis(100)).await;
    }
    panic!("no answer within a minute");
}
