//! `#[cfg]` on a variant is seen resolved; edges and commands follow by `#[cfg_attr]`.
use idem_core::idempotent_fsm;
use serde::{Deserialize, Serialize};

#[idempotent_fsm]
#[command(Pay)]
#[cfg_attr(any(), command(Refund))]
#[cfg_attr(all(), derive(Debug))]
#[derive(Clone, PartialEq, Serialize, Deserialize)]
enum Order {
    #[initial]
    #[on(Pay => Paid)]
    Pending,
    #[cfg_attr(all(), terminal)]
    #[cfg_attr(any(), on(Refund => Refunded))]
    #[cfg_attr(all(), name = "settled", was("Payed"))]
    Paid,
    #[cfg(any())]
    #[terminal]
    Refunded,
}

#[test]
fn variant_and_command_excluded_by_cfg_do_not_exist() {
    assert_eq!(order::StateKind::ALL.len(), 2);
    assert_eq!(order::CommandKind::ALL.len(), 1);
    assert_eq!(format!("{:?}", order::Pending), "Pending");
    assert_eq!(serde_json::to_string(&Order::Paid).unwrap(), "\"settled\"");
    assert_eq!(serde_json::from_str::<Order>("\"Payed\"").unwrap(), Order::Paid);
}
