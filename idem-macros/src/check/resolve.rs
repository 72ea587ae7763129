//! Names to positions; a misspelt one becomes its best suggestion.

use syn::Ident;
use syn::ext::IdentExt;

use crate::attr::{On, Syntax};
use crate::diagnostics::{Diagnostics, Draft, Report, one_of};
use crate::model;
use crate::recover::suggest;

/// The edges as far as their names could be read.
pub(crate) struct Graph<'a> {
    names: Names,
    /// The states that each state leads to.
    pub(crate) next: Vec<Vec<usize>>,
    pub(crate) edges: Vec<Edge<'a>>,
    /// The variants marked `#[initial]`.
    pub(crate) initial: Vec<usize>,
    /// The variants marked `#[terminal]`.
    pub(crate) terminal: Vec<bool>,
}

pub(crate) struct Edge<'a> {
    pub(crate) on: &'a On,
    pub(crate) from: usize,
    /// `None` if no command has this name, nor one like it.
    pub(crate) command: Option<usize>,
    pub(crate) to: Vec<usize>,
    /// Some target has a name that no state has, nor one like it.
    pub(crate) lost: bool,
    /// An edge before it has the same source and command.
    pub(crate) repeats: Option<&'a On>,
}

/// The names that can be written in an edge, without `r#`.
struct Names {
    machine: String,
    states: Vec<String>,
    commands: Vec<String>,
}

impl<'a> Graph<'a> {
    pub(crate) fn resolve(syntax: &'a Syntax, diagnostics: &mut Diagnostics) -> Self {
        let names = Names::new(syntax);
        let mut edges: Vec<Edge<'a>> = Vec::new();
        let mut next = vec![Vec::new(); syntax.variants.len()];
        for (from, variant) in syntax.variants.iter().enumerate() {
            for on in &variant.edges {
                let mut unheard = Diagnostics::default();
                let diagnostics = if on.guessed { &mut unheard } else { &mut *diagnostics };
                let command = names.command(&on.command, diagnostics);
                let (to, lost) = targets(&names, on, diagnostics);
                let same = |edge: &&Edge<'_>| edge.from == from && edge.command == command && command.is_some();
                let repeats = edges.iter().find(same).map(|first| first.on);
                if let Some(next) = next.get_mut(from) {
                    next.extend(&to);
                }
                edges.push(Edge { on, from, command, to, lost, repeats });
            }
        }
        let marked = |marked: &dyn Fn(usize) -> bool| (0..syntax.variants.len()).filter(|at| marked(*at)).collect();
        Self {
            names,
            next,
            edges,
            initial: marked(&|at| syntax.variants.get(at).is_some_and(|variant| variant.initial.is_some())),
            terminal: syntax.variants.iter().map(|variant| variant.terminal.is_some()).collect(),
        }
    }

    /// The edges that are expanded: whole, and the first for their source and command.
    pub(crate) fn live_edges(&self) -> impl Iterator<Item = model::Edge> {
        self.edges.iter().filter(|edge| edge.repeats.is_none() && !edge.to.is_empty()).filter_map(|edge| {
            let (command, at) = (edge.command?, edge.on.command.span());
            Some(model::Edge { from: edge.from, command, to: edge.to.clone(), at })
        })
    }

    /// The position of the command that `written` names or most likely means.
    pub(super) fn command_named(&self, written: &Ident, diagnostics: &mut Diagnostics) -> Option<usize> {
        self.names.command(written, diagnostics)
    }

    /// Some name could not be read, so what seems missing in the graph may be what was meant there.
    pub(crate) fn has_unknown_command(&self) -> bool {
        self.edges.iter().any(|edge| edge.command.is_none())
    }

    pub(crate) fn has_unknown_state(&self) -> bool {
        self.edges.iter().any(|edge| edge.lost)
    }
}

fn targets(names: &Names, on: &On, diagnostics: &mut Diagnostics) -> (Vec<usize>, bool) {
    let (mut to, mut lost) = (Vec::new(), false);
    for (at, target) in on.targets.iter().enumerate() {
        if let Some(first) = on.targets.iter().take(at).find(|first| *first == target) {
            diagnostics.push(
                Report::draft("F110", target, format!("`{}` is a target of this edge twice", target.unraw()))
                    .fix("keep one of them")
                    .also(first, "the first one is here"),
            );
            continue;
        }
        match names.state(target, diagnostics) {
            Some(state) if to.contains(&state) => {}
            Some(state) => to.push(state),
            None => lost = true,
        }
    }
    let lost = lost || to.is_empty();
    (to, lost)
}

impl Names {
    fn new(syntax: &Syntax) -> Self {
        Self {
            machine: syntax.ident.unraw().to_string(),
            states: syntax.variants.iter().map(|variant| variant.ident.unraw().to_string()).collect(),
            commands: syntax.commands.iter().map(|command| command.ident.unraw().to_string()).collect(),
        }
    }

    fn state(&self, written: &Ident, diagnostics: &mut Diagnostics) -> Option<usize> {
        let report = |name: &str| {
            let report = Report::draft("F001", written, format!("`{name}` is not a state of `{}`", self.machine));
            (report, "name a variant of the enum, or add one".to_owned())
        };
        position(written, &self.states, report, diagnostics)
    }

    fn command(&self, written: &Ident, diagnostics: &mut Diagnostics) -> Option<usize> {
        let report = |name: &str| {
            let report = Report::draft("F002", written, format!("`{name}` is not a command of `{}`", self.machine));
            (report, format!("name a command of the enum, or declare it: `#[command({name})]`"))
        };
        position(written, &self.commands, report, diagnostics)
    }
}

/// The position of `written` among the `known` names, or of what it most likely means. `report` gives the finding for
/// a name that is not known, and the fix where nothing is like it.
fn position(
    written: &Ident,
    known: &[String],
    report: impl FnOnce(&str) -> (Draft, String),
    diagnostics: &mut Diagnostics,
) -> Option<usize> {
    let name = written.unraw().to_string();
    let position = |name: &str| known.iter().position(|known| known == name);
    if let Some(found) = position(&name) {
        return Some(found);
    }
    let (report, fix) = report(&name);
    let meant = suggest(&name, known.iter().map(String::as_str));
    let report = match meant {
        Some(meant) => report.found(format!("`{name}`; did you mean `{meant}`?")),
        None => report,
    };
    let fix = meant.map_or(fix, |meant| format!("write `{meant}`"));
    diagnostics.push(report.expected(one_of(known)).fix(fix));
    meant.and_then(position)
}
