//! The rules of a payment: what each command makes of the state it finds.

use idem_core::{Context, Step};

use super::machine::{Decision, Hold, Receipt, Refusal, payment};

/// The rules of the house.
#[derive(Debug, Clone, Copy)]
#[allow(clippy::exhaustive_structs, reason = "a name for the rules, written as a value")]
pub struct House;

impl payment::Transitions for House {
    type Rejection = Refusal;

    fn authorize(
        &self,
        _from: payment::Requested,
        authorize: &payment::Authorize,
        cx: &Context,
    ) -> Result<Step<payment::AuthorizeTo, Decision>, Refusal> {
        let payment::Authorize { customer, merchant, amount, funds } = authorize.clone();
        let decision = |approved| Decision { id: cx.id("authorization").to_string(), approved };
        let declined = Step::to(payment::Declined { amount: amount.0 }).outcome(decision(false));
        if amount.0 > funds {
            return Ok(declined);
        }
        let hold = Hold { customer, merchant, amount: amount.0 };
        let (from, to) = (hold.payer(), hold.held());
        Ok(Step::to(payment::Authorized { hold })
            .transfer(from, to, amount.0)
            .outcome(decision(true))
            // The account knows better than whoever looked the funds up: if it has a floor, this would be below it.
            .or_if_refused(declined))
    }

    fn capture(
        &self,
        from: payment::CaptureFrom,
        capture: &payment::Capture,
        cx: &Context,
    ) -> Result<Step<payment::CaptureTo, Receipt>, Refusal> {
        let (hold, before) = match from {
            payment::CaptureFrom::Authorized(state) => (state.hold, 0),
            payment::CaptureFrom::PartlyCaptured(state) => (state.hold, state.captured),
        };
        let left = hold.amount - before;
        let amount = capture.amount.map_or(left, |amount| amount.0);
        if amount > left {
            return Err(Refusal::OverHold { amount, left });
        }
        let receipt = Receipt { id: cx.id("capture").to_string(), amount, left: left - amount };
        let (from, to) = (hold.held(), hold.payee());
        let state: payment::CaptureTo = if amount == left {
            payment::Captured { sale: hold }.into()
        } else {
            payment::PartlyCaptured { hold, captured: before + amount }.into()
        };
        Ok(Step::to(state).transfer(from, to, amount).emit("payment.captured", &receipt).outcome(receipt))
    }

    fn void(
        &self,
        from: payment::Authorized,
        void: &payment::Void,
        _cx: &Context,
    ) -> Result<Step<payment::Voided>, Refusal> {
        let hold = from.hold;
        let to = payment::Voided { reason: void.reason.clone() };
        Ok(Step::to(to).transfer(hold.held(), hold.payer(), hold.amount))
    }

    fn expire_from_authorized(
        &self,
        from: payment::Authorized,
        _expire: &payment::Expire,
        _cx: &Context,
    ) -> Result<Step<payment::Expired>, Refusal> {
        let hold = from.hold;
        Ok(Step::to(payment::Expired).transfer(hold.held(), hold.payer(), hold.amount))
    }

    fn expire_from_partly_captured(
        &self,
        from: payment::PartlyCaptured,
        _expire: &payment::Expire,
        _cx: &Context,
    ) -> Result<Step<payment::Captured>, Refusal> {
        let (sold, rest) = (from.captured, from.hold.amount - from.captured);
        let (held, payer) = (from.hold.held(), from.hold.payer());
        Ok(Step::to(payment::Captured { sale: Hold { amount: sold, ..from.hold } }).transfer(held, payer, rest))
    }

    fn refund(
        &self,
        from: payment::RefundFrom,
        refund: &payment::Refund,
        cx: &Context,
    ) -> Result<Step<payment::RefundTo, Receipt>, Refusal> {
        let (sale, before) = match from {
            payment::RefundFrom::Captured(state) => (state.sale, 0),
            payment::RefundFrom::PartlyRefunded(state) => (state.sale, state.refunded),
        };
        let (amount, left) = (refund.amount.0, sale.amount - before);
        if amount > left {
            return Err(Refusal::OverSale { amount, left });
        }
        let receipt = Receipt { id: cx.id("refund").to_string(), amount, left: left - amount };
        let (from, to) = (sale.payee(), sale.payer());
        let state: payment::RefundTo = if amount == left {
            payment::Refunded { sale }.into()
        } else {
            payment::PartlyRefunded { sale, refunded: before + amount }.into()
        };
        Ok(Step::to(state).transfer(from, to, amount).emit("payment.refunded", &receipt).outcome(receipt))
    }
}

#[cfg(test)]
mod tests {
    use idem_core::{Key, Natural};

    use super::super::machine::{Amount, Payment};
    use super::*;

    fn authorize(amount: i64, funds: i64) -> payment::Authorize {
        let amount = Amount::try_from(amount).unwrap();
        payment::Authorize { customer: "c".to_owned(), merchant: "m".to_owned(), amount, funds }
    }

    fn capture(amount: i64) -> payment::Capture {
        payment::Capture { amount: Some(Amount::try_from(amount).unwrap()) }
    }

    fn key(key: &str) -> Key {
        Key::new("shop", key).unwrap()
    }

    #[test]
    fn declined_payment_is_replayed_after_funds_change() {
        let mut payment = Payment::in_memory(House, payment::Requested);
        assert!(!payment.authorize(&key("1"), authorize(500, 499)).unwrap().approved);
        let again = payment.authorize(&key("1"), authorize(500, 10_000)).unwrap();
        assert!(again.is_replay() && !again.approved);
        assert_eq!(*payment.state(), Payment::Declined { amount: 500 });
    }

    #[test]
    fn payment_below_account_floor_is_declined() {
        let mut payment = Payment::in_memory(House, payment::Requested);
        payment.bound("customer:c", Some(-499), None).unwrap();
        assert!(!payment.authorize(Natural, authorize(500, 10_000)).unwrap().approved);
        assert_eq!((payment.balance("customer:c"), payment.balance("held:m")), (0, 0));
    }

    #[test]
    fn payment_captured_and_refunded_in_parts_moves_money_once() {
        let mut payment = Payment::in_memory(House, payment::Requested);
        assert!(payment.authorize(Natural, authorize(500, 500)).unwrap().approved);
        for _ in 0..3 {
            assert_eq!(payment.capture(&key("1"), capture(200)).unwrap().left, 300);
        }
        let over = payment.capture(&key("2"), capture(301)).unwrap_err();
        assert_eq!(over.to_string(), "rejected: 301 cannot be captured, 300 is set aside");
        assert_eq!(payment.capture(&key("3"), payment::Capture { amount: None }).unwrap().amount, 300);
        let refund = payment::Refund { amount: Amount::try_from(120).unwrap() };
        for _ in 0..3 {
            assert_eq!(payment.refund(&key("4"), refund.clone()).unwrap().left, 380);
        }
        let balances = ["customer:c", "held:m", "merchant:m"].map(|account| payment.balance(account));
        assert_eq!(balances, [-380, 0, 380]);
    }

    #[test]
    fn expired_payment_returns_uncaptured_money() {
        let mut payment = Payment::in_memory(House, payment::Requested);
        payment.authorize(Natural, authorize(500, 500)).unwrap();
        payment.capture(&key("1"), capture(200)).unwrap();
        payment.expire(Natural).unwrap();
        let balances = ["customer:c", "held:m", "merchant:m"].map(|account| payment.balance(account));
        assert_eq!(balances, [-200, 0, 200]);
    }
}
