//! How often the server is asked while many leases are held.

use std::time::Duration;

use idem_core::Key;
use idem_core::lease::{Claim, LeasedOperation, OwnedLease};
use idem_core::operation::Request;
use tokio::task::JoinSet;
use tokio::time::sleep;

use crate::Failure;

const LEASES: u64 = 1_000;
const CLAIMERS: u64 = 8;
const LEASE: Duration = Duration::from_secs(3);
const THIRDS: u32 = 6;

/// Holds leases, and prints how often the server is asked in a third of their length.
pub(crate) async fn print(store: &str, operation: LeasedOperation, asked: impl Fn() -> u64) -> Result<(), Failure> {
    let operation = operation.lease(LEASE);
    let mut claimers = JoinSet::new();
    for claimer in 0..CLAIMERS {
        claimers.spawn(claim(operation.clone(), claimer));
    }
    let mut held = Vec::new();
    while let Some(claimed) = claimers.join_next().await {
        held.extend(claimed??);
    }
    // The first renewals bring together what was claimed at different times.
    sleep(LEASE / 3 * 2).await;
    let before = asked();
    sleep(LEASE / 3 * THIRDS).await;
    let statements = u32::try_from(asked() - before)?;
    let lost = held.iter().filter(|lease| lease.lease().check().is_err()).count();
    println!(
        "{store}: {} leases held idle, {statements} statements in {THIRDS} thirds of a lease: {:.2} a third; {lost} leases lost\n",
        held.len(),
        f64::from(statements) / f64::from(THIRDS),
    );
    for lease in held {
        lease.release().await?;
    }
    if lost == 0 { Ok(()) } else { Err(format!("{lost} leases were lost").into()) }
}

async fn claim(operation: LeasedOperation, claimer: u64) -> Result<Vec<OwnedLease>, Failure> {
    let mut held = Vec::new();
    for number in (0..LEASES).filter(|number| number % CLAIMERS == claimer) {
        let key = Key::new("bench", format!("held-{number}"))?;
        match operation.claim(&key, &Request::to("held")).await? {
            Claim::Mine(lease) => held.push(lease),
            other => return Err(format!("{other:?}").into()),
        }
    }
    Ok(held)
}
