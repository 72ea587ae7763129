//! The report of a night: one at a time by a lock, one at all by a fence.

use std::time::Duration;

use idem_core::lease::LockGuard;
use idem_core::{ErrorKind, Idem};
use tokio::time::sleep;

use super::{Stuck, Work};
use crate::jobs::events::{Event, LEASE, say};
use crate::jobs::tables::{Report, Tables};

/// How long it takes to compute a report.
const COMPUTING: Duration = Duration::from_millis(200);

/// Writes the report of a night, unless it is written.
pub(super) async fn write_once<DB: Tables>(idem: &Idem<DB>, work: &Work, night: i64) -> Result<(), Stuck> {
    let lock = idem.lock("nightly-report").lease(LEASE);
    while DB::reports_of(idem.pool(), night).await? == 0 {
        // A short wait: the owner before may have written the report that this worker waits for.
        let guard = match lock.acquire(LEASE / 5).await {
            Ok(guard) => guard,
            Err(error) if error.kind() == ErrorKind::InFlight => continue,
            Err(error) => return Err(error.into()),
        };
        let epoch = guard.epoch().as_i64();
        match write(idem, work, night, &guard).await {
            Ok(()) => {}
            Err(Stuck::Idem(error)) if error.kind() == ErrorKind::Fenced => {
                say(&Event::Fenced { night, epoch })?;
                continue;
            }
            Err(stuck) => return Err(stuck),
        }
        match guard.release().await {
            // Another owner has it by now, after the report was written.
            Err(error) if error.kind() == ErrorKind::Fenced => {}
            released => {
                released?;
                say(&Event::Released { epoch })?;
            }
        }
    }
    Ok(())
}

async fn write<DB: Tables>(idem: &Idem<DB>, work: &Work, night: i64, guard: &LockGuard) -> Result<(), Stuck> {
    // Looked at under the lock, so no other owner of it writes in between, unless this one is paused.
    if DB::reports_of(idem.pool(), night).await? != 0 {
        return Ok(());
    }
    let epoch = guard.epoch().as_i64();
    say(&Event::Locked { night, epoch })?;
    // Real work would look at `guard.check()` between its steps, to spare what is in vain. The fence decides, not that.
    sleep(COMPUTING).await;
    let mut tx = idem.begin().await?;
    tx.fenced_by(guard).await?;
    let report = Report { night, total: night * 100, guard, worker: &work.name };
    DB::insert(&mut tx, &report).await?;
    tx.commit().await?;
    say(&Event::Written { night, epoch })?;
    Ok(())
}
