//! Databases that are not, or not yet, what the engine works on.

pub mod pools;
pub mod tables;
pub mod urls;

use crate::conformance::Subject;

pub(super) async fn pool<S: Subject>(on: &S, connections: u32) -> sqlx::Pool<S::DB> {
    let options = sqlx::pool::PoolOptions::<S::DB>::new().max_connections(connections);
    options.connect(&on.url()).await.expect("the database is there")
}
