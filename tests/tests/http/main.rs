//! The HTTP edge on real databases: each row of the table of answers, on SQLite and PostgreSQL, in this process and over a socket.

#![allow(clippy::expect_used, reason = "a panic is how a test fails")]

mod advice;
mod away;
mod broken;
mod dropped;
mod ends;
mod keyed;
mod leased;
mod limits;
mod looks;
mod nodes;
mod observed;
mod promises;
mod refusing;
mod rows;
mod service;
mod site;
mod unrecorded;

/// Each clause on both databases, in this process and over a socket.
#[macro_export]
macro_rules! on_each {
    ($($clause:ident)*) => { $(
        mod $clause {
            use $crate::site::Via;

            #[tokio::test]
            async fn sqlite() {
                super::$clause::<sqlx::Sqlite>(Via::Call).await;
            }

            #[tokio::test]
            async fn sqlite_over_socket() {
                super::$clause::<sqlx::Sqlite>(Via::Socket).await;
            }

            #[tokio::test]
            async fn postgres() {
                super::$clause::<sqlx::Postgres>(Via::Call).await;
            }

            #[tokio::test]
            async fn postgres_over_socket() {
                super::$clause::<sqlx::Postgres>(Via::Socket).await;
            }
        }
    )* };
}
