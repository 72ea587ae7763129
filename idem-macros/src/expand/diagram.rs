//! The graph as text.

use syn::ext::IdentExt;

use crate::model::Model;

/// A Mermaid state diagram.
pub(super) fn mermaid(model: &Model) -> String {
    let mut text = String::from("stateDiagram-v2\n");
    let name = |at: usize| model.states.get(at).map_or(String::new(), |state| state.ident.unraw().to_string());
    text.push_str(&format!("    [*] --> {}\n", name(model.initial)));
    for (from, command, to) in arrows(model) {
        text.push_str(&format!("    {} --> {}: {command}\n", name(from), name(to)));
    }
    for at in (0..model.states.len()).filter(|at| model.is_terminal(*at)) {
        text.push_str(&format!("    {} --> [*]\n", name(at)));
    }
    text
}

/// A Graphviz digraph.
pub(super) fn dot(model: &Model) -> String {
    let mut text = format!("digraph \"{}\" {{\n    rankdir=LR;\n", model.ident.unraw());
    for (at, state) in model.states.iter().enumerate() {
        let (shape, style) = (
            if model.is_terminal(at) { "doublecircle" } else { "ellipse" },
            if at == model.initial { ", style=bold" } else { "" },
        );
        text.push_str(&format!("    \"{}\" [shape={shape}{style}];\n", state.ident.unraw()));
    }
    for (from, command, to) in arrows(model) {
        if let (Some(from), Some(to)) = (model.states.get(from), model.states.get(to)) {
            let (from, to) = (from.ident.unraw(), to.ident.unraw());
            text.push_str(&format!("    \"{from}\" -> \"{to}\" [label=\"{command}\"];\n"));
        }
    }
    text.push_str("}\n");
    text
}

fn arrows(model: &Model) -> impl Iterator<Item = (usize, String, usize)> {
    model.edges.iter().flat_map(|edge| {
        let command = model.commands.get(edge.command).map_or(String::new(), |it| it.ident.unraw().to_string());
        edge.to.iter().map(move |to| (edge.from, command.clone(), *to))
    })
}
