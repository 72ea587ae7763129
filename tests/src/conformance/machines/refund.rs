//! A machine whose keys remember rejections, in two releases.

use serde::{Deserialize, Serialize};

use super::Shop;

/// Why a refund is not approved.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, thiserror::Error)]
#[error("at most {limit} is refunded")]
pub struct OverLimit {
    /// What would be approved.
    pub limit: i64,
}

/// The first release.
pub mod first {
    use super::{OverLimit, Shop};
    use idem_core::{Context, Step, idempotent_fsm};
    use serde::{Deserialize, Serialize};

    /// Requested, then approved or withdrawn.
    #[idempotent_fsm(name = "refund")]
    #[command(Approve { amount: i64, #[fact] limit: i64 } -> i64, remember_rejections)]
    #[command(Withdraw)]
    #[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
    pub enum Refund {
        #[initial]
        #[on(Approve => Approved)]
        #[on(Withdraw => Withdrawn)]
        Requested,

        #[terminal]
        Approved { amount: i64 },

        #[terminal]
        Withdrawn,
    }

    impl refund::Transitions for Shop {
        type Rejection = OverLimit;

        fn approve(
            &self,
            _: refund::Requested,
            approve: &refund::Approve,
            _: &Context,
        ) -> Result<Step<refund::Approved, i64>, OverLimit> {
            if approve.amount > approve.limit {
                return Err(OverLimit { limit: approve.limit });
            }
            Ok(Step::to(refund::Approved { amount: approve.amount }).outcome(approve.amount))
        }

        fn withdraw(
            &self,
            _: refund::Requested,
            _: &refund::Withdraw,
            _: &Context,
        ) -> Result<Step<refund::Withdrawn>, OverLimit> {
            Ok(Step::to(refund::Withdrawn))
        }
    }
}

/// A release that renamed the command, added a member to it, and to the rejection one that must be there.
pub mod second {
    use super::Shop;
    use idem_core::{Context, Step, idempotent_fsm};
    use serde::{Deserialize, Serialize};

    /// Why a refund is not approved.
    #[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, thiserror::Error)]
    #[error("at most {limit} is refunded, less a fee of {fee} percent")]
    pub struct TooMuch {
        /// What would be approved.
        pub limit: i64,
        /// In percent.
        #[serde(alias = "charge")]
        pub fee: i64,
    }

    /// Requested, then approved.
    #[idempotent_fsm(name = "refund")]
    #[command(Accept { amount: i64, #[serde(default)] days: u32, #[fact] limit: i64 } -> i64, was = "Approve", remember_rejections)]
    #[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
    pub enum Refund {
        #[initial]
        #[on(Accept => Approved)]
        Requested,

        #[terminal]
        Approved { amount: i64 },
    }

    impl refund::Transitions for Shop {
        type Rejection = TooMuch;

        fn accept(
            &self,
            _: refund::Requested,
            accept: &refund::Accept,
            _: &Context,
        ) -> Result<Step<refund::Approved, i64>, TooMuch> {
            if accept.amount > accept.limit {
                return Err(TooMuch { limit: accept.limit, fee: 5 });
            }
            Ok(Step::to(refund::Approved { amount: accept.amount }).outcome(accept.amount))
        }
    }
}

/// The refund of an order, which it is requested with.
pub mod of_order {
    use super::{OverLimit, Shop};
    use idem_core::{Context, Step, idempotent_fsm};
    use serde::{Deserialize, Serialize};

    /// Requested, then approved.
    #[idempotent_fsm(name = "order_refund")]
    #[command(Approve { amount: i64, #[fact] limit: i64 }, remember_rejections)]
    #[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
    pub enum Refund {
        #[initial]
        #[on(Approve => Approved)]
        Requested { order: u32 },

        #[terminal]
        Approved,
    }

    impl refund::Transitions for Shop {
        type Rejection = OverLimit;

        fn approve(
            &self,
            _: refund::Requested,
            approve: &refund::Approve,
            _: &Context,
        ) -> Result<Step<refund::Approved>, OverLimit> {
            if approve.amount > approve.limit {
                Err(OverLimit { limit: approve.limit })
            } else {
                Ok(Step::to(refund::Approved))
            }
        }
    }
}

/// A release that remembers no rejections.
pub mod forgetful {
    use super::{OverLimit, Shop};
    use idem_core::{Context, Step, idempotent_fsm};
    use serde::{Deserialize, Serialize};

    /// Requested, then approved or withdrawn.
    #[idempotent_fsm(name = "refund")]
    #[command(Approve { amount: i64, #[fact] limit: i64 } -> i64)]
    #[command(Withdraw)]
    #[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
    pub enum Refund {
        #[initial]
        #[on(Approve => Approved)]
        #[on(Withdraw => Withdrawn)]
        Requested,

        #[terminal]
        Approved { amount: i64 },

        #[terminal]
        Withdrawn,
    }

    impl refund::Transitions for Shop {
        type Rejection = OverLimit;

        fn approve(
            &self,
            _: refund::Requested,
            approve: &refund::Approve,
            _: &Context,
        ) -> Result<Step<refund::Approved, i64>, OverLimit> {
            Ok(Step::to(refund::Approved { amount: approve.amount }).outcome(approve.amount))
        }

        fn withdraw(
            &self,
            _: refund::Requested,
            _: &refund::Withdraw,
            _: &Context,
        ) -> Result<Step<refund::Withdrawn>, OverLimit> {
            Ok(Step::to(refund::Withdrawn))
        }
    }
}
