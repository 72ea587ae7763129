//! statig: a function per state.

use statig::blocking::{InitializedStateMachine, IntoStateMachineExt as _, Outcome, Super, Transition, state_machine};

use crate::player::{self, Event, Machine};

#[derive(Default)]
pub(crate) struct Cd;

#[allow(clippy::trivially_copy_pass_by_ref, reason = "the crate hands events out by reference")]
#[state_machine(initial = "State::empty()", state(derive(Debug)))]
impl Cd {
    #[state]
    fn empty(event: &Event) -> Outcome<State> {
        match event {
            Event::OpenClose => Transition(State::open()),
            Event::Insert => Transition(State::stopped()),
            _ => Super,
        }
    }

    #[state]
    fn open(event: &Event) -> Outcome<State> {
        match event {
            Event::OpenClose => Transition(State::empty()),
            _ => Super,
        }
    }

    #[state]
    fn stopped(event: &Event) -> Outcome<State> {
        match event {
            Event::OpenClose => Transition(State::open()),
            Event::Play => Transition(State::playing()),
            _ => Super,
        }
    }

    #[state]
    fn playing(event: &Event) -> Outcome<State> {
        match event {
            Event::OpenClose => Transition(State::open()),
            Event::Stop => Transition(State::stopped()),
            Event::Pause => Transition(State::paused()),
            _ => Super,
        }
    }

    #[state]
    fn paused(event: &Event) -> Outcome<State> {
        match event {
            Event::OpenClose => Transition(State::open()),
            Event::Stop => Transition(State::stopped()),
            Event::Play => Transition(State::playing()),
            _ => Super,
        }
    }
}

pub(crate) struct Player(InitializedStateMachine<Cd>);

impl Machine for Player {
    type Event = Event;

    fn new() -> Self {
        Self(Cd.uninitialized_state_machine().init())
    }

    fn event(event: Event) -> Event {
        event
    }

    #[inline]
    fn handle(&mut self, event: &Event) {
        self.0.handle(event);
    }

    fn state(&self) -> player::State {
        match self.0.state() {
            State::Empty {} => player::State::Empty,
            State::Open {} => player::State::Open,
            State::Stopped {} => player::State::Stopped,
            State::Playing {} => player::State::Playing,
            State::Paused {} => player::State::Paused,
        }
    }
}
