use idem_core::{Context, Never, Step, idempotent_fsm};
use serde::{Deserialize, Serialize};

#[idempotent_fsm]
#[command(Pay)]
#[command(Cancel)]
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
enum Order {
    #[initial]
    #[on(Pay => Paid)]
    #[on(Cancel => Cancelled)]
    Pending,
    #[on(Cancel => Cancelled | Refunded)]
    Paid,
    #[terminal]
    Cancelled { reason: String },
    #[terminal]
    Refunded,
}

struct Shop;

impl order::Transitions for Shop {
    type Rejection = Never;

    fn cancel(&self, _: order::Pending, _: &order::Cancel, _: &Context<'_>) -> Result<Step<order::Cancelled>, Never> {
        Ok(Step::to(order::Cancelled { reason: "cancelled".to_owned() }))
    }
}

fn main() {}
