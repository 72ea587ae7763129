//! What a repeat of a command without a key means.

use syn::ext::IdentExt;

use super::graph::reachable;
use super::resolve::Graph;
use crate::attr::Command;
use crate::diagnostics::{Diagnostics, Report};
use crate::model::Repeat;

/// A command has one effect in a machine's life if no way leads from its targets back to one of its sources.
pub(super) fn of(at: usize, command: &Command, graph: &Graph<'_>, diagnostics: &mut Diagnostics) -> Repeat {
    let edges = || graph.edges.iter().filter(|edge| edge.command == Some(at));
    let targets: Vec<usize> = edges().flat_map(|edge| edge.to.iter().copied()).collect();
    let behind = reachable(graph, &targets);
    let again = edges().any(|edge| behind.get(edge.from) == Some(&true));
    if let (Some(option), Some(other)) = (&command.per_visit, &command.remember_rejections) {
        let name = command.ident.unraw();
        diagnostics.push(
            Report::draft("F403", option, format!("`per_visit` has no effect on `{name}`"))
                .found(
                    "`remember_rejections`: a rejection is remembered by its key, so `Natural` is not for this command",
                )
                .fix("remove one of the two")
                .also(other, "rejections are remembered here".to_owned()),
        );
        return Repeat::PerVisit;
    }
    match (&command.per_visit, again) {
        (None, false) => Repeat::Once,
        (None, true) => Repeat::Ambiguous,
        (Some(_), true) => Repeat::PerVisit,
        (Some(option), false) => {
            // An edge that could not be read may be the one that leads back.
            if edges().next().is_some() && !graph.has_unknown_state() {
                let name = command.ident.unraw();
                diagnostics.push(
                    Report::draft("F402", option, format!("`per_visit` has no effect on `{name}`"))
                        .found(format!("no way leads from the targets of `{name}` back to where it is legal"))
                        .fix("remove `per_visit`: `Natural` works as it is"),
                );
            }
            Repeat::PerVisit
        }
    }
}
