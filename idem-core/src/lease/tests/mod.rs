//! Every store of leases against the transition function, by random scripts.
//!
//! Times are far apart, so it does not matter how long a script runs: a lease is 1,000 seconds long, clocks are set by hundreds of seconds,
//! and times are compared to within a minute.

mod paused;
mod script;
mod stores;

use stores::{Memory, TestStore};

use script::{Step, Tried, steps};

/// Runs scripts of random steps on a store.
async fn follows_transitions<S: TestStore>(mut store: S, scripts: u64) {
    let scripts = if std::env::var_os("IDEM_LONG").is_some() { scripts * 20 } else { scripts };
    let seed = std::env::var("IDEM_SEED").ok().and_then(|seed| seed.parse().ok()).unwrap_or_else(random);
    for script in seed..seed + scripts {
        store.clear().await;
        let (steps, mut tried) = (steps(script), Tried::new(script));
        for (at, step) in steps.iter().enumerate() {
            let difference = tried.run(&mut store, step).await;
            if let Err(difference) = difference {
                let before: Vec<&Step> = steps.iter().take(at + 1).collect();
                panic!("IDEM_SEED={script}, step {at}: {difference}\nafter {before:#?}");
            }
        }
    }
    store.remove().await;
}

fn random() -> u64 {
    getrandom::u64().unwrap_or_default() >> 1
}

#[tokio::test]
async fn memory_follows_transitions() {
    follows_transitions(Memory::new(), 1_000).await;
}

#[cfg(feature = "sqlite")]
#[tokio::test]
async fn sqlite_follows_transitions() {
    follows_transitions(stores::sqlite().await, 200).await;
}

#[cfg(feature = "postgres")]
#[tokio::test]
async fn postgres_follows_transitions() {
    if let Some(store) = stores::postgres().await {
        follows_transitions(store, 200).await;
    }
}

#[cfg(feature = "redis")]
#[tokio::test]
async fn redis_follows_transitions() {
    if let Some(store) = stores::redis().await {
        follows_transitions(store, 200).await;
    }
}
