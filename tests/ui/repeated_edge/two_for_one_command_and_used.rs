use idem_core::idempotent_fsm;
use serde::{Deserialize, Serialize};

#[idempotent_fsm]
#[command(Pay)]
#[command(Ship)]
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
enum Order {
    #[initial]
    #[on(Pay => Paid)]
    #[on(Pay => Shipped)]
    Pending,
    #[on(Ship => Shipped)]
    Paid,
    #[terminal]
    Shipped,
}

struct Rules;

impl order::Transitions for Rules {
    type Rejection = idem_core::Never;

    fn pay(
        &self,
        _: order::Pending,
        _: &order::Pay,
        _: &idem_core::Context<'_>,
    ) -> Result<idem_core::Step<order::Paid>, Self::Rejection> {
        Ok(idem_core::Step::to(order::Paid))
    }
}

fn main() {
    Order::in_memory(Rules, order::Pending).pay(idem_core::Natural).unwrap();
}
