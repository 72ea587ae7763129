//! The version of a row.

use std::fmt;

/// The version of a row of your own table, which every update counts on.
///
/// Compares with whole numbers, and is one by [`Version::get`] or `into()`.
///
/// ```
/// # include!(concat!(env!("CARGO_MANIFEST_DIR"), "/../docs/sqlite.rs"));
/// # #[cfg(feature = "sqlite")] fn main() -> Done { on_sqlite(async |idem| {
/// use idem_core::update::Upsert;
///
/// # sqlx::raw_sql("CREATE TABLE settings (name TEXT PRIMARY KEY, value TEXT, version INTEGER NOT NULL DEFAULT 1)")
/// #     .execute(idem.pool())
/// #     .await?;
/// let set = Upsert::table("settings").key("name", "theme").set("value", "dark");
/// let version = set.clone().execute(&idem).await?.into_inner();
/// assert!(version == 1 && version.get() == 1 && i64::from(version) == 1);
/// assert!(*set.expect_version(version).execute(&idem).await? > version);
/// # Ok(()) }) }
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
