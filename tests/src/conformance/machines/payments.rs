//! A machine whose steps hold, capture and release money.

use idem_core::Never;
use std::time::Duration;

use idem_core::{Context, Step, idempotent_fsm};
use serde::{Deserialize, Serialize};

use super::Shop;

/// A customer's payment: the price is held, then captured in part, and the rest let go.
#[idempotent_fsm]
#[command(Authorize { price: i64, expires: bool } -> String)]
#[command(Capture { amount: i64 })]
#[command(Cancel)]
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub enum Payment {
    #[initial]
    #[on(Authorize => Authorized | Declined)]
    Open,

    #[on(Capture => Captured | Declined)]
    #[on(Cancel => Cancelled)]
    Authorized { hold: String },

    #[terminal]
    Captured { amount: i64 },

    #[terminal]
    Cancelled,

    #[terminal]
    Declined,
}

impl payment::Transitions for Shop {
    type Rejection = Never;

    fn authorize(
        &self,
        _: payment::Open,
        authorize: &payment::Authorize,
        cx: &Context,
    ) -> Result<Step<payment::AuthorizeTo, String>, Never> {
        let hold = cx.id("hold").to_string();
        let step = Step::to(payment::Authorized { hold: hold.clone() }).delta("authorizations", 1);
        let step = if authorize.expires {
            step.hold_for("customer", hold.clone(), authorize.price, Duration::ZERO)
        } else {
            step.hold("customer", hold.clone(), authorize.price)
        };
        let declined = Step::to(payment::Declined).delta("declined", 1).outcome("declined".to_owned());
        Ok(step.outcome(hold).or_if_refused(declined))
    }

    fn capture(
        &self,
        from: payment::Authorized,
        capture: &payment::Capture,
        _: &Context,
    ) -> Result<Step<payment::CaptureTo>, Never> {
        Ok(Step::to(payment::Captured { amount: capture.amount })
            .capture(from.hold.clone(), "sales", capture.amount)
            .release(from.hold)
            .transfer("sales", "provider", capture.amount / 10)
            .or_if_refused(Step::to(payment::Declined).delta("declined", 1)))
    }

    fn cancel(
        &self,
        from: payment::Authorized,
        _: &payment::Cancel,
        _: &Context,
    ) -> Result<Step<payment::Cancelled>, Never> {
        Ok(Step::to(payment::Cancelled).release(from.hold))
    }
}
