//! A machine of about the size that the stored bench has.

use idem_core::Never;

use idem_core::{Context, Step, idempotent_fsm};
use serde::{Deserialize, Serialize};

#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub(crate) struct Sheet {
    pub(crate) customer: String,
    pub(crate) total: i64,
    pub(crate) last: String,
    pub(crate) labels: Vec<String>,
}

#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub(crate) struct Receipt {
    reference: String,
    total: i64,
}

#[idempotent_fsm(endless)]
#[command(Add { amount: i64, reference: String } -> Receipt)]
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub(crate) enum Tab {
    #[initial]
    #[on(Add => Open)]
    Open(Sheet),
}

#[derive(Clone)]
pub(crate) struct Bar;

impl tab::Transitions for Bar {
    type Rejection = Never;

    fn add(&self, from: tab::Open, add: &tab::Add, _cx: &Context<'_>) -> Result<Step<tab::Open, Receipt>, Never> {
        let mut sheet = from.0;
        sheet.total = sheet.total.wrapping_add(add.amount);
        sheet.last.clone_from(&add.reference);
        let receipt = Receipt { reference: add.reference.clone(), total: sheet.total };
        Ok(Step::to(tab::Open(sheet)).outcome(receipt))
    }
}

pub(crate) fn initial() -> tab::Open {
    tab::Open(Sheet {
        customer: "customer-0000001".into(),
        total: 0,
        last: "reference-000000000000".into(),
        labels: vec!["web".into(), "priority".into()],
    })
}
