//! The rules of a payment intent: what each command makes of the state it finds.

use idem_core::{Context, Step};

use super::machine::{CardAnswer, Confirmation, Refusal, intent};

/// The rules.
#[derive(Debug, Clone, Copy)]
#[allow(clippy::exhaustive_structs, reason = "a name for the rules, written as a value")]
pub struct Processor;

impl intent::Transitions for Processor {
    type Rejection = Refusal;

    fn update(
        &self,
        _from: intent::Open,
        update: &intent::Update,
        _cx: &Context,
    ) -> Result<Step<intent::Open>, Refusal> {
        Ok(Step::to(intent::Open { terms: update.terms.clone() }))
    }

    fn confirm(
        &self,
        from: intent::ConfirmFrom,
        confirm: &intent::Confirm,
        cx: &Context,
    ) -> Result<Step<intent::ConfirmTo, Confirmation>, Refusal> {
        let terms = match from {
            intent::ConfirmFrom::Open(from) => from.terms,
            intent::ConfirmFrom::RequiresAction(from) => from.terms,
        };
        let confirmation = Confirmation { charge: cx.id("charge").to_string() };
        Ok(match confirm.answer {
            CardAnswer::Declined => Step::to(intent::Open { terms }),
            CardAnswer::ActionRequired => Step::to(intent::RequiresAction { terms }),
            CardAnswer::Approved if terms.is_manual => {
                let (hold, payer, amount) = (cx.id("hold").to_string(), terms.payer.clone(), terms.amount);
                Step::to(intent::RequiresCapture { terms, hold: hold.clone(), captured: 0 }).hold(payer, hold, amount)
            }
            CardAnswer::Approved => {
                let (from, to, amount) = (terms.payer.clone(), terms.payee.clone(), terms.amount);
                Step::to(intent::Succeeded { terms, captured: amount, refunded: 0 }).transfer(from, to, amount)
            }
        }
        .outcome(confirmation))
    }

    fn capture(
        &self,
        from: intent::RequiresCapture,
        capture: &intent::Capture,
        _cx: &Context,
    ) -> Result<Step<intent::CaptureTo, i64>, Refusal> {
        let intent::RequiresCapture { terms, hold, captured } = from;
        let left = terms.amount - captured;
        let amount = capture.amount.unwrap_or(left);
        if !(1..=left).contains(&amount) {
            return Err(Refusal::OverHold { amount, left });
        }
        let (payee, captured) = (terms.payee.clone(), captured + amount);
        Ok(if capture.is_last || amount == left {
            let step =
                Step::to(intent::Succeeded { terms, captured, refunded: 0 }).capture(hold.clone(), payee, amount);
            if amount < left { step.release(hold) } else { step }
        } else {
            Step::to(intent::RequiresCapture { terms, hold: hold.clone(), captured }).capture(hold, payee, amount)
        }
        .outcome(amount))
    }

    fn cancel_from_open(
        &self,
        from: intent::Open,
        cancel: &intent::Cancel,
        _cx: &Context,
    ) -> Result<Step<intent::Canceled>, Refusal> {
        Ok(Step::to(intent::Canceled { terms: from.terms, reason: cancel.reason.clone() }))
    }

    fn cancel_from_requires_action(
        &self,
        from: intent::RequiresAction,
        cancel: &intent::Cancel,
        _cx: &Context,
    ) -> Result<Step<intent::Canceled>, Refusal> {
        Ok(Step::to(intent::Canceled { terms: from.terms, reason: cancel.reason.clone() }))
    }

    fn cancel_from_requires_capture(
        &self,
        from: intent::RequiresCapture,
        cancel: &intent::Cancel,
        _cx: &Context,
    ) -> Result<Step<intent::CancelFromRequiresCaptureTo>, Refusal> {
        let intent::RequiresCapture { terms, hold, captured } = from;
        // What was captured stays so.
        let state: intent::CancelFromRequiresCaptureTo = if captured > 0 {
            intent::Succeeded { terms, captured, refunded: 0 }.into()
        } else {
            intent::Canceled { terms, reason: cancel.reason.clone() }.into()
        };
        Ok(Step::to(state).release(hold))
    }

    fn refund(
        &self,
        from: intent::Succeeded,
        refund: &intent::Refund,
        _cx: &Context,
    ) -> Result<Step<intent::RefundTo, i64>, Refusal> {
        let intent::Succeeded { terms, captured, refunded } = from;
        let left = captured - refunded;
        let amount = refund.amount.unwrap_or(left);
        if !(1..=left).contains(&amount) {
            return Err(Refusal::OverCharge { amount, left });
        }
        let (from, to) = (terms.payee.clone(), terms.payer.clone());
        let state: intent::RefundTo = if amount == left {
            intent::Refunded { terms, captured }.into()
        } else {
            intent::Succeeded { terms, captured, refunded: refunded + amount }.into()
        };
        Ok(Step::to(state).transfer(from, to, amount).outcome(amount))
    }
}

#[cfg(test)]
mod tests {
    use idem_core::Key;

    use super::super::machine::{CardAnswer, Intent, Terms};
    use super::*;

    fn terms(is_manual: bool) -> Terms {
        let currency = "eur".to_owned();
        Terms { amount: 500, currency, is_manual, payer: "payer:1".to_owned(), payee: "merchant:1".to_owned() }
    }

    fn confirm(answer: CardAnswer) -> intent::Confirm {
        intent::Confirm { method: "pm_card_visa".to_owned(), answer }
    }

    fn key(key: &str) -> Key {
        Key::new("shop", key).unwrap()
    }

    #[test]
    fn declined_and_interrupted_confirmations_lead_to_one_payment() {
        let mut intent = Intent::in_memory(Processor, intent::Open { terms: terms(false) });
        for (name, answer, state) in [
            ("1", CardAnswer::Declined, intent::StateKind::Open),
            ("2", CardAnswer::ActionRequired, intent::StateKind::RequiresAction),
            ("3", CardAnswer::Approved, intent::StateKind::Succeeded),
        ] {
            for _ in 0..2 {
                let confirmed = intent.confirm(&key(name), confirm(answer.clone())).unwrap();
                assert_eq!(confirmed.state(), Some(state));
            }
        }
        assert_eq!(["payer:1", "merchant:1"].map(|account| intent.balance(account)), [-500, 500]);
        assert!(intent.confirm(&key("4"), confirm(CardAnswer::Approved)).is_err());
    }

    #[test]
    fn payment_captured_and_refunded_in_parts_moves_money_once() {
        let mut intent = Intent::in_memory(Processor, intent::Open { terms: terms(true) });
        intent.confirm(&key("1"), confirm(CardAnswer::Approved)).unwrap();
        let part = |amount, is_last| intent::Capture { amount, is_last };
        for _ in 0..2 {
            assert_eq!(*intent.capture(&key("2"), part(Some(100), false)).unwrap(), 100);
        }
        let over = intent.capture(&key("3"), part(Some(401), true)).unwrap_err();
        assert_eq!(over.to_string(), "rejected: 401 cannot be captured, 400 is capturable");
        assert_eq!(*intent.capture(&key("4"), part(Some(300), true)).unwrap(), 300);
        for _ in 0..2 {
            assert_eq!(*intent.refund(&key("5"), intent::Refund { amount: Some(150) }).unwrap(), 150);
        }
        assert_eq!(["payer:1", "merchant:1"].map(|account| intent.balance(account)), [-250, 250]);
        assert_eq!(*intent.refund(&key("6"), intent::Refund { amount: None }).unwrap(), 250);
        assert_eq!(["payer:1", "merchant:1"].map(|account| intent.balance(account)), [0, 0]);
    }

    #[test]
    fn canceled_payment_releases_what_is_not_captured() {
        let mut intent = Intent::in_memory(Processor, intent::Open { terms: terms(true) });
        intent.confirm(&key("1"), confirm(CardAnswer::Approved)).unwrap();
        let capture = intent::Capture { amount: Some(200), is_last: false };
        intent.capture(&key("2"), capture).unwrap();
        let canceled = intent.cancel(&key("3"), intent::Cancel { reason: None }).unwrap();
        assert_eq!(canceled.state(), Some(intent::StateKind::Succeeded));
        assert_eq!(["payer:1", "merchant:1"].map(|account| intent.balance(account)), [-200, 200]);
    }
}
