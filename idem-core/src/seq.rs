//! Sequence numbers: stored as `i64`, shown as `u64`.

/// A stored number as the interface shows it. A negative one, which idem never stores, is shown as 0.
pub(crate) fn shown(stored: i64) -> u64 {
    u64::try_from(stored).unwrap_or(0)
}

/// A number of the interface as it is stored. One beyond `i64` is beyond every stored one.
pub(crate) fn stored(shown: u64) -> i64 {
    i64::try_from(shown).unwrap_or(i64::MAX)
}
