//! The graph as text.

use std::fmt::{self, Write};

use syn::ext::IdentExt;

use crate::model::Model;

/// A Mermaid state diagram.
pub(super) fn mermaid(model: &Model) -> String {
    written(|text| {
        writeln!(text, "stateDiagram-v2\n    [*] --> {}", state(model, model.initial))?;
        for (from, command, to) in arrows(model) {
            writeln!(text, "    {} --> {}: {command}", state(model, from), state(model, to))?;
        }
        for at in (0..model.states.len()).filter(|at| model.is_terminal(*at)) {
            writeln!(text, "    {} --> [*]", state(model, at))?;
        }
        Ok(())
    })
}

/// A Graphviz digraph.
pub(super) fn dot(model: &Model) -> String {
    written(|text| {
        writeln!(text, "digraph \"{}\" {{\n    rankdir=LR;", model.ident.unraw())?;
        for at in 0..model.states.len() {
            let shape = if model.is_terminal(at) { "doublecircle" } else { "ellipse" };
            let style = if at == model.initial { ", style=bold" } else { "" };
            writeln!(text, "    \"{}\" [shape={shape}{style}];", state(model, at))?;
        }
        for (from, command, to) in arrows(model) {
            let (from, to) = (state(model, from), state(model, to));
            writeln!(text, "    \"{from}\" -> \"{to}\" [label=\"{command}\"];")?;
        }
        writeln!(text, "}}")
    })
}

/// Writing to a `String` does not fail.
fn written(write: impl FnOnce(&mut String) -> fmt::Result) -> String {
    let mut text = String::new();
    write(&mut text).map_or_else(|_| String::new(), |()| text)
}

fn state(model: &Model, at: usize) -> String {
    model.states.get(at).map_or(String::new(), |state| state.ident.unraw().to_string())
}

fn arrows(model: &Model) -> impl Iterator<Item = (usize, String, usize)> {
    model.edges.iter().flat_map(|edge| {
        let command = model.commands.get(edge.command).map_or(String::new(), |it| it.ident.unraw().to_string());
        edge.to.iter().map(move |to| (edge.from, command.clone(), *to))
    })
}
