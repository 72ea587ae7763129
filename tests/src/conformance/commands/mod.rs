//! The answer to a command: the same from a machine in memory and from a stored one.

pub mod answer;
pub mod facts;
pub mod money;
pub mod natural;
pub mod operate;
