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
    type State = State;
    type Event = Event;

    fn state(state: State) -> State {
        state
    }

    fn event(event: Event) -> Event {
        event
    }

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

/// A check by a table: for each state a bit per command.
pub(crate) struct Table;

const LEGAL: [u64; 5] = {
    let open_close = 1 << Event::OpenClose as u32;
    let (insert, play) = (1 << Event::Insert as u32, 1 << Event::Play as u32);
    let (stop, pause) = (1 << Event::Stop as u32, 1 << Event::Pause as u32);
    [open_close | insert, open_close, open_close | play, open_close | stop | pause, open_close | stop | play]
};

impl Guard for Table {
    type State = State;
    type Event = Event;

    fn state(state: State) -> State {
        state
    }

    fn event(event: Event) -> Event {
        event
    }

    #[inline]
    fn allows(state: State, event: Event) -> bool {
        LEGAL[state as usize] >> event as u32 & 1 != 0
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
    type State = State;
    type Event = Event;

    fn state(state: State) -> State {
        state
    }

    fn event(event: Event) -> Event {
        event
    }

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
