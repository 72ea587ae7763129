//! The version of a row.

use std::fmt;

/// The version of a row of your own table, which every update counts on.
///
/// Compares with whole numbers, and is one by [`Version::get`] or `into()`.
///
/// ```
/// # fn demo(updated: idem_core::Outcome<idem_core::update::Version>) -> bool {
/// *updated == 4 && updated.get() == 4
/// # }
/// ```
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Version(pub(crate) i64);

impl Version {
    /// The number; 0 in a table that counts no versions.
    pub fn get(self) -> i64 {
        self.0
    }
}

impl From<Version> for i64 {
    fn from(version: Version) -> Self {
        version.0
    }
}

impl PartialEq<i64> for Version {
    fn eq(&self, number: &i64) -> bool {
        self.0 == *number
    }
}

impl fmt::Display for Version {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.0.fmt(f)
    }
}
