use idem_core::{Context, Step, idempotent_fsm};
use serde::{Deserialize, Serialize};

#[derive(Debug, Clone, PartialEq)]
struct Receipt(i64);

#[idempotent_fsm]
#[command(Pay -> Receipt)]
#[command(Ship)]
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
enum Order {
    #[initial]
    #[on(Pay => Paid)]
    Pending,
    #[on(Ship => Shipped)]
    Paid,
    #[terminal]
    Shipped {
        at: u64,
    },
}

struct Rules;

impl order::Transitions for Rules {
    type Rejection = idem_core::Never;

    fn pay(
        &self,
        _from: order::Pending,
        _pay: &order::Pay,
        _cx: &Context<'_>,
    ) -> Result<Step<order::Paid, Receipt>, Self::Rejection> {
        Ok(Step::to(order::Paid).outcome(Receipt(1)))
    }
}

fn main() {}
