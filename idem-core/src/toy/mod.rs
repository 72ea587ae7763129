//! A surface for a test, whole: a part and a plan. No algorithm and no other part knows of them.
//!
//! Each call adds to a sum by name, `sums (name, sum)`; the name's row is locked for it.

mod part;
mod plan;

use sqlx::{AssertSqlSafe, Pool};
use tokio::task::JoinSet;

use self::part::Sums;
use self::plan::Add;
use crate::engine::answer::Answered;
use crate::engine::fence::run_joined;
use crate::engine::plan::{BoxedPlan, borrowed};
use crate::error::Error;
use crate::idem::Idem;
use crate::store::Database;
use crate::store::write::part::Part;

#[cfg(feature = "sqlite")]
mod on_sqlite {
    use sqlx::Sqlite;

    use super::*;

    #[test]
    fn custom_part_and_plan_run_in_groups() {
        let file = std::env::temp_dir().join(format!("idem-toy-{}.db", std::process::id()));
        run(async {
            let idem = Idem::<Sqlite>::open(&format!("sqlite://{}", file.display())).await.expect("opened");
            adds_up(&idem).await;
        });
        std::fs::remove_file(file).expect("removed");
    }
}

#[cfg(feature = "postgres")]
mod on_postgres {
    use std::time::Duration;

    use sqlx::Postgres;

    use super::*;
    use crate::builder::Builder;

    #[test]
    fn custom_part_and_plan_run_in_groups() {
        let Ok(url) = std::env::var("IDEM_POSTGRES_URL") else {
            let required = std::env::var("IDEM_REQUIRE").unwrap_or_default();
            assert!(!required.contains("postgres"), "IDEM_REQUIRE asks for postgres, and there is none");
            return eprintln!("SKIPPED: no postgres to test on");
        };
        run(async {
            let schema = format!("idem_toy_{}", std::process::id());
            let separator = if url.contains('?') { '&' } else { '?' };
            let url = format!("{url}{separator}options=-c%20search_path%3D{schema}");
            let builder = Builder::<Postgres>::default().prefix(format!("{schema}.idem_"));
            let idem = builder.lock_wait(Duration::from_mins(1)).open(&url).await.expect("opened");
            adds_up(&idem).await;
            locked_row_delays_no_other_call(&idem).await;
            execute(idem.pool(), &format!("DROP SCHEMA {schema} CASCADE")).await;
        });
    }

    /// A call that needs a row locked by another transaction waits; the others of the group do not.
    async fn locked_row_delays_no_other_call(idem: &Idem<Postgres>) {
        let mut other = idem.pool().begin().await.expect("begun");
        sqlx::query("SELECT 1 FROM sums WHERE name = 'n0' FOR UPDATE").execute(&mut *other).await.expect("locked");
        let mut waits = calls(idem, 0..1, 40);
        let mut others = calls(idem, 1..20, 20);
        while let Some(answered) = others.join_next().await {
            assert!(answered.expect("no panic").expect("answered").is_ok_and(|answer| answer.fresh));
        }
        assert!(waits.try_join_next().is_none(), "the row is held");
        other.commit().await.expect("committed");
        while let Some(answered) = waits.join_next().await {
            assert!(answered.expect("no panic").expect("answered").is_ok_and(|answer| answer.fresh));
        }
        assert_eq!(sum(idem.pool(), "n0").await, 40 + 40);
    }
}

fn run(work: impl Future<Output = ()>) {
    tokio::runtime::Builder::new_multi_thread().enable_all().build().expect("a runtime").block_on(work);
}

/// Calls at once: `count` for each of these names.
fn calls<DB: Database>(idem: &Idem<DB>, names: std::ops::Range<usize>, count: usize) -> JoinSet<Result<Answered, Error>>
where
    Sums: Part<DB>,
{
    let mut calls = JoinSet::new();
    for at in 0..count * names.len() {
        let shared = idem.shared.clone();
        let add = Add::one(&format!("n{}", names.start + at % names.len()));
        calls.spawn(async move { shared.submit(Box::new(add), None).await });
    }
    calls
}

/// Alone, in groups, and in a transaction that is lent: each call once.
async fn adds_up<DB: Database>(idem: &Idem<DB>)
where
    Sums: Part<DB>,
    for<'c> &'c mut DB::Connection: sqlx::Executor<'c, Database = DB>,
    DB::Arguments: sqlx::IntoArguments<DB>,
    i64: sqlx::Type<DB> + for<'r> sqlx::Decode<'r, DB>,
    usize: sqlx::ColumnIndex<DB::Row>,
{
    execute(idem.pool(), "CREATE TABLE sums (name text PRIMARY KEY, sum bigint NOT NULL)").await;
    let mut calls = calls(idem, 0..20, 39);
    while let Some(answered) = calls.join_next().await {
        assert!(answered.expect("no panic").expect("answered").is_ok_and(|answer| answer.fresh));
    }
    for commits in [false, true] {
        let mut tx = idem.begin().await.expect("begun");
        let plans: [BoxedPlan<DB>; 2] = ["n0", "n1"].map(|name| Box::new(Add::one(name)) as _);
        let answers = run_joined(&mut tx, &borrowed(&plans)).await.expect("answered");
        assert!(answers.len() == 2 && answers.iter().all(Result::is_ok));
        if commits { tx.commit().await.expect("committed") } else { tx.rollback().await }
    }
    for (name, expected) in [("n0", 40), ("n1", 40), ("n2", 39), ("n19", 39)] {
        assert_eq!(sum(idem.pool(), name).await, expected, "{name}");
    }
}

async fn execute<DB: Database>(pool: &Pool<DB>, text: &str)
where
    for<'c> &'c mut DB::Connection: sqlx::Executor<'c, Database = DB>,
    DB::Arguments: sqlx::IntoArguments<DB>,
{
    let mut conn = pool.acquire().await.expect("a connection");
    sqlx::query(AssertSqlSafe(text)).execute(&mut *conn).await.expect(text);
}

async fn sum<DB: Database>(pool: &Pool<DB>, name: &str) -> i64
where
    for<'c> &'c mut DB::Connection: sqlx::Executor<'c, Database = DB>,
    DB::Arguments: sqlx::IntoArguments<DB>,
    i64: sqlx::Type<DB> + for<'r> sqlx::Decode<'r, DB>,
    usize: sqlx::ColumnIndex<DB::Row>,
{
    let mut conn = pool.acquire().await.expect("a connection");
    let text = format!("SELECT sum FROM sums WHERE name = '{name}'");
    sqlx::query_scalar(AssertSqlSafe(text)).fetch_one(&mut *conn).await.expect("a sum")
}
