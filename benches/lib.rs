//! Nothing to see: this member is its benches.
