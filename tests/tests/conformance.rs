//! Every clause of the conformance suite: in memory where it applies, on SQLite, and on PostgreSQL; on these both with calls
//! that share transactions, as is the default, and with a transaction for each call.

use idem_core::{Builder, ErrorKind, GroupCommit};
use sqlx::{AssertSqlSafe, Executor as _};
use tests::conformance::{self, Connection, Differences, Memory, Stored, Subject};
use tests::{Postgres, Sqlite, for_each_clause};

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
        Builder::default().group_commit(self.grouping)
    }

    fn url(&self) -> String {
        self.place.url()
    }

    fn differences(&self) -> Differences {
        let (file, folder) = (self.place.path(), self.place.folder().display().to_string());
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
                ("sqlite::memory:".to_owned(), ErrorKind::Config),
                ("sqlite://".to_owned(), ErrorKind::Config),
                ("sqlite:?mode=rwc".to_owned(), ErrorKind::Config),
                ("sqlite://:memory:".to_owned(), ErrorKind::Config),
                ("sqlite://x.db?mode=memory".to_owned(), ErrorKind::Config),
                ("postgres://localhost/x".to_owned(), ErrorKind::Config),
                ("not a url".to_owned(), ErrorKind::Config),
                (format!("sqlite://{folder}/no/such/folder/x.db"), ErrorKind::Unavailable),
                (format!("sqlite://{folder}"), ErrorKind::Unavailable),
            ],
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
        Builder::default().group_commit(self.grouping)
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
                ("sqlite://x.db".to_owned(), ErrorKind::Config),
                ("not a url".to_owned(), ErrorKind::Config),
                ("postgres://postgres@127.0.0.1:1/x".to_owned(), ErrorKind::Unavailable),
                (url.database("no_such_database").to_string(), ErrorKind::Unavailable),
            ],
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
