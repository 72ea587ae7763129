//! The service: an order is one row or several, and its answer the id of the last.

use std::sync::Arc;

use axum::extract::{Path, State};
use axum::http::StatusCode;
use axum::http::header::CONTENT_TYPE;
use axum::response::IntoResponse;
use axum::routing::post;
use axum::{Json, Router};
use idem_core::Idem;
use idem_http::{Done, Guard, Problem, Work, scope};
use serde::{Deserialize, Serialize};
use sqlx::Pool;

use crate::caller::KNOWN;
use crate::shop::Shop;

const BEGUN: &str = "INSERT INTO begun_orders (item) VALUES ($1) RETURNING id";
const GUARDED: &str = "INSERT INTO orders (item) VALUES ($1) RETURNING id";

#[derive(Debug, Deserialize)]
pub(crate) struct Order {
    pub(crate) item: String,
    /// How many rows it is.
    pub(crate) lines: u32,
}

#[derive(Debug, Serialize)]
struct Ordered {
    id: i64,
}

/// What the handlers share.
#[derive(Debug)]
pub(crate) struct App<DB: Shop> {
    pub(crate) idem: Idem<DB>,
    pub(crate) writers: Pool<DB>,
    pub(crate) readers: Pool<DB>,
    /// The hashes of known keys.
    pub(crate) known: Arc<[Vec<u8>]>,
}

/// With a transaction of sqlx's.
pub(crate) fn by_hand<DB: Shop>(app: &App<DB>) -> Router {
    async fn order<DB: Shop>(
        State(app): State<App<DB>>,
        Json(order): Json<Order>,
    ) -> Result<impl IntoResponse, Problem> {
        let id = DB::by_hand(&app.writers, &order).await?;
        Ok((StatusCode::CREATED, Json(Ordered { id })))
    }
    Router::new().route("/orders/{number}", post(order::<DB>)).with_state(app.clone())
}

/// With a transaction of idem's.
pub(crate) fn begun<DB: Shop>(app: &App<DB>) -> Router {
    async fn order<DB: Shop>(
        State(app): State<App<DB>>,
        Json(order): Json<Order>,
    ) -> Result<impl IntoResponse, Problem> {
        let (mut tx, mut id) = (app.idem.begin().await?, 0);
        for _ in 0..order.lines {
            id = DB::insert(tx.conn(), BEGUN, &order.item).await?;
        }
        tx.commit().await?;
        Ok((StatusCode::CREATED, Json(Ordered { id })))
    }
    Router::new().route("/orders/{number}", post(order::<DB>)).with_state(app.clone())
}

/// With a guard's transaction.
pub(crate) fn guarded<DB: Shop>(app: &App<DB>) -> Router {
    async fn order<DB: Shop>(mut work: Work<DB>, Json(order): Json<Order>) -> Result<Done, Problem> {
        let (tx, mut id) = (work.tx().await?, 0);
        for _ in 0..order.lines {
            id = DB::insert(tx.conn(), GUARDED, &order.item).await?;
        }
        Ok(work.done((StatusCode::CREATED, Json(Ordered { id }))))
    }
    let guard = Guard::transactional(&app.idem, scope::single());
    Router::new().route("/orders/{number}", post(order::<DB>)).layer(guard.required())
}

/// Without a guard: the row of a record by its primary key. No body is read and none is made.
pub(crate) fn recorded<DB: Shop>(app: &App<DB>) -> Router {
    async fn row<DB: Shop>(State(app): State<App<DB>>, Path(number): Path<u64>) -> Result<impl IntoResponse, Problem> {
        let at = usize::try_from(number % KNOWN).map_err(Problem::internal)?;
        let hash = app.known.get(at).map(Vec::as_slice).unwrap_or_default();
        let outcome = DB::recorded(&app.readers, hash).await?;
        Ok((StatusCode::CREATED, [(CONTENT_TYPE, "application/json")], outcome))
    }
    Router::new().route("/orders/{number}", post(row::<DB>)).with_state(app.clone())
}

impl<DB: Shop> Clone for App<DB> {
    fn clone(&self) -> Self {
        let Self { idem, writers, readers, known } = self;
        Self { idem: idem.clone(), writers: writers.clone(), readers: readers.clone(), known: known.clone() }
    }
}
