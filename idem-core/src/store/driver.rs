//! What sqlx's drivers do in the same words, and sqlx has no trait for.

use futures_util::future::BoxFuture;
use futures_util::stream::BoxStream;
use sqlx::error::BoxDynError;
use sqlx::{Either, Error, Execute, IntoArguments};
use sqlx_core::describe::Describe;
use sqlx_core::sql_str::SqlStr;

use super::columns::Param;
use super::reader::Cells;
use super::tables::Text;

/// A sqlx driver.
pub trait Driver: sqlx::Database<Row: Cells, Arguments: IntoArguments<Self>> {
    /// Binds one value.
    ///
    /// # Errors
    /// It cannot be encoded.
    fn bind(arguments: &mut Self::Arguments, value: Param<'_>) -> Result<(), BoxDynError>;

    /// Runs one statement, or several in one text where the database can, and gives the rows of all.
    fn fetch(
        conn: &mut Self::Connection,
        text: Text,
        arguments: Self::Arguments,
    ) -> impl Future<Output = Result<Vec<Self::Row>, Error>> + Send;

    /// Runs statements without parameters, and gives the rows of all.
    fn fetch_unbound(
        conn: &mut Self::Connection,
        text: Text,
    ) -> impl Future<Output = Result<Vec<Self::Row>, Error>> + Send;

    /// Runs statements without parameters.
    fn run(conn: &mut Self::Connection, text: Text) -> impl Future<Output = Result<(), Error>> + Send;

    // What `sqlx::Executor` requires. That a connection is one is not known of every driver, so generic code would have to say it
    // in a bound of its own.

    /// `Executor::fetch_many`.
    fn fetch_many<'e, 'q: 'e, E: 'q + Execute<'q, Self>>(conn: &'e mut Self::Connection, query: E)
    -> Fetched<'e, Self>;

    /// `Executor::fetch_optional`.
    fn fetch_optional<'e, 'q: 'e, E: 'q + Execute<'q, Self>>(
        conn: &'e mut Self::Connection,
        query: E,
    ) -> BoxFuture<'e, Result<Option<Self::Row>, Error>>;

    /// `Executor::prepare_with`.
    fn prepare_with<'e>(
        conn: &'e mut Self::Connection,
        sql: SqlStr,
        parameters: &'e [Self::TypeInfo],
    ) -> BoxFuture<'e, Result<Self::Statement, Error>>;

    /// `Executor::describe`.
    fn describe(conn: &mut Self::Connection, sql: SqlStr) -> BoxFuture<'_, Result<Describe<Self>, Error>>;
}

/// What statements give: the end of each, and rows.
pub type Fetched<'e, DB> =
    BoxStream<'e, Result<Either<<DB as sqlx::Database>::QueryResult, <DB as sqlx::Database>::Row>, Error>>;

/// Implements it for one of them.
macro_rules! driver {
    ($database:ty, $row:ty) => {
        impl crate::store::driver::Driver for $database {
            fn bind(
                arguments: &mut Self::Arguments,
                value: crate::store::columns::Param<'_>,
            ) -> Result<(), sqlx::error::BoxDynError> {
                use crate::store::columns::Param;
                use sqlx::Arguments as _;
                match value {
                    Param::Int(value) => arguments.add(value),
                    Param::Text(value) => arguments.add(value),
                    Param::Bytes(value) => arguments.add(value),
                    Param::Flag(value) => arguments.add(value),
                    Param::Float(value) => arguments.add(value),
                }
            }

            async fn fetch(
                conn: &mut Self::Connection,
                text: crate::store::tables::Text,
                arguments: Self::Arguments,
            ) -> Result<Vec<Self::Row>, sqlx::Error> {
                // `fetch_one` would leave the statements after the first row undone.
                sqlx::query_with(sqlx::AssertSqlSafe(text), arguments).fetch_all(conn).await
            }

            async fn fetch_unbound(
                conn: &mut Self::Connection,
                text: crate::store::tables::Text,
            ) -> Result<Vec<Self::Row>, sqlx::Error> {
                sqlx::raw_sql(sqlx::AssertSqlSafe(text)).fetch_all(conn).await
            }

            async fn run(conn: &mut Self::Connection, text: crate::store::tables::Text) -> Result<(), sqlx::Error> {
                sqlx::raw_sql(sqlx::AssertSqlSafe(text)).execute(conn).await.map(drop)
            }

            fn fetch_many<'e, 'q: 'e, E: 'q + sqlx::Execute<'q, Self>>(
                conn: &'e mut Self::Connection,
                query: E,
            ) -> crate::store::driver::Fetched<'e, Self> {
                sqlx::Executor::fetch_many(conn, query)
            }

            fn fetch_optional<'e, 'q: 'e, E: 'q + sqlx::Execute<'q, Self>>(
                conn: &'e mut Self::Connection,
                query: E,
            ) -> futures_util::future::BoxFuture<'e, Result<Option<Self::Row>, sqlx::Error>> {
                sqlx::Executor::fetch_optional(conn, query)
            }

            fn prepare_with<'e>(
                conn: &'e mut Self::Connection,
                sql: sqlx_core::sql_str::SqlStr,
                parameters: &'e [Self::TypeInfo],
            ) -> futures_util::future::BoxFuture<'e, Result<Self::Statement, sqlx::Error>> {
                sqlx::Executor::prepare_with(conn, sql, parameters)
            }

            fn describe(
                conn: &mut Self::Connection,
                sql: sqlx_core::sql_str::SqlStr,
            ) -> futures_util::future::BoxFuture<'_, Result<sqlx_core::describe::Describe<Self>, sqlx::Error>> {
                sqlx::Executor::describe(conn, sql)
            }
        }

        impl crate::store::reader::Cells for $row {
            fn is_null(&self, column: usize) -> Result<bool, sqlx::Error> {
                use sqlx::{Row as _, ValueRef as _};
                Ok(self.try_get_raw(column)?.is_null())
            }

            fn int(&self, column: usize) -> Result<Option<i64>, sqlx::Error> {
                sqlx::Row::try_get(self, column)
            }

            fn text(&self, column: usize) -> Result<Option<String>, sqlx::Error> {
                sqlx::Row::try_get(self, column)
            }

            fn bytes(&self, column: usize) -> Result<Option<Vec<u8>>, sqlx::Error> {
                sqlx::Row::try_get(self, column)
            }
        }
    };
}
pub(super) use driver;
