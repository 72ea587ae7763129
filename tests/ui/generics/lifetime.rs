use idem_core::idempotent_fsm;
use serde::{Deserialize, Serialize};

#[idempotent_fsm]
#[command(Pay)]
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
enum Order<'a> {
    #[initial]
    #[on(Pay => Paid)]
    Pending(&'a str),
    #[terminal]
    Paid,
}

fn main() {}
