use idem_core::{Context, Never, Step, idempotent_fsm};
use serde::{Deserialize, Serialize};

#[idempotent_fsm]
#[command(Pay { amount: i64 } -> u64)]
#[command(Cancel)]
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
enum Order {
    #[initial]
    #[on(Pay => Paid | Declined)]
    #[on(Cancel => Cancelled)]
    Pending,
    #[terminal]
    Paid { amount: i64 },
    #[terminal]
    Declined,
    #[terminal]
    Cancelled,
}

struct Shop;

impl order::Transitions for Shop {
    type Rejection = Never;

    fn pay(&self, _: order::Pending, pay: &order::Pay, _: &Context<'_>) -> Result<Step<order::PayTo, u64>, Never> {
        let step = match pay.amount {
            0 => Step::to(order::Pending),
            amount => Step::to(order::Paid { amount }),
        };
        Ok(step.outcome(7))
    }
}

fn main() {}
