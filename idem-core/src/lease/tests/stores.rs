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

    /// The store's epoch for one of the model's is this.
    fn note(&mut self, of_model: Epoch, of_store: Epoch);

    /// The store's epoch for one of the model's, whose time is `now`.
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

#[cfg(feature = "postgres")]
pub(super) use sql::postgres;
#[cfg(feature = "sqlite")]
pub(super) use sql::sqlite;
