//! What may become of a record. A store in memory calls these functions; in databases they are statements of the same meaning, which
//! the conformance suite compares with them, and the model checker runs them.

use std::sync::Arc;
use std::time::Duration;

use super::record::{ClaimRecord, ClaimState};
use crate::clock::Timestamp;
use crate::epoch::Epoch;
use crate::fingerprint::Fingerprint;

/// A claim that is asked for.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub(crate) struct ClaimRequest {
    pub(crate) fingerprint: Fingerprint,
    /// A random number of this claim's own.
    pub(crate) owner: i64,
    pub(crate) lease: Duration,
    /// Whether the claim of an owner that lost its lease is taken over.
    pub(crate) takes_over: bool,
}

/// Why a key cannot be claimed.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub(crate) enum ClaimRefusal {
    /// It has its outcome.
    Completed,
    /// Another owner works on it; this much is left of its lease.
    Held { left: Duration },
    /// An owner lost its lease, and how much of the work was done is not known.
    Lost,
    /// It names another request.
    OtherRequest,
}

/// What an operator found out about a claim that was lost.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub(crate) enum Resolution {
    /// It was done, with this outcome, which is remembered for so long.
    Completed { outcome: Arc<[u8]>, keep: Duration },
    /// It was not done: the key is free.
    NotDone,
}

/// The caller is not the owner: the newest claim has another epoch, or its work is over.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub(crate) struct NotOwner;

impl ClaimRecord {
    /// Whether it counts as absent.
    pub(crate) fn is_expired(&self, now: Timestamp) -> bool {
        self.state != ClaimState::Claimed && self.expires_at.is_some_and(|end| end <= now)
    }

    /// Whether it is the claim of this owner, and its work is not over. Nothing else is asked by a fence, least of all the time: an
    /// expired lease that nobody took over still is the owner's.
    pub(crate) fn is_held_by(&self, epoch: Epoch) -> bool {
        self.state == ClaimState::Claimed && self.epoch == epoch
    }

    /// Whether its owner has lost its lease.
    pub(crate) fn is_lost(&self, now: Timestamp) -> bool {
        self.state == ClaimState::Claimed && self.until <= now
    }
}

/// Why the key of this record cannot be claimed; `None` if it can.
pub(crate) fn refusal(record: &ClaimRecord, request: &ClaimRequest, now: Timestamp) -> Option<ClaimRefusal> {
    let same = record.fingerprint == request.fingerprint;
    match record.state {
        ClaimState::Released => None,
        _ if record.is_expired(now) => None,
        _ if !same => Some(ClaimRefusal::OtherRequest),
        ClaimState::Completed => Some(ClaimRefusal::Completed),
        ClaimState::Claimed if record.owner == request.owner => None,
        ClaimState::Claimed if !record.is_lost(now) => {
            Some(ClaimRefusal::Held { left: record.until.saturating_since(now) })
        }
        ClaimState::Claimed if request.takes_over => None,
        ClaimState::Claimed => Some(ClaimRefusal::Lost),
    }
}

/// Claims a key. `floor` is the highest epoch of the records that were swept.
///
/// # Errors
/// Why it cannot be claimed.
pub(crate) fn claim(
    found: Option<&ClaimRecord>,
    request: &ClaimRequest,
    now: Timestamp,
    floor: Epoch,
) -> Result<ClaimRecord, ClaimRefusal> {
    if let Some(refusal) = found.and_then(|record| refusal(record, request, now)) {
        return Err(refusal);
    }
    let claimed = found.filter(|record| record.state == ClaimState::Claimed);
    let again = claimed.filter(|record| record.owner == request.owner);
    let before = found.map_or(floor, |record| record.epoch.max(floor));
    Ok(ClaimRecord {
        fingerprint: request.fingerprint,
        state: ClaimState::Claimed,
        epoch: again.map_or(before.next(now.as_micros()), |record| record.epoch),
        owner: request.owner,
        until: now.saturating_add(request.lease),
        attempts: match (claimed, again) {
            (_, Some(record)) => record.attempts,
            (Some(record), None) => record.attempts.saturating_add(1),
            (None, None) => 1,
        },
        outcome: None,
        checkpoint: claimed.and_then(|record| record.checkpoint.clone()),
        at: again.map_or(now, |record| record.at),
        expires_at: None,
    })
}

/// The owner goes on working.
///
/// # Errors
/// Another one is the owner, or the work is over.
pub(crate) fn renew(record: &mut ClaimRecord, epoch: Epoch, lease: Duration, now: Timestamp) -> Result<(), NotOwner> {
    let record = owned(record, epoch)?;
    record.until = now.saturating_add(lease);
    Ok(())
}

/// The owner saves how far it came.
///
/// # Errors
/// As [`renew`].
pub(crate) fn save(record: &mut ClaimRecord, epoch: Epoch, checkpoint: Arc<[u8]>) -> Result<(), NotOwner> {
    owned(record, epoch)?.checkpoint = Some(checkpoint);
    Ok(())
}

/// The work is done. Said twice by the same owner, the first time holds: its reply was lost. An owner that lost its lease may still say
/// it while nobody took the claim over: nobody else worked on it, and it knows.
///
/// # Errors
/// As [`renew`].
pub(crate) fn complete(
    record: &mut ClaimRecord,
    epoch: Epoch,
    (outcome, keep): (Arc<[u8]>, Duration),
    now: Timestamp,
) -> Result<(), NotOwner> {
    if record.state == ClaimState::Completed && record.epoch == epoch {
        return Ok(());
    }
    let record = owned(record, epoch)?;
    record.state = ClaimState::Completed;
    (record.outcome, record.checkpoint) = (Some(outcome), None);
    (record.at, record.expires_at) = (now, Some(now.saturating_add(keep)));
    Ok(())
}

/// The work was not done, and the key is free for any request.
///
/// # Errors
/// As [`renew`].
pub(crate) fn release(record: &mut ClaimRecord, epoch: Epoch, now: Timestamp) -> Result<(), NotOwner> {
    if record.state == ClaimState::Released && record.epoch == epoch {
        return Ok(());
    }
    free(owned(record, epoch)?, now);
    Ok(())
}

/// The owner ends without knowing what became of the work: its lease ends now.
///
/// # Errors
/// As [`renew`].
pub(crate) fn abandon(record: &mut ClaimRecord, epoch: Epoch, now: Timestamp) -> Result<(), NotOwner> {
    let record = owned(record, epoch)?;
    record.until = record.until.min(now);
    Ok(())
}

/// Gives up the claim of an owner that has not begun to work: its reply was lost. If an earlier owner may have worked, it is lost again.
///
/// # Errors
/// Another one is the owner, or the work is over.
pub(crate) fn disown(record: &mut ClaimRecord, owner: i64, now: Timestamp) -> Result<(), NotOwner> {
    if !(record.state == ClaimState::Claimed && record.owner == owner) {
        return Err(NotOwner);
    }
    if record.attempts > 1 {
        record.until = now;
    } else {
        free(record, now);
    }
    Ok(())
}

/// An operator says what became of a claim that was lost. Its owner, if it still runs, is one no more.
///
/// # Errors
/// It is not lost, or another claim.
pub(crate) fn resolve(record: &mut ClaimRecord, epoch: Epoch, how: Resolution, now: Timestamp) -> Result<(), NotOwner> {
    if !(record.is_lost(now) && record.epoch == epoch) {
        return Err(NotOwner);
    }
    record.epoch = epoch.next(now.as_micros());
    match how {
        Resolution::NotDone => free(record, now),
        Resolution::Completed { outcome, keep } => {
            let epoch = record.epoch;
            return complete(record, epoch, (outcome, keep), now);
        }
    }
    Ok(())
}

fn owned(record: &mut ClaimRecord, epoch: Epoch) -> Result<&mut ClaimRecord, NotOwner> {
    if record.is_held_by(epoch) { Ok(record) } else { Err(NotOwner) }
}

fn free(record: &mut ClaimRecord, now: Timestamp) {
    record.state = ClaimState::Released;
    record.checkpoint = None;
    (record.at, record.expires_at) = (now, Some(now));
}
