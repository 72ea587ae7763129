//! What is known of a key before the handler runs: in this process, then in the database.

use std::sync::Arc;
use std::time::Duration;

use idem_core::operation::{Operation, Remembered, Seat, Taken};
use idem_core::{Database, Error, Idem, RetryPolicy};
use tokio::time::{Instant, timeout_at};

use super::turn::Turn;
use crate::guard::mode::Entered;
use crate::guard::prepare::Admitted;
use crate::guard::settings::Settings;
use crate::observe::{Step, Verdict};
use crate::problem::Kind;
use crate::refusal::{Refusal, refusal};

/// The shortest time between two looks at what another process records.
const FIRST_PAUSE: Duration = Duration::from_millis(50);

pub(super) async fn enter<DB: Database>(
    idem: &Idem<DB>,
    operation: &Operation<DB>,
    request: &Admitted,
    settings: &Settings,
) -> Entered<Turn<DB>> {
    let until = Instant::now() + settings.wait.min(Duration::from_hours(24));
    let turn = |seat: Option<Arc<Seat<DB>>>, fails_open| {
        Entered::Turn(Turn {
            idem: idem.clone(),
            seat,
            fails_open,
            run: None,
            retry: RetryPolicy::default().attempts(settings.attempts),
            lost_runs: 0,
            wait: until.saturating_duration_since(Instant::now()),
            waits_until: None,
            pause: FIRST_PAUSE,
            max_answer: settings.max_answer,
            max_outcome: operation.max_outcome(),
        })
    };
    let Some(key) = &request.key else { return turn(None, false) };
    let operation = match settings.derived.filter(|_| request.is_derived) {
        Some(window) => operation.clone().remember_for(window),
        None => operation.clone(),
    };
    let seat = loop {
        match operation.enter(key, &request.request) {
            Ok(seat) => break Arc::new(seat),
            Err(Taken::OtherRequest) if seeded_bug!("in-flight-first") => {
                return Entered::Refused(Kind::InFlight.into(), Verdict::InFlight);
            }
            // That one may itself be refused by what is remembered of this one.
            Err(Taken::OtherRequest) => {
                return known_or(operation.recall(key, &request.request), Kind::KeyReused).await;
            }
            Err(Taken::SameRequest(ended)) => {
                if !settings.wait.is_zero() && timeout_at(until, ended).await.is_ok() {
                    continue;
                }
                // The other one may only give what is remembered, as this one can.
                return known_or(operation.recall(key, &request.request), Kind::InFlight).await;
            }
        }
    };
    match Step::LookUp.run(seat.recall()).await {
        Ok(None) => turn(Some(seat), false),
        Ok(Some(remembered)) => Entered::Known(remembered.into()),
        Err(error) => match refusal(error, settings.fail_open) {
            Refusal::Open => turn(None, true),
            Refusal::Answer(problem, verdict) => Entered::Refused(problem, verdict),
        },
    }
}

/// What is remembered of a key that another call of this process works under; or this refusal. A look-up that fails says nothing of the
/// key, and nothing runs beside that call.
async fn known_or<T>(recall: impl Future<Output = Result<Option<Remembered>, Error>>, kind: Kind) -> Entered<T> {
    let verdict = if kind == Kind::KeyReused { Verdict::KeyReused } else { Verdict::InFlight };
    match Step::LookUp.run(recall).await {
        Ok(Some(remembered)) => Entered::Known(remembered.into()),
        Ok(None) => Entered::Refused(kind.into(), verdict),
        Err(error) => match refusal(error, None) {
            Refusal::Answer(problem, verdict) => Entered::Refused(problem, verdict),
            Refusal::Open => Entered::Refused(kind.into(), verdict),
        },
    }
}
