//! The protocol of claims, checked in every interleaving: three owners of one key, each of which may be paused or crash between any two
//! of its steps, a sweeper, an operator, and a clock that is set back. The transitions are those that the stores follow.
//!
//! Wrong variants of the protocol show that the properties can fail: each is found, with a shortest trace.

use std::sync::Arc;
use std::time::Duration;

use stateright::{Checker, Model, Property};

use super::record::{ClaimRecord, ClaimState};
use super::transition::{ClaimRequest, Resolution, abandon, claim, complete, release, renew, resolve};
use crate::clock::Timestamp;
use crate::epoch::Epoch;
use crate::fingerprint::Fingerprint;

const OWNERS: usize = 3;
/// In microseconds: a tick of the clock.
const LEASE: Duration = Duration::from_micros(2);
const KEEP: Duration = Duration::from_micros(2);
/// The clock starts here.
const START: i64 = 10;
const CLAIMS: u8 = 3;

/// What is done wrongly.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Wrong {
    Nothing,
    /// An outcome is recorded whoever the owner is.
    CompletesWithoutEpoch,
    /// A fence looks at the claim, and writes later, without a lock in between.
    LooksWithoutLock,
    /// A record is gone when its lease ends, as a key with a time to live is.
    LeaseIsRetention,
    /// Epochs are counted from 1, and begin anew when a record was swept.
    CountsEpochs,
    /// Epochs go by the clock alone.
    ForgetsFloor,
    /// An owner is one as long as its lease has not ended by the clock.
    FencesByTime,
    /// An operator leaves the epoch as it is.
    ResolvesWithoutEpoch,
    /// A claim that is taken over keeps its epoch.
    TakesOverEpoch,
}

#[derive(Debug, Clone, PartialEq, Eq, Hash)]
struct World {
    record: Option<ClaimRecord>,
    floor: Epoch,
    now: i64,
    set_back: bool,
    owners: [Owner; OWNERS],
    claims: u8,
    /// The epoch of the newest claim.
    newest: Epoch,
    /// How often the work was done.
    done: u8,
    /// An operator has said what became of it, or what was remembered has expired: it may be done again.
    anew: bool,
    /// The outcome that was first recorded, until it expires.
    outcome: Option<u8>,
    /// The properties that do not hold.
    broken: Vec<&'static str>,
}

// What must always hold.
const EPOCHS_GROW: &str = "epochs grow";
const NO_STALE_WRITE: &str = "no stale owner writes";
const ONE_OUTCOME: &str = "one outcome";
const RIGHT_ANSWER: &str = "an owner's answer is the recorded one";
const NO_CLAIM_SWEPT: &str = "no claim is swept";
const NOT_DONE_AGAIN: &str = "lost work is not done again";

impl World {
    /// Notes that a property does not hold.
    fn break_if(&mut self, broken: bool, property: &'static str) {
        if broken && !self.broken.contains(&property) {
            self.broken.push(property);
            self.broken.sort_unstable();
        }
    }
}

#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Hash)]
enum Owner {
    #[default]
    Idle,
    /// It has claimed the key, and done the work or not.
    Works { epoch: Epoch, until: i64, has_done: bool, has_looked: bool },
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
enum Action {
    Tick,
    SetBack,
    Sweep,
    /// An operator says that the work was done, or not.
    Resolve(bool),
    Claim(usize),
    Work(usize),
    /// Writes to the fenced database.
    Write(usize),
    /// Looks whether it may.
    Look(usize),
    Renew(usize),
    Complete(usize),
    Release(usize),
    Abandon(usize),
    Crash(usize),
}

struct Protocol {
    wrong: Wrong,
    takes_over: bool,
    /// How many ticks the clock goes on at most.
    ticks: i64,
}

impl Protocol {
    fn request(&self, owner: usize, claims: u8) -> ClaimRequest {
        // Each claim has a number of its own.
        let number = i64::from(claims) * 10 + i64::try_from(owner).unwrap_or_default();
        ClaimRequest { fingerprint: Fingerprint::UNKNOWN, owner: number, lease: LEASE, takes_over: self.takes_over }
    }

    fn claim(&self, world: &mut World, owner: usize) {
        let request = self.request(owner, world.claims);
        let now = Timestamp::from_micros(world.now);
        if self.wrong == Wrong::LeaseIsRetention && world.record.as_ref().is_some_and(|record| record.is_lost(now)) {
            world.record = None;
        }
        let before = world.record.clone();
        let Ok(mut record) = claim(before.as_ref(), &request, now, world.floor) else { return };
        match (self.wrong, &before) {
            (Wrong::CountsEpochs, before) => {
                record.epoch = Epoch(before.as_ref().map_or(0, |before| before.epoch.0) + 1);
            }
            (Wrong::TakesOverEpoch, Some(before)) if before.state == ClaimState::Claimed => record.epoch = before.epoch,
            _ => {}
        }
        let before_expired =
            before.as_ref().is_some_and(|before| before.state == ClaimState::Completed && before.is_expired(now));
        if before.is_none_or(|before| before.is_expired(now)) {
            world.outcome = None;
            world.anew |= world.claims > 0 && before_expired;
        }
        world.break_if(world.claims > 0 && record.epoch <= world.newest, EPOCHS_GROW);
        world.newest = record.epoch;
        world.claims += 1;
        let until = world.now + 2;
        world.owners[owner] = Owner::Works { epoch: record.epoch, until, has_done: false, has_looked: false };
        world.record = Some(record);
    }

    /// Whether a fence lets this owner write.
    fn is_let_in(&self, world: &World, epoch: Epoch, until: i64, has_looked: bool) -> bool {
        match self.wrong {
            Wrong::LooksWithoutLock => has_looked,
            Wrong::FencesByTime => world.now < until,
            _ => world.record.as_ref().is_some_and(|record| record.is_held_by(epoch)),
        }
    }

    fn complete(&self, world: &mut World, owner: usize, epoch: Epoch) {
        let (mine, now) = (u8::try_from(owner).unwrap_or_default(), Timestamp::from_micros(world.now));
        let outcome: Arc<[u8]> = Arc::from([mine]);
        let Some(record) = &mut world.record else { return };
        let epoch = if self.wrong == Wrong::CompletesWithoutEpoch { record.epoch } else { epoch };
        if self.wrong == Wrong::CompletesWithoutEpoch {
            record.state = ClaimState::Claimed;
        }
        if complete(record, epoch, (outcome.clone(), KEEP), now).is_err() {
            return;
        }
        // The owner is answered that this is the outcome.
        let is_other = record.outcome.as_ref() != Some(&outcome);
        world.break_if(is_other, RIGHT_ANSWER);
        record_outcome(world);
    }

    /// Leaves out what nothing depends on, so that situations that differ in it are one.
    fn leave_out(&self, world: &mut World) {
        let start = Timestamp::from_micros(START);
        if let Some(record) = &mut world.record {
            (record.at, record.attempts) = (start, 0);
            if record.state != ClaimState::Claimed {
                (record.until, record.owner) = (start, 0);
            }
        }
        for owner in &mut world.owners {
            if let (Owner::Works { until, .. }, true) = (owner, self.wrong != Wrong::FencesByTime) {
                *until = START;
            }
        }
    }

    fn resolve(&self, world: &mut World, was_done: bool) {
        let now = Timestamp::from_micros(world.now);
        let Some(record) = &mut world.record else { return };
        let (before, how) = (
            record.epoch,
            if was_done { Resolution::Completed { outcome: Arc::from([9]), keep: KEEP } } else { Resolution::NotDone },
        );
        if resolve(record, before, how, now).is_err() {
            return;
        }
        if self.wrong == Wrong::ResolvesWithoutEpoch {
            record.epoch = before;
        }
        world.anew = true;
        if was_done {
            record_outcome(world);
        }
    }
}

/// Notes the outcome that is recorded.
fn record_outcome(world: &mut World) {
    let recorded = world.record.as_ref().and_then(|record| record.outcome.as_ref()?.first().copied());
    let first = *world.outcome.get_or_insert(recorded.unwrap_or_default());
    world.break_if(recorded != Some(first), ONE_OUTCOME);
}

impl Model for Protocol {
    type State = World;
    type Action = Action;

    fn init_states(&self) -> Vec<World> {
        vec![World {
            record: None,
            floor: Epoch(0),
            now: START,
            set_back: false,
            owners: [Owner::Idle; OWNERS],
            claims: 0,
            newest: Epoch(0),
            done: 0,
            anew: false,
            outcome: None,
            broken: Vec::new(),
        }]
    }

    fn actions(&self, world: &World, actions: &mut Vec<Action>) {
        if world.now < START + self.ticks {
            actions.push(Action::Tick);
        }
        if !world.set_back {
            actions.push(Action::SetBack);
        }
        actions.extend([Action::Sweep, Action::Resolve(true), Action::Resolve(false)]);
        for (at, owner) in world.owners.iter().enumerate() {
            match owner {
                Owner::Idle if world.claims < CLAIMS => actions.push(Action::Claim(at)),
                Owner::Idle => {}
                Owner::Works { has_done, .. } => {
                    actions.extend([Action::Write(at), Action::Renew(at), Action::Abandon(at), Action::Crash(at)]);
                    actions.push(if *has_done { Action::Complete(at) } else { Action::Work(at) });
                    if !has_done {
                        actions.push(Action::Release(at));
                    }
                    if self.wrong == Wrong::LooksWithoutLock {
                        actions.push(Action::Look(at));
                    }
                }
            }
        }
    }

    fn next_state(&self, before: &World, action: Action) -> Option<World> {
        let mut world = before.clone();
        let now = Timestamp::from_micros(world.now);
        match action {
            Action::Tick => world.now += 1,
            Action::SetBack => {
                world.now -= 3;
                world.set_back = true;
            }
            Action::Sweep => {
                if let Some(swept) = world.record.take_if(|record| record.is_expired(now)) {
                    world.break_if(swept.state == ClaimState::Claimed, NO_CLAIM_SWEPT);
                    if self.wrong != Wrong::ForgetsFloor {
                        world.floor = world.floor.max(swept.epoch);
                    }
                    world.outcome = None;
                    world.anew |= swept.state == ClaimState::Completed;
                }
            }
            Action::Resolve(was_done) => self.resolve(&mut world, was_done),
            Action::Claim(owner) => self.claim(&mut world, owner),
            Action::Crash(owner) => world.owners[owner] = Owner::Idle,
            Action::Work(at)
            | Action::Write(at)
            | Action::Look(at)
            | Action::Renew(at)
            | Action::Complete(at)
            | Action::Release(at)
            | Action::Abandon(at) => {
                let Owner::Works { epoch, until, has_done, has_looked } = world.owners[at] else { return None };
                match action {
                    Action::Work(_) => {
                        world.done = (world.done + 1).min(2);
                        world.owners[at] = Owner::Works { epoch, until, has_done: true, has_looked };
                    }
                    Action::Look(_) => {
                        let holds = world.record.as_ref().is_some_and(|record| record.is_held_by(epoch));
                        world.owners[at] = Owner::Works { epoch, until, has_done, has_looked: holds };
                    }
                    Action::Write(_) => {
                        let written = self.is_let_in(&world, epoch, until, has_looked);
                        world.break_if(written && epoch < world.newest, NO_STALE_WRITE);
                    }
                    Action::Renew(_) => {
                        let record = world.record.as_mut()?;
                        renew(record, epoch, LEASE, now).ok()?;
                        world.owners[at] = Owner::Works { epoch, until: world.now + 2, has_done, has_looked };
                    }
                    Action::Complete(_) => {
                        self.complete(&mut world, at, epoch);
                        world.owners[at] = Owner::Idle;
                    }
                    Action::Release(_) => {
                        let record = world.record.as_mut()?;
                        release(record, epoch, now).ok()?;
                        world.owners[at] = Owner::Idle;
                    }
                    _ => {
                        let record = world.record.as_mut()?;
                        abandon(record, epoch, now).ok()?;
                        world.owners[at] = Owner::Idle;
                    }
                }
            }
        }
        self.leave_out(&mut world);
        (world != *before).then_some(world)
    }

    fn properties(&self) -> Vec<Property<Self>> {
        vec![
            Property::always(EPOCHS_GROW, |_, world: &World| !world.broken.contains(&EPOCHS_GROW)),
            Property::always(NO_STALE_WRITE, |_, world: &World| !world.broken.contains(&NO_STALE_WRITE)),
            Property::always(ONE_OUTCOME, |_, world: &World| !world.broken.contains(&ONE_OUTCOME)),
            Property::always(RIGHT_ANSWER, |_, world: &World| !world.broken.contains(&RIGHT_ANSWER)),
            Property::always(NO_CLAIM_SWEPT, |_, world: &World| !world.broken.contains(&NO_CLAIM_SWEPT)),
            Property::always(NOT_DONE_AGAIN, |protocol: &Self, world: &World| {
                protocol.takes_over || world.anew || world.done <= 1
            }),
            // The model is not empty.
            Property::sometimes("taken over", |_, world: &World| world.claims > 1 && world.outcome.is_some()),
        ]
    }
}

#[test]
fn claims_keep_their_promises_in_every_interleaving() {
    let ticks = if std::env::var_os("IDEM_LONG").is_some() { 4 } else { 3 };
    for takes_over in [false, true] {
        let protocol = Protocol { wrong: Wrong::Nothing, takes_over, ticks };
        let checked = protocol.checker().threads(2).spawn_bfs().join();
        checked.assert_properties();
        println!("takes over: {takes_over}: {} situations", checked.unique_state_count());
    }
}

#[test]
fn wrong_variants_of_claims_are_found_with_trace() {
    for (wrong, takes_over, property) in [
        (Wrong::CompletesWithoutEpoch, true, ONE_OUTCOME),
        (Wrong::LooksWithoutLock, true, NO_STALE_WRITE),
        (Wrong::LeaseIsRetention, false, NOT_DONE_AGAIN),
        (Wrong::CountsEpochs, true, EPOCHS_GROW),
        (Wrong::ForgetsFloor, true, EPOCHS_GROW),
        (Wrong::FencesByTime, true, NO_STALE_WRITE),
        (Wrong::ResolvesWithoutEpoch, false, RIGHT_ANSWER),
        (Wrong::TakesOverEpoch, true, EPOCHS_GROW),
    ] {
        // A little deeper each time: the first trace that is found is a shortest one.
        let found = (2..=16).find_map(|depth| {
            let protocol = Protocol { wrong, takes_over, ticks: 4 };
            protocol.checker().target_max_depth(depth).spawn_bfs().join().discovery(property)
        });
        let trace = found.unwrap_or_else(|| panic!("{wrong:?} keeps: {property}"));
        println!("{wrong:?}: {:?}", trace.into_actions());
    }
}
