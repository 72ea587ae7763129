//! A payment: its enum, its rules, and a capture that comes twice.

use idem_core::{Context, Idem, Key, Natural, Step, idempotent_fsm};
use serde::{Deserialize, Serialize};

#[idempotent_fsm]
#[command(Capture { amount: i64 } -> Receipt)]
#[derive(Debug, Clone, Serialize, Deserialize)]
pub enum Payment {
    #[initial]
    #[on(Capture => Captured)]
    Authorized { amount: i64 },
    #[terminal]
    Captured { receipt: Receipt },
}

#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Receipt { pub id: String, pub amount: i64 }

#[derive(Debug, thiserror::Error)]
#[error("only {0} is authorized")]
pub struct TooMuch(i64);

pub struct Rules;

impl payment::Transitions for Rules {
    type Rejection = TooMuch;

    fn capture(&self, from: payment::Authorized, capture: &payment::Capture, cx: &Context) -> Result<Step<payment::Captured, Receipt>, TooMuch> {
        if capture.amount > from.amount {
            return Err(TooMuch(from.amount));
        }
        let receipt = Receipt { id: cx.id("receipt").to_string(), amount: capture.amount };
        Ok(Step::to(payment::Captured { receipt: receipt.clone() })
            .transfer("customers", "merchant", capture.amount)           // money, in the same transaction
            .emit("payment.captured", &receipt)                          // a message, in the same transaction
            .outcome(receipt))
    }
}

async fn captured_twice(url: &str) -> super::Done {
    let idem = Idem::<sqlx::Sqlite>::open(url).await?;                   // or sqlx::Postgres
    let payment = Payment::stored(&idem, Rules).at("pay-42");
    payment.start(Natural, payment::Authorized { amount: 500 }).await?;

    let key = Key::new("shop-1", "req-17")?;                             // the client, and its name for the request
    let first = payment.capture(&key, payment::Capture { amount: 500 }).await?;
    let again = payment.capture(&key, payment::Capture { amount: 500 }).await?;
    assert!(first.is_fresh() && again.is_replay() && *again == *first);  // the first receipt; captured once
    assert!(payment.capture(&key, payment::Capture { amount: 400 }).await.is_err());
    Ok(())
}

#[tokio::test]
async fn payment_that_comes_twice_is_captured_once() -> super::Done {
    captured_twice(&super::fresh().url()).await
}
