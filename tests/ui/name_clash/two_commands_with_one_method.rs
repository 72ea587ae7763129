use idem_core::idempotent_fsm;
use serde::{Deserialize, Serialize};

#[idempotent_fsm]
#[command(Pay)]
#[command(ShipNow)]
#[command(Ship_now)]
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
enum Order {
    #[initial]
    #[on(Pay => Paid)]
    Pending,
    #[on(ShipNow => Shipped)]
    #[on(Ship_now => Shipped)]
    Paid,
    #[terminal]
    Shipped,
}

fn main() {}
