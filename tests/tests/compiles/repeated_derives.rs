//! Derives in front of a command that its struct would have anyway.
use idem_core::{Natural, idempotent_fsm};
use serde::{Deserialize, Serialize};

#[idempotent_fsm]
#[command(#[derive(Debug, PartialEq)] #[derive(Eq, Hash)] Pay)]
#[command(#[derive(serde::Serialize, std::clone::Clone, ::serde::Deserialize)] Ship)]
#[command(#[derive(Serialize, Default)] Lose)]
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
enum Order {
    #[initial]
    #[on(Pay => Paid)]
    Pending,
    #[on(Ship => Shipped)]
    Paid,
    #[on(Lose => Lost)]
    Shipped,
    #[terminal]
    Lost,
}

fn made<T: Default>() -> T {
    T::default()
}

#[test]
fn command_with_repeated_derives_compiles_and_runs() {
    let mut memory = Order::in_memory((), order::Pending);
    memory.pay(Natural).unwrap();
    memory.apply(Natural, order::Ship.clone().into()).unwrap();
    memory.apply(Natural, made::<order::Lose>().into()).unwrap();
    assert_eq!(std::collections::HashSet::from([order::Pay, order::Pay]).len(), 1);
    assert_eq!(serde_json::to_string(&order::Command::from(order::Ship)).unwrap(), r#"{"Ship":null}"#);
}
