//! How a relay works.

use std::time::Duration;

/// What happens to the later messages of a machine or a sequence once one of them is parked.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
#[non_exhaustive]
pub enum WhenDead {
    /// They wait until an operator releases or drops the one that is parked: their order is kept.
    #[default]
    Hold,
    /// They are delivered without it.
    Continue,
}

#[derive(Debug, Clone, Copy)]
pub(super) struct Settings {
    pub(super) batch: u32,
    pub(super) attempts: u32,
    pub(super) when_dead: WhenDead,
    pub(super) lease: Duration,
    pub(super) poll: Duration,
}

impl Default for Settings {
    fn default() -> Self {
        Self {
            batch: 500,
            attempts: 20,
            when_dead: WhenDead::Hold,
            lease: Duration::from_secs(10),
            poll: Duration::from_millis(250),
        }
    }
}
