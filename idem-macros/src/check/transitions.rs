//! From edges to what is generated for them: the commands' methods, structs and enums, each with its name.

use proc_macro2::{Ident, Span};
use syn::ext::IdentExt;

use super::names::{Taken, raw_if_keyword, snake};
use super::resolve::Graph;
use super::{repeat, wire};
use crate::attr::{self, Syntax};
use crate::diagnostics::Diagnostics;
use crate::model::{Command, Edge, Transition};

/// The structs of the states, and the commands.
pub(super) struct Items {
    pub(super) states: Vec<Ident>,
    pub(super) commands: Vec<Command>,
}

/// Names everything that the states and commands give rise to.
pub(super) fn name(syntax: &Syntax, graph: &Graph<'_>, edges: &[Edge], diagnostics: &mut Diagnostics) -> Items {
    let mut taken = Taken::new();
    // The generated enums first: a state of that name is the one that can be renamed.
    let transitions: Vec<Vec<Transition>> = syntax
        .commands
        .iter()
        .enumerate()
        .map(|(at, command)| {
            let groups = groups(&edges.iter().filter(|edge| edge.command == at).collect::<Vec<_>>());
            let several = groups.len() > 1;
            groups.into_iter().map(|group| group.name(command, syntax, several, &mut taken, diagnostics)).collect()
        })
        .collect();
    let states = syntax.variants.iter().map(|variant| taken.state(&variant.ident, diagnostics)).collect();
    let mut commands = Vec::new();
    for (at, (command, mut transitions)) in syntax.commands.iter().zip(transitions).enumerate() {
        let strukt = taken.command(&command.ident, command.alias.as_ref(), diagnostics);
        let name = snake(&command.ident.unraw().to_string());
        let method = taken.method(&command.ident, &name, transitions.len() > 1, diagnostics);
        if let [only] = transitions.as_mut_slice() {
            only.method.clone_from(&method);
        }
        commands.push(Command {
            ident: command.ident.clone(),
            strukt,
            method,
            wire: wire::of_command(command),
            attrs: struct_attrs(command),
            fields: command.fields.clone(),
            outcome: command.outcome.clone(),
            repeat: repeat::of(at, command, graph, diagnostics),
            remembers: command.remember_rejections.is_some(),
            internal: command.internal.is_some(),
            facts: wire::facts(command, diagnostics),
            transitions,
        });
    }
    Items { states, commands }
}

/// Edges of one command that lead to the same targets.
struct Group {
    sources: Vec<usize>,
    targets: Vec<usize>,
    /// Where the edge stands, of one edge among several groups.
    at: Span,
}

/// One group if all edges lead to the same targets, else one for each edge.
fn groups(edges: &[&Edge]) -> Vec<Group> {
    let sorted = |edge: &Edge| {
        let mut targets = edge.to.clone();
        targets.sort_unstable();
        targets
    };
    let Some(first) = edges.first() else { return Vec::new() };
    if edges.iter().all(|edge| sorted(edge) == sorted(first)) {
        let sources = edges.iter().map(|edge| edge.from).collect();
        return vec![Group { sources, targets: first.to.clone(), at: first.at }];
    }
    edges.iter().map(|edge| Group { sources: vec![edge.from], targets: edge.to.clone(), at: edge.at }).collect()
}

impl Group {
    fn name(
        self,
        command: &attr::Command,
        syntax: &Syntax,
        several: bool,
        taken: &mut Taken,
        diagnostics: &mut Diagnostics,
    ) -> Transition {
        let span = command.ident.span();
        let source = self.sources.first().and_then(|at| syntax.variants.get(*at)).filter(|_| several);
        let base = match source {
            Some(source) => format!("{}From{}", command.ident.unraw(), source.ident.unraw()),
            None => command.ident.unraw().to_string(),
        };
        let method = match source {
            Some(source) => taken.rule(&command.ident, &source.ident, &snake(&base), diagnostics),
            // The command's own, which is named later.
            None => raw_if_keyword(&snake(&base), span),
        };
        let mut group_enum = |members: &[usize], suffix: &str| {
            (members.len() > 1).then(|| taken.generated(&format!("{base}{suffix}"), span))
        };
        Transition {
            from: group_enum(&self.sources, "From"),
            to: group_enum(&self.targets, "To"),
            method,
            at: if several { self.at } else { span },
            sources: self.sources,
            targets: self.targets,
        }
    }
}

/// Doc comments and derives; what else stands there was reported.
fn struct_attrs(command: &attr::Command) -> Vec<syn::Attribute> {
    let keep = |attr: &&syn::Attribute| attr.path().is_ident("doc") || attr.path().is_ident("derive");
    command.attrs.iter().filter(keep).cloned().collect()
}
