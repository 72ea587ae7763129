//! A command that leads elsewhere from each source: one method per source, so that a wrong target does not compile.
use idem_core::{Context, Key, Step, idempotent_fsm};
use serde::{Deserialize, Serialize};

#[idempotent_fsm]
#[command(Advance { by: u8 } -> u8)]
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
enum Shipment {
    #[initial]
    #[on(Advance => Sent)]
    Packed,
    #[on(Advance => Delivered | Packed)]
    Sent,
    #[terminal]
    Delivered,
}

struct Rules;

impl shipment::Transitions for Rules {
    type Rejection = idem_core::Never;

    fn advance_from_packed(
        &self,
        _: shipment::Packed,
        advance: &shipment::Advance,
        _: &Context<'_>,
    ) -> Result<Step<shipment::Sent, u8>, Self::Rejection> {
        Ok(Step::to(shipment::Sent).outcome(advance.by))
    }

    fn advance_from_sent(
        &self,
        _: shipment::Sent,
        advance: &shipment::Advance,
        _: &Context<'_>,
    ) -> Result<Step<shipment::AdvanceFromSentTo, u8>, Self::Rejection> {
        let step = if advance.by > 1 { Step::to(shipment::Delivered) } else { Step::to(shipment::Packed) };
        Ok(step.outcome(advance.by))
    }
}

#[test]
fn command_with_targets_per_source_has_one_method_per_source() {
    let mut memory = Shipment::in_memory(Rules, shipment::Packed);
    for (key, by) in [("1", 1), ("2", 1), ("3", 1), ("4", 2)] {
        memory.advance(&Key::new("scope", key).unwrap(), shipment::Advance { by }).unwrap();
    }
    assert_eq!(*memory.state(), Shipment::Delivered);
}
