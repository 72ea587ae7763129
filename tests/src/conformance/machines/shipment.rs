//! The releases of one machine, `shipment`. The first one writes; the others read what it wrote.

use idem_core::idempotent_fsm;
use serde::{Deserialize, Serialize};

use super::Shop;

/// What sending is answered with.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Label {
    /// Where it went.
    pub to: String,
}

/// What a later release answers with; it cannot read a [`Label`].
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Barcode {
    /// No label has it.
    pub number: u64,
}

/// The first release.
pub mod first {
    use super::{Deserialize, Label, Serialize, idempotent_fsm};
    use idem_core::{Context, Step};

    /// Packed, then sent, perhaps lost.
    #[idempotent_fsm(name = "shipment")]
    #[command(Send { to: String } -> Label)]
    #[command(Lose)]
    #[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
    pub enum Shipment {
        #[initial]
        #[on(Send => Sent)]
        Packed { grams: u64 },

        #[on(Lose => Lost)]
        Sent { to: String },

        #[terminal]
        Lost,
    }

    impl shipment::Transitions for super::Shop {
        type Rejection = idem_core::Never;

        fn send(
            &self,
            _: shipment::Packed,
            send: &shipment::Send,
            _: &Context,
        ) -> Result<Step<shipment::Sent, Label>, Self::Rejection> {
            Ok(Step::to(shipment::Sent { to: send.to.clone() }).outcome(Label { to: send.to.clone() }))
        }
    }
}

/// A release that renamed a state and a command, and added a field to each.
pub mod renamed {
    use super::{Deserialize, Label, Serialize, idempotent_fsm};
    use idem_core::{Context, Step};

    /// Boxed, then posted, perhaps lost.
    #[idempotent_fsm(name = "shipment")]
    #[command(Post { to: String, #[serde(default)] express: bool } -> Label, was = "Send")]
    #[command(Lose)]
    #[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
    pub enum Shipment {
        #[initial]
        #[was("Packed")]
        #[on(Post => Posted)]
        Boxed {
            grams: u64,
            #[serde(default)]
            fragile: bool,
        },

        #[was("Sent")]
        #[on(Lose => Lost)]
        Posted { to: String },

        #[terminal]
        Lost,
    }

    impl shipment::Transitions for super::Shop {
        type Rejection = idem_core::Never;

        fn post(
            &self,
            _: shipment::Boxed,
            post: &shipment::Post,
            _: &Context,
        ) -> Result<Step<shipment::Posted, Label>, Self::Rejection> {
            Ok(Step::to(shipment::Posted { to: post.to.clone() }).outcome(Label { to: post.to.clone() }))
        }
    }
}

/// A release that no longer knows how a shipment is lost, nor what sending was answered with.
pub mod narrowed {
    use super::{Barcode, Deserialize, Serialize, idempotent_fsm};
    use idem_core::{Context, Step};

    /// Packed, then sent.
    #[idempotent_fsm(name = "shipment")]
    #[command(Send { to: String } -> Barcode)]
    #[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
    pub enum Shipment {
        #[initial]
        #[on(Send => Sent)]
        Packed { grams: u64 },

        #[terminal]
        Sent { to: String },
    }

    impl shipment::Transitions for super::Shop {
        type Rejection = idem_core::Never;

        fn send(
            &self,
            _: shipment::Packed,
            send: &shipment::Send,
            cx: &Context,
        ) -> Result<Step<shipment::Sent, Barcode>, Self::Rejection> {
            Ok(Step::to(shipment::Sent { to: send.to.clone() }).outcome(Barcode { number: cx.seq() }))
        }
    }
}

/// A release that has its states in another order, and one more.
pub mod reordered {
    use super::{Deserialize, Label, Serialize, idempotent_fsm};
    use idem_core::{Context, Step};

    /// Packed, then sent, perhaps lost, or kept.
    #[idempotent_fsm(name = "shipment")]
    #[command(Send { to: String } -> Label)]
    #[command(Lose)]
    #[command(Keep)]
    #[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
    pub enum Shipment {
        #[terminal]
        Kept,

        #[terminal]
        Lost,

        #[initial]
        #[on(Send => Sent)]
        #[on(Keep => Kept)]
        Packed { grams: u64 },

        #[on(Lose => Lost)]
        Sent { to: String },
    }

    impl shipment::Transitions for super::Shop {
        type Rejection = idem_core::Never;

        fn send(
            &self,
            _: shipment::Packed,
            send: &shipment::Send,
            _: &Context,
        ) -> Result<Step<shipment::Sent, Label>, Self::Rejection> {
            Ok(Step::to(shipment::Sent { to: send.to.clone() }).outcome(Label { to: send.to.clone() }))
        }
    }
}

/// Another machine that took the name.
pub mod foreign {
    use super::{Deserialize, Serialize, idempotent_fsm};

    /// A delivery to the shop.
    #[idempotent_fsm(name = "shipment")]
    #[command(Receive)]
    #[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
    pub enum Shipment {
        #[initial]
        #[on(Receive => Received)]
        Announced,

        #[terminal]
        Received,
    }
}
