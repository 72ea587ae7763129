//! Claims in Redis. Each change is one script, which runs alone and takes the server's time; a record is one hash. Its time to live is
//! that of what it remembers, and never the lease: a key that is gone when its lease ends would look as if nobody had begun.

mod record;

use std::fmt;
use std::sync::Arc;
use std::time::{Duration, Instant};

use redis::aio::{ConnectionManager, ConnectionManagerConfig};
use redis::{Client, ErrorKind, FromRedisValue, InfoDict, RedisError, Script, ScriptInvocation, ServerErrorKind};
use tokio::time::sleep;

use crate::clock::Timestamp;
use crate::epoch::Epoch;
use crate::error::Error;
use crate::key::{Hex, KeyHash};
use crate::lease::keeper::Keeper;
use crate::lease::leases::{LARGEST, Leases};
use crate::lease::redis::record::{Fields, lost_row};
use crate::lease::store::{Answer, ClaimAnswer, End, LeaseStore, NotOwned, UnderWay};
use crate::model::claim::call::{ClaimKey, Claimed, LostRow, Recalled, Renewal};
use crate::model::claim::transition::{ClaimRequest, Resolution, refusal};

/// The longest wait for a reply.
const REPLY: Duration = Duration::from_secs(2);
/// How long a server that does not answer is tried again.
const PATIENCE: Duration = Duration::from_secs(10);
const PAUSE: Duration = Duration::from_millis(50);

/// Claims in Redis.
struct RedisLeases {
    connection: ConnectionManager,
    /// Before the name of each key.
    prefix: String,
    scripts: Scripts,
}

struct Scripts {
    claim: Script,
    change: Script,
    renew: Script,
    lost: Script,
}

impl Leases {
    /// In a Redis server, of version 6 or later: `redis://host:6379`. Its keys begin with `idem:`.
    ///
    /// What it promises is what the server promises: an outcome is as durable as its append-only file (`appendfsync always`, or a second
    /// less with `everysec`), and a failover to a replica may forget what the replica had not seen, also that a key was claimed. Then the
    /// work is done again, under the same [`Lease::key`](crate::lease::Lease::key), which the foreign side must honour. For what must not
    /// be forgotten keep leases in a database. A cluster is not supported.
    ///
    /// # Errors
    /// [`Error::Config`] for a URL that cannot work, and for a server that may evict keys: set `maxmemory-policy` to `noeviction`.
    /// [`Error::Unavailable`] if it does not answer.
    ///
    /// # Cancel safety
    /// Reads only: a dropped call leaves nothing behind.
    pub async fn redis(url: &str) -> Result<Self, Error> {
        Self::redis_with_prefix(url, "idem:").await
    }

    /// The same with another prefix of the keys, for several services on one server.
    ///
    /// # Errors
    /// As [`redis`](Self::redis).
    ///
    /// # Cancel safety
    /// As [`redis`](Self::redis).
    pub async fn redis_with_prefix(url: &str, prefix: &str) -> Result<Self, Error> {
        let client = Client::open(url).map_err(|error| Error::Config {
            // The URL may hold a password, so the message does not repeat it.
            problem: format!("the URL of Redis does not parse: {error}; write `redis://host:6379`"),
        })?;
        let config = ConnectionManagerConfig::new()
            .set_connection_timeout(Some(REPLY))
            .set_response_timeout(Some(REPLY))
            .set_number_of_retries(3);
        let connection = ConnectionManager::new_with_config(client, config).await.map_err(unavailable)?;
        let scripts = Scripts {
            claim: Script::new(include_str!("claim.lua")),
            change: Script::new(include_str!("change.lua")),
            renew: Script::new(include_str!("renew.lua")),
            lost: Script::new(include_str!("lost.lua")),
        };
        let store = RedisLeases { connection, prefix: prefix.to_owned(), scripts };
        store.refuse_eviction().await?;
        Ok(Self { keeper: Keeper::new(Arc::new(store)), largest: LARGEST })
    }
}

impl RedisLeases {
    /// A server that evicts keys forgets that work was done.
    async fn refuse_eviction(&self) -> Result<(), Error> {
        let asked = redis::cmd("INFO");
        let mut connection = self.connection.clone();
        let info: InfoDict = asked.query_async(&mut connection).await.map_err(unavailable)?;
        let policy: String = info.get("maxmemory_policy").unwrap_or_default();
        let version: String = info.get("redis_version").unwrap_or_default();
        let problem = match version.split('.').next().and_then(|major| major.parse::<u32>().ok()) {
            Some(0..6) => format!("this Redis is of version {version}; leases need 6 or later"),
            _ if policy != "noeviction" => format!(
                "this Redis may evict keys (`maxmemory-policy {policy}`), and with a key it would forget that its work was done; set \
                 `maxmemory-policy noeviction`, or use another server"
            ),
            _ => return Ok(()),
        };
        Err(Error::Config { problem })
    }

    fn record(&self, hash: &KeyHash) -> String {
        format!("{}claim:{}", self.prefix, Hex(&hash.0))
    }

    fn floor(&self) -> String {
        format!("{}epoch", self.prefix)
    }

    fn claimed(&self, surface: &str) -> String {
        format!("{}claimed:{surface}", self.prefix)
    }

    /// Runs a script until it is answered: each can be run again.
    async fn run<T: FromRedisValue>(&self, script: &ScriptInvocation<'_>) -> Result<T, Error> {
        let began = Instant::now();
        loop {
            let mut connection = self.connection.clone();
            let error = match script.invoke_async(&mut connection).await {
                Ok(answer) => return Ok(answer),
                Err(error) => error,
            };
            if !may_pass(&error) {
                return Err(refused(error));
            }
            if began.elapsed() >= PATIENCE {
                // A connection that was refused has taken nothing; but one before it may have.
                return Err(Error::Indeterminate { source: Box::new(error) });
            }
            sleep(PAUSE).await;
        }
    }

    /// Changes a claim of the owner that is named.
    async fn change(
        &self,
        (hash, named): (&KeyHash, i64),
        how: &str,
        arguments: impl FnOnce(&mut ScriptInvocation<'_>) + Send,
    ) -> Result<Result<Timestamp, Recalled>, Error> {
        let mut script = self.scripts.change.prepare_invoke();
        script.key(self.record(hash)).key(self.floor());
        script.arg(how).arg(named).arg(Hex(&hash.0).to_string()).arg(self.claimed(""));
        arguments(&mut script);
        let (done, fields): (i64, Fields) = self.run(&script).await?;
        Ok(if done == 1 { Ok(fields.time(0)) } else { Err(fields.recalled()) })
    }
}

impl LeaseStore for RedisLeases {
    fn claim<'a>(&'a self, key: ClaimKey<'a>, request: &'a ClaimRequest) -> Answer<'a, ClaimAnswer> {
        const TRIES: u32 = 16;
        Box::pin(async move {
            let mut script = self.scripts.claim.prepare_invoke();
            script.key(self.record(key.hash)).key(self.floor()).key(self.claimed(key.surface));
            script.arg(&request.fingerprint.0[..]).arg(request.owner).arg(micros(request.lease));
            script.arg(i64::from(request.takes_over)).arg(key.surface).arg(key.scope).arg(Hex(&key.hash.0).to_string());
            for _ in 0..TRIES {
                let (mine, fields): (i64, Fields) = self.run(&script).await?;
                if mine == 1 {
                    let (epoch, attempts) = (Epoch(fields.int(0)), fields.int(1));
                    return Ok(ClaimAnswer::Mine(Claimed { epoch, attempts, checkpoint: fields.bytes(2) }));
                }
                let Recalled { now, claim } = fields.recalled();
                if let Some(claim) = claim
                    && let Some(refusal) = refusal(&claim.record, request, now)
                {
                    return Ok(ClaimAnswer::Refused(refusal, claim));
                }
            }
            Err(Error::Internal { what: "Redis refuses a claim that is free" })
        })
    }

    fn renew<'a>(&'a self, renewals: &'a [Renewal]) -> Answer<'a, Vec<KeyHash>> {
        Box::pin(async move {
            let mut script = self.scripts.renew.prepare_invoke();
            for renewal in renewals {
                script.key(self.record(&renewal.hash)).arg(renewal.epoch.0).arg(micros(renewal.lease));
            }
            let places: Vec<usize> = self.run(&script).await?;
            Ok(places
                .iter()
                .filter_map(|place| renewals.get(place.checked_sub(1)?))
                .map(|renewal| renewal.hash)
                .collect())
        })
    }

    fn complete<'a>(
        &'a self,
        (hash, epoch): (&'a KeyHash, Epoch),
        outcome: &'a [u8],
        keep: Duration,
    ) -> Answer<'a, Result<Timestamp, NotOwned>> {
        Box::pin(async move {
            let done = self.change((hash, epoch.0), "complete", |script| {
                script.arg(outcome).arg(micros(keep));
            });
            Ok(done.await?.map_err(not_owned))
        })
    }

    fn end<'a>(&'a self, (hash, epoch): (&'a KeyHash, Epoch), how: End) -> Answer<'a, Result<(), NotOwned>> {
        Box::pin(async move {
            let how = if how == End::Release { "release" } else { "abandon" };
            Ok(self.change((hash, epoch.0), how, |_| {}).await?.map(drop).map_err(not_owned))
        })
    }

    fn disown<'a>(&'a self, hash: &'a KeyHash, owner: i64) -> Answer<'a, ()> {
        Box::pin(async move { self.change((hash, owner), "disown", |_| {}).await.map(drop) })
    }

    fn save<'a>(
        &'a self,
        (hash, epoch): (&'a KeyHash, Epoch),
        checkpoint: &'a [u8],
    ) -> Answer<'a, Result<(), NotOwned>> {
        Box::pin(async move {
            let saved = self.change((hash, epoch.0), "save", |script| {
                script.arg(checkpoint);
            });
            Ok(saved.await?.map(drop).map_err(not_owned))
        })
    }

    fn recall<'a>(&'a self, hash: &'a KeyHash) -> Answer<'a, Recalled> {
        Box::pin(async move {
            // A change that is none says what is recorded.
            let found = self.change((hash, 0), "recall", |_| {}).await?;
            found.err().ok_or(Error::Internal { what: "Redis changed what was looked up" })
        })
    }

    fn lost<'a>(&'a self, surface: &'a str, limit: u32) -> Answer<'a, Vec<LostRow>> {
        Box::pin(async move {
            let mut script = self.scripts.lost.prepare_invoke();
            script.key(self.claimed(surface)).arg(format!("{}claim:", self.prefix)).arg(limit);
            let rows: Vec<Fields> = self.run(&script).await?;
            let mut rows: Vec<LostRow> = rows.iter().filter_map(lost_row).collect();
            rows.sort_by_key(|row| (row.until, row.hash));
            Ok(rows)
        })
    }

    fn resolve<'a>(
        &'a self,
        (hash, epoch): (&'a KeyHash, Epoch),
        how: &'a Resolution,
        reason: &'a str,
    ) -> Answer<'a, Result<(), NotOwned>> {
        Box::pin(async move {
            let (outcome, keep, done) = match how {
                Resolution::Completed { outcome, keep } => (&**outcome, *keep, 1),
                Resolution::NotDone => (&[][..], Duration::ZERO, 0),
            };
            let resolved = self.change((hash, epoch.0), "resolve", |script| {
                script.arg(outcome).arg(micros(keep)).arg(done).arg(reason);
            });
            Ok(resolved.await?.map(drop).map_err(not_owned))
        })
    }

    fn name(&self) -> Answer<'_, Arc<str>> {
        // No database has this name: a fence there goes by epochs.
        Box::pin(std::future::ready(Ok("redis".into())))
    }

    fn space(&self) -> &str {
        &self.prefix
    }

    fn enter(&self) -> Result<UnderWay, Error> {
        Ok(Box::new(()))
    }
}

fn not_owned(recalled: Recalled) -> NotOwned {
    NotOwned(recalled.claim.map(Box::new))
}

/// Whether a call that failed like this is asked again at once: nothing was answered, or the server is not yet what it will be.
fn may_pass(error: &RedisError) -> bool {
    let starting = [ServerErrorKind::BusyLoading, ServerErrorKind::TryAgain, ServerErrorKind::MasterDown];
    error.is_io_error() || matches!(error.kind(), ErrorKind::Server(kind) if starting.contains(&kind))
}

fn refused(error: RedisError) -> Error {
    match error.kind() {
        ErrorKind::Server(ServerErrorKind::ReadOnly | ServerErrorKind::NoPerm) => {
            Error::ReadOnly { source: Box::new(error) }
        }
        _ if is_momentary(&error) => unavailable(error),
        _ => Error::Store { source: Box::new(error) },
    }
}

/// Whether the server refuses all that is written, or all, for a while: a script of another client, too few replicas, no memory left.
fn is_momentary(error: &RedisError) -> bool {
    matches!(error.code(), Some("BUSY" | "NOREPLICAS" | "OOM" | "CLUSTERDOWN"))
}

fn unavailable(error: RedisError) -> Error {
    Error::Unavailable { source: Box::new(error) }
}

fn micros(span: Duration) -> i64 {
    // The scripts count in floating-point numbers, which are exact to 2^53: with the time of today, for another 100 years.
    const LONGEST: i64 = 100 * 365 * 86_400 * 1_000_000;
    i64::try_from(span.as_micros()).unwrap_or(LONGEST).min(LONGEST)
}

impl fmt::Debug for RedisLeases {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("RedisLeases").field("prefix", &self.prefix).finish_non_exhaustive()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn refusal_of_redis_has_its_kind() {
        let read = |line: &str| redis::parse_redis_value(format!("-{line}\r\n").as_bytes());
        let error = |line: &str| match read(line).and_then(redis::Value::extract_error) {
            Ok(value) => panic!("an answer: {value:?}"),
            Err(error) => error,
        };
        for line in ["LOADING dataset", "TRYAGAIN later", "MASTERDOWN Link is down"] {
            assert!(may_pass(&error(line)), "{line}");
        }
        for line in [
            "BUSY Redis is busy running a script",
            "NOREPLICAS Not enough good replicas",
            "OOM command not allowed",
            "CLUSTERDOWN down",
        ] {
            assert!(!may_pass(&error(line)), "{line}");
            assert!(matches!(refused(error(line)), Error::Unavailable { .. }), "{line}");
        }
        for line in ["NOAUTH Authentication required", "WRONGTYPE of a key", "MISCONF of disks", "ERR unknown"] {
            assert!(matches!(refused(error(line)), Error::Store { .. }), "{line}");
        }
        assert!(matches!(refused(error("NOPERM no")), Error::ReadOnly { .. }));
    }
}
