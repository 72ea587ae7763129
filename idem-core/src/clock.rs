//! Time. The database's clock decides what is stored.

mod text;
mod timestamp;

pub use text::ParseTimestampError;
pub use timestamp::Timestamp;
