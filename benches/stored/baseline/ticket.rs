//! The machine as one writes it by hand.

use serde::{Deserialize, Serialize};

use crate::workload::{Receipt, Sheet, Turn};

/// A machine that every command moves to its other state, so that each write also moves the index on states.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub(crate) enum Ticket {
    Open(Sheet),
    Held(Sheet),
}

impl Ticket {
    /// The state's name, as it is stored beside its content.
    pub(crate) fn name(&self) -> &'static str {
        match self {
            Self::Open(_) => "Open",
            Self::Held(_) => "Held",
        }
    }

    /// The transition.
    pub(crate) fn turn(self, turn: &Turn) -> (Self, Receipt) {
        match self {
            Self::Open(sheet) => {
                let (sheet, receipt) = sheet.turned(turn.amount, &turn.reference);
                (Self::Held(sheet), receipt)
            }
            Self::Held(sheet) => {
                let (sheet, receipt) = sheet.turned(turn.amount, &turn.reference);
                (Self::Open(sheet), receipt)
            }
        }
    }
}
