//! Keywords as the names of the enum, of states, commands, fields and methods, and names that the generated code uses itself.
use idem_core::{Context, Natural, Step, idempotent_fsm};
use serde::{Deserialize, Serialize};

#[idempotent_fsm]
#[command(Match { r#fn: i64 } -> i64)]
#[command(r#move)]
#[command(Gen { key: i64 })]
#[command(Key { gen_: i64 })]
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
enum Type {
    #[initial]
    #[on(Match => r#loop)]
    Start { r#in: i64 },
    #[allow(non_camel_case_types)]
    #[on(r#move => End)]
    r#loop { r#ref: i64 },
    #[on(Gen => Between)]
    End,
    #[on(Key => Over)]
    Between,
    #[terminal]
    Over,
}

struct Rules;

impl r#type::Transitions for Rules {
    type Rejection = idem_core::Never;

    fn r#match(
        &self,
        from: r#type::Start,
        command: &r#type::Match,
        _: &Context<'_>,
    ) -> Result<Step<r#type::r#loop, i64>, Self::Rejection> {
        Ok(Step::to(r#type::r#loop { r#ref: from.r#in }).outcome(command.r#fn))
    }

    fn r#gen(
        &self,
        _: r#type::End,
        _: &r#type::Gen,
        _: &Context<'_>,
    ) -> Result<Step<r#type::Between>, Self::Rejection> {
        Ok(Step::to(r#type::Between))
    }

    fn key(&self, _: r#type::Between, _: &r#type::Key, _: &Context<'_>) -> Result<Step<r#type::Over>, Self::Rejection> {
        Ok(Step::to(r#type::Over))
    }
}

#[test]
fn machine_with_raw_identifiers_compiles_and_runs() {
    assert_eq!(r#type::StateKind::r#loop.name(), "loop");
    let mut memory = Type::in_memory(Rules, r#type::Start { r#in: 1 });
    assert_eq!(*memory.r#match(Natural, r#type::Match { r#fn: 7 }).unwrap(), 7);
    memory.r#move(Natural).unwrap();
    assert_eq!(*memory.state(), Type::End);
    memory.r#gen(Natural, r#type::Gen { key: 1 }).unwrap();
    memory.key(Natural, r#type::Key { gen_: 1 }).unwrap();
    assert_eq!(*memory.state(), Type::Over);
    assert_eq!(serde_json::to_string(&r#type::Command::from(r#type::r#move)).unwrap(), r#"{"move":null}"#);
}
