//! What has expired is deleted, a batch at a time.

pub(crate) mod run;
pub(crate) mod texts;
