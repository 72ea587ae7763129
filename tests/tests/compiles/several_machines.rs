//! Two machines in one module, with states and payload types in common, one inside the other's state.
use idem_core::{Natural, idempotent_fsm};
use serde::{Deserialize, Serialize};

#[idempotent_fsm]
#[command(Pay { amount: i64 })]
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
enum Order {
    #[initial]
    #[on(Pay => Done)]
    Pending,
    #[terminal]
    Done,
}

#[idempotent_fsm]
#[command(Pack { amount: i64 })]
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
enum Shipment {
    #[initial]
    #[on(Pack => Done)]
    Pending { order: Order },
    #[terminal]
    Done,
}

struct Rules;

impl order::Transitions for Rules {
    type Rejection = idem_core::Never;

    fn pay(
        &self,
        _: order::Pending,
        _: &order::Pay,
        _: &idem_core::Context<'_>,
    ) -> Result<idem_core::Step<order::Done>, Self::Rejection> {
        Ok(idem_core::Step::to(order::Done))
    }
}

impl shipment::Transitions for Rules {
    type Rejection = idem_core::Never;

    fn pack(
        &self,
        _: shipment::Pending,
        _: &shipment::Pack,
        _: &idem_core::Context<'_>,
    ) -> Result<idem_core::Step<shipment::Done>, Self::Rejection> {
        Ok(idem_core::Step::to(shipment::Done))
    }
}

#[test]
fn two_machines_in_one_module_compile_and_run() {
    let mut order = Order::in_memory(Rules, order::Pending);
    order.pay(Natural, order::Pay { amount: 1 }).unwrap();
    let mut shipment = Shipment::in_memory(Rules, shipment::Pending { order: order.state().clone() });
    shipment.pack(Natural, shipment::Pack { amount: 1 }).unwrap();
}
