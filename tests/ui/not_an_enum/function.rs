use idem_core::idempotent_fsm;

#[idempotent_fsm]
fn order() {}

fn main() {}
