//! A machine whose states and commands have other names on the wire than in the code.

use idem_core::{Context, Never, Step, idempotent_fsm};
use serde::{Deserialize, Serialize};

use super::Shop;

/// A voucher, from its sale to its end.
#[idempotent_fsm(name = "shop \"voucher\"")]
#[command(Sell { to: String } -> u64, name = "s\\ell")]
#[command(Advance, name = "advance \"it\"")]
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub enum Voucher {
    #[initial]
    #[name = "open"]
    #[on(Sell => Sold)]
    Open,

    /// Its name is the beginning of another one.
    #[name = "so"]
    #[on(Advance => Sent)]
    Sold { to: String, price: Option<i64> },

    #[name = "sold \"\\ out\""]
    #[on(Advance => Redeemed)]
    Sent(String),

    #[name = "Sold"]
    #[on(Advance => Expired)]
    Redeemed(i64, Vec<String>),

    #[terminal]
    #[name = "é \u{1f600}"]
    Expired,
}

impl voucher::Transitions for Shop {
    type Rejection = Never;

    fn sell(&self, _: voucher::Open, sold: &voucher::Sell, cx: &Context) -> Result<Step<voucher::Sold, u64>, Never> {
        Ok(Step::to(voucher::Sold { to: sold.to.clone(), price: None }).outcome(cx.seq()))
    }

    fn advance_from_sold(
        &self,
        from: voucher::Sold,
        _: &voucher::Advance,
        _: &Context,
    ) -> Result<Step<voucher::Sent>, Never> {
        Ok(Step::to(voucher::Sent(from.to)))
    }

    fn advance_from_sent(
        &self,
        from: voucher::Sent,
        _: &voucher::Advance,
        _: &Context,
    ) -> Result<Step<voucher::Redeemed>, Never> {
        Ok(Step::to(voucher::Redeemed(1, vec![from.0])))
    }

    fn advance_from_redeemed(
        &self,
        _: voucher::Redeemed,
        _: &voucher::Advance,
        _: &Context,
    ) -> Result<Step<voucher::Expired>, Never> {
        Ok(Step::to(voucher::Expired))
    }
}
