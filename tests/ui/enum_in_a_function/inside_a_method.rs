use idem_core::idempotent_fsm;
use serde::{Deserialize, Serialize};

struct Shop;

impl Shop {
    fn open() {
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
    }
}

fn main() {}
