//! Every clause of the conformance suite: in memory where it applies, on SQLite, and on PostgreSQL; on these both with calls
//! that share transactions, as is the default, and with a transaction for each call. Every clause about leases: in memory, on both
//! databases, and in Redis.

use idem_core::{Builder, ErrorKind, GroupCommit};
use sqlx::{AssertSqlSafe, Executor as _};
use tests::conformance::leases::{self, MemoryLeases, RedisLeases, SqlLeases};
use tests::conformance::{self, Connection, Differences, Memory, Stored, Subject};
use tests::{Postgres, Sqlite, for_each_clause, for_each_lease_clause};

/// Also without groups, where it is not the default.
const MEMORY: usize = 32 << 20;

struct OnSqlite {
    place: Sqlite,
    grouping: GroupCommit,
}

impl OnSqlite {
    fn fresh(grouping: GroupCommit) -> Self {
        Self { place: Sqlite::fresh(), grouping }
    }
}

impl Subject for OnSqlite {
    type DB = sqlx::Sqlite;

    fn builder(&self) -> Builder<sqlx::Sqlite> {
        Builder::default().group_commit(self.grouping).memory(MEMORY)
    }

    fn url(&self) -> String {
        self.place.url()
    }

    #[allow(clippy::expect_used, reason = "a panic is how a test fails")]
    fn differences(&self) -> Differences {
        let (file, folder) = (self.place.path(), self.place.folder().display().to_string());
        let text = self.place.folder().join("text.txt").display().to_string();
        std::fs::write(&text, "no database, and longer than the header of one: ".repeat(20)).expect("written");
        Differences {
            one_writer: true,
            coarse_clock: true,
            nul_in_text: true,
            skipping_trigger: "
                CREATE TRIGGER skips_updates BEFORE UPDATE ON documents WHEN new.body = 'skipped'
                    BEGIN SELECT RAISE(IGNORE); END;
                CREATE TRIGGER skips_inserts BEFORE INSERT ON documents WHEN new.body = 'skipped'
                    BEGIN SELECT RAISE(IGNORE); END",
            counting_trigger: "
                CREATE TRIGGER counts AFTER UPDATE OF body ON documents
                    BEGIN UPDATE documents SET version = version + 1 WHERE tenant = new.tenant AND id = new.id; END",
            read_only_url: format!("sqlite://{}?mode=ro", file.display()),
            unusable_urls: vec![
                ("sqlite::memory:".to_owned(), ErrorKind::Config, "in_memory"),
                ("sqlite://".to_owned(), ErrorKind::Config, "names no file"),
                ("sqlite:?mode=rwc".to_owned(), ErrorKind::Config, "names no file"),
                ("sqlite://:memory:".to_owned(), ErrorKind::Config, "in_memory"),
                ("sqlite://%3Amemory%3A".to_owned(), ErrorKind::Config, "in_memory"),
                ("sqlite://x.db?mode=memory".to_owned(), ErrorKind::Config, "in_memory"),
                ("sqlite://file::memory:?cache=shared".to_owned(), ErrorKind::Config, "`./file:"),
                ("postgres://bob:secret@localhost/x".to_owned(), ErrorKind::Config, "`postgres:`"),
                ("not a url".to_owned(), ErrorKind::Config, "sqlite://"),
                (format!("sqlite://{folder}/100%.db"), ErrorKind::Config, "`%25`"),
                (format!("sqlite://{folder}/%zz.db"), ErrorKind::Config, "`%25`"),
                (format!("sqlite://{folder}/%ff.db"), ErrorKind::Config, "UTF-8"),
                (format!("sqlite://{folder}/a%00b.db"), ErrorKind::Config, "U+0000"),
                (format!("sqlite://{folder}/why?.db"), ErrorKind::Config, "`%3F`"),
                (format!("sqlite://{folder}/x.db?mode=new"), ErrorKind::Config, "`mode`"),
                (format!("sqlite://{folder}/no/such/x.db"), ErrorKind::NotOpened, "/no/such\" does not exist"),
                (format!("sqlite://{folder}"), ErrorKind::NotOpened, "it is a folder"),
                (format!("sqlite://{folder}/none.db?mode=rw"), ErrorKind::NotOpened, "no such file"),
                (format!("sqlite://{folder}/none.db?mode=ro"), ErrorKind::NotOpened, "no such file"),
                (format!("sqlite://{text}"), ErrorKind::NotOpened, "no SQLite database"),
                (format!("sqlite://{text}?mode=ro"), ErrorKind::NotOpened, "no SQLite database"),
                (format!("sqlite://{text}/x.db"), ErrorKind::NotOpened, "is a file, not a folder"),
                // Not even root makes files there.
                ("sqlite:///sys/idem.db".to_owned(), ErrorKind::NotOpened, "may not"),
            ],
            odd_urls: [
                "plain.db",
                "sp ace.db",
                "sp%20ace%201.db",
                "100%25.db",
                "why%3F.db",
                "a#b.db",
                "a%23c.db",
                "mode=ro.db",
                "x%3Amemory%3A.db",
                "x:memory:y.db",
                "\u{fc}\u{1f980}.db",
                "quote'\".db",
                "%C3%A4.db?mode=rwc&cache=private",
            ]
            .map(|name| format!("sqlite://{folder}/{name}"))
            .into(),
        }
    }

    async fn execute(&self, conn: &mut Connection<Self>, sql: &str) -> Result<u64, sqlx::Error> {
        Ok(conn.execute(sqlx::raw_sql(AssertSqlSafe(sql))).await?.rows_affected())
    }

    async fn number(&self, conn: &mut Connection<Self>, sql: &str) -> Result<i64, sqlx::Error> {
        sqlx::query_scalar(AssertSqlSafe(sql)).fetch_one(conn).await
    }

    async fn begin(&self, pool: &sqlx::SqlitePool) -> Result<sqlx::Transaction<'static, sqlx::Sqlite>, sqlx::Error> {
        pool.begin_with("BEGIN IMMEDIATE").await
    }
}

struct OnPostgres {
    place: Postgres,
    grouping: GroupCommit,
}

impl OnPostgres {
    async fn fresh(grouping: GroupCommit) -> Option<Self> {
        Some(Self { place: Postgres::fresh().await?, grouping })
    }
}

impl Subject for OnPostgres {
    type DB = sqlx::Postgres;

    fn builder(&self) -> Builder<sqlx::Postgres> {
        Builder::default().group_commit(self.grouping).memory(MEMORY)
    }

    fn url(&self) -> String {
        self.place.url().to_string()
    }

    fn differences(&self) -> Differences {
        let url = self.place.url();
        let with = |option: &str| {
            let url = url.to_string();
            let separator = if url.contains('?') { '&' } else { '?' };
            format!("{url}{separator}{option}")
        };
        Differences {
            one_writer: false,
            coarse_clock: false,
            nul_in_text: false,
            skipping_trigger: "
                CREATE FUNCTION skip() RETURNS trigger LANGUAGE plpgsql AS 'BEGIN RETURN NULL; END';
                CREATE TRIGGER skips BEFORE INSERT OR UPDATE ON documents
                    FOR EACH ROW WHEN (new.body = 'skipped') EXECUTE FUNCTION skip()",
            counting_trigger: "
                CREATE FUNCTION count_on() RETURNS trigger LANGUAGE plpgsql AS
                    'BEGIN UPDATE documents SET version = version + 1 WHERE tenant = new.tenant AND id = new.id;
                    RETURN NULL; END';
                CREATE TRIGGER counts AFTER UPDATE OF body ON documents FOR EACH ROW EXECUTE FUNCTION count_on()",
            read_only_url: with("options=-c%20default_transaction_read_only=on"),
            unusable_urls: vec![
                ("sqlite://x.db".to_owned(), ErrorKind::Config, "postgres://"),
                ("not a url".to_owned(), ErrorKind::Config, "postgres://"),
                ("postgres://postgres@127.0.0.1:1/x".to_owned(), ErrorKind::Unavailable, "no connection"),
                (url.database("no_such_database").to_string(), ErrorKind::Unavailable, "no_such_database"),
            ],
            odd_urls: vec![with("application_name=100%25%20%3F%23")],
        }
    }

    async fn execute(&self, conn: &mut Connection<Self>, sql: &str) -> Result<u64, sqlx::Error> {
        Ok(conn.execute(sqlx::raw_sql(AssertSqlSafe(sql))).await?.rows_affected())
    }

    async fn number(&self, conn: &mut Connection<Self>, sql: &str) -> Result<i64, sqlx::Error> {
        // A sum of bigints is numeric, which is no i64.
        sqlx::query_scalar(AssertSqlSafe(format!("SELECT ({sql})::bigint"))).fetch_one(conn).await
    }

    async fn begin(&self, pool: &sqlx::PgPool) -> Result<sqlx::Transaction<'static, sqlx::Postgres>, sqlx::Error> {
        pool.begin().await
    }
}

macro_rules! on_sqlite {
    (
        cases { $($cases:ident { $($part:ident { $($case:ident),+ $(,)? })+ })+ }
        subjects { $($area:ident { $($topic:ident { $($clause:ident),+ $(,)? })+ })+ }
    ) => {
        $(mod $cases { $(mod $part { use super::super::super::*; $(
            #[tokio::test(flavor = "multi_thread")]
            async fn $case() {
                let subject = OnSqlite::fresh(grouping());
                conformance::$cases::$part::$case(&&Stored::open(&subject).await).await;
            }
        )+ })+ })+
        $(mod $area { $(mod $topic { use super::super::super::*; $(
            #[tokio::test(flavor = "multi_thread")]
            async fn $clause() {
                conformance::$area::$topic::$clause(&OnSqlite::fresh(grouping())).await;
            }
        )+ })+ })+
    };
}

macro_rules! on_postgres {
    (
        cases { $($cases:ident { $($part:ident { $($case:ident),+ $(,)? })+ })+ }
        subjects { $($area:ident { $($topic:ident { $($clause:ident),+ $(,)? })+ })+ }
    ) => {
        $(mod $cases { $(mod $part { use super::super::super::*; $(
            #[tokio::test(flavor = "multi_thread")]
            async fn $case() {
                let Some(subject) = OnPostgres::fresh(grouping()).await else { return };
                conformance::$cases::$part::$case(&&Stored::open(&subject).await).await;
            }
        )+ })+ })+
        $(mod $area { $(mod $topic { use super::super::super::*; $(
            #[tokio::test(flavor = "multi_thread")]
            async fn $clause() {
                let Some(subject) = OnPostgres::fresh(grouping()).await else { return };
                conformance::$area::$topic::$clause(&subject).await;
            }
        )+ })+ })+
    };
}

macro_rules! in_memory {
    (cases { $($cases:ident { $($part:ident { $($case:ident),+ $(,)? })+ })+ } $($subjects:tt)*) => {
        $(mod $cases { $(mod $part { use super::super::super::*; $(
            #[tokio::test]
            async fn $case() {
                conformance::$cases::$part::$case(&Memory).await;
            }
        )+ })+ })+
    };
}

macro_rules! both_databases {
    ($name:ident, $grouping:expr) => {
        mod $name {
            use super::*;

            fn grouping() -> GroupCommit {
                $grouping
            }

            mod sqlite {
                super::for_each_clause!(on_sqlite);
            }

            mod postgres {
                super::for_each_clause!(on_postgres);
            }
        }
    };
}

both_databases!(grouped, GroupCommit::default());
both_databases!(single, GroupCommit::off());

mod memory {
    super::for_each_clause!(in_memory);
}

macro_rules! leases_in_memory {
    ($($topic:ident { $($clause:ident),+ $(,)? })+) => {
        $(mod $topic { use super::super::super::*; $(
            #[tokio::test(flavor = "multi_thread")]
            async fn $clause() {
                leases::$topic::$clause(&MemoryLeases::fresh()).await;
            }
        )+ })+
    };
}

macro_rules! leases_on_sqlite {
    ($($topic:ident { $($clause:ident),+ $(,)? })+) => {
        $(mod $topic { use super::super::super::*; $(
            #[tokio::test(flavor = "multi_thread")]
            async fn $clause() {
                let subject = OnSqlite::fresh(GroupCommit::default());
                leases::$topic::$clause(&SqlLeases::open(&subject).await).await;
            }
        )+ })+
    };
}

macro_rules! leases_on_postgres {
    ($($topic:ident { $($clause:ident),+ $(,)? })+) => {
        $(mod $topic { use super::super::super::*; $(
            #[tokio::test(flavor = "multi_thread")]
            async fn $clause() {
                let Some(subject) = OnPostgres::fresh(GroupCommit::default()).await else { return };
                leases::$topic::$clause(&SqlLeases::open(&subject).await).await;
            }
        )+ })+
    };
}

macro_rules! leases_in_redis {
    ($($topic:ident { $($clause:ident),+ $(,)? })+) => {
        $(mod $topic { use super::super::super::*; $(
            #[tokio::test(flavor = "multi_thread")]
            async fn $clause() {
                let Some(subject) = RedisLeases::fresh().await else { return };
                leases::$topic::$clause(&subject).await;
            }
        )+ })+
    };
}

mod leased {
    use super::for_each_lease_clause;

    mod memory {
        super::for_each_lease_clause!(leases_in_memory);
    }

    mod sqlite {
        super::for_each_lease_clause!(leases_on_sqlite);
    }

    mod postgres {
        super::for_each_lease_clause!(leases_on_postgres);
    }

    mod redis {
        super::for_each_lease_clause!(leases_in_redis);
    }
}
