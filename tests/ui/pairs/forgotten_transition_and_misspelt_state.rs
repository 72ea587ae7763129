use idem_core::idempotent_fsm;
use serde::{Deserialize, Serialize};

#[idempotent_fsm]
#[command(Pay)]
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
enum Order {
    #[initial]
    #[on(Pay => Paid | Declind)]
    Pending,
    #[terminal]
    Paid { at: u64 },
    #[terminal]
    Declined,
}

struct Rules;

impl order::Transitions for Rules {
    type Rejection = idem_core::Never;
}

fn main() {}
