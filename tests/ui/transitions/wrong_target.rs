use idem_core::idempotent_fsm;
use serde::{Deserialize, Serialize};

#[idempotent_fsm]
#[command(Pay)]
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
enum Order {
    #[initial]
    #[on(Pay => Paid | Declined)]
    Pending,
    #[terminal]
    Paid { at: u64 },
    #[terminal]
    Declined,
}

struct Rules;

impl order::Transitions for Rules {
    type Rejection = std::convert::Infallible;

    fn pay(
        &self,
        _: order::Pending,
        _: &order::Pay,
        _: &idem_core::Context<'_>,
    ) -> Result<idem_core::Step<order::PayTo>, Self::Rejection> {
        Ok(idem_core::Step::to(order::Pending))
    }
}

fn main() {}
