//! rust-fsm: a table.

use ::rust_fsm::state_machine;

use crate::player::{Event, Machine, State};

state_machine! {
    #[derive(Debug)]
    cd(Empty)

    Empty => { OpenClose => Open, Insert => Stopped },
    Open(OpenClose) => Empty,
    Stopped => { OpenClose => Open, Play => Playing },
    Playing => { OpenClose => Open, Stop => Stopped, Pause => Paused },
    Paused => { OpenClose => Open, Stop => Stopped, Play => Playing }
}

pub(crate) struct Player(cd::StateMachine);

impl Machine for Player {
    type Event = cd::Input;

    fn new() -> Self {
        Self(cd::StateMachine::new())
    }

    fn event(event: Event) -> cd::Input {
        match event {
            Event::OpenClose => cd::Input::OpenClose,
            Event::Insert => cd::Input::Insert,
            Event::Play => cd::Input::Play,
            Event::Stop => cd::Input::Stop,
            Event::Pause => cd::Input::Pause,
        }
    }

    #[inline]
    fn handle(&mut self, event: &cd::Input) {
        // A refusal leaves the state as it was.
        let _ = self.0.consume(event);
    }

    fn state(&self) -> State {
        match self.0.state() {
            cd::State::Empty => State::Empty,
            cd::State::Open => State::Open,
            cd::State::Stopped => State::Stopped,
            cd::State::Playing => State::Playing,
            cd::State::Paused => State::Paused,
        }
    }
}
