//! Stored machines: keys, batches, reads, audits, releases of the machine, calls at the same time.

pub mod audit;
pub mod bad_input;
pub mod batch;
pub mod concurrency;
pub mod evolution;
pub mod forget;
pub mod keys;
pub mod operate;
pub mod reads;
pub mod rejections;
pub mod start;
pub mod sweep;
pub mod values;

use idem_core::machine::StateCount;

/// States with the numbers of machines in them.
fn pairs<K: Clone>(counts: &[StateCount<K>]) -> Vec<(K, u64)> {
    counts.iter().map(|count| (count.state.clone(), count.machines)).collect()
}
