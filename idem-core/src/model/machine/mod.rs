//! Machines and their rules.

pub(crate) mod answer;
pub(crate) mod context;
#[cfg(any(feature = "_sql", feature = "testing"))]
#[cfg_attr(not(feature = "_sql"), allow(dead_code, reason = "the explorer in memory needs the encodings alone"))]
pub(crate) mod driver;
pub(crate) mod graph;
pub(crate) mod memory;
pub(crate) mod outside;
pub(crate) mod rules;
pub(crate) mod step;
pub(crate) mod target;
