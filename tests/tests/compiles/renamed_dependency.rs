//! The dependency has another name, which `main.rs` gives it; `crate = …` says which.
mod idem_core {}

use harmless::{Natural, idempotent_fsm};
use serde::{Deserialize, Serialize};

#[idempotent_fsm(crate = ::harmless)]
#[command(Pay { amount: i64 } -> i64)]
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
enum Order {
    #[initial]
    #[on(Pay => Paid)]
    Pending,
    #[terminal]
    Paid,
}

struct Rules;

impl order::Transitions for Rules {
    type Rejection = harmless::Never;

    fn pay(
        &self,
        _: order::Pending,
        pay: &order::Pay,
        _: &harmless::Context<'_>,
    ) -> Result<harmless::Step<order::Paid, i64>, Self::Rejection> {
        Ok(harmless::Step::to(order::Paid).outcome(pay.amount))
    }
}

#[test]
fn machine_with_renamed_dependency_compiles_and_runs() {
    let mut memory = Order::in_memory(Rules, order::Pending);
    assert_eq!(*memory.pay(Natural, order::Pay { amount: 5 }).unwrap(), 5);
}
