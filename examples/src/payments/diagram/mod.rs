//! A machine as a picture, drawn from its graph.

mod layout;
mod svg;

use idem_core::machine::Graph;

/// A document of its own.
pub(super) fn document(graph: &Graph) -> String {
    svg::document(graph, &layout::layout(graph))
}

/// A part of a page, whose style sheet colours it. Each state shows its count, in the order of the graph.
pub(super) fn part(graph: &Graph, counts: &[String]) -> String {
    svg::part(graph, &layout::layout(graph), counts)
}
