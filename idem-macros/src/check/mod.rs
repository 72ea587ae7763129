//! The rules, one function each, and the way from syntax to a model that keeps all of them.

mod graph;
mod names;
mod repeat;
mod resolve;
mod time;
mod transitions;
mod wire;

use quote::quote;

use crate::attr::Syntax;
use crate::diagnostics::Diagnostics;
use crate::model::{Edge, Model, State};
#[cfg(test)]
pub(crate) use names::{ITEMS, METHODS};
use resolve::Graph;

/// Checks everything and gives the model that is closest to what was meant; `None` if there is none: no state
/// to stand in, or parameters to fill.
pub(crate) fn check(mut syntax: Syntax, diagnostics: &mut Diagnostics) -> Option<Model> {
    names::repeated_commands(&mut syntax, diagnostics);
    names::repeated_variants(&mut syntax);

    let graph = Graph::resolve(&syntax, diagnostics);
    graph::check(&syntax, &graph, diagnostics);
    time::check(&syntax, &graph, diagnostics);
    wire::check(&syntax, diagnostics);

    let has_serde = wire::enum_without_serde(&syntax, diagnostics);
    let initial = graph.initial.first().copied().unwrap_or_default();
    let edges: Vec<Edge> = graph.live_edges().collect();
    let items = transitions::name(&syntax, &graph, &edges, diagnostics);
    let module = names::module(&syntax, diagnostics);
    let name = wire::machine_name(&syntax, diagnostics);

    let krate = syntax.args.krate.as_ref().map_or_else(|| quote!(::idem_core), |path| quote!(#path));
    let variants = syntax.variants.into_iter().zip(items.states);
    let states: Vec<State> = variants
        .map(|(variant, strukt)| State {
            wire: wire::of_state(&variant),
            ident: variant.ident,
            strukt,
            fields: variant.fields,
            docs: variant.docs,
        })
        .collect();
    (!states.is_empty() && !syntax.generic).then_some(Model {
        ident: syntax.ident,
        vis: syntax.vis,
        module,
        krate,
        name,
        derives: syntax.derives,
        has_serde,
        states,
        commands: items.commands,
        edges,
        initial,
    })
}
