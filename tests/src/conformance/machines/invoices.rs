//! A machine whose rule lets another process in: what that does happens between two reads of the call, or between the last one
//! and its write.

use idem_core::Never;
use std::fmt;
use std::future::Future;
use std::sync::atomic::{AtomicU32, Ordering};
use std::sync::{Arc, Mutex, PoisonError};

use idem_core::{Context, Step, idempotent_fsm};
use serde::{Deserialize, Serialize};

/// An invoice, paid from an account or declined.
#[idempotent_fsm]
#[command(Pay { from: String, amount: i64, hold: bool, or_decline: bool } -> String)]
#[command(Remind)]
#[command(Close)]
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub enum Invoice {
    #[initial]
    #[on(Pay => Paid | Declined)]
    Open,

    #[on(Remind => Paid)]
    #[on(Close => Closed)]
    Paid,

    #[terminal]
    Declined,

    #[terminal]
    Closed,
}

/// The rules of an invoice: the n-th run of a payment, counted from 1, waits for what another process does meanwhile.
#[derive(Clone, Default)]
pub struct SlowShop(Arc<Meanwhile>);

type Work = Box<dyn FnOnce() + Send>;

#[derive(Default)]
struct Meanwhile {
    runs: AtomicU32,
    works: Mutex<Vec<(u32, Work)>>,
}

impl SlowShop {
    /// The run in which a payment is decided on its machine and key, before its accounts are read.
    pub const BEFORE_ACCOUNTS: u32 = 1;
    /// The run in which it is decided on its accounts as well, before it is written.
    pub const BEFORE_WRITE: u32 = 2;

    /// Counts the runs anew, and lets `work` happen within the one of this number, in another runtime as in another process.
    pub fn meanwhile<F>(&self, run: u32, work: impl FnOnce() -> F + Send + 'static)
    where
        F: Future<Output = ()>,
    {
        self.0.runs.store(0, Ordering::SeqCst);
        let work = move || {
            let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().expect("a runtime");
            runtime.block_on(work());
        };
        self.0.works.lock().unwrap_or_else(PoisonError::into_inner).push((run, Box::new(work)));
    }

    /// Whether all that was to happen meanwhile has happened.
    pub fn is_done(&self) -> bool {
        self.0.works.lock().unwrap_or_else(PoisonError::into_inner).is_empty()
    }

    fn pass(&self) {
        let run = self.0.runs.fetch_add(1, Ordering::SeqCst) + 1;
        let mut works = self.0.works.lock().unwrap_or_else(PoisonError::into_inner);
        let due: Vec<_> = works.extract_if(.., |(wanted, _)| *wanted == run).map(|(_, work)| work).collect();
        drop(works);
        for work in due {
            std::thread::spawn(work).join().expect("another process");
        }
    }
}

impl fmt::Debug for SlowShop {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("SlowShop").finish_non_exhaustive()
    }
}

impl invoice::Transitions for SlowShop {
    type Rejection = Never;

    fn pay(&self, _: invoice::Open, pay: &invoice::Pay, cx: &Context) -> Result<Step<invoice::PayTo, String>, Never> {
        self.pass();
        let step = Step::to(invoice::Paid);
        let step = if pay.hold {
            step.hold(pay.from.clone(), cx.id("hold").to_string(), pay.amount)
        } else {
            step.transfer(pay.from.clone(), "shop", pay.amount)
        };
        let step = step.outcome("paid".to_owned());
        let declined = Step::to(invoice::Declined).outcome("declined".to_owned());
        Ok(if pay.or_decline { step.or_if_refused(declined) } else { step })
    }
}
