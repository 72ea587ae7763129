//! The payment machine as a picture, drawn from its graph.

mod layout;
mod svg;

use idem_core::machine::Machine as _;

use super::machine::Payment;

/// The picture as a document of its own.
pub(super) fn svg() -> String {
    let graph = Payment::GRAPH;
    svg::draw(graph, &layout::layout(graph))
}
