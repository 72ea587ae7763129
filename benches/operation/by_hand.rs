//! By hand on sqlx's own pool.

use sha2::{Digest, Sha256};
use sqlx::{Pool, Postgres, Sqlite};

use crate::race::Contender;
use crate::{Failure, databases};

/// How long a key is kept, in microseconds.
const RETENTION: i64 = 24 * 3_600 * 1_000_000;

/// What differs between the databases.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Texts {
    pub(crate) schema: &'static str,
    pub(crate) begin: &'static str,
    pub(crate) claim: &'static str,
}

const ORDER: &str = "INSERT INTO hand_orders (item) VALUES ($1) RETURNING id";
const COMPLETE: &str = "UPDATE hand_keys SET outcome = $2 WHERE hash = $1";
const RECALL: &str = "SELECT outcome FROM hand_keys WHERE hash = $1";

/// A transaction that claims a fresh key, does the work and stores its outcome.
pub(crate) struct Transaction<DB: sqlx::Database> {
    pub(crate) writers: Pool<DB>,
    pub(crate) texts: Texts,
}

/// A look at the outcome of a known key.
pub(crate) struct Select<DB: sqlx::Database> {
    pub(crate) readers: Pool<DB>,
    known: Vec<Vec<u8>>,
}

fn digest(parts: &[&[u8]]) -> Vec<u8> {
    let mut hash = Sha256::new();
    for part in parts {
        hash.update(u64::try_from(part.len()).unwrap_or(u64::MAX).to_le_bytes());
        hash.update(part);
    }
    hash.finalize().to_vec()
}

fn hash_of(key: &str) -> Vec<u8> {
    let mut hash = digest(&[b"create_order", b"bench", key.as_bytes()]);
    hash.truncate(23);
    hash
}

impl<DB: sqlx::Database> Select<DB> {
    pub(crate) fn new(readers: Pool<DB>) -> Self {
        let known = (0..databases::KNOWN).map(|number| hash_of(&databases::key(number))).collect();
        Self { readers, known }
    }
}

macro_rules! by_hand {
    ($($database:ty),*) => {$(
        impl Contender for Transaction<$database> {
            async fn call(&self, number: u64) -> Result<(), Failure> {
                let (key, item) = (databases::key(number), databases::item(number));
                let (hash, fingerprint) = (hash_of(&key), digest(&[b"create_order", item.as_bytes()]));
                let mut tx = self.writers.begin_with(self.texts.begin).await?;
                let claim = sqlx::query(self.texts.claim).bind(&hash).bind(fingerprint).bind(RETENTION);
                if claim.execute(&mut *tx).await?.rows_affected() != 1 {
                    return Err(format!("{key} is known").into());
                }
                let id: i64 = sqlx::query_scalar(ORDER).bind(item).fetch_one(&mut *tx).await?;
                let outcome = serde_json::to_vec(&id)?;
                sqlx::query(COMPLETE).bind(&hash).bind(outcome).execute(&mut *tx).await?;
                Ok(tx.commit().await?)
            }
        }

        impl Contender for Select<$database> {
            async fn call(&self, number: u64) -> Result<(), Failure> {
                let at = usize::try_from(number % databases::KNOWN)?;
                let hash = self.known.get(at).ok_or("no such key")?;
                let outcome: Vec<u8> = sqlx::query_scalar(RECALL).bind(hash).fetch_one(&self.readers).await?;
                let _: i64 = serde_json::from_slice(&outcome)?;
                Ok(())
            }
        }
    )*};
}

by_hand!(Sqlite, Postgres);
