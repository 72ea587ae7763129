//! What one would write without a library.

use crate::Guard;
use crate::player::{Event, Machine, State};

/// The edges.
#[inline]
pub(crate) fn next(state: State, event: Event) -> Option<State> {
    Some(match (state, event) {
        (State::Empty | State::Stopped | State::Playing | State::Paused, Event::OpenClose) => State::Open,
        (State::Open, Event::OpenClose) => State::Empty,
        (State::Empty, Event::Insert) | (State::Playing | State::Paused, Event::Stop) => State::Stopped,
        (State::Stopped | State::Paused, Event::Play) => State::Playing,
        (State::Playing, Event::Pause) => State::Paused,
        _ => return None,
    })
}

/// A check by `match`.
pub(crate) struct Match;

impl Guard for Match {
    #[inline]
    fn allows(state: State, event: Event) -> bool {
        matches!(
            (state, event),
            (_, Event::OpenClose)
                | (State::Empty, Event::Insert)
                | (State::Playing | State::Paused, Event::Stop)
                | (State::Stopped | State::Paused, Event::Play)
                | (State::Playing, Event::Pause)
        )
    }
}

/// A machine by `match`.
pub(crate) struct Player(State);

impl Machine for Player {
    type Event = Event;

    fn new() -> Self {
        Self(State::Empty)
    }

    fn event(event: Event) -> Event {
        event
    }

    #[inline]
    fn handle(&mut self, event: &Event) {
        if let Some(state) = next(self.0, *event) {
            self.0 = state;
        }
    }

    fn state(&self) -> State {
        self.0
    }
}

/// What the loop costs without a machine in it.
pub(crate) struct Nothing(State);

impl Guard for Nothing {
    #[inline]
    fn allows(_: State, _: Event) -> bool {
        true
    }
}

impl Machine for Nothing {
    type Event = Event;

    fn new() -> Self {
        Self(State::Empty)
    }

    fn event(event: Event) -> Event {
        event
    }

    #[inline]
    fn handle(&mut self, _: &Event) {}

    fn state(&self) -> State {
        self.0
    }
}
