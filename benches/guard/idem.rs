//! idem: an annotated enum. Only its guard is measured here; a whole step also builds data for the engine.

use idem_core::idempotent_fsm;
use serde::{Deserialize, Serialize};

use crate::Guard;
use crate::player::{Event, State};

/// A CD player that is never done.
#[idempotent_fsm(endless)]
#[command(OpenClose)]
#[command(Insert)]
#[command(Play)]
#[command(Stop)]
#[command(Pause)]
#[derive(Debug, Clone, Serialize, Deserialize)]
pub(crate) enum Cd {
    #[initial]
    #[on(OpenClose => Open)]
    #[on(Insert => Stopped)]
    Empty,
    #[on(OpenClose => Empty)]
    Open,
    #[on(OpenClose => Open)]
    #[on(Play => Playing)]
    Stopped,
    #[on(OpenClose => Open)]
    #[on(Stop => Stopped)]
    #[on(Pause => Paused)]
    Playing,
    #[on(OpenClose => Open)]
    #[on(Stop => Stopped)]
    #[on(Play => Playing)]
    Paused,
}

pub(crate) struct Generated;

impl Guard for Generated {
    type State = cd::StateKind;
    type Event = cd::CommandKind;

    fn state(state: State) -> cd::StateKind {
        match state {
            State::Empty => cd::StateKind::Empty,
            State::Open => cd::StateKind::Open,
            State::Stopped => cd::StateKind::Stopped,
            State::Playing => cd::StateKind::Playing,
            State::Paused => cd::StateKind::Paused,
        }
    }

    fn event(event: Event) -> cd::CommandKind {
        match event {
            Event::OpenClose => cd::CommandKind::OpenClose,
            Event::Insert => cd::CommandKind::Insert,
            Event::Play => cd::CommandKind::Play,
            Event::Stop => cd::CommandKind::Stop,
            Event::Pause => cd::CommandKind::Pause,
        }
    }

    #[inline]
    fn allows(state: cd::StateKind, event: cd::CommandKind) -> bool {
        cd::guard(state, event)
    }
}
