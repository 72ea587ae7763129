//! The service's own tables: what the API shows, and the webhooks that are to be sent. Written in the transaction of the request.

use idem_core::Tx;
use sqlx::AssertSqlSafe;

use super::super::tables::Tables;
use super::page::Accounts;
use super::requests::Log;
use super::webhooks::Queue;

/// A row of the API's objects.
#[derive(Debug, Clone)]
pub(in crate::payments) struct Row {
    pub(super) id: String,
    /// `payment_intent`, `charge`, `refund`, `customer`, `payout`, `event`.
    pub(super) kind: &'static str,
    /// The merchant's account.
    pub(super) account: String,
    /// What lists select by: of a payment intent the customer, of a charge and a refund the payment intent, of a
    /// payout the claim of its request, of an event its type.
    pub(super) parent: String,
    /// As JSON.
    pub(super) body: String,
}

/// Which rows of a list.
#[derive(Debug, Clone)]
pub(in crate::payments) struct Page<'p> {
    pub(super) kind: &'p str,
    pub(super) account: &'p str,
    pub(super) parent: Option<&'p str>,
    /// After the object of this id, in the order of the list.
    pub(super) after: Option<&'p str>,
    /// Before it.
    pub(super) before: Option<&'p str>,
    pub(super) limit: i64,
}

/// The service's own statements. Each database has its own types in sqlx, so they are made for each by a macro.
pub(in crate::payments) trait Store: Queue + Log + Accounts + Tables {
    /// The statements that make the tables.
    const TABLES: &'static str;

    /// Makes the tables.
    fn create(pool: &sqlx::Pool<Self>) -> impl Future<Output = Result<(), sqlx::Error>> + Send;

    /// Adds an object.
    fn insert(tx: &mut Tx<Self>, row: &Row) -> impl Future<Output = Result<(), sqlx::Error>> + Send;

    /// Replaces the body of an object.
    fn update(tx: &mut Tx<Self>, id: &str, body: &str) -> impl Future<Output = Result<(), sqlx::Error>> + Send;

    /// The body of an object of this kind and account.
    fn find(
        pool: &sqlx::Pool<Self>,
        kind: &str,
        account: &str,
        id: &str,
    ) -> impl Future<Output = Result<Option<String>, sqlx::Error>> + Send;

    /// The same in a transaction.
    fn find_in(
        tx: &mut Tx<Self>,
        kind: &str,
        account: &str,
        id: &str,
    ) -> impl Future<Output = Result<Option<String>, sqlx::Error>> + Send;

    /// The same in a transaction, which then is the only one that changes it: the row is locked, where rows are.
    fn lock(
        tx: &mut Tx<Self>,
        kind: &str,
        account: &str,
        id: &str,
    ) -> impl Future<Output = Result<Option<String>, sqlx::Error>> + Send;

    /// The bodies of a page, the newest first; whether there are more.
    fn list(
        pool: &sqlx::Pool<Self>,
        page: &Page<'_>,
    ) -> impl Future<Output = Result<(Vec<String>, bool), sqlx::Error>> + Send;
}

macro_rules! find {
    () => {
        "SELECT body FROM stripe_objects WHERE id = $3 AND kind = $1 AND account = $2"
    };
}

const INSERT: &str = "INSERT INTO stripe_objects (id, kind, account, parent, body) VALUES ($1, $2, $3, $4, $5)";
const UPDATE: &str = "UPDATE stripe_objects SET body = $2 WHERE id = $1";
const FIND: &str = find!();
const SEQ: &str = "(SELECT seq FROM stripe_objects WHERE id = $4)";

fn list(page: &Page<'_>) -> AssertSqlSafe<String> {
    let (place, order) = match page {
        Page { after: Some(_), .. } => (format!("AND seq < {SEQ}"), "DESC"),
        // The nearest ones, which are turned round afterwards.
        Page { before: Some(_), .. } => (format!("AND seq > {SEQ}"), "ASC"),
        // The parameter has a type all the same.
        _ => ("AND coalesce($4, '') = ''".to_owned(), "DESC"),
    };
    let select = "SELECT body FROM stripe_objects WHERE kind = $1 AND account = $2 AND parent = coalesce($3, parent)";
    AssertSqlSafe(format!("{select} {place} ORDER BY seq {order} LIMIT $5"))
}

macro_rules! store {
    ($database:ty, $seq:literal, $lock:literal, $alone:literal) => {
        impl Store for $database {
            const TABLES: &'static str = concat!(
                $alone,
                "CREATE TABLE IF NOT EXISTS stripe_objects (seq ",
                $seq,
                ", id TEXT NOT NULL UNIQUE, kind TEXT NOT NULL, account TEXT NOT NULL, parent TEXT NOT NULL, body TEXT NOT NULL);
                CREATE INDEX IF NOT EXISTS stripe_objects_by_kind ON stripe_objects (account, kind, seq);
                CREATE INDEX IF NOT EXISTS stripe_objects_by_parent ON stripe_objects (account, kind, parent, seq);
                CREATE TABLE IF NOT EXISTS stripe_endpoints (url TEXT NOT NULL PRIMARY KEY);
                CREATE TABLE IF NOT EXISTS stripe_webhooks (seq ",
                $seq,
                ", endpoint TEXT NOT NULL, event TEXT NOT NULL);
                CREATE INDEX IF NOT EXISTS stripe_webhooks_by_endpoint ON stripe_webhooks (endpoint, seq);"
            );

            async fn create(pool: &sqlx::Pool<Self>) -> Result<(), sqlx::Error> {
                let all = [Self::TABLES, Self::TABLE].concat();
                sqlx::raw_sql(AssertSqlSafe(all)).execute(pool).await.map(drop)
            }

            async fn insert(tx: &mut Tx<Self>, row: &Row) -> Result<(), sqlx::Error> {
                let insert = sqlx::query(INSERT).bind(&row.id).bind(row.kind).bind(&row.account);
                insert.bind(&row.parent).bind(&row.body).execute(tx.conn()).await.map(drop)
            }

            async fn update(tx: &mut Tx<Self>, id: &str, body: &str) -> Result<(), sqlx::Error> {
                sqlx::query(UPDATE).bind(id).bind(body).execute(tx.conn()).await.map(drop)
            }

            async fn find(
                pool: &sqlx::Pool<Self>,
                kind: &str,
                account: &str,
                id: &str,
            ) -> Result<Option<String>, sqlx::Error> {
                sqlx::query_scalar(FIND).bind(kind).bind(account).bind(id).fetch_optional(pool).await
            }

            async fn find_in(
                tx: &mut Tx<Self>,
                kind: &str,
                account: &str,
                id: &str,
            ) -> Result<Option<String>, sqlx::Error> {
                sqlx::query_scalar(FIND).bind(kind).bind(account).bind(id).fetch_optional(tx.conn()).await
            }

            async fn lock(
                tx: &mut Tx<Self>,
                kind: &str,
                account: &str,
                id: &str,
            ) -> Result<Option<String>, sqlx::Error> {
                let find = sqlx::query_scalar(concat!(find!(), $lock));
                find.bind(kind).bind(account).bind(id).fetch_optional(tx.conn()).await
            }

            async fn list(pool: &sqlx::Pool<Self>, page: &Page<'_>) -> Result<(Vec<String>, bool), sqlx::Error> {
                let select = sqlx::query_scalar(list(page)).bind(page.kind).bind(page.account).bind(page.parent);
                let select = select.bind(page.after.or(page.before)).bind(page.limit + 1);
                let mut bodies: Vec<String> = select.fetch_all(pool).await?;
                let limit = usize::try_from(page.limit).unwrap_or_default();
                let has_more = bodies.len() > limit;
                bodies.truncate(limit);
                if page.after.is_none() && page.before.is_some() {
                    bodies.reverse();
                }
                Ok((bodies, has_more))
            }
        }
    };
}

store!(sqlx::Sqlite, "INTEGER PRIMARY KEY", "", "");
store!(
    sqlx::Postgres,
    "BIGINT PRIMARY KEY GENERATED ALWAYS AS IDENTITY",
    " FOR UPDATE",
    // Statements in one text are one transaction: of several servers that start, one makes the tables at a time.
    "SELECT pg_advisory_xact_lock(4815162342);"
);
