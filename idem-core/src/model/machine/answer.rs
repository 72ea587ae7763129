//! The answer table: rows a to g of `docs/GUARANTEES.md`. Nothing else in the library decides what a command is answered
//! with.

use crate::model::machine::graph::Repeat;

/// What is known when a command is to be answered.
#[derive(Debug, Clone, Copy)]
pub(crate) struct AnswerInputs {
    /// The key is known in this namespace; true if it named this very request.
    pub(crate) known: Option<bool>,
    /// The machine exists, or its initial state carries nothing.
    pub(crate) started: bool,
    /// An edge leads on from its state by this command.
    pub(crate) edge: bool,
    pub(crate) repeat: Repeat,
    /// The caller gave no key.
    pub(crate) natural: bool,
    /// The newest run of this command, if the table has asked for it.
    pub(crate) last: Last,
}

#[derive(Debug, Clone, Copy)]
pub(crate) enum Last {
    /// Not looked up.
    Unasked,
    /// It never ran.
    Never,
    /// It ran: with the same payload or another, in this visit of the state or an earlier one.
    Ran { same: bool, this_visit: bool },
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Verdict {
    /// Row a: the outcome that the key remembers.
    Replay,
    /// Row b.
    KeyReused,
    /// Row c: run the transition.
    Run,
    /// Row d: the outcome of the newest run.
    Reached,
    /// Row e.
    ReachedOtherwise,
    /// Row f.
    Invalid,
    /// Row g.
    NotStarted,
    /// A command without a key that can be legal again.
    KeyRequired,
    /// The newest run of the command decides: look it up and ask again.
    LookUp,
}

pub(crate) fn answer(inputs: AnswerInputs) -> Verdict {
    let AnswerInputs { known, started, edge, repeat, natural, last } = inputs;
    match known {
        Some(true) => return Verdict::Replay,
        Some(false) => return Verdict::KeyReused,
        None => {}
    }
    if natural && repeat == Repeat::Ambiguous {
        return Verdict::KeyRequired;
    }
    if !started {
        return Verdict::NotStarted;
    }
    // Without a key the newest run is asked before the edge: a self-loop, or an operator's override, may lead on from a
    // state in which the command has had its one effect.
    let told_by_state = natural || repeat == Repeat::Once;
    match (edge, last) {
        (true, _) if !natural => Verdict::Run,
        (false, _) if !told_by_state => Verdict::Invalid,
        (_, Last::Unasked) => Verdict::LookUp,
        (true, Last::Never | Last::Ran { this_visit: false, .. }) => Verdict::Run,
        (false, Last::Never) => Verdict::Invalid,
        (_, Last::Ran { same: true, .. }) => Verdict::Reached,
        (_, Last::Ran { same: false, .. }) => Verdict::ReachedOtherwise,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const FRESH: AnswerInputs = AnswerInputs {
        known: None,
        started: true,
        edge: true,
        repeat: Repeat::Once,
        natural: false,
        last: Last::Unasked,
    };
    const SAME: Last = Last::Ran { same: true, this_visit: false };
    const OTHER: Last = Last::Ran { same: false, this_visit: false };
    const THIS_VISIT: Last = Last::Ran { same: true, this_visit: true };

    #[test]
    fn known_key_decides_answer_alone() {
        for started in [true, false] {
            for edge in [true, false] {
                for natural in [true, false] {
                    let inputs = AnswerInputs { started, edge, natural, ..FRESH };
                    assert_eq!(answer(AnswerInputs { known: Some(true), ..inputs }), Verdict::Replay);
                    assert_eq!(answer(AnswerInputs { known: Some(false), ..inputs }), Verdict::KeyReused);
                }
            }
        }
    }

    #[test]
    fn command_with_key_and_edge_runs_without_lookup() {
        for repeat in [Repeat::Once, Repeat::PerVisit, Repeat::Ambiguous] {
            for last in [Last::Unasked, Last::Never, SAME, OTHER, THIS_VISIT] {
                assert_eq!(answer(AnswerInputs { repeat, last, ..FRESH }), Verdict::Run);
            }
        }
    }

    #[test]
    fn command_that_runs_once_is_answered_by_reached_state() {
        let past = AnswerInputs { edge: false, ..FRESH };
        for natural in [true, false] {
            let past = AnswerInputs { natural, ..past };
            assert_eq!(answer(past), Verdict::LookUp);
            assert_eq!(answer(AnswerInputs { last: Last::Never, ..past }), Verdict::Invalid);
            assert_eq!(answer(AnswerInputs { last: SAME, ..past }), Verdict::Reached);
            assert_eq!(answer(AnswerInputs { last: OTHER, ..past }), Verdict::ReachedOtherwise);
        }
    }

    #[test]
    fn repeatable_command_without_edge_is_invalid_under_new_key() {
        for repeat in [Repeat::PerVisit, Repeat::Ambiguous] {
            for last in [Last::Unasked, Last::Never, SAME] {
                assert_eq!(answer(AnswerInputs { edge: false, repeat, last, ..FRESH }), Verdict::Invalid);
            }
        }
    }

    #[test]
    fn per_visit_command_has_one_effect_per_visit() {
        let natural = AnswerInputs { repeat: Repeat::PerVisit, natural: true, ..FRESH };
        assert_eq!(answer(natural), Verdict::LookUp);
        assert_eq!(answer(AnswerInputs { last: Last::Never, ..natural }), Verdict::Run);
        assert_eq!(answer(AnswerInputs { last: SAME, ..natural }), Verdict::Run);
        assert_eq!(answer(AnswerInputs { last: THIS_VISIT, ..natural }), Verdict::Reached);
        let other = Last::Ran { same: false, this_visit: true };
        assert_eq!(answer(AnswerInputs { last: other, ..natural }), Verdict::ReachedOtherwise);
    }

    #[test]
    fn ambiguous_command_without_key_is_refused() {
        let natural = AnswerInputs { repeat: Repeat::Ambiguous, natural: true, ..FRESH };
        assert_eq!(answer(natural), Verdict::KeyRequired);
        assert_eq!(answer(AnswerInputs { started: false, ..FRESH }), Verdict::NotStarted);
    }
}
