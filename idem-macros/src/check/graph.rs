//! The rules about the graph.
//!
//! A rule holds its peace where another finding is the likelier cause: one error per mistake.

use syn::ext::IdentExt;

use super::resolve::Graph;
use crate::attr::{Syntax, Variant};
use crate::diagnostics::{Diagnostics, Report, list, one_of};

pub(crate) fn check(syntax: &Syntax, graph: &Graph<'_>, diagnostics: &mut Diagnostics) {
    command_never_used(syntax, graph, diagnostics);
    repeated_edges(syntax, graph, diagnostics);
    no_initial(syntax, graph, diagnostics);
    several_initial(syntax, graph, diagnostics);
    unreachable_states(syntax, graph, diagnostics);
    dead_ends(syntax, graph, diagnostics);
    edges_out_of_terminal(syntax, graph, diagnostics);
    no_way_to_an_end(syntax, graph, diagnostics);
    endless_in_vain(syntax, graph, diagnostics);
}

fn command_never_used(syntax: &Syntax, graph: &Graph<'_>, diagnostics: &mut Diagnostics) {
    if graph.has_unknown_command() {
        return;
    }
    for (at, command) in syntax.commands.iter().enumerate() {
        if graph.edges.iter().all(|edge| edge.command != Some(at)) {
            let name = command.ident.unraw();
            diagnostics.push(
                Report::draft("F101", &command.ident, format!("no state answers the command `{name}`"))
                    .fix(format!("add `#[on({name} => …)]` to a state, or remove the command")),
            );
        }
    }
}

fn repeated_edges(syntax: &Syntax, graph: &Graph<'_>, diagnostics: &mut Diagnostics) {
    for edge in &graph.edges {
        let (Some(first), Some(state)) = (edge.repeats, syntax.variants.get(edge.from)) else { continue };
        let (state, command) = (state.ident.unraw(), edge.on.command.unraw());
        diagnostics.push(
            Report::draft("F102", &edge.on.command, format!("`{state}` answers `{command}` twice"))
                .fix(format!("one edge with both targets: `#[on({command} => A | B)]`"))
                .also(&first.command, format!("`{state}` answers `{command}` here first")),
        );
    }
}

fn no_initial(syntax: &Syntax, graph: &Graph<'_>, diagnostics: &mut Diagnostics) {
    if graph.initial.is_empty() {
        diagnostics.push(
            Report::draft("F103", &syntax.ident, format!("`{}` has no initial state", syntax.ident.unraw()))
                .expected("one variant with `#[initial]`")
                .fix("put `#[initial]` on the state that machines start in"),
        );
    }
}

fn several_initial(syntax: &Syntax, graph: &Graph<'_>, diagnostics: &mut Diagnostics) {
    let mut marks = graph.initial.iter().filter_map(|at| syntax.variants.get(*at)?.initial.as_ref());
    let Some(first) = marks.next() else { return };
    for mark in marks {
        diagnostics.push(
            Report::draft("F104", mark, format!("`{}` has several initial states", syntax.ident.unraw()))
                .expected("one variant with `#[initial]`")
                .fix("keep one; a choice at the start is a command that leads from it")
                .also(first, "the first initial state is here"),
        );
    }
}

fn unreachable_states(syntax: &Syntax, graph: &Graph<'_>, diagnostics: &mut Diagnostics) {
    if graph.initial.is_empty() || graph.has_unknown_state() {
        return;
    }
    let reached = reachable(graph, &graph.initial);
    let names = |keep: bool| named(syntax, |at| reached.get(at) == Some(&keep));
    for (state, _) in syntax.variants.iter().zip(&reached).filter(|(_, reached)| !**reached) {
        let name = state.ident.unraw();
        diagnostics.push(
            Report::draft("F105", &state.ident, format!("no command leads to `{name}`"))
                .found(format!("reached from the initial state: {}", list(names(true))))
                .fix(format!("add `#[on(… => {name})]` to a state that is reached, or remove `{name}`")),
        );
    }
}

fn dead_ends(syntax: &Syntax, graph: &Graph<'_>, diagnostics: &mut Diagnostics) {
    for (at, state) in syntax.variants.iter().enumerate() {
        if is_dead_end(graph, at) {
            let name = state.ident.unraw();
            diagnostics.push(
                Report::draft("F106", &state.ident, format!("no command leads on from `{name}`"))
                    .expected("an edge, or a state that is meant as an end")
                    .fix(format!("put `#[terminal]` on `{name}`, or add `#[on(… => …)]` to it")),
            );
        }
    }
}

fn edges_out_of_terminal(syntax: &Syntax, graph: &Graph<'_>, diagnostics: &mut Diagnostics) {
    for (at, state) in syntax.variants.iter().enumerate() {
        let Some(terminal) = &state.terminal else { continue };
        if let Some(edge) = graph.edges.iter().find(|edge| edge.from == at) {
            let name = state.ident.unraw();
            diagnostics.push(
                Report::draft("F107", &edge.on.command, format!("an edge leads out of the terminal state `{name}`"))
                    .fix("remove `#[terminal]`, or the edge")
                    .also(terminal, format!("`{name}` is marked terminal here")),
            );
        }
    }
}

/// A machine that cannot end from some state is most likely one where an edge was forgotten.
fn no_way_to_an_end(syntax: &Syntax, graph: &Graph<'_>, diagnostics: &mut Diagnostics) {
    let trapped = trapped(graph);
    if syntax.args.endless.is_some() || trapped.is_empty() {
        return;
    }
    let ends = named(syntax, |at| graph.terminal.get(at) == Some(&true));
    let Some(first) = trapped.first().and_then(|at| syntax.variants.get(*at)) else { return };
    let report = if ends.is_empty() {
        Report::draft("F108", &syntax.ident, format!("`{}` has no terminal state", syntax.ident.unraw()))
            .expected("a state with `#[terminal]`")
    } else {
        let names = named(syntax, |at| trapped.contains(&at));
        Report::draft("F108", &first.ident, format!("no way leads from `{}` to a terminal state", first.ident.unraw()))
            .found(format!("without a way to an end: {}", list(names)))
            .expected(format!("a way to {}", one_of(ends)))
    };
    diagnostics.push(report.fix("add the edge or the state, or say that it is meant: `#[idempotent_fsm(endless)]`"));
}

fn endless_in_vain(syntax: &Syntax, graph: &Graph<'_>, diagnostics: &mut Diagnostics) {
    let Some(endless) = &syntax.args.endless else { return };
    if trapped(graph).is_empty() && !graph.has_unknown_state() {
        diagnostics.push(
            Report::draft("F109", endless, "`endless` has no effect")
                .found("a terminal state can be reached from every state")
                .fix("remove `endless`"),
        );
    }
}

fn is_dead_end(graph: &Graph<'_>, state: usize) -> bool {
    graph.terminal.get(state) == Some(&false) && graph.edges.iter().all(|edge| edge.from != state)
}

/// The reachable states from which no end can be reached. A dead end counts as an end, and so does what an unreadable
/// name may have meant: those are findings of their own.
fn trapped(graph: &Graph<'_>) -> Vec<usize> {
    let states = graph.terminal.len();
    let mut ends: Vec<bool> =
        (0..states).map(|at| graph.terminal.get(at) == Some(&true) || is_dead_end(graph, at)).collect();
    let mut growing = true;
    while growing {
        growing = false;
        for edge in &graph.edges {
            let leads_on = edge.lost || edge.to.iter().any(|to| ends.get(*to) == Some(&true));
            if let Some(end) = ends.get_mut(edge.from)
                && leads_on
                && !*end
            {
                *end = true;
                growing = true;
            }
        }
    }
    let reached = reachable(graph, &graph.initial);
    (0..states).filter(|at| ends.get(*at) == Some(&false) && reached.get(*at) == Some(&true)).collect()
}

/// Which states can be reached from `roots`, those included.
pub(super) fn reachable(graph: &Graph<'_>, roots: &[usize]) -> Vec<bool> {
    let mut reached = vec![false; graph.terminal.len()];
    let mut open: Vec<usize> = roots.to_vec();
    while let Some(state) = open.pop() {
        match reached.get_mut(state) {
            Some(seen) if !*seen => *seen = true,
            _ => continue,
        }
        open.extend(graph.next.get(state).into_iter().flatten());
    }
    reached
}

fn named(syntax: &Syntax, keep: impl Fn(usize) -> bool) -> Vec<String> {
    let name = |variant: &Variant| variant.ident.unraw().to_string();
    syntax.variants.iter().enumerate().filter(|(at, _)| keep(*at)).map(|(_, variant)| name(variant)).collect()
}
