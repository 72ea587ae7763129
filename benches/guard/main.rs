//! Instructions per transition of a CD player: 5 states, 11 edges, 5 commands.
//!
//! `cargo bench -p benches --bench guard`. Instructions are counted by valgrind's callgrind: on a machine that other
//! work shares, nanoseconds differ more between two runs than between two crates. The program starts itself under
//! callgrind, with one pass over a stream of events and with three; half the difference is what one pass costs, and the
//! cost of a pass that does nothing is taken off.

mod by_hand;
mod callgrind;
mod idem;
mod player;
mod rust_fsm;
mod smlang;
mod statig;

use std::hint::black_box;

use player::{Event, Machine, STREAM, State, Stream};

/// Any error: the bench stops and says what it was.
pub(crate) type Failure = Box<dyn std::error::Error + Send + Sync>;

/// What is counted: a name, and how to pass over a stream so many times.
type Contender = (&'static str, fn(&Stream, usize));

/// Whether a command is legal in a state.
const GUARDS: &[Contender] = &[
    ("hand-written match", guard::<by_hand::Match>),
    ("hand-written table of bits", guard::<by_hand::Table>),
    ("idem, generated guard", guard::<idem::Generated>),
];

/// The whole step: whether the command is legal, and the state after it.
const MACHINES: &[Contender] = &[
    ("hand-written match", walk::<by_hand::Player>),
    ("statig", walk::<statig::Player>),
    ("rust-fsm", walk::<rust_fsm::Player>),
    ("smlang", walk::<smlang::Player>),
];

/// What the loop itself costs.
const LOOPS: &[Contender] = &[("guard", guard::<by_hand::Nothing>), ("machine", walk::<by_hand::Nothing>)];

fn main() -> Result<(), Failure> {
    let args: Vec<String> = std::env::args().skip(1).filter(|arg| arg != "--bench").collect();
    let args: Vec<&str> = args.iter().map(String::as_str).collect();
    match args.as_slice() {
        [] => report(),
        ["run", table, name, stream, passes] => run(table, name, stream, passes.parse()?),
        _ => Err("cargo bench -p benches --bench guard (without arguments)".into()),
    }
}

/// Counts everything and prints the tables.
fn report() -> Result<(), Failure> {
    agree_guard::<idem::Generated>("idem")?;
    agree::<statig::Player>("statig")?;
    agree::<rust_fsm::Player>("rust-fsm")?;
    agree::<smlang::Player>("smlang")?;
    if !callgrind::is_there() {
        println!("SKIPPED: valgrind is not on the PATH; nothing can be counted");
        return Ok(());
    }
    println!("instructions per command, {STREAM} commands; legal: a random walk, any: random commands, some refused");
    for (table, contenders) in [("guard", GUARDS), ("machine", MACHINES)] {
        println!("\n| {table} | legal | any |\n|---|---|---|");
        for (name, _) in contenders {
            let legal = callgrind::per_command(table, name, "legal")? - callgrind::per_command("loop", table, "legal")?;
            let any = callgrind::per_command(table, name, "any")? - callgrind::per_command("loop", table, "any")?;
            println!("| {name} | {legal:.1} | {any:.1} |");
        }
    }
    Ok(())
}

/// What runs under callgrind.
fn run(table: &str, name: &str, stream: &str, passes: usize) -> Result<(), Failure> {
    let contenders = match table {
        "guard" => GUARDS,
        "machine" => MACHINES,
        _ => LOOPS,
    };
    let (_, pass) = contenders.iter().find(|(found, _)| *found == name).ok_or("no such contender")?;
    pass(&Stream::named(stream), passes);
    Ok(())
}

/// A check alone, without a machine around it.
pub(crate) trait Guard {
    /// Its own types, made before the count begins.
    type State: Copy;
    type Event: Copy;

    fn state(state: State) -> Self::State;
    fn event(event: Event) -> Self::Event;
    fn allows(state: Self::State, event: Self::Event) -> bool;
}

#[inline(never)]
fn guard<G: Guard>(stream: &Stream, passes: usize) {
    let pairs = stream.pairs.iter().map(|&(state, event)| (G::state(state), G::event(event)));
    let pairs: Vec<(G::State, G::Event)> = pairs.collect();
    for _ in 0..passes {
        for &(state, event) in &pairs {
            black_box(G::allows(black_box(state), black_box(event)));
        }
    }
}

#[inline(never)]
fn walk<M: Machine>(stream: &Stream, passes: usize) {
    let events: Vec<M::Event> = stream.pairs.iter().map(|&(_, event)| M::event(event)).collect();
    for _ in 0..passes {
        let mut machine = M::new();
        for event in &events {
            black_box(&mut machine).handle(black_box(event));
        }
    }
}

/// Refuses to count a machine that does something else than the others.
fn agree<M: Machine>(name: &str) -> Result<(), Failure> {
    for stream in ["legal", "any"] {
        let (mut machine, mut reference) = (M::new(), by_hand::Player::new());
        for (_, event) in Stream::named(stream).pairs {
            machine.handle(&M::event(event));
            reference.handle(&event);
            if machine.state() != reference.state() {
                return Err(format!("{name} is in {:?}, not {:?}", machine.state(), reference.state()).into());
            }
        }
    }
    Ok(())
}

/// The same for a check.
fn agree_guard<G: Guard>(name: &str) -> Result<(), Failure> {
    for (state, event) in Stream::named("any").pairs {
        if G::allows(G::state(state), G::event(event)) != by_hand::next(state, event).is_some() {
            return Err(format!("{name} and the others differ on {event:?} in {state:?}").into());
        }
    }
    Ok(())
}
