// The payment of the README and the tour, for the examples of the doc comments.
use idem_core::{Context, Step, idempotent_fsm};
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
pub struct Receipt {
    pub id: String,
    pub amount: i64,
}

#[derive(Debug, thiserror::Error)]
#[error("only {0} is authorized")]
pub struct TooMuch(i64);

pub struct Rules;

impl payment::Transitions for Rules {
    type Rejection = TooMuch;

    fn capture(
        &self,
        from: payment::Authorized,
        capture: &payment::Capture,
        cx: &Context<'_>,
    ) -> Result<Step<payment::Captured, Receipt>, TooMuch> {
        if capture.amount > from.amount {
            return Err(TooMuch(from.amount));
        }
        let receipt = Receipt { id: cx.id("receipt").to_string(), amount: capture.amount };
        Ok(Step::to(payment::Captured { receipt: receipt.clone() })
            .transfer("customers", "merchant", capture.amount)
            .emit("payment.captured", &receipt)
            .outcome(receipt))
    }
}
