//! The service: a payment is a change of an account and a row of the service's table, in one transaction.

use axum::extract::State;
use axum::routing::post;
use axum::{Json, Router};
use http::StatusCode;
use idem_core::Idem;
use idem_http::{Done, Guard, Problem, Work, scope};
use serde::{Deserialize, Serialize};

use crate::backend::Backend;

/// The account that all payments go to.
pub const MERCHANT: &str = "merchant";

/// A payment as it is asked for.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Payment {
    /// Names the payment: a row of it is written once.
    pub lane: String,
    /// In minor units.
    pub amount: i64,
}

/// A payment as it was made.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Paid {
    /// Of the payment.
    pub lane: String,
    /// Differs in each run of the handler: two equal ones are one run.
    pub number: u64,
}

async fn pay<DB: Backend>(
    State(idem): State<Idem<DB>>,
    mut work: Work<DB>,
    Json(payment): Json<Payment>,
) -> Result<Done, Problem> {
    let key = work.key("pay");
    let tx = work.tx().await?;
    DB::note(tx.conn(), &payment.lane, "paid").await?;
    idem.ledger().account(MERCHANT).within(tx).apply_delta(&key, payment.amount).await?;
    let paid = Paid { lane: payment.lane, number: fastrand::u64(..) };
    Ok(work.done((StatusCode::CREATED, Json(paid))))
}

/// The service: `POST /payments`.
pub fn router<DB: Backend>(idem: &Idem<DB>) -> Router {
    let guard = Guard::transactional(idem, scope::single());
    Router::new().route("/payments", post(pay::<DB>)).layer(guard.required()).with_state(idem.clone())
}
