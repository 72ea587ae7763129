//! A module of the user's has the name that the generated one would have.
use idem_core::{Natural, idempotent_fsm};
use serde::{Deserialize, Serialize};

mod order {
    pub(crate) const LIMIT: i64 = 5;
}

#[idempotent_fsm(module = order_machine, name = "order")]
#[command(Pay)]
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
enum Order {
    #[initial]
    #[on(Pay => Paid)]
    Pending,
    #[terminal]
    Paid,
}

#[test]
fn machine_with_renamed_module_compiles_and_runs() {
    assert_eq!(order::LIMIT, 5);
    Order::in_memory((), order_machine::Pending).pay(Natural).unwrap();
}
