//! A machine whose keys remember rejections, in two releases.

use serde::{Deserialize, Serialize};

/// Why a loan is not granted.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, thiserror::Error)]
#[error("at most {limit} is lent")]
pub struct OverLimit {
    /// What would be granted.
    pub limit: i64,
}

/// The rules of a loan, in each release.
#[derive(Debug, Clone, Copy)]
pub struct Bank;

/// The first release.
pub mod first {
    use super::{Bank, OverLimit};
    use idem_core::{Context, Step, idempotent_fsm};
    use serde::{Deserialize, Serialize};

    /// Asked for, then granted or withdrawn.
    #[idempotent_fsm(name = "loan")]
    #[command(Grant { amount: i64, #[fact] limit: i64 } -> i64, remember_rejections)]
    #[command(Withdraw)]
    #[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
    pub enum Loan {
        #[initial]
        #[on(Grant => Granted)]
        #[on(Withdraw => Withdrawn)]
        Asked,

        #[terminal]
        Granted { amount: i64 },

        #[terminal]
        Withdrawn,
    }

    impl loan::Transitions for Bank {
        type Rejection = OverLimit;

        fn grant(
            &self,
            _: loan::Asked,
            grant: &loan::Grant,
            _: &Context,
        ) -> Result<Step<loan::Granted, i64>, OverLimit> {
            if grant.amount > grant.limit {
                return Err(OverLimit { limit: grant.limit });
            }
            Ok(Step::to(loan::Granted { amount: grant.amount }).outcome(grant.amount))
        }

        fn withdraw(
            &self,
            _: loan::Asked,
            _: &loan::Withdraw,
            _: &Context,
        ) -> Result<Step<loan::Withdrawn>, OverLimit> {
            Ok(Step::to(loan::Withdrawn))
        }
    }
}

/// A release that renamed the command, added a member to it, and to the rejection one that must be there.
pub mod second {
    use super::Bank;
    use idem_core::{Context, Step, idempotent_fsm};
    use serde::{Deserialize, Serialize};

    /// Why a loan is not granted.
    #[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, thiserror::Error)]
    #[error("at most {limit} is lent at {rate} percent")]
    pub struct TooMuch {
        /// What would be granted.
        pub limit: i64,
        /// In percent.
        #[serde(alias = "interest")]
        pub rate: i64,
    }

    /// Asked for, then granted.
    #[idempotent_fsm(name = "loan")]
    #[command(Lend { amount: i64, #[serde(default)] years: u32, #[fact] limit: i64 } -> i64, was = "Grant", remember_rejections)]
    #[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
    pub enum Loan {
        #[initial]
        #[on(Lend => Granted)]
        Asked,

        #[terminal]
        Granted { amount: i64 },
    }

    impl loan::Transitions for Bank {
        type Rejection = TooMuch;

        fn lend(&self, _: loan::Asked, lend: &loan::Lend, _: &Context) -> Result<Step<loan::Granted, i64>, TooMuch> {
            if lend.amount > lend.limit {
                return Err(TooMuch { limit: lend.limit, rate: 5 });
            }
            Ok(Step::to(loan::Granted { amount: lend.amount }).outcome(lend.amount))
        }
    }
}

/// A loan on a house, which it is asked for with.
pub mod secured {
    use super::{Bank, OverLimit};
    use idem_core::{Context, Step, idempotent_fsm};
    use serde::{Deserialize, Serialize};

    /// Asked for, then granted.
    #[idempotent_fsm(name = "secured_loan")]
    #[command(Grant { amount: i64, #[fact] limit: i64 }, remember_rejections)]
    #[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
    pub enum Loan {
        #[initial]
        #[on(Grant => Granted)]
        Asked { house: u32 },

        #[terminal]
        Granted,
    }

    impl loan::Transitions for Bank {
        type Rejection = OverLimit;

        fn grant(&self, _: loan::Asked, grant: &loan::Grant, _: &Context) -> Result<Step<loan::Granted>, OverLimit> {
            if grant.amount > grant.limit { Err(OverLimit { limit: grant.limit }) } else { Ok(Step::to(loan::Granted)) }
        }
    }
}
