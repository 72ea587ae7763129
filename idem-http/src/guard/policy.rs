//! What all requests of a guard share.

use std::sync::Arc;

use super::gate::Gate;
use super::settings::Settings;

/// What all requests of a guard share.
pub(crate) struct Policy<M> {
    pub(crate) mode: M,
    pub(crate) settings: Settings,
    pub(crate) gate: Arc<Gate>,
}
