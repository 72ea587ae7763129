//! An outcome need not be `Clone`: what a machine in memory remembers is then copied through serde.
use idem_core::{Context, Key, Step, idempotent_fsm};
use serde::{Deserialize, Serialize};

#[derive(Debug, PartialEq, Serialize, Deserialize)]
pub struct Receipt {
    code: String,
}

#[idempotent_fsm]
#[command(Redeem { code: String } -> Receipt)]
#[command(Close)]
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub enum Voucher {
    #[initial]
    #[on(Redeem => Redeemed)]
    Open,

    #[on(Close => Closed)]
    Redeemed,

    #[terminal]
    Closed,
}

struct Shop;

impl voucher::Transitions for Shop {
    type Rejection = idem_core::Never;

    fn redeem(
        &self,
        _from: voucher::Open,
        redeem: &voucher::Redeem,
        _cx: &Context<'_>,
    ) -> Result<Step<voucher::Redeemed, Receipt>, Self::Rejection> {
        Ok(Step::to(voucher::Redeemed).outcome(Receipt { code: redeem.code.clone() }))
    }
}

#[test]
fn outcome_without_clone_is_replayed() {
    let mut memory = Voucher::in_memory(Shop, voucher::Open);
    let key = Key::new("customer-7", "req-1").unwrap();
    let redeem = voucher::Redeem { code: "GIFT-4".into() };

    let redeemed = memory.redeem(&key, redeem.clone()).unwrap();
    assert!(redeemed.is_fresh());
    assert_eq!(redeemed.into_inner(), Receipt { code: "GIFT-4".into() });

    memory.close(&Key::new("customer-7", "req-2").unwrap()).unwrap();
    let again = memory.redeem(&key, redeem.clone()).unwrap();
    assert!(again.is_superseded());
    assert_eq!(again.into_inner(), Receipt { code: "GIFT-4".into() });

    let decoded = memory.apply(Some(&key), redeem.into()).unwrap();
    assert!(matches!(decoded.into_inner(), voucher::Reply::Redeem(Receipt { code }) if code == "GIFT-4"));
}
