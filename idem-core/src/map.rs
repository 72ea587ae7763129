//! Maps with a fast hash.

use std::collections::HashMap;
#[cfg(feature = "_sql")]
use std::collections::HashSet;

use foldhash::fast::RandomState;

/// A map whose hash is seeded anew in each process.
///
/// Names that callers choose are hashed with it, and someone could look for many that collide. The maps are bounded, by the calls
/// of a group or by bytes, so that would make calls slower and nothing else.
pub(crate) type Map<K, V> = HashMap<K, V, RandomState>;

/// The same without values.
#[cfg(feature = "_sql")]
pub(crate) type Set<K> = HashSet<K, RandomState>;
