//! Targets, outcomes and commands that carry nothing: `()` is the rules.
use idem_core::{Natural, idempotent_fsm};
use serde::{Deserialize, Serialize};

#[idempotent_fsm]
#[command(Submit)]
#[command(Publish)]
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub enum Article {
    #[initial]
    #[on(Submit => InReview)]
    Draft { text: String },
    #[on(Publish => Published)]
    InReview,
    #[terminal]
    Published,
}

#[test]
fn machine_without_rules_compiles_and_runs() {
    let mut memory = Article::in_memory((), article::Draft { text: "…".into() });
    memory.submit(Natural).unwrap();
    memory.publish(Natural).unwrap();
    assert!(memory.submit(Natural).unwrap().is_superseded());
}
