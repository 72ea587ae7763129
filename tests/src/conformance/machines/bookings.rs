//! A machine whose steps hold, capture and release money.

use idem_core::Never;
use std::time::Duration;

use idem_core::{Context, Step, idempotent_fsm};
use serde::{Deserialize, Serialize};

/// A guest's booking: the price is held, then charged in part, and the rest let go.
#[idempotent_fsm]
#[command(Reserve { price: i64, expires: bool } -> String)]
#[command(Charge { amount: i64 })]
#[command(Cancel)]
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub enum Booking {
    #[initial]
    #[on(Reserve => Reserved | Declined)]
    Open,

    #[on(Charge => Charged | Declined)]
    #[on(Cancel => Cancelled)]
    Reserved { hold: String },

    #[terminal]
    Charged { amount: i64 },

    #[terminal]
    Cancelled,

    #[terminal]
    Declined,
}

/// The rules of a booking.
#[derive(Debug, Clone, Copy)]
pub struct Hotel;

impl booking::Transitions for Hotel {
    type Rejection = Never;

    fn reserve(
        &self,
        _: booking::Open,
        reserve: &booking::Reserve,
        cx: &Context,
    ) -> Result<Step<booking::ReserveTo, String>, Never> {
        let hold = cx.id("hold").to_string();
        let step = Step::to(booking::Reserved { hold: hold.clone() }).delta("reservations", 1);
        let step = if reserve.expires {
            step.hold_for("guest", hold.clone(), reserve.price, Duration::ZERO)
        } else {
            step.hold("guest", hold.clone(), reserve.price)
        };
        let declined = Step::to(booking::Declined).delta("declined", 1).outcome("declined".to_owned());
        Ok(step.outcome(hold).or_if_refused(declined))
    }

    fn charge(
        &self,
        from: booking::Reserved,
        charge: &booking::Charge,
        _: &Context,
    ) -> Result<Step<booking::ChargeTo>, Never> {
        Ok(Step::to(booking::Charged { amount: charge.amount })
            .capture(from.hold.clone(), "hotel", charge.amount)
            .release(from.hold)
            .transfer("hotel", "agency", charge.amount / 10)
            .or_if_refused(Step::to(booking::Declined).delta("declined", 1)))
    }

    fn cancel(
        &self,
        from: booking::Reserved,
        _: &booking::Cancel,
        _: &Context,
    ) -> Result<Step<booking::Cancelled>, Never> {
        Ok(Step::to(booking::Cancelled).release(from.hold))
    }
}
