use idem_core::idempotent_fsm;
use serde::{Deserialize, Serialize};

fn main() {
    #[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
    struct Receipt {
        amount: i64,
    }

    fn one() -> i64 {
        1
    }

    #[idempotent_fsm]
    #[command(Pay { #[serde(default = "one")] amount: i64 } -> Receipt)]
    #[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
    enum Order {
        #[initial]
        #[on(Pay => Paid | Declined)]
        Pending,
        #[terminal]
        Paid { receipt: Receipt },
        #[terminal]
        Declined,
    }
}
