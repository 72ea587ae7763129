//! The enum comes out of a `macro_rules!`, with names and types that the caller gave.
use idem_core::{Natural, idempotent_fsm};
use serde::{Deserialize, Serialize};

macro_rules! two_steps {
    ($machine:ident, $command:ident($payload:ty), $first:ident => $second:ident($value:ty)) => {
        #[idempotent_fsm]
        #[command($command { payload: $payload })]
        #[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
        enum $machine {
            #[initial]
            #[on($command => $second)]
            $first,
            #[terminal]
            $second($value),
        }
    };
}

two_steps!(Order, Pay(i64), Pending => Paid(Vec<i64>));

struct Rules;

impl order::Transitions for Rules {
    type Rejection = idem_core::Never;

    fn pay(
        &self,
        _: order::Pending,
        pay: &order::Pay,
        _: &idem_core::Context<'_>,
    ) -> Result<idem_core::Step<order::Paid>, Self::Rejection> {
        Ok(idem_core::Step::to(order::Paid(vec![pay.payload])))
    }
}

#[test]
fn machine_made_by_macro_rules_compiles_and_runs() {
    Order::in_memory(Rules, order::Pending).pay(Natural, order::Pay { payload: 1 }).unwrap();
}
