// What the tour's block on the explorer stands on: a seat that is reserved, then paid.
use std::time::Duration;

use idem_core::{Context, Never, Step, idempotent_fsm};
use serde::{Deserialize, Serialize};

#[idempotent_fsm]
#[command(Reserve)]
#[command(Pay { amount: i64 })]
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub enum Seat {
    #[initial]
    #[on(Reserve => Reserved | Declined)]
    Free,
    #[on(Pay => Paid | Expired)]
    Reserved { hold: String },
    #[terminal]
    Paid,
    #[terminal]
    Declined,
    #[terminal]
    Expired,
}

pub struct Hall;

impl seat::Transitions for Hall {
    type Rejection = Never;

    fn reserve(&self, _: seat::Free, _: &seat::Reserve, cx: &Context) -> Result<Step<seat::ReserveTo>, Never> {
        let hold = cx.id("hold").to_string();
        Ok(Step::to(seat::Reserved { hold: hold.clone() })
            .hold_for("guest", hold, 40, Duration::from_mins(15))
            .or_if_refused(Step::to(seat::Declined)))
    }

    fn pay(&self, from: seat::Reserved, pay: &seat::Pay, _: &Context) -> Result<Step<seat::PayTo>, Never> {
        Ok(Step::to(seat::Paid)
            .capture(from.hold, "hall", pay.amount)
            .or_if_refused(Step::to(seat::Expired)))
    }
}
