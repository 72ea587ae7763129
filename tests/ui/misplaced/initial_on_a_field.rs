use idem_core::idempotent_fsm;
use serde::{Deserialize, Serialize};

#[idempotent_fsm]
#[command(Pay)]
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
        #[initial]
        at: u64,
    },
}

struct Rules;

impl order::Transitions for Rules {
    type Rejection = idem_core::Never;

    fn ship(
        &self,
        _: order::Paid,
        _: &order::Ship,
        _: &idem_core::Context<'_>,
    ) -> Result<idem_core::Step<order::Shipped>, Self::Rejection> {
        Ok(idem_core::Step::to(order::Shipped { at: 0 }))
    }
}

fn main() {}
