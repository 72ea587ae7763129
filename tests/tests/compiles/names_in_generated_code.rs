//! States and commands with the names that generated code gives to arguments, bindings and type parameters.
#![allow(non_camel_case_types, reason = "names that are there to be in the way")]
use idem_core::{Context, Key, Natural, Step, idempotent_fsm};
use serde::{Deserialize, Serialize};

#[idempotent_fsm]
#[command(Next)]
#[command(Stop { at: u8 } -> u8)]
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
enum Lower {
    #[initial]
    #[on(Next => from)]
    R { first: u8, second: u8 },
    #[on(Next => cx)]
    #[on(Stop => id)]
    from,
    #[on(Next => state)]
    #[on(Stop => id)]
    cx,
    #[on(Next => command)]
    state,
    #[on(Next => key)]
    command,
    #[on(Next => rules)]
    key,
    #[on(Next => idem)]
    rules,
    #[on(Next => f)]
    idem,
    #[on(Next => f0)]
    f,
    #[on(Next => f1)]
    f0,
    #[on(Next => initial)]
    f1,
    #[on(Next => value)]
    initial,
    #[on(Next => reply)]
    value,
    #[on(Next => payload)]
    reply,
    #[on(Next => outcome)]
    payload,
    #[on(Next => copy)]
    outcome,
    #[on(Next => serializer)]
    copy,
    #[on(Next => kind)]
    serializer,
    #[on(Next => stored)]
    kind,
    #[on(Next => legal)]
    stored,
    #[on(Next => legal_in)]
    legal,
    #[on(Next => why)]
    legal_in,
    #[on(Next => tx)]
    why,
    #[on(Next => next)]
    tx,
    #[on(Next => stop)]
    next,
    #[on(Next => DB)]
    stop,
    #[on(Next => S)]
    DB,
    #[on(Next => T)]
    S,
    #[on(Next => id)]
    T,
    #[terminal]
    id,
}

struct Rules;

impl lower::Transitions for Rules {
    type Rejection = idem_core::Never;

    fn stop(
        &self,
        _: lower::StopFrom,
        stop: &lower::Stop,
        _: &Context<'_>,
    ) -> Result<Step<lower::id, u8>, Self::Rejection> {
        Ok(Step::to(lower::id).outcome(stop.at))
    }
}

/// Commands that need no code, and one of each name that has arguments beside it.
#[idempotent_fsm]
#[command(From)]
#[command(Cx)]
#[command(Key)]
#[command(Command as Told)]
#[command(State_ -> u8)]
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
enum Upper {
    #[initial]
    #[on(From => B)]
    A,
    #[on(Cx => C)]
    B,
    #[on(Key => D)]
    C,
    #[on(Command => E)]
    D,
    #[on(State_ => F)]
    E,
    #[terminal]
    F,
}

impl upper::Transitions for Rules {
    type Rejection = idem_core::Never;

    fn state_(&self, _: upper::E, _: &upper::State_, _: &Context<'_>) -> Result<Step<upper::F, u8>, Self::Rejection> {
        Ok(Step::to(upper::F).outcome(7))
    }
}

#[idempotent_fsm]
#[command(from)]
#[command(cx { by: u8 } -> u8)]
#[command(key)]
#[command(command { by: u8 })]
#[command(payload)]
#[command(f0)]
#[command(R)]
#[command(DB)]
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
enum Commands {
    #[initial]
    #[on(from => B)]
    A { first: u8 },
    #[on(cx => C)]
    B,
    #[on(key => D)]
    C,
    #[on(command => E)]
    D,
    #[on(payload => F)]
    E,
    #[on(f0 => G)]
    F,
    #[on(R => H)]
    G,
    #[on(DB => I)]
    H,
    #[terminal]
    I,
}

impl commands::Transitions for Rules {
    type Rejection = idem_core::Never;

    fn cx(
        &self,
        _: commands::B,
        command: &commands::cx,
        _: &Context<'_>,
    ) -> Result<Step<commands::C, u8>, Self::Rejection> {
        Ok(Step::to(commands::C).outcome(command.by))
    }

    fn command(
        &self,
        _: commands::D,
        _: &commands::command,
        _: &Context<'_>,
    ) -> Result<Step<commands::E>, Self::Rejection> {
        Ok(Step::to(commands::E))
    }
}

#[test]
fn state_named_like_generated_binding_compiles_and_runs() {
    let mut memory = Lower::in_memory(Rules, lower::R { first: 1, second: 2 });
    for at in 0..lower::StateKind::ALL.len() - 1 {
        let now: lower::StateKind = memory.state().into();
        assert_eq!(now as usize, at);
        memory.next(&Key::new("scope", at.to_string().as_str()).unwrap()).unwrap();
    }
    assert_eq!(*memory.state(), Lower::id);

    let mut memory = Lower::in_memory(Rules, lower::R { first: 1, second: 2 });
    memory.next(&Key::new("scope", "1").unwrap()).unwrap();
    assert_eq!(*memory.stop(Natural, lower::Stop { at: 7 }).unwrap(), 7);
}

#[test]
fn command_without_rule_named_like_generated_item_compiles_and_runs() {
    let mut memory = Upper::in_memory(Rules, upper::A);
    memory.from(Natural).unwrap();
    memory.cx(Natural).unwrap();
    memory.key(Natural).unwrap();
    memory.command(Natural).unwrap();
    assert_eq!(*memory.state_(Natural).unwrap(), 7);
}

#[test]
fn command_in_lower_case_named_like_generated_item_compiles_and_runs() {
    let mut memory = Commands::in_memory(Rules, commands::A { first: 1 });
    memory.from(Natural).unwrap();
    assert_eq!(*memory.cx(Natural, commands::cx { by: 7 }).unwrap(), 7);
    memory.key(Natural).unwrap();
    memory.command(Natural, commands::command { by: 7 }).unwrap();
    memory.payload(Natural).unwrap();
    memory.f0(Natural).unwrap();
    memory.r(Natural).unwrap();
    memory.db(Natural).unwrap();
    assert_eq!(*memory.state(), Commands::I);
}
