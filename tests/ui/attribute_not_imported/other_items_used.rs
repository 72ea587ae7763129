use idem_core::{Context, Step};
use serde::{Deserialize, Serialize};

#[idempotent_fsm]
#[command(Pay)]
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
enum Order {
    #[initial]
    #[on(Pay => Paid)]
    Pending,
    #[terminal]
    Paid,
}

fn pay(_: &Context<'_>) -> Step<order::Paid> {
    Step::to(order::Paid)
}

fn main() {}
