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
enum Parcel {
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

impl parcel::Transitions for Rules {
    type Rejection = idem_core::Never;

    fn pack(
        &self,
        _: parcel::Pending,
        _: &parcel::Pack,
        _: &idem_core::Context<'_>,
    ) -> Result<idem_core::Step<parcel::Done>, Self::Rejection> {
        Ok(idem_core::Step::to(parcel::Done))
    }
}

#[test]
fn two_machines_in_one_module_compile_and_run() {
    let mut order = Order::in_memory(Rules, order::Pending);
    order.pay(Natural, order::Pay { amount: 1 }).unwrap();
    let mut parcel = Parcel::in_memory(Rules, parcel::Pending { order: order.state().clone() });
    parcel.pack(Natural, parcel::Pack { amount: 1 }).unwrap();
}
