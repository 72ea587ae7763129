//! Work in a transaction, as a closure.

use std::time::Duration;

use serde::Serialize;
use serde::de::DeserializeOwned;
use tokio::time::{Instant, sleep, timeout};

use crate::engine::session::loan::Lent;
use crate::engine::session::transaction::Tx;
use crate::engine::session::transaction::end::{may_succeed_again, not_committed};
use crate::error::Error;
use crate::key::Key;
use crate::lease::leased::check_operation;
use crate::lease::remembered::{Completed, reused};
use crate::lease::working::Taken;
use crate::operation::call::OperationCall;
use crate::operation::handle::Operation;
use crate::operation::seat::Seat;
use crate::operation::unit::Unit;
use crate::operation::watched::watched;
use crate::outcome::Outcome;
use crate::request::Request;
use crate::store::Database;
use crate::watch::Stopped;
use crate::wire::Stored;

const FIRST_PAUSE: Duration = Duration::from_millis(50);
const LONGEST_PAUSE: Duration = Duration::from_secs(1);

impl<DB: Database> Operation<DB> {
    /// Does the work once, in a transaction of its own that also records the outcome. A repeat with the same request gets that.
    ///
    /// The closure gets the transaction by value and ends by dropping it: `Ok` commits it with the outcome, `Err` rolls it back and
    /// leaves the key free. It may [roll it back](Tx::rollback) itself and still answer `Ok`: then nothing of it is applied and the
    /// outcome alone is remembered, as for a refusal that a repeat is to get, too. It does not commit.
    ///
    /// The closure may run several times, so it borrows what it needs: of a request that it uses, `let order = &order;` before the call.
    /// It runs again, in a new transaction, while other writers are faster, as [`Idem::transaction`](crate::Idem::transaction) does: what
    /// it does outside its transaction it does in each run.
    ///
    /// # Errors
    /// What the closure answers, after its transaction is rolled back; or, as an [`Error`] that yours is made from:
    /// - [`Error::KeyReused`]: the key names another request. [`Error::Forgotten`]: its outcome was erased.
    /// - [`Error::InFlight`]: another call works under the key, and did not end within [`OperationCall::wait`]; or another writer held the
    ///   database for longer than the lock wait.
    /// - [`Error::Indeterminate`]: the reply to the COMMIT was lost, and the database could not be asked in time; a repeat finds out.
    /// - [`Error::Key`], [`Error::Config`], [`Error::Unencodable`], [`Error::TooLarge`]: of the key, the name, the request, the outcome.
    ///   Nothing is applied.
    /// - those of [`Idem::transaction`](crate::Idem::transaction).
    ///
    /// # Cancel safety
    /// Dropped before the COMMIT is sent nothing is applied; after it everything may be.
    pub fn once<'a, T, E, Q, F, R>(&'a self, key: &'a Key, request: &Q, work: F) -> OperationCall<'a, T, E>
    where
        T: Serialize + DeserializeOwned + Send + 'a,
        E: From<Error> + Send + 'a,
        Q: Serialize + ?Sized,
        F: FnMut(Tx<DB>) -> R + Send + 'a,
        R: Future<Output = Result<T, E>> + Send + 'a,
    {
        let request = Request::of(request);
        OperationCall::new(move |wait| {
            Box::pin(async move {
                let (name, hash) = (&*self.leased.name, key.hash_in(&self.leased.name));
                let work = async { self.run_once(key, &request?, work, wait).await };
                watched(&self.idem.shared, (name, hash), work).await
            })
        })
    }

    async fn run_once<T, E, F, R>(
        &self,
        key: &Key,
        request: &Request,
        mut work: F,
        wait: Duration,
    ) -> Result<Outcome<T>, Stopped<E>>
    where
        T: Serialize + DeserializeOwned,
        F: FnMut(Tx<DB>) -> R,
        R: Future<Output = Result<T, E>>,
    {
        let (shared, name) = (&self.idem.shared, &self.leased.name);
        let _call = shared.queue.enter()?;
        let waiting = Waiting { began: Instant::now(), wait };
        let seat = self.seat(key, request, &waiting).await?;
        let (mut pause, mut made) = (FIRST_PAUSE, 1);
        loop {
            let unit = match self.begin(&seat).await {
                Ok(Begun::Remembered(outcome)) => return Ok(outcome),
                Ok(Begun::Unit(unit)) => *unit,
                // A call elsewhere works under the key, or has recorded its outcome since.
                Err(Error::InFlight { retry_after, .. }) if waiting.rest().is_some() => {
                    sleep(retry_after.unwrap_or(pause).min(pause).min(waiting.rest().unwrap_or_default())).await;
                    pause = (pause * 2).min(LONGEST_PAUSE);
                    continue;
                }
                Err(Error::InFlight { retry_after, .. }) => return Err(waiting.in_flight(retry_after).into()),
                Err(error) if may_succeed_again(&error) && shared.settings.retry.pause(made).await => {
                    made += 1;
                    continue;
                }
                Err(error) => return Err(error.into()),
            };
            fail_point!("once.begun");
            match run_in(unit, &seat, &mut work).await {
                Ok((Completed::Fresh { at }, value)) => return Ok(Outcome::new(value, 0, at, true, false)),
                Ok((Completed::Remembered(remembered), _)) => return Ok(remembered.replay(name)?),
                // Another transaction has recorded the key and not ended yet: that is waited for like a call elsewhere.
                Err((Stopped::Refused(Error::InFlight { .. }), _)) if waiting.rest().is_none() => {
                    return self.replayed_or(&seat, waiting.in_flight(None).into()).await;
                }
                Err((_, true)) if shared.settings.retry.pause(made).await => made += 1,
                Err((error, _)) if seeded_bug!("failed-unasked") => return Err(error),
                Err((error, _)) => return self.replayed_or(&seat, error).await,
            }
        }
    }

    /// What failed may have failed because another call was faster: then this is a repeat of it.
    async fn replayed_or<T: DeserializeOwned, E>(
        &self,
        seat: &Seat<DB>,
        error: Stopped<E>,
    ) -> Result<Outcome<T>, Stopped<E>> {
        match seat.recall().await {
            Ok(Some(remembered)) => Ok(remembered.replay(&self.leased.name)?),
            Ok(None) | Err(_) => Err(error),
        }
    }

    /// The place of the one call of this process under the key, once it is free.
    async fn seat(&self, key: &Key, request: &Request, waiting: &Waiting) -> Result<Seat<DB>, Error> {
        check_operation(&self.leased.name)?;
        loop {
            match self.enter(key, request) {
                Ok(seat) => return Ok(seat),
                Err(Taken::SameRequest(ended)) => {
                    let rest = waiting.rest().ok_or_else(|| waiting.in_flight(None))?;
                    timeout(rest, ended).await.map_err(|_| waiting.in_flight(None))?;
                }
                Err(Taken::OtherRequest) => {
                    let now = self.idem.shared.now().await?;
                    return Err(reused(&key.hash_in(&self.leased.name), &self.leased.name, now));
                }
            }
        }
    }

    async fn begin<T: DeserializeOwned>(&self, seat: &Seat<DB>) -> Result<Begun<DB, T>, Error> {
        if let Some(remembered) = seat.recall().await? {
            return remembered.replay(&self.leased.name).map(Begun::Remembered);
        }
        Ok(Begun::Unit(Box::new(seat.begin().await?)))
    }
}

enum Begun<DB: Database, T> {
    Unit(Box<Unit<DB>>),
    Remembered(Outcome<T>),
}

/// How long another call is waited for.
struct Waiting {
    began: Instant,
    wait: Duration,
}

impl Waiting {
    fn rest(&self) -> Option<Duration> {
        self.wait.checked_sub(self.began.elapsed()).filter(|rest| !rest.is_zero())
    }

    fn in_flight(&self, retry_after: Option<Duration>) -> Error {
        Error::InFlight { waited: self.began.elapsed(), retry_after }
    }
}

/// Runs the closure once, in this unit; with an error, whether another run may succeed.
async fn run_in<DB, T, E, R>(
    unit: Unit<DB>,
    seat: &Seat<DB>,
    work: &mut impl FnMut(Tx<DB>) -> R,
) -> Result<(Completed, T), (Stopped<E>, bool)>
where
    DB: Database,
    T: Serialize + DeserializeOwned,
    R: Future<Output = Result<T, E>>,
{
    let failed = |error: Error| {
        let again = may_succeed_again(&error);
        (Stopped::from(error), again)
    };
    let place = seat.0.clone();
    let (loan, tx) = unit.lend();
    let answer = work(tx).await;
    let lent = loan.end();
    let value = match answer {
        Ok(value) => value,
        Err(error) => {
            let again = match lent {
                Lent::Back(tx) => tx.roll_back().await,
                Lent::Ended { again } => again,
                Lent::Away | Lent::Committing | Lent::Over => false,
            };
            return Err((Stopped::Failed(error), again));
        }
    };
    let outcome = encoded(&value).map_err(failed)?;
    let completed = match lent {
        Lent::Back(tx) => Unit::of(place, tx).complete(&outcome.0).await,
        // It was rolled back: the outcome alone is remembered.
        Lent::Ended { .. } => seat.remember(&outcome.0).await,
        // Whatever it made of the answer.
        Lent::Committing => Err(not_committed()),
        Lent::Away | Lent::Over => Err(Error::Interrupted),
    };
    completed.map(|completed| (completed, value)).map_err(failed)
}

/// As an outcome is stored; what does not come back as it was is refused.
pub(super) fn encoded<T: Serialize + DeserializeOwned>(value: &T) -> Result<Stored, Error> {
    let again = |stored: &Stored| stored.decode::<T>().and_then(|value| Stored::encode(&value));
    let stored = Stored::encode(value).and_then(|stored| stored.read_back(again));
    stored.map_err(|error| Error::Unencodable { what: "the outcome".into(), source: error.into() })
}
