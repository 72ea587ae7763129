//! A command that leads elsewhere from each source: one method per source, so that a wrong target does not compile.
use idem_core::{Context, Key, Step, idempotent_fsm};
use serde::{Deserialize, Serialize};

#[idempotent_fsm]
#[command(Advance { by: u8 } -> u8)]
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
enum Level {
    #[initial]
    #[on(Advance => Middle)]
    Low,
    #[on(Advance => High | Low)]
    Middle,
    #[terminal]
    High,
}

struct Rules;

impl level::Transitions for Rules {
    type Rejection = idem_core::Never;

    fn advance_from_low(
        &self,
        _: level::Low,
        advance: &level::Advance,
        _: &Context<'_>,
    ) -> Result<Step<level::Middle, u8>, Self::Rejection> {
        Ok(Step::to(level::Middle).outcome(advance.by))
    }

    fn advance_from_middle(
        &self,
        _: level::Middle,
        advance: &level::Advance,
        _: &Context<'_>,
    ) -> Result<Step<level::AdvanceFromMiddleTo, u8>, Self::Rejection> {
        let step = if advance.by > 1 { Step::to(level::High) } else { Step::to(level::Low) };
        Ok(step.outcome(advance.by))
    }
}

#[test]
fn command_with_targets_per_source_has_one_method_per_source() {
    let mut memory = Level::in_memory(Rules, level::Low);
    for (key, by) in [("1", 1), ("2", 1), ("3", 1), ("4", 2)] {
        memory.advance(&Key::new("scope", key).unwrap(), level::Advance { by }).unwrap();
    }
    assert_eq!(*memory.state(), Level::High);
}
