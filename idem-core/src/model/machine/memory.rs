//! A machine in memory: the same rules without a database, for tests, previews and simulations.

use std::collections::hash_map::{Entry, HashMap};
use std::fmt;

use crate::clock::Timestamp;
use crate::error::{CommandError, Effect, Error, KeyReused, Rejection};
use crate::fingerprint::Fingerprint;
use crate::key::Key;
use crate::message::{self, Emitted, Message, NewMessage, message_id, message_source};
use crate::model::ledger::books::{Books, Refused};
use crate::model::ledger::change::LedgerChange;
use crate::model::machine::answer::{AnswerInputs, Last, Verdict, answer};
use crate::model::machine::context::Context;
use crate::model::machine::rules::{ErrorOf, KindOf, Machine, ReplyOf, Rules, State, Taken};
use crate::outcome::Outcome;
use crate::wire::{Stored, WireError};

/// The id that rules see: there is one machine, so its name matters to nobody.
pub(crate) const ID: &str = "in memory";

/// The installation of its messages.
const INSTALLATION: &str = "in-memory";

const NO_COMMAND: &str = "a command was answered and then run";

/// Transitions and keys that fit into the first allocation: as many as most machines ever have.
const ROOM: usize = 16;

/// One machine in memory, with its history, its keys, its money and its messages. Wrapped by the generated `InMemory`.
///
/// Nothing is shared, stored or forgotten: it grows with each command. Commands and outcomes are kept as the values they
/// are, so what their serde loses or refuses shows on a database alone; the schema lock of `testing` finds it before.
///
/// ```
/// # include!(concat!(env!("CARGO_MANIFEST_DIR"), "/../docs/payment.rs"));
/// # fn main() -> Result<(), Box<dyn std::error::Error>> {
/// use idem_core::Key;
///
/// let mut payment = Payment::in_memory(Rules, payment::Authorized { amount: 500 });
/// payment.bound("customers", Some(0), None)?;
/// let (key, amount) = (Key::new("shop-1", "req-17")?, 500);
/// assert!(payment.capture(&key, payment::Capture { amount }).is_err());       // the customers have nothing
/// payment.apply_delta("customers", 800)?;
/// assert!(payment.capture(&key, payment::Capture { amount })?.is_fresh());    // the refusal left the key free
/// assert!(payment.capture(&key, payment::Capture { amount })?.is_replay());
/// assert_eq!((payment.balance("customers"), payment.balance("merchant")), (300, 500));
/// assert_eq!(payment.messages().map(|message| message.topic()).collect::<Vec<_>>(), ["payment.captured"]);
/// # Ok(()) }
/// ```
pub struct InMemory<X: Rules> {
    life: Life<X>,
    /// What each key is answered by.
    keys: HashMap<Key, Known<X::Machine>>,
}

/// What a key is answered by.
enum Known<M: Machine> {
    /// The run at this position in the history.
    Run(usize),
    /// The rejection of this command, as it would be stored.
    Rejection { command: M::Command, rejection: Stored, at: Timestamp },
}

/// All but the keys: a key's place in the map is held while its command is answered.
struct Life<X: Rules> {
    rules: X,
    /// The time that was set; without one it is the local clock's.
    now: Option<Timestamp>,
    state: X::Machine,
    visit: usize,
    entered_at: Timestamp,
    history: Vec<Run<X::Machine>>,
    /// For each command the position in `history` of its newest run.
    last: Vec<Option<usize>>,
    books: Books,
    messages: Vec<Message>,
}

/// A transition, as a replay needs it.
struct Run<M: Machine> {
    /// Nothing for the start and for what was done by hand.
    did: Option<(M::Command, M::Reply)>,
    at: Timestamp,
    state: usize,
    visit: usize,
}

impl<X: Rules> InMemory<X> {
    #[doc(hidden)]
    pub fn __new(rules: X, initial: X::Machine) -> Self {
        let at = Timestamp::local();
        let start = Run { did: None, at, state: initial.state(), visit: 1 };
        let mut history = Vec::with_capacity(ROOM);
        history.push(start);
        let life = Life {
            rules,
            now: None,
            state: initial,
            visit: 1,
            entered_at: at,
            history,
            last: vec![None; X::Machine::GRAPH.commands.len()],
            books: Books::default(),
            messages: Vec::new(),
        };
        Self { life, keys: HashMap::with_capacity(ROOM) }
    }

    #[cfg(feature = "testing")]
    pub(crate) fn rules(&self) -> &X {
        &self.life.rules
    }

    /// Sets the clock, and if nothing was done yet the time of the start as well.
    #[cfg(feature = "testing")]
    pub(crate) fn begin_at(&mut self, now: Timestamp) {
        if let [start] = &mut self.life.history[..] {
            (start.at, self.life.entered_at) = (now, now);
        }
        self.set_now(now);
    }

    #[cfg(feature = "testing")]
    pub(crate) fn now(&self) -> Timestamp {
        self.life.now()
    }

    #[cfg(feature = "testing")]
    pub(crate) fn books(&self) -> &Books {
        &self.life.books
    }

    /// The state it is in.
    pub fn state(&self) -> &X::Machine {
        &self.life.state
    }

    /// The number of its newest transition, counted from 1, its start.
    pub fn version(&self) -> u64 {
        self.life.history.len() as u64
    }

    /// When it came into this state from another.
    pub fn entered_at(&self) -> Timestamp {
        self.life.entered_at
    }

    /// Sets the clock: it stands until it is set again. Default: the local clock. A transition is never earlier than the entry
    /// into the state that it runs from, as on a database.
    ///
    /// ```
    /// # use idem_core::{idempotent_fsm, Natural, Timestamp};
    /// # #[idempotent_fsm]
    /// # #[command(Close)]
    /// # #[derive(Debug, Clone, serde::Serialize, serde::Deserialize)]
    /// # enum Ticket { #[initial] #[on(Close => Closed)] Open, #[terminal] Closed }
    /// # fn main() -> Result<(), Box<dyn std::error::Error>> {
    /// let mut memory = Ticket::in_memory((), ticket::Open);
    /// let later: Timestamp = "2100-01-01T00:00:00Z".parse()?;
    /// memory.set_now(later);
    /// assert_eq!(memory.close(Natural)?.at(), later);
    /// # Ok(()) }
    /// ```
    pub fn set_now(&mut self, now: Timestamp) {
        self.life.now = Some(now);
    }

    /// Changes the balance of an account by `delta` minor units, as `apply_delta` does in a ledger.
    ///
    /// # Errors
    /// [`Error::OutOfBounds`] if the account's bounds or 64 bits do not allow it.
    pub fn apply_delta(&mut self, account: &str, delta: i64) -> Result<(), Error> {
        self.life.apply(&[LedgerChange::Delta { account: account.into(), delta }], self.life.now()).map_err(Error::from)
    }

    /// Reserves `amount` minor units of an account under the name `hold`, as a step's `hold` does: for a machine that begins in a
    /// state which names one.
    ///
    /// # Errors
    /// [`Error::OutOfBounds`] if the account's bounds do not allow it, [`Error::Ledger`] if the name is taken or the amount negative.
    pub fn open_hold(&mut self, account: &str, hold: &str, amount: i64) -> Result<(), Error> {
        let change = LedgerChange::Hold { account: account.into(), hold: hold.into(), amount, expires: None };
        self.life.apply(&[change], self.life.now()).map_err(Error::from)
    }

    /// What the holds of an account reserve that have not expired, in minor units.
    pub fn held(&self, account: &str) -> i64 {
        self.life.books.held(account, self.life.now())
    }

    /// The balance of an account in minor units; 0 for one that nothing was moved to.
    pub fn balance(&self, account: &str) -> i64 {
        self.life.books.accounts.get(account).map_or(0, |account| account.balance)
    }

    /// Bounds an account, in minor units, as opening it in a ledger would; `None` is no bound. Default: unbounded.
    ///
    /// # Errors
    /// [`Error::OutOfBounds`] if its balance is not within the bounds.
    pub fn bound(&mut self, account: &str, floor: Option<i64>, ceiling: Option<i64>) -> Result<(), Error> {
        self.life.books.set_bounds(account.into(), floor, ceiling).map_err(Error::from)
    }

    /// The messages that were emitted, oldest first.
    pub fn messages(&self) -> impl Iterator<Item = &Message> {
        self.life.messages.iter()
    }

    /// Puts the machine into `state` by hand, as the stored machine's `override_state` does; with `reopen`, in a new visit.
    pub fn override_state(&mut self, state: impl Into<X::Machine>, reopen: bool) {
        self.life.override_state(state.into(), reopen);
    }

    #[doc(hidden)]
    pub fn __call<O: State>(
        &mut self,
        key: Option<Key>,
        command: <X::Machine as Machine>::Command,
    ) -> Result<Outcome<O, KindOf<X>>, ErrorOf<X>> {
        self.run(key, command, |reply| Stored::encode(reply)?.decode()).map_err(Rejection::__error)
    }

    #[doc(hidden)]
    pub fn __apply(
        &mut self,
        key: Option<Key>,
        command: <X::Machine as Machine>::Command,
    ) -> Result<Outcome<ReplyOf<X>, KindOf<X>>, ErrorOf<X>> {
        let index = X::Machine::command(&command);
        self.run(key, command, |reply| X::Machine::read_reply(index, &Stored::encode(reply)?))
            .map_err(Rejection::__error)
    }

    /// Answers a command; `through_serde` copies an outcome that is not `Clone`.
    fn run<O: 'static>(
        &mut self,
        key: Option<Key>,
        command: <X::Machine as Machine>::Command,
        through_serde: impl FnOnce(&<X::Machine as Machine>::Reply) -> Result<O, WireError>,
    ) -> Result<Outcome<O, KindOf<X>>, CommandError<X::Rejection>> {
        let answer = match key.map(|key| self.keys.entry(key)) {
            None => self.life.answer(None, None, &mut Some(command))?,
            Some(Entry::Occupied(known)) => match known.get() {
                Known::Run(at) => self.life.answer(Some(known.key()), Some(*at), &mut Some(command))?,
                Known::Rejection { command: first, rejection, at } => {
                    return Err(Life::<X>::rejected(known.key(), (first, rejection, *at), &command));
                }
            },
            Some(Entry::Vacant(free)) => {
                let mut command = Some(command);
                match self.life.answer(Some(free.key()), None, &mut command) {
                    Ok(answer) => {
                        free.insert(Known::Run(*answer));
                        answer
                    }
                    Err(error) => {
                        // What the rule refused was not taken.
                        if let (CommandError::Rejected { rejection, .. }, Some(command)) = (&error, command)
                            && X::Machine::GRAPH.commands[X::Machine::command(&command)].remembers
                        {
                            let rejection =
                                X::write_rejection(rejection).map_err(|source| unencodable("the rejection", source))?;
                            free.insert(Known::Rejection { command, rejection, at: self.life.now() });
                        }
                        return Err(error);
                    }
                }
            }
        };
        let run = &self.life.history[*answer];
        let Some((_, reply)) = &run.did else { return Err(Error::Interrupted.into()) };
        let mut copy = None;
        X::Machine::copy_outcome(reply, &mut copy);
        let copied = match copy {
            Some(copy) => Ok(copy),
            None => through_serde(reply),
        };
        let undecodable = |source: WireError| Error::Undecodable {
            what: "the outcome".to_owned(),
            effect: Effect::Applied,
            source: source.into(),
        };
        Ok(answer.led_to(Some(X::Machine::kind(run.state))).try_map(|_| copied).map_err(undecodable)?)
    }
}

impl<X: Rules> Life<X> {
    fn now(&self) -> Timestamp {
        self.now.unwrap_or_else(Timestamp::local)
    }

    /// Takes all changes into the books, or none of them. What has expired by then is let go first.
    fn apply(&mut self, changes: &[LedgerChange], at: Timestamp) -> Result<(), Refused> {
        self.books.expire_holds(at);
        self.books.apply(changes, at, |_, _, _| Ok(())).map(drop)
    }

    fn override_state(&mut self, state: X::Machine, reopen: bool) {
        let (position, seq) = (state.state(), self.history.len() + 1);
        let visit = if reopen {
            seq
        } else {
            self.history.iter().rev().find(|run| run.state == position).map_or(seq, |run| run.visit)
        };
        let at = self.now().max(self.entered_at);
        if self.state.state() != position || visit == seq {
            self.entered_at = at;
        }
        self.history.push(Run { did: None, at, state: position, visit });
        (self.state, self.visit) = (state, visit);
    }

    /// The outcome is given by its place in the history. `known` is the place of the run that the key names.
    fn answer(
        &mut self,
        key: Option<&Key>,
        known: Option<usize>,
        given: &mut Option<<X::Machine as Machine>::Command>,
    ) -> Result<Outcome<usize>, CommandError<X::Rejection>> {
        let graph = X::Machine::GRAPH;
        let Some(command) = given.as_ref() else { return Err(Error::Internal { what: NO_COMMAND }.into()) };
        let index = X::Machine::command(command);
        let info = &graph.commands[index];
        let mut inputs = AnswerInputs {
            known: known.map(|at| self.same(at, command)).transpose()?,
            started: true,
            edge: graph.edge(self.state.state(), index).is_some(),
            repeat: info.repeat_of(key.is_none()),
            natural: key.is_none(),
            last: Last::Unasked,
        };
        let mut verdict = answer(inputs);
        if verdict == Verdict::LookUp {
            inputs.last = match self.last[index] {
                None => Last::Never,
                Some(at) => Last::Ran { same: self.same(at, command)?, this_visit: self.began_in(at) == self.visit },
            };
            verdict = answer(inputs);
        }
        match (verdict, known.or(self.last[index])) {
            (Verdict::Run, _) => self.step(key, index, given),
            (Verdict::Replay | Verdict::Reached, Some(at)) => Ok(self.replay(at)),
            (Verdict::KeyReused, Some(at)) => Err(self.reused(key, at, info.name).into()),
            (Verdict::ReachedOtherwise, Some(at)) => {
                let (seq, at) = (at as u64 + 1, self.history[at].at);
                let (machine, id, command) = (graph.name, ID.to_owned(), info.name);
                Err(Error::ReachedOtherwise { machine, id, command, seq, at }.into())
            }
            (Verdict::KeyRequired, _) => Err(Error::KeyRequired { machine: graph.name, command: info.name }.into()),
            _ => Err(self.invalid(info.name).into()),
        }
    }

    /// Row c, as the engine does it for stored machines.
    fn step(
        &mut self,
        key: Option<&Key>,
        index: usize,
        given: &mut Option<<X::Machine as Machine>::Command>,
    ) -> Result<Outcome<usize>, CommandError<X::Rejection>> {
        let Some(command) = given.as_ref() else { return Err(Error::Internal { what: NO_COMMAND }.into()) };
        let info = &X::Machine::GRAPH.commands[index];
        let seq = self.history.len() + 1;
        let at = self.now().max(self.entered_at);
        let cx = Context { machine: X::Machine::GRAPH.name, id: ID, seq: seq as u64, now: at, key };
        let Some(ran) = self.rules.run(self.state.clone(), command, &cx) else {
            return Err(self.invalid(info.name).into());
        };
        let ran = ran.map_err(|rejection| CommandError::Rejected { rejection, remembered: None })?;
        let taken = self.settled(ran, info.name, at)?;
        for (entry_no, message) in (0..).zip(taken.effects.messages) {
            let of = Emitted { machine: cx.machine, id: ID, seq: i64::try_from(seq).unwrap_or(i64::MAX), entry_no, at };
            self.emit(message, of, at);
        }
        let position = taken.to.state();
        if position != self.state.state() {
            (self.visit, self.entered_at) = (seq, at);
        }
        self.state = taken.to;
        let did = given.take().map(|command| (command, taken.outcome));
        self.history.push(Run { did, at, state: position, visit: self.visit });
        self.last[index] = Some(seq - 1);
        Ok(Outcome::new(seq - 1, seq as u64, at, true, false))
    }

    fn emit(&mut self, message: NewMessage, of: Emitted<'_>, at: Timestamp) {
        let id = message_id(INSTALLATION, of, &message.topic, &message.payload.0);
        let key = message.key.clone().unwrap_or_else(|| ID.to_owned());
        let message = message.key(key).received(id, message_source(INSTALLATION, Some(of.machine)));
        self.messages.push(message.numbered(self.messages.len() as u64 + 1).emitted_at(at));
    }

    /// The step whose money fits: the one taken, or one of those it names instead.
    fn settled(
        &mut self,
        mut taken: Taken<X::Machine>,
        command: &'static str,
        at: Timestamp,
    ) -> Result<Taken<X::Machine>, CommandError<X::Rejection>> {
        loop {
            if let Some(problem) = taken.effects.misuse {
                return Err(Error::Misuse { command, problem }.into());
            }
            if let Some((topic, source)) = &taken.effects.unencodable {
                return Err(message::unencodable(topic, source).into());
            }
            taken.effects.messages.iter().try_for_each(NewMessage::check).map_err(Error::from)?;
            if taken.effects.moves.is_empty() {
                return Ok(taken);
            }
            let refused = self.apply(&taken.effects.moves, at).err();
            match (refused, taken.otherwise.take()) {
                (None, _) => return Ok(taken),
                (Some(refused), Some(other)) if refused.is_of_money() => taken = *other,
                (Some(refused), _) => return Err(Error::from(refused).into()),
            }
        }
    }

    /// Whether the run at a place did what `command` asks for.
    fn same(&self, at: usize, command: &<X::Machine as Machine>::Command) -> Result<bool, Error> {
        let Some((did, _)) = &self.history[at].did else { return Ok(false) };
        Self::same_command(did, command)
    }

    /// Whether two commands are one request. Payloads are compared as they would be stored.
    fn same_command(
        did: &<X::Machine as Machine>::Command,
        command: &<X::Machine as Machine>::Command,
    ) -> Result<bool, Error> {
        let index = X::Machine::command(command);
        if X::Machine::command(did) != index {
            return Ok(false);
        }
        let payload = |command| X::Machine::write_payload(command).map_err(|source| unencodable("the payload", source));
        let (first, second) = (payload(did)?, payload(command)?);
        let facts = X::Machine::GRAPH.commands[index].facts;
        let fingerprint = |payload: &Stored| Fingerprint::of("", "", payload.json().unwrap_or_default(), facts);
        Ok(first == second || fingerprint(&first) == fingerprint(&second))
    }

    /// The visit that a run began in.
    fn began_in(&self, at: usize) -> usize {
        at.checked_sub(1).map_or(1, |before| self.history[before].visit)
    }

    fn replay(&self, at: usize) -> Outcome<usize> {
        Outcome::new(at, at as u64 + 1, self.history[at].at, false, at + 1 < self.history.len())
    }

    /// The answer to a command whose key remembers that the first one was rejected.
    fn rejected(
        key: &Key,
        (first, rejection, at): (&<X::Machine as Machine>::Command, &Stored, Timestamp),
        command: &<X::Machine as Machine>::Command,
    ) -> CommandError<X::Rejection> {
        let name = |command| X::Machine::GRAPH.commands[X::Machine::command(command)].name;
        match Self::same_command(first, command) {
            Ok(true) => match X::read_rejection(rejection) {
                Ok(rejection) => CommandError::Rejected { rejection, remembered: Some(at) },
                Err(source) => {
                    let (what, effect) = ("a remembered rejection".to_owned(), Effect::NotApplied);
                    Error::Undecodable { what, effect, source: source.into() }.into()
                }
            },
            Ok(false) => reused::<X::Machine>(key, (name(first), at), name(command)).into(),
            Err(error) => error.into(),
        }
    }

    fn reused(&self, key: Option<&Key>, at: usize, command: &'static str) -> Error {
        let run = &self.history[at];
        let first = run.did.as_ref().map_or("", |(did, _)| X::Machine::GRAPH.commands[X::Machine::command(did)].name);
        match key {
            Some(key) => reused::<X::Machine>(key, (first, run.at), command),
            None => Error::KeyRequired { machine: X::Machine::GRAPH.name, command },
        }
    }

    fn invalid(&self, command: &'static str) -> Error {
        let (graph, state) = (X::Machine::GRAPH, self.state.state());
        let (machine, id, allowed) = (graph.name, ID.to_owned(), graph.allowed(state));
        Error::Invalid { machine, id, state: graph.states[state].name, command, allowed }
    }
}

/// The error of a key that named `first` at this time, and now comes with another command.
fn reused<M: Machine>(key: &Key, (first, at): (&str, Timestamp), command: &str) -> Error {
    let second = if first == command { "another payload".to_owned() } else { format!("`{command}`") };
    let hash = key.hash_in(M::GRAPH.name);
    Error::KeyReused(Box::new(KeyReused::new(&hash, at, format!("`{first}`"), second)))
}

fn unencodable(what: &str, source: WireError) -> Error {
    Error::Unencodable { what: what.to_owned(), source: source.into() }
}

impl<X: Rules> fmt::Debug for InMemory<X> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let graph = X::Machine::GRAPH;
        f.debug_struct("InMemory")
            .field("machine", &graph.name)
            .field("state", &graph.states[self.life.state.state()].name)
            .field("version", &self.life.history.len())
            .finish_non_exhaustive()
    }
}
