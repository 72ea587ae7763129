//! Unit, tuple and named variants, with and without fields, as states and as targets.
use idem_core::{Context, Natural, Step, idempotent_fsm};
use serde::{Deserialize, Serialize};

#[idempotent_fsm]
#[command(Go)]
#[command(Back {})]
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
enum Shape {
    #[initial]
    #[on(Go => Tuple | Pair | EmptyTuple | Named | EmptyNamed)]
    Unit,
    #[on(Back => Done)]
    Tuple(u8),
    #[on(Back => Done)]
    Pair(u8, Vec<(String, Option<i64>)>),
    #[on(Back => Done)]
    EmptyTuple(),
    #[on(Back => Done)]
    Named { one: [u8; 4], other: Box<str> },
    #[on(Back => Done)]
    EmptyNamed {},
    #[terminal]
    Done,
}

struct Rules;

impl shape::Transitions for Rules {
    type Rejection = idem_core::Never;

    fn go(&self, _: shape::Unit, _: &shape::Go, cx: &Context<'_>) -> Result<Step<shape::GoTo>, Self::Rejection> {
        Ok(match cx.seq() % 5 {
            0 => Step::to(shape::Tuple(1)),
            1 => Step::to(shape::Pair(1, Vec::new())),
            2 => Step::to(shape::EmptyTuple()),
            3 => Step::to(shape::Named { one: [0; 4], other: "".into() }),
            _ => Step::to(shape::EmptyNamed {}),
        })
    }
}

#[test]
fn state_of_every_variant_shape_compiles_and_runs() {
    assert_eq!(Shape::from(shape::Pair(1, Vec::new())), Shape::Pair(1, Vec::new()));
    assert_eq!(Shape::from(shape::GoTo::from(shape::EmptyTuple())), Shape::EmptyTuple());
    assert_eq!(shape::StateKind::from(&Shape::EmptyNamed {}).name(), "EmptyNamed");
    assert_eq!(shape::StateKind::ALL.len(), 7);

    let mut memory = Shape::in_memory(Rules, shape::Unit);
    memory.go(&idem_core::Key::new("scope", "1").unwrap()).unwrap();
    memory.back(Natural).unwrap();
    assert_eq!(*memory.state(), Shape::Done);
}
