//! A part and a plan of a test's own. Nothing else knows of them: this is all that a new surface needs.
//!
//! Each call adds to a sum by name, `sums (name, sum)`; the name's row is locked for it.

use std::sync::Arc;

use sqlx::{AssertSqlSafe, Pool};
use tokio::task::JoinSet;

use crate::clock::Timestamp;
use crate::engine::answer::{Answer, AnswerValue, Answered};
use crate::engine::attempt::run_joined;
use crate::engine::decide::draft::WriteDraft;
use crate::engine::decide::snapshot::{Asked, Snapshot};
use crate::engine::plan::{Assuming, BoxedPlan, Decided, Limits, Plan};
use crate::error::Error;
use crate::idem::Idem;
use crate::key::KeyHash;
use crate::store::Database;
use crate::store::binder::Binder;
use crate::store::columns::Column;
use crate::store::write::part::{Form, LockName, Part, PartKind, Place, Reported};
use crate::store::write::text::PartText;
use crate::wire::Stored;

const TOY: &str = "@toy";

/// What is added, by name.
#[derive(Debug, Default)]
struct Sums(Vec<(Arc<str>, i64)>);

const SUMS: [Column<(Arc<str>, i64)>; 2] =
    [Column::text("name", |row| Some(&row.0)), Column::int("amount", |row| Some(row.1))];

impl Sums {
    fn add(&mut self, name: &Arc<str>, amount: i64) {
        match self.0.iter_mut().find(|(known, _)| known == name) {
            Some((_, sum)) => *sum += amount,
            None => self.0.push((name.clone(), amount)),
        }
        self.0.sort();
    }
}

/// What both databases have of it in common.
macro_rules! part {
    ($database:ty, $kind:ident) => {
        impl Part<$database> for Sums {
            fn kind(&self) -> PartKind {
                $kind
            }

            fn is_empty(&self) -> bool {
                self.0.is_empty()
            }

            fn bind(&self, _form: Form, _now: Option<Timestamp>, binder: &mut Binder<$database>) {
                binder.add_rows(&SUMS, 0, &self.0);
            }

            fn missed(&self, reported: Reported) -> Vec<LockName> {
                let Reported::Names(names) = reported else { return Vec::new() };
                names.into_iter().map(|name| LockName { namespace: TOY, name: name.into() }).collect()
            }
        }
    };
}

#[cfg(feature = "sqlite")]
mod on_sqlite {
    use sqlx::Sqlite;

    use super::*;
    const KIND: PartKind = PartKind { name: "sums", place: Place::Holds, text, shapes: &[0] };

    fn text(_form: Form, _shape: u16) -> PartText {
        PartText::write(
            "INSERT INTO sums (name, sum) SELECT value->>0, value->>1 FROM json_each($1) WHERE true
            ON CONFLICT (name) DO UPDATE SET sum = sum + excluded.sum"
                .to_owned(),
        )
    }

    part!(Sqlite, KIND);

    #[test]
    fn a_part_and_a_plan_of_ones_own() {
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
    use crate::store::write::text::{Missed, StepText};

    const KIND: PartKind = PartKind { name: "sums", place: Place::Holds, text, shapes: &[0] };

    fn text(form: Form, _shape: u16) -> PartText {
        let skip = if form.skip { "SKIP LOCKED" } else { "" };
        let lock = format!(
            "sums_locked AS MATERIALIZED (
                SELECT w.*, s.name IS NOT NULL AS found
                FROM unnest((SELECT $1::text[]), (SELECT $2::bigint[])) AS w (name, amount)
                LEFT JOIN LATERAL (SELECT name FROM sums WHERE name = w.name LIMIT 1 FOR NO KEY UPDATE {skip}) s ON true
                WHERE (SELECT ok FROM {{gate}})),
            sums_busy AS MATERIALIZED (
                SELECT name FROM sums_locked l WHERE NOT found AND EXISTS (SELECT 1 FROM sums WHERE name = l.name)),
            sums_obtained AS MATERIALIZED (
                SELECT (SELECT ok FROM {{gate}}) AND NOT EXISTS (SELECT 1 FROM sums_busy) AS ok)"
        );
        let write = "sums_written AS (
                INSERT INTO sums AS s (name, sum) SELECT name, amount FROM sums_locked WHERE (SELECT ok FROM {gate})
                ON CONFLICT (name) DO UPDATE SET sum = s.sum + excluded.sum)";
        PartText {
            lock: Some(StepText::gate(lock, "sums_obtained")),
            write: Some(StepText::open(write)),
            missed: form.skip.then_some(Missed::Names("ARRAY(SELECT name FROM sums_busy)")),
            ..PartText::default()
        }
    }

    part!(Postgres, KIND);

    #[test]
    fn a_part_and_a_plan_of_ones_own() {
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
            what_is_missed_keeps_nobody_else_waiting(&idem).await;
            execute(idem.pool(), &format!("DROP SCHEMA {schema} CASCADE")).await;
        });
    }

    /// Who needs a row that a stranger holds waits; the others of the group do not.
    async fn what_is_missed_keeps_nobody_else_waiting(idem: &Idem<Postgres>) {
        let mut stranger = idem.pool().begin().await.expect("begun");
        sqlx::query("SELECT 1 FROM sums WHERE name = 'n0' FOR UPDATE").execute(&mut *stranger).await.expect("locked");
        let mut waits = calls(idem, 0..1, 40);
        let mut others = calls(idem, 1..20, 20);
        while let Some(answered) = others.join_next().await {
            assert!(answered.expect("no panic").expect("answered").is_ok_and(|answer| answer.fresh));
        }
        assert!(waits.try_join_next().is_none(), "the row is held");
        stranger.commit().await.expect("committed");
        while let Some(answered) = waits.join_next().await {
            assert!(answered.expect("no panic").expect("answered").is_ok_and(|answer| answer.fresh));
        }
        assert_eq!(sum(idem.pool(), "n0").await, 40 + 40);
    }
}

/// Adds to one sum.
struct Add {
    name: Arc<str>,
    amount: i64,
}

impl<DB: Database> Plan<DB> for Add
where
    Sums: Part<DB>,
{
    fn namespace(&self) -> &'static str {
        TOY
    }

    fn operation(&self) -> &'static str {
        "add"
    }

    fn key(&self) -> Option<&KeyHash> {
        None
    }

    fn size(&self) -> usize {
        self.name.len()
    }

    fn locks(&self, tell: &mut dyn FnMut(&str, &str)) {
        tell(TOY, &self.name);
    }

    fn ask<'p>(&'p self, _asked: &mut Asked<'p>) {}

    fn assume(&self, _cx: &Assuming<'_>, _snapshot: &mut Snapshot) -> bool {
        true
    }

    fn decide(&self, draft: &mut WriteDraft<'_, DB>, _limits: &Limits) -> Decided {
        if let Some(sums) = draft.write.part::<Sums>() {
            sums.add(&self.name, self.amount);
        }
        let outcome = AnswerValue::Stored(Stored::default());
        Ok(Ok(Answer { seq: 0, at: draft.now(), outcome, fresh: true, superseded: false }))
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
        let name = format!("n{}", names.start + at % names.len()).into();
        calls.spawn(async move { shared.submit(Box::new(Add { name, amount: 1 }), None).await });
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
        let plans: [BoxedPlan<DB>; 2] = ["n0", "n1"].map(|name| Box::new(Add { name: name.into(), amount: 1 }) as _);
        let answers = run_joined(&mut tx, &plans).await.expect("answered");
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
