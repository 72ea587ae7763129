//! The CD player that every contender implements, and what it is told to do.

/// The states.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum State {
    Empty,
    Open,
    Stopped,
    Playing,
    Paused,
}

/// The commands.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Event {
    OpenClose,
    Insert,
    Play,
    Stop,
    Pause,
}

const EVENTS: [Event; 5] = [Event::OpenClose, Event::Insert, Event::Play, Event::Stop, Event::Pause];

/// A contender.
pub(crate) trait Machine {
    /// Its own type of events, made before the count begins.
    type Event;

    fn new() -> Self;
    fn event(event: Event) -> Self::Event;

    /// Moves on if an edge leads on, else stays.
    fn handle(&mut self, event: &Self::Event);

    fn state(&self) -> State;
}

/// How many commands one pass has.
pub(crate) const STREAM: u32 = 50_000;

/// Commands, each with the state it finds.
pub(crate) struct Stream {
    pub(crate) pairs: Vec<(State, Event)>,
}

impl Stream {
    /// `legal`: a random walk along the edges; anything else: random commands.
    pub(crate) fn named(name: &str) -> Self {
        let (mut state, mut seed) = (State::Empty, 7);
        let mut pairs = Vec::new();
        while pairs.len() < usize::try_from(STREAM).unwrap_or(usize::MAX) {
            let event = EVENTS[random(&mut seed) % EVENTS.len()];
            match super::by_hand::next(state, event) {
                Some(next) => {
                    pairs.push((state, event));
                    state = next;
                }
                None if name == "legal" => {}
                None => pairs.push((state, event)),
            }
        }
        Self { pairs }
    }
}

/// xorshift64*: the same stream on every machine.
fn random(seed: &mut u64) -> usize {
    *seed ^= *seed >> 12;
    *seed ^= *seed << 25;
    *seed ^= *seed >> 27;
    usize::try_from(seed.wrapping_mul(0x2545_f491_4f6c_dd1d) >> 33).unwrap_or_default()
}
