//! smlang: a table.

use ::smlang::statemachine;

use crate::player::{Event, Machine, State};

statemachine! {
    name: Cd,
    derive_events: [Clone, Copy],
    transitions: {
        *Empty + OpenClose = Open,
        Empty + Insert = Stopped,
        Open + OpenClose = Empty,
        Stopped + OpenClose = Open,
        Stopped + Play = Playing,
        Playing + OpenClose = Open,
        Playing + Stop = Stopped,
        Playing + Pause = Paused,
        Paused + OpenClose = Open,
        Paused + Stop = Stopped,
        Paused + Play = Playing,
    }
}

pub(crate) struct Nothing;

impl CdStateMachineContext for Nothing {}

pub(crate) struct Player(CdStateMachine<Nothing>);

impl Machine for Player {
    type Event = CdEvents;

    fn new() -> Self {
        Self(CdStateMachine::new(Nothing))
    }

    fn event(event: Event) -> CdEvents {
        match event {
            Event::OpenClose => CdEvents::OpenClose,
            Event::Insert => CdEvents::Insert,
            Event::Play => CdEvents::Play,
            Event::Stop => CdEvents::Stop,
            Event::Pause => CdEvents::Pause,
        }
    }

    #[inline]
    fn handle(&mut self, event: &CdEvents) {
        // A refusal leaves the state as it was.
        let _ = self.0.process_event(*event);
    }

    fn state(&self) -> State {
        match self.0.state() {
            CdStates::Empty => State::Empty,
            CdStates::Open => State::Open,
            CdStates::Stopped => State::Stopped,
            CdStates::Playing => State::Playing,
            CdStates::Paused => State::Paused,
        }
    }
}
