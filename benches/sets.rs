//! Two round trips to Redis, which stand beside leases there.

use redis::aio::{ConnectionManager, ConnectionManagerConfig};
use redis::{AsyncCommands, Client, SetExpiry, SetOptions};

use crate::Failure;
use crate::race::Contender;

/// How long a key is kept that a run did not remove, in seconds.
const SECONDS: u64 = 600;

/// Two `SET`s of one key a call, by the same client that leases have.
#[derive(Debug, Clone)]
pub struct Sets {
    connection: ConnectionManager,
    prefix: String,
}

impl Sets {
    /// On the server of this URL.
    ///
    /// # Errors
    /// If it cannot be reached.
    pub async fn on(url: &str, prefix: &str) -> Result<Self, Failure> {
        Ok(Self { connection: connect(url).await?, prefix: prefix.to_owned() })
    }
}

impl Contender for Sets {
    async fn call(&self, number: u64) -> Result<(), Failure> {
        let mut connection = self.connection.clone();
        let key = format!("{}set:{number:016}", self.prefix);
        let kept = SetOptions::default().with_expiration(SetExpiry::EX(SECONDS));
        for value in ["claimed", "completed"] {
            let () = connection.set_options(&key, value, kept.clone()).await?;
        }
        Ok(())
    }
}

/// A connection of the kind that leases have.
///
/// # Errors
/// If the server cannot be reached.
pub async fn connect(url: &str) -> Result<ConnectionManager, Failure> {
    Ok(ConnectionManager::new_with_config(Client::open(url)?, ConnectionManagerConfig::new()).await?)
}

/// Removes the keys that begin with this.
///
/// # Errors
/// That of the server.
pub async fn remove(url: &str, prefix: &str) -> Result<(), Failure> {
    let mut connection = connect(url).await?;
    let mut cursor = 0_u64;
    loop {
        let mut scan = redis::cmd("SCAN");
        let scan = scan.arg(cursor).arg("MATCH").arg(format!("{prefix}*")).arg("COUNT").arg(1_000);
        let (next, keys): (u64, Vec<String>) = scan.query_async(&mut connection).await?;
        if !keys.is_empty() {
            let () = connection.unlink(keys).await?;
        }
        if next == 0 {
            return Ok(());
        }
        cursor = next;
    }
}
