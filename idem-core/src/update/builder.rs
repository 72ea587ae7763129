//! What the builders of one row's writes have in common. Macros, because each builder is a type of its own that gives itself back.

/// The row, the column of its version, and the key under which it is written once.
macro_rules! of_one_row {
    ($builder:ident) => {
        impl $builder {
            /// Names the row by a column; several together if it takes several. At least one is needed, and none is `NULL`:
            /// [`Error::Update`](crate::Error::Update) when it is executed.
            pub fn key(mut self, column: impl Into<String>, value: impl Into<$crate::value::Value>) -> Self {
                self.0.keys.push((column.into(), value.into()));
                self
            }

            /// The column that counts the updates. Default `version`.
            pub fn version_column(mut self, column: impl Into<String>) -> Self {
                self.0.version = Some(column.into());
                self
            }

            /// The table counts no updates: the row is as expected if its columns hold what is expected. Default: a column
            /// `version` counts.
            pub fn unversioned(mut self) -> Self {
                self.0.version = None;
                self
            }

            /// Has its effect once, however often it is repeated: a repeat of the same request under this key gets the first
            /// answer, whatever became of the row since. Default: no key.
            ///
            /// The key is recorded in the transaction of the write. `Stale` and `Missing` are not remembered: the key stays free.
            pub fn once(mut self, key: &$crate::key::Key) -> Self {
                self.0.once = Some(key.clone());
                self
            }

            /// Writes only while this lease or lock is its owner's: of two owners the older one's update has no effect after the newer
            /// one's claim. Otherwise [`Error::Fenced`](crate::Error::Fenced), unless it is a repeat that is answered. The claim is held
            /// until the transaction ends: a claim by another owner waits for it, and on SQLite a renewal, too.
            pub fn fenced_by(mut self, lease: &impl AsRef<$crate::lease::Lease>) -> Self {
                self.0.fence = Some(lease.as_ref().fence());
                self
            }

            /// How long the key is remembered, on the database's clock. Default 24 hours; at least as long as a call may take
            /// that loses the reply to each of its attempts, by default about 5 minutes.
            pub fn remember_for(mut self, retention: std::time::Duration) -> Self {
                self.0.retention = retention;
                self
            }
        }
    };
}

/// The values that the row gets.
macro_rules! with_values {
    ($builder:ident) => {
        impl $builder {
            /// Gives a column a value.
            pub fn set(mut self, column: impl Into<String>, value: impl Into<$crate::value::Value>) -> Self {
                self.0.sets.push((column.into(), value.into()));
                self
            }
        }
    };
}

/// What must hold of a row that exists.
macro_rules! on_conditions {
    ($builder:ident) => {
        impl $builder {
            /// On the condition that the row has this version; 0 for a row that has none yet (`NULL`). The last call counts.
            pub fn expect_version(mut self, version: impl Into<i64>) -> Self {
                self.0.expected = $crate::model::row::request::Expected::Version(version.into());
                self
            }

            /// On the condition that a column holds this value; `NULL` is equal to `NULL`.
            pub fn expect(mut self, column: impl Into<String>, value: impl Into<$crate::value::Value>) -> Self {
                self.0.expects.push((column.into(), value.into()));
                self
            }
        }
    };
}

pub(super) use {of_one_row, on_conditions, with_values};
