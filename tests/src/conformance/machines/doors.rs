//! A door: a cycle, a self-loop, and a command of one effect per visit.

use idem_core::Never;

use idem_core::{Context, Step, idempotent_fsm};
use serde::{Deserialize, Serialize};

/// A cycle, a self-loop, and a command of one effect per visit.
#[idempotent_fsm]
#[command(Push { by: String }, per_visit)]
#[command(Close)]
#[command(Knock { times: u64 } -> u64)]
#[command(Brick { why: String })]
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub enum Door {
    #[initial]
    #[on(Push => Open)]
    #[on(Knock => Shut)]
    #[on(Brick => Bricked)]
    Shut,

    #[on(Close => Shut)]
    Open { by: String },

    #[terminal]
    Bricked,
}

/// The rules of a door.
#[derive(Debug, Clone, Copy)]
pub struct Keeper;

impl door::Transitions for Keeper {
    type Rejection = Never;

    fn push(&self, _: door::Shut, push: &door::Push, _: &Context) -> Result<Step<door::Open>, Never> {
        Ok(Step::to(door::Open { by: push.by.clone() }).delta("pushes", 1))
    }

    fn knock(&self, _: door::Shut, knock: &door::Knock, cx: &Context) -> Result<Step<door::Shut, u64>, Never> {
        Ok(Step::to(door::Shut).outcome(knock.times + cx.seq()))
    }

    fn brick(&self, _: door::Shut, _: &door::Brick, _: &Context) -> Result<Step<door::Bricked>, Never> {
        Ok(Step::to(door::Bricked))
    }
}
