//! Owners that are paused beyond their leases, on a virtual clock: two processes, many times.

use std::sync::Arc;
use std::sync::atomic::{AtomicU32, Ordering};
use std::time::Duration;

use tokio::time::{Instant, advance};

use super::random;
use crate::clock::Timestamp;
use crate::error::Error;
use crate::key::Key;
use crate::lease::failed::Failed;
use crate::lease::keeper::Keeper;
use crate::lease::leases::{LARGEST, Leases};
use crate::lease::memory::MemoryLeases;
use crate::lease::remembered::WhenLost;

const LEASE: Duration = Duration::from_secs(1);

/// Two processes that share a store, each with a keeper of its own.
fn processes() -> [Leases; 2] {
    let began = Instant::now();
    let store = Arc::new(MemoryLeases::new(move || Timestamp::from_micros(1_000_000).saturating_add(began.elapsed())));
    [(), ()].map(|()| Leases { keeper: Keeper::new(store.clone()), largest: LARGEST })
}

/// Works, is paused for a while, and works on; how often the second half was done.
async fn worked(
    leases: &Leases,
    when_lost: WhenLost,
    (pause, key): (Duration, &Key),
    done: &AtomicU32,
) -> Result<u32, Error> {
    let operation = leases.operation("work").lease(LEASE).when_lost(when_lost);
    let work = operation.leased(key, &0, |lease| async move {
        // As if the whole process were paused: nothing of it runs meanwhile.
        advance(pause).await;
        lease.check()?;
        Ok::<_, Failed<Error>>(done.fetch_add(1, Ordering::Relaxed))
    });
    work.wait(LEASE * 20).await.map(crate::outcome::Outcome::into_inner)
}

#[tokio::test(start_paused = true)]
async fn owner_paused_beyond_lease_does_nothing_afterwards() {
    let (seed, mut paused) = (random(), 0);
    for round in 0..2_000_u64 {
        let [one, other] = processes();
        let (done, key) = (AtomicU32::new(0), Key::joined("scope".to_owned(), &format!("{round}")));
        let when_lost = [WhenLost::Indeterminate, WhenLost::Reexecute][usize::from(round % 2 == 1)];
        // From a tenth of the lease to three of it.
        let pause =
            |by: u64| LEASE / 10 * u32::try_from((seed.wrapping_add(round * 7 + by * 13)) % 30 + 1).unwrap_or(1);
        paused += u64::from(pause(0) >= LEASE);
        let (first, second) = tokio::join!(
            worked(&one, when_lost, (pause(0), &key), &done),
            worked(&other, when_lost, (pause(1), &key), &done),
        );
        let count = done.load(Ordering::Relaxed);
        assert!(count <= 1, "seed {seed}, round {round}: done {count} times: {first:?}, {second:?}");
        for answer in [&first, &second] {
            let is_true = match answer {
                Ok(value) => *value == 0 && count == 1,
                Err(Error::Lost { .. } | Error::Indeterminate { .. } | Error::InFlight { .. }) => true,
                Err(_) => false,
            };
            assert!(is_true, "seed {seed}, round {round}: {answer:?}, done {count} times");
        }
        // Without a pause beyond the lease nothing is lost.
        if pause(0) < LEASE / 2 && pause(1) < LEASE / 2 {
            assert!(first.is_ok() && second.is_ok(), "seed {seed}, round {round}: {first:?}, {second:?}");
        }
    }
    assert!(paused >= 1_000, "{paused} owners were paused beyond their leases");
}
