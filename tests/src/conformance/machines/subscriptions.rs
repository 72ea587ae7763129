//! A subscription: a cycle, a self-loop, and a command of one effect per visit.

use idem_core::Never;

use idem_core::{Context, Step, idempotent_fsm};
use serde::{Deserialize, Serialize};

use super::Shop;

/// A cycle, a self-loop, and a command of one effect per visit.
#[idempotent_fsm]
#[command(Pause { by: String }, per_visit)]
#[command(Resume)]
#[command(Renew { months: u64 } -> u64)]
#[command(Cancel { reason: String })]
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub enum Subscription {
    #[initial]
    #[on(Pause => Paused)]
    #[on(Renew => Active)]
    #[on(Cancel => Cancelled)]
    Active,

    #[on(Resume => Active)]
    Paused { by: String },

    #[terminal]
    Cancelled,
}

impl subscription::Transitions for Shop {
    type Rejection = Never;

    fn pause(
        &self,
        _: subscription::Active,
        pause: &subscription::Pause,
        _: &Context,
    ) -> Result<Step<subscription::Paused>, Never> {
        Ok(Step::to(subscription::Paused { by: pause.by.clone() }).delta("pauses", 1))
    }

    fn renew(
        &self,
        _: subscription::Active,
        renew: &subscription::Renew,
        cx: &Context,
    ) -> Result<Step<subscription::Active, u64>, Never> {
        Ok(Step::to(subscription::Active).outcome(renew.months + cx.seq()))
    }

    fn cancel(
        &self,
        _: subscription::Active,
        _: &subscription::Cancel,
        _: &Context,
    ) -> Result<Step<subscription::Cancelled>, Never> {
        Ok(Step::to(subscription::Cancelled))
    }
}
