//! Claims in a database.

use std::fmt;
use std::sync::Arc;
use std::time::{Duration, Instant};

use crate::clock::Timestamp;
use crate::engine::session::pool::Connections;
use crate::engine::session::retry::PATIENCE;
use crate::engine::shared::{CallUnderWay, Shared};
use crate::epoch::Epoch;
use crate::error::Error;
use crate::key::KeyHash;
use crate::lease::store::{Answer, ClaimAnswer, End, LeaseStore, NotOwned, UnderWay};
use crate::model::claim::call::{ClaimKey, LostRow, Recalled, Renewal, StoredClaim};
use crate::model::claim::record::ClaimState;
use crate::model::claim::transition::{ClaimRequest, Resolution, refusal};
use crate::store::Database;
use crate::store::claims::queries::{self, Query};
use crate::store::error::Class;
use crate::store::statements::Statements;
use crate::store::verdicts::rows::VerdictRow;

/// Claims in a database.
pub(crate) struct SqlLeases<DB: Database>(pub(crate) Arc<Shared<DB>>);

impl<DB: Database> SqlLeases<DB> {
    /// Changes a claim.
    async fn change(
        &self,
        query: impl Fn(&Statements, Duration) -> Query<DB> + Send + Sync,
    ) -> Result<Vec<DB::Row>, Error> {
        let wait = self.0.settings.wait;
        self.send(&self.0.writers, |sql| query(sql, wait)).await
    }

    /// Sends a statement that can be repeated, until it is answered.
    async fn send(
        &self,
        on: &Connections<DB>,
        query: impl Fn(&Statements) -> Query<DB> + Send + Sync,
    ) -> Result<Vec<DB::Row>, Error> {
        let shared = &self.0;
        let (began, mut made) = (Instant::now(), 1);
        loop {
            let wait = shared.settings.wait;
            // Where one connection writes, the wait for it is the wait for a lock.
            let Some(mut lease) = on.acquire_within(wait.max(shared.settings.acquire)).await? else {
                return Err(Error::in_flight(began.elapsed()));
            };
            let Query { text, binder } = query(&shared.sql);
            let error = match lease.session().fetch(&text, binder).await {
                Ok(rows) => return Ok(rows),
                Err(error) => error,
            };
            drop(lease);
            let again = match error.class {
                Class::Contention => shared.settings.retry.pause(made).await,
                // Whether it came is found out by sending it again.
                _ if error.is_in_doubt() && began.elapsed() < PATIENCE + wait => {
                    shared.settings.retry.attempts(u32::MAX).pause(made).await
                }
                _ if error.is_in_doubt() => return Err(Error::Indeterminate { source: Box::new(error.source) }),
                _ => false,
            };
            if !again {
                return Err(shared.explain(error, began.elapsed()).await);
            }
            made += 1;
        }
    }

    async fn recorded(&self, hash: &KeyHash) -> Result<Recalled, Error> {
        let rows = self.send(&self.0.readers, |sql| queries::recall(sql, hash)).await?;
        read(queries::recalled(&rows))
    }

    /// Whether a change of a claim was made; one that was not may have been made before, and its reply was lost.
    async fn changed(
        &self,
        (hash, epoch): (&KeyHash, Epoch),
        rows: &[DB::Row],
        led_to: ClaimState,
    ) -> Result<Result<(), NotOwned>, Error> {
        if !rows.is_empty() {
            return Ok(Ok(()));
        }
        let claim = self.recorded(hash).await?.claim;
        let is_mine = |claim: &StoredClaim| claim.record.epoch == epoch && claim.record.state == led_to;
        Ok(if claim.as_ref().is_some_and(is_mine) { Ok(()) } else { Err(NotOwned(claim.map(Box::new))) })
    }
}

impl<DB: Database> LeaseStore for SqlLeases<DB> {
    fn claim<'a>(&'a self, key: ClaimKey<'a>, request: &'a ClaimRequest) -> Answer<'a, ClaimAnswer> {
        const TRIES: u32 = 16;
        Box::pin(async move {
            let shared = &self.0;
            for _ in 0..TRIES {
                // One that comes later than its caller waits for it is none.
                if !shared.clock.is_known() {
                    shared.now().await?;
                }
                let until = shared.clock.after(PATIENCE + shared.settings.wait.saturating_mul(2));
                let rows = self.change(|sql, wait| queries::claim(sql, (key, request), until, wait)).await?;
                if let Some(claimed) = read(queries::claimed(&rows))? {
                    return Ok(ClaimAnswer::Mine(claimed));
                }
                let Recalled { now, claim } = self.recorded(key.hash).await?;
                shared.clock.note(now);
                if let Some(claim) = claim
                    && let Some(refusal) = refusal(&claim.record, request, now)
                {
                    return Ok(ClaimAnswer::Refused(refusal, claim));
                }
                // It was released or has expired between the two statements.
            }
            Err(Error::Contention { attempts: TRIES })
        })
    }

    fn renew<'a>(&'a self, renewals: &'a [Renewal]) -> Answer<'a, Vec<KeyHash>> {
        Box::pin(async move {
            // Their own connections, so that callers who hold all others do not keep leases from being renewed.
            let rows = self.send(&self.0.flushers, |sql| queries::renew(sql, renewals)).await?;
            read(queries::renewed(&rows))
        })
    }

    fn complete<'a>(
        &'a self,
        (hash, epoch): (&'a KeyHash, Epoch),
        outcome: &'a [u8],
        keep: Duration,
    ) -> Answer<'a, Result<Timestamp, NotOwned>> {
        Box::pin(async move {
            let query = |sql: &_, wait| queries::complete(sql, (hash, epoch), (outcome, keep), wait);
            let rows = self.change(query).await?;
            if let Some(at) = read(queries::completed(&rows))? {
                return Ok(Ok(at));
            }
            let claim = self.recorded(hash).await?.claim;
            let mine = claim.as_ref().map(|claim| &claim.record);
            let mine = mine.filter(|record| record.epoch == epoch && record.state == ClaimState::Completed);
            Ok(match mine {
                Some(record) => Ok(record.at),
                None => Err(NotOwned(claim.map(Box::new))),
            })
        })
    }

    fn end<'a>(&'a self, claim: (&'a KeyHash, Epoch), how: End) -> Answer<'a, Result<(), NotOwned>> {
        Box::pin(async move {
            let rows = self.change(|sql, wait| match how {
                End::Release => queries::release(sql, claim, wait),
                End::Abandon => queries::abandon(sql, claim, wait),
            });
            let led_to = if how == End::Release { ClaimState::Released } else { ClaimState::Claimed };
            self.changed(claim, &rows.await?, led_to).await
        })
    }

    fn disown<'a>(&'a self, hash: &'a KeyHash, owner: i64) -> Answer<'a, ()> {
        Box::pin(async move { self.change(|sql, wait| queries::disown(sql, hash, owner, wait)).await.map(drop) })
    }

    fn save<'a>(&'a self, claim: (&'a KeyHash, Epoch), checkpoint: &'a [u8]) -> Answer<'a, Result<(), NotOwned>> {
        Box::pin(async move {
            let rows = self.change(|sql, wait| queries::save(sql, claim, checkpoint, wait)).await?;
            self.changed(claim, &rows, ClaimState::Claimed).await
        })
    }

    fn recall<'a>(&'a self, hash: &'a KeyHash) -> Answer<'a, Recalled> {
        Box::pin(self.recorded(hash))
    }

    fn lost<'a>(&'a self, surface: &'a str, limit: u32) -> Answer<'a, Vec<LostRow>> {
        Box::pin(async move {
            let rows = self.send(&self.0.readers, |sql| queries::lost(sql, surface, i64::from(limit))).await?;
            read(queries::lost_rows(&rows))
        })
    }

    fn resolve<'a>(
        &'a self,
        claim: (&'a KeyHash, Epoch),
        how: &'a Resolution,
        reason: &'a str,
    ) -> Answer<'a, Result<(), NotOwned>> {
        Box::pin(async move {
            let rows = self.change(|sql, wait| queries::resolve(sql, claim, (how, reason), wait)).await?;
            if !rows.is_empty() {
                return Ok(Ok(()));
            }
            Ok(Err(NotOwned(self.recorded(claim.0).await?.claim.map(Box::new))))
        })
    }

    fn name(&self) -> Answer<'_, Arc<str>> {
        Box::pin(self.0.installation())
    }

    fn note(&self, operation: &str, hash: &KeyHash, verdict: String) {
        self.0.note(VerdictRow::of_operation((operation, "leased"), *hash, verdict));
    }

    fn space(&self) -> &'static str {
        ""
    }

    fn enter(&self) -> Result<UnderWay, Error> {
        Ok(Box::new(CallUnderWay::new(self.0.clone())?))
    }
}

/// What a statement gave that was answered.
fn read<T>(read: Result<T, crate::store::error::StoreError>) -> Result<T, Error> {
    read.map_err(|error| error.not_sent(Duration::ZERO))
}

impl<DB: Database> fmt::Debug for SqlLeases<DB> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("SqlLeases").field("database", &DB::NAME).finish_non_exhaustive()
    }
}
