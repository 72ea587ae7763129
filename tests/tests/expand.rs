//! Generated code as its user sees it: clean under strict lints, its queries of one mind with each other.

#![deny(
    warnings,
    future_incompatible,
    let_underscore,
    missing_docs,
    missing_debug_implementations,
    nonstandard_style,
    single_use_lifetimes,
    trivial_casts,
    trivial_numeric_casts,
    unreachable_pub,
    unused,
    unused_import_braces,
    unused_lifetimes,
    unused_qualifications,
    clippy::all,
    clippy::cargo,
    clippy::pedantic,
    clippy::nursery,
    clippy::exhaustive_enums,
    clippy::exhaustive_structs,
    clippy::indexing_slicing,
    clippy::unwrap_used,
    clippy::panic,
    clippy::shadow_reuse,
    clippy::shadow_unrelated,
    clippy::missing_docs_in_private_items
)]
#![allow(
    clippy::multiple_crate_versions,
    clippy::cargo_common_metadata,
    clippy::negative_feature_names,
    clippy::redundant_feature_names,
    clippy::wildcard_dependencies,
    reason = "about the manifest, not about code"
)]
#![allow(unused_crate_dependencies, reason = "the tests share one manifest")]

use idem_core::{Context, Step, idempotent_fsm};
use serde::{Deserialize, Serialize};

/// What a payment leaves behind.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[non_exhaustive]
pub struct Receipt {
    /// In minor units.
    pub amount: i64,
}

/// The life of an order.
#[idempotent_fsm(name = "lint.order")]
#[command(
    /// Pays it.
    Pay {
        /// In minor units.
        amount: i64,
        #[fact]
        rate: Option<i64>,
    } -> Receipt
)]
#[command(Ship { tracking: String })]
#[command(Cancel)]
#[command(Remind, per_visit)]
#[derive(Debug, Clone, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[non_exhaustive]
pub enum Order {
    /// Not paid.
    #[initial]
    #[on(Pay => Paid | Declined)]
    #[on(Cancel => Cancelled)]
    Pending {
        /// In minor units.
        total: i64,
    },
    /// Paid.
    #[was("Payed")]
    #[on(Ship => Shipped)]
    #[on(Cancel => Cancelled | Declined)]
    #[on(Remind => Paid)]
    Paid(i64),
    /// Not paid, and never will be.
    #[terminal]
    Declined,
    /// On its way.
    #[terminal]
    Shipped(String),
    /// Not wanted.
    #[terminal]
    Cancelled,
}

/// The rules.
#[derive(Debug, Clone, Copy)]
#[non_exhaustive]
pub struct Shop;

impl order::Transitions for Shop {
    type Rejection = idem_core::Never;

    fn pay(
        &self,
        from: order::Pending,
        pay: &order::Pay,
        _: &Context<'_>,
    ) -> Result<Step<order::PayTo, Receipt>, Self::Rejection> {
        let receipt = Receipt { amount: pay.amount };
        let step = if pay.amount == from.total { Step::to(order::Paid(from.total)) } else { Step::to(order::Declined) };
        Ok(step.outcome(receipt))
    }

    fn ship(
        &self,
        _: order::Paid,
        ship: &order::Ship,
        _: &Context<'_>,
    ) -> Result<Step<order::Shipped>, Self::Rejection> {
        Ok(Step::to(order::Shipped(ship.tracking.clone())))
    }

    fn cancel_from_paid(
        &self,
        from: order::Paid,
        _: &order::Cancel,
        _: &Context<'_>,
    ) -> Result<Step<order::CancelFromPaidTo>, Self::Rejection> {
        Ok(if from.0 == 0 { Step::to(order::Cancelled) } else { Step::to(order::Declined) })
    }

    fn remind(
        &self,
        from: order::Paid,
        _: &order::Remind,
        _: &Context<'_>,
    ) -> Result<Step<order::Paid>, Self::Rejection> {
        Ok(Step::to(from))
    }
}

/// The queries speak of one graph.
#[cfg(test)]
mod tests {
    use idem_core::{Key, Natural};

    use super::order::{self, CommandKind, StateKind};
    use super::{Order, Shop};

    #[test]
    fn guard_allowed_and_why_not_agree() {
        let mut legal = 0;
        for &state in StateKind::ALL {
            for &command in CommandKind::ALL {
                let guarded = order::guard(state, command);
                assert_eq!(guarded, order::allowed(state).contains(&command), "{command} in {state}");
                assert_eq!(guarded, order::why_not(state, command).is_none(), "{command} in {state}");
                let arrow = format!("    {state} --> ");
                let label = format!(": {command}\n");
                let drawn = order::mermaid()
                    .split_inclusive('\n')
                    .any(|line| line.starts_with(&arrow) && line.ends_with(&label));
                assert_eq!(guarded, drawn, "{command} in {state}");
                legal += usize::from(guarded);
            }
        }
        assert_eq!(legal, 5);
        assert_eq!(order::dot().matches(" -> ").count(), 7);
    }

    #[test]
    fn refusal_says_where_command_is_legal() {
        let why = order::why_not(StateKind::Pending, CommandKind::Ship);
        let text = why.map(|refusal| refusal.to_string());
        assert_eq!(text.as_deref(), Some("`Ship` is legal in `Paid`; `Pending` answers `Pay`, `Cancel`"));
    }

    #[test]
    fn command_has_own_targets_for_each_source() -> Result<(), Box<dyn std::error::Error>> {
        let mut pending = Order::in_memory(Shop, order::Pending { total: 5 });
        let _cancelled = pending.cancel(Natural)?;
        assert_eq!(*pending.state(), Order::Cancelled);

        let mut paid = Order::in_memory(Shop, order::Pending { total: 5 });
        let _paid = paid.pay(&Key::new("scope", "1")?, order::Pay { amount: 5, rate: None })?;
        let _reminded = paid.remind(Natural)?;
        let _declined = paid.cancel(Natural)?;
        assert_eq!(*paid.state(), Order::Declined);
        Ok(())
    }
}
