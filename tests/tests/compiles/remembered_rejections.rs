//! A key that remembers a rejection, in memory.
use idem_core::{CommandError, Context, ErrorKind, Key, Step, Timestamp, idempotent_fsm};
use serde::{Deserialize, Serialize};

#[derive(Debug, PartialEq, Serialize, Deserialize, thiserror::Error)]
#[error("at most {0}")]
struct TooMuch(i64);

#[idempotent_fsm]
#[command(Pay { amount: i64, #[fact] limit: i64 }, remember_rejections)]
#[command(Close)]
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
enum Invoice {
    #[initial]
    #[on(Pay => Paid)]
    #[on(Close => Closed)]
    Open,
    #[terminal]
    Paid,
    #[terminal]
    Closed,
}

struct Rules;

impl invoice::Transitions for Rules {
    type Rejection = TooMuch;

    fn pay(&self, _: invoice::Open, pay: &invoice::Pay, _: &Context<'_>) -> Result<Step<invoice::Paid>, TooMuch> {
        if pay.amount > pay.limit { Err(TooMuch(pay.limit)) } else { Ok(Step::to(invoice::Paid)) }
    }

    fn close(&self, _: invoice::Open, _: &invoice::Close, _: &Context<'_>) -> Result<Step<invoice::Closed>, TooMuch> {
        Ok(Step::to(invoice::Closed))
    }
}

#[test]
fn remembered_rejection_in_memory_is_replayed() {
    let key = |name: &str| Key::new("scope", name).unwrap();
    let pay = |amount, limit| invoice::Pay { amount, limit };
    let mut memory = Invoice::in_memory(Rules, invoice::Open);
    memory.set_now(Timestamp::from_micros(7));
    let first = memory.pay(&key("k"), pay(50, 10)).unwrap_err();
    assert!(!first.is_replay() && first.rejection() == Some(&TooMuch(10)));
    let again = memory.pay(&key("k"), pay(50, 100)).unwrap_err();
    let at = Timestamp::from_micros(7);
    assert!(matches!(again, CommandError::Rejected { rejection: TooMuch(10), remembered: Some(first) } if first == at));
    assert_eq!(memory.pay(&key("k"), pay(51, 100)).unwrap_err().kind(), ErrorKind::KeyReused);
    assert_eq!(memory.close(&key("k")).unwrap_err().kind(), ErrorKind::KeyReused);
    assert_eq!(memory.apply(None, pay(50, 100).into()).unwrap_err().kind(), ErrorKind::KeyRequired);
    assert!(memory.pay(&key("l"), pay(50, 100)).unwrap().is_fresh());
    assert!(memory.pay(&key("k"), pay(50, 100)).unwrap_err().is_replay());
}
