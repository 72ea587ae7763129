//! The stores of leases, and how a clause sets their clocks.

use std::process;
use std::sync::Arc;
use std::sync::atomic::{AtomicI64, AtomicUsize, Ordering};
use std::time::Duration;

use idem_core::lease::Leases;
use idem_core::{Idem, Timestamp};

use crate::conformance::Subject;
use crate::requirement::skip;

/// A store of leases under test, empty.
pub trait LeaseSubject: Send + Sync {
    /// The store.
    fn leases(&self) -> Leases;

    /// The store as another process has it. Where processes share none, the same.
    async fn other(&self) -> Leases;

    /// Sets the clock on by this number of seconds, or back. Where it cannot be set, what is recorded is moved in time instead; epochs of
    /// claims that have ended with it, as they are times: by how many microseconds.
    async fn set_clock(&self, seconds: i64) -> i64;

    /// Deletes what has expired.
    async fn sweep(&self);
}

/// Leases in the memory of this process.
#[derive(Debug)]
pub struct MemoryLeases {
    leases: Leases,
    clock: Arc<AtomicI64>,
}

impl MemoryLeases {
    /// A new store.
    pub fn fresh() -> Self {
        let clock = Arc::new(AtomicI64::new(1_000_000_000_000_000));
        let now = clock.clone();
        let leases = Leases::memory_with(move || Timestamp::from_micros(now.load(Ordering::Relaxed)));
        Self { leases, clock }
    }
}

impl LeaseSubject for MemoryLeases {
    fn leases(&self) -> Leases {
        self.leases.clone()
    }

    async fn other(&self) -> Leases {
        self.leases.clone()
    }

    async fn set_clock(&self, seconds: i64) -> i64 {
        self.clock.fetch_add(seconds * 1_000_000, Ordering::Relaxed);
        0
    }

    async fn sweep(&self) {
        // It sweeps after this number of claims.
        for number in 0..1_024 {
            let swept = self.leases.lock(format!("swept {number}")).try_acquire().await.expect("answered");
            swept.expect("nobody else has it").release().await.expect("released");
        }
    }
}

/// Leases in a database.
#[derive(Debug)]
pub struct SqlLeases<'s, S: Subject> {
    subject: &'s S,
    idem: Idem<S::DB>,
}

impl<'s, S: Subject> SqlLeases<'s, S> {
    /// Opens the subject.
    pub async fn open(subject: &'s S) -> Self {
        Self { subject, idem: another(subject).await }
    }

    async fn execute(&self, sql: &str) {
        let mut conn = self.idem.pool().acquire().await.expect("a connection");
        self.subject.execute(&mut conn, sql).await.expect("the suite's statement runs");
    }
}

async fn another<S: Subject>(subject: &S) -> Idem<S::DB> {
    let bound = Duration::from_mins(1);
    subject.builder().acquire_timeout(bound).lock_wait(bound).open(&subject.url()).await.expect("opened")
}

impl<S: Subject> LeaseSubject for SqlLeases<'_, S> {
    fn leases(&self) -> Leases {
        Leases::from(&self.idem)
    }

    async fn other(&self) -> Leases {
        Leases::from(&another(self.subject).await)
    }

    async fn set_clock(&self, seconds: i64) -> i64 {
        let by = -seconds * 1_000_000;
        let times = ["until", "at", "expires_at"].map(|column| format!("{column} = {column} + {by}"));
        self.execute(&format!("UPDATE idem_claims SET {}", times.join(", "))).await;
        self.execute(&format!("UPDATE idem_claims SET epoch = epoch + {by} WHERE state <> 1")).await;
        let floor = format!("UPDATE idem_installation SET epoch_floor = epoch_floor + {by} WHERE epoch_floor <> 0");
        self.execute(&floor).await;
        by
    }

    async fn sweep(&self) {
        self.idem.sweep(10_000).await.expect("swept");
    }
}

/// Leases in Redis, under a prefix of their own.
#[derive(Debug)]
pub struct RedisLeases {
    url: String,
    prefix: String,
    leases: Leases,
}

const MOVE: &str = "
    local by = tonumber(ARGV[2])
    for _, key in ipairs(redis.call('KEYS', ARGV[1] .. 'claim:*')) do
        local fields = {'until', 'at', 'expires_at'}
        if redis.call('HGET', key, 'state') ~= '1' then table.insert(fields, 'epoch') end
        for _, field in ipairs(fields) do
            local found = redis.call('HGET', key, field)
            if found then redis.call('HSET', key, field, string.format('%.0f', found + by)) end
        end
    end
    for _, key in ipairs(redis.call('KEYS', ARGV[1] .. 'claimed:*')) do
        for _, name in ipairs(redis.call('ZRANGE', key, 0, -1)) do redis.call('ZINCRBY', key, by, name) end
    end
    local floor = redis.call('GET', ARGV[1] .. 'epoch')
    if floor then redis.call('SET', ARGV[1] .. 'epoch', string.format('%.0f', floor + by)) end";

/// As the server does when their time to live is over.
const SWEEP: &str = "
    local time = redis.call('TIME')
    for _, key in ipairs(redis.call('KEYS', ARGV[1] .. 'claim:*')) do
        local found = redis.call('HGET', key, 'expires_at')
        if found and tonumber(found) <= time[1] * 1000000 + time[2] then redis.call('DEL', key) end
    end";

const REMOVE: &str = "for _, key in ipairs(redis.call('KEYS', ARGV[1] .. '*')) do redis.call('DEL', key) end";

impl RedisLeases {
    /// On the server that `IDEM_REDIS_URL` names. Without it the test is skipped, see [`skip`].
    pub async fn fresh() -> Option<Self> {
        static NUMBER: AtomicUsize = AtomicUsize::new(0);
        let Ok(url) = std::env::var("IDEM_REDIS_URL") else {
            skip("redis", "set IDEM_REDIS_URL");
            return None;
        };
        let prefix = format!("idem-conformance-{}-{}:", process::id(), NUMBER.fetch_add(1, Ordering::Relaxed));
        let leases =
            Leases::redis_with_prefix(&url, &prefix).await.expect("IDEM_REDIS_URL is the URL of a Redis server");
        Some(Self { url, prefix, leases })
    }

    /// Runs a script on a connection of its own.
    fn run(&self, script: &str, by: i64) -> redis::RedisResult<()> {
        let client = redis::Client::open(&*self.url)?;
        redis::Script::new(script).arg(&self.prefix).arg(by).invoke(&mut client.get_connection()?)
    }
}

impl LeaseSubject for RedisLeases {
    fn leases(&self) -> Leases {
        self.leases.clone()
    }

    async fn other(&self) -> Leases {
        Leases::redis_with_prefix(&self.url, &self.prefix).await.expect("the server answers")
    }

    async fn set_clock(&self, seconds: i64) -> i64 {
        let by = -seconds * 1_000_000;
        self.run(MOVE, by).expect("the script runs");
        by
    }

    async fn sweep(&self) {
        self.run(SWEEP, 0).expect("the script runs");
    }
}

impl Drop for RedisLeases {
    fn drop(&mut self) {
        // What stays does no harm: no other test has this prefix.
        let _ = self.run(REMOVE, 0);
    }
}
