use idem_core::idempotent_fsm;
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

fn main() {
    let idem = "sqlite://shop.db";
    let orders = Order::stored(&idem, ());
    orders.at("order-1");
}
