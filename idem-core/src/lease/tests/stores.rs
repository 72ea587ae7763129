//! The stores, and how a test sets their clocks.

use std::collections::BTreeMap;
use std::sync::Arc;
use std::sync::atomic::{AtomicI64, Ordering};

use crate::clock::Timestamp;
use crate::epoch::Epoch;
use crate::lease::memory::MemoryLeases;
use crate::lease::store::LeaseStore;

/// A store under test.
pub(super) trait TestStore {
    fn leases(&self) -> Arc<dyn LeaseStore>;

    /// Forgets all, the floor of epochs as well.
    async fn clear(&mut self);

    /// Removes what would stay after the test.
    async fn remove(self);

    /// Sets the clock on by this number of seconds.
    async fn set_clock(&mut self, seconds: i64);

    async fn sweep(&mut self);

    /// This epoch of the store is that one of the model.
    fn note(&mut self, of_model: Epoch, of_store: Epoch);

    /// The epoch of the store for this one of the model, whose time is `now`.
    fn epoch_of(&self, of_model: Epoch, now: Timestamp) -> Epoch;
}

/// The epochs of a store by those of the model.
#[derive(Default)]
pub(super) struct Epochs(BTreeMap<Epoch, i64>);

impl Epochs {
    fn note(&mut self, of_model: Epoch, of_store: Epoch, moved: i64) {
        self.0.insert(of_model, of_store.0 - moved);
    }

    fn of(&self, of_model: Epoch, moved: i64) -> Epoch {
        Epoch(self.0.get(&of_model).copied().unwrap_or_default() + moved)
    }
}

pub(super) struct Memory {
    leases: Arc<MemoryLeases>,
    clock: Arc<AtomicI64>,
    epochs: Epochs,
}

impl Memory {
    pub(super) fn new() -> Self {
        let clock = Arc::new(AtomicI64::new(1_000_000_000_000_000));
        let now = clock.clone();
        let leases = MemoryLeases::new(move || Timestamp::from_micros(now.load(Ordering::Relaxed)));
        Self { leases: Arc::new(leases), clock, epochs: Epochs::default() }
    }
}

impl TestStore for Memory {
    fn leases(&self) -> Arc<dyn LeaseStore> {
        self.leases.clone()
    }

    async fn clear(&mut self) {
        *self = Self::new();
    }

    async fn remove(self) {}

    async fn set_clock(&mut self, seconds: i64) {
        self.clock.fetch_add(seconds * 1_000_000, Ordering::Relaxed);
    }

    async fn sweep(&mut self) {
        self.leases.sweep();
    }

    fn note(&mut self, of_model: Epoch, of_store: Epoch) {
        self.epochs.note(of_model, of_store, 0);
    }

    fn epoch_of(&self, of_model: Epoch, _now: Timestamp) -> Epoch {
        self.epochs.of(of_model, 0)
    }
}

#[cfg(feature = "redis")]
mod on_redis {
    use redis::{Client, Script, aio::MultiplexedConnection};

    use super::*;
    use crate::lease::leases::Leases;

    /// A server. All that is recorded is moved in time, as in a database.
    pub(in super::super) struct Redis {
        leases: Arc<dyn LeaseStore>,
        connection: MultiplexedConnection,
        prefix: String,
        moved: i64,
        epochs: Epochs,
    }

    const MOVE: &str = "
        for _, key in ipairs(redis.call('KEYS', ARGV[1] .. 'claim:*')) do
            for _, field in ipairs({'until', 'at', 'expires_at', 'epoch'}) do
                local found = redis.call('HGET', key, field)
                if found then redis.call('HSET', key, field, string.format('%.0f', found + ARGV[2])) end
            end
        end
        local floor = redis.call('GET', ARGV[1] .. 'epoch')
        if floor then redis.call('SET', ARGV[1] .. 'epoch', string.format('%.0f', floor + ARGV[2])) end";

    /// As the server does when their time to live is over.
    const SWEEP: &str = "
        local time = redis.call('TIME')
        for _, key in ipairs(redis.call('KEYS', ARGV[1] .. 'claim:*')) do
            local found = redis.call('HGET', key, 'expires_at')
            if found and tonumber(found) <= time[1] * 1000000 + time[2] then redis.call('DEL', key) end
        end";

    impl Redis {
        async fn run(&mut self, script: &str, by: i64) {
            let script = Script::new(script);
            let mut script = script.prepare_invoke();
            script.arg(&self.prefix).arg(by);
            let () = script.invoke_async(&mut self.connection).await.expect("runs");
        }
    }

    impl TestStore for Redis {
        fn leases(&self) -> Arc<dyn LeaseStore> {
            self.leases.clone()
        }

        async fn clear(&mut self) {
            let script = "for _, key in ipairs(redis.call('KEYS', ARGV[1] .. '*')) do redis.call('DEL', key) end";
            self.run(script, 0).await;
            (self.moved, self.epochs) = (0, Epochs::default());
        }

        async fn remove(mut self) {
            self.clear().await;
        }

        async fn set_clock(&mut self, seconds: i64) {
            let by = -seconds * 1_000_000;
            self.moved += by;
            self.run(MOVE, by).await;
        }

        async fn sweep(&mut self) {
            self.run(SWEEP, 0).await;
        }

        fn note(&mut self, of_model: Epoch, of_store: Epoch) {
            self.epochs.note(of_model, of_store, self.moved);
        }

        fn epoch_of(&self, of_model: Epoch, _now: Timestamp) -> Epoch {
            self.epochs.of(of_model, self.moved)
        }
    }

    pub(in super::super) async fn redis() -> Option<Redis> {
        let Ok(url) = std::env::var("IDEM_REDIS_URL") else {
            let required = std::env::var("IDEM_REQUIRE").unwrap_or_default();
            assert!(!required.contains("redis"), "IDEM_REQUIRE asks for redis, and there is none");
            eprintln!("SKIPPED: no redis to test on");
            return None;
        };
        let prefix = format!("idem-script-{}:", std::process::id());
        let leases = Leases::redis_with_prefix(&url, &prefix).await.expect("opened").keeper.store.clone();
        let client = Client::open(url).expect("a URL");
        let connection = client.get_multiplexed_async_connection().await.expect("connected");
        Some(Redis { leases, connection, prefix, moved: 0, epochs: Epochs::default() })
    }
}

#[cfg(feature = "_sql")]
mod sql {
    use sqlx::AssertSqlSafe;

    use super::*;
    use crate::idem::Idem;
    use crate::store::Database;

    /// A database. Its clock cannot be set: instead all that is recorded is moved in time.
    pub(in super::super) struct Sql<DB: Database> {
        idem: Idem<DB>,
        run: Box<dyn Fn(String) -> futures_util::future::BoxFuture<'static, ()> + Send + Sync>,
        /// By how much the records were moved, in microseconds.
        moved: i64,
        epochs: Epochs,
        schema: Option<String>,
        _folder: Option<Folder>,
    }

    /// Removed with its content.
    pub(in super::super) struct Folder(std::path::PathBuf);

    impl Drop for Folder {
        fn drop(&mut self) {
            let _ = std::fs::remove_dir_all(&self.0);
        }
    }

    impl<DB: Database> TestStore for Sql<DB> {
        fn leases(&self) -> Arc<dyn LeaseStore> {
            self.idem.keeper.store.clone()
        }

        async fn clear(&mut self) {
            (self.run)("DELETE FROM idem_claims; UPDATE idem_installation SET epoch_floor = 0".to_owned()).await;
            (self.moved, self.epochs) = (0, Epochs::default());
        }

        async fn remove(self) {
            if let Some(schema) = &self.schema {
                (self.run)(format!("DROP SCHEMA {schema} CASCADE")).await;
            }
        }

        async fn set_clock(&mut self, seconds: i64) {
            let by = -seconds * 1_000_000;
            self.moved += by;
            let columns = ["until", "at", "expires_at", "epoch"].map(|column| format!("{column} = {column} + {by}"));
            (self.run)(format!("UPDATE idem_claims SET {}", columns.join(", "))).await;
            let floor = format!("UPDATE idem_installation SET epoch_floor = epoch_floor + {by} WHERE epoch_floor <> 0");
            (self.run)(floor).await;
        }

        async fn sweep(&mut self) {
            self.idem.sweep(10_000).await.expect("swept");
        }

        fn note(&mut self, of_model: Epoch, of_store: Epoch) {
            self.epochs.note(of_model, of_store, self.moved);
        }

        fn epoch_of(&self, of_model: Epoch, _now: Timestamp) -> Epoch {
            self.epochs.of(of_model, self.moved)
        }
    }

    macro_rules! runs {
        ($idem:ident) => {{
            let pool = $idem.pool().clone();
            Box::new(move |text: String| {
                let pool = pool.clone();
                let run = async move {
                    sqlx::raw_sql(AssertSqlSafe(text)).execute(&pool).await.expect("runs");
                };
                Box::pin(run) as futures_util::future::BoxFuture<'static, ()>
            })
        }};
    }

    #[cfg(feature = "sqlite")]
    pub(in super::super) async fn sqlite() -> Sql<sqlx::Sqlite> {
        let folder = std::env::temp_dir().join(format!("idem-leases-{}", std::process::id()));
        std::fs::create_dir_all(&folder).expect("a folder");
        let idem = Idem::open_file(folder.join("leases.db")).await.expect("opened");
        let run = runs!(idem);
        Sql { idem, run, moved: 0, epochs: Epochs::default(), schema: None, _folder: Some(Folder(folder)) }
    }

    #[cfg(feature = "postgres")]
    pub(in super::super) async fn postgres() -> Option<Sql<sqlx::Postgres>> {
        let Ok(url) = std::env::var("IDEM_POSTGRES_URL") else {
            let required = std::env::var("IDEM_REQUIRE").unwrap_or_default();
            assert!(!required.contains("postgres"), "IDEM_REQUIRE asks for postgres, and there is none");
            eprintln!("SKIPPED: no postgres to test on");
            return None;
        };
        let schema = format!("idem_leases_{}", std::process::id());
        let separator = if url.contains('?') { '&' } else { '?' };
        let url = format!("{url}{separator}options=-c%20search_path%3D{schema}");
        let idem = crate::builder::Builder::<sqlx::Postgres>::default().prefix(format!("{schema}.idem_"));
        let idem = idem.open(&url).await.expect("opened");
        let run = runs!(idem);
        Some(Sql { idem, run, moved: 0, epochs: Epochs::default(), schema: Some(schema), _folder: None })
    }
}

#[cfg(feature = "redis")]
pub(super) use on_redis::redis;
#[cfg(feature = "postgres")]
pub(super) use sql::postgres;
#[cfg(feature = "sqlite")]
pub(super) use sql::sqlite;
