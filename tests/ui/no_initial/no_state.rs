use idem_core::idempotent_fsm;
use serde::{Deserialize, Serialize};

#[idempotent_fsm]
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
enum Order {

}

fn main() {}
