//! The machine that the expansion works on: every name resolved, nothing left that can be wrong.

use proc_macro2::{Ident, Span, TokenStream};
use syn::ext::IdentExt;
use syn::{Attribute, Fields, Type, Visibility};

use crate::attr::Field;

/// The other arguments of the methods that take a command.
const BESIDE: [&str; 3] = ["from", "cx", "key"];

pub(crate) struct Model {
    pub(crate) ident: Ident,
    pub(crate) vis: Visibility,
    pub(crate) module: Ident,
    /// The path of `idem-core`.
    pub(crate) krate: TokenStream,
    /// The name machines are stored under.
    pub(crate) name: String,
    pub(crate) derives: Vec<Ident>,
    /// The enum derives what states are stored by.
    pub(crate) has_serde: bool,
    pub(crate) states: Vec<State>,
    pub(crate) commands: Vec<Command>,
    pub(crate) edges: Vec<Edge>,
    pub(crate) initial: usize,
}

pub(crate) struct State {
    /// The variant.
    pub(crate) ident: Ident,
    /// The generated struct: the variant's name, unless that was wrong.
    pub(crate) strukt: Ident,
    pub(crate) wire: Wire,
    pub(crate) fields: Fields,
    pub(crate) docs: Vec<Attribute>,
}

pub(crate) struct Command {
    /// What the graph calls it.
    pub(crate) ident: Ident,
    pub(crate) strukt: Ident,
    pub(crate) method: Ident,
    pub(crate) wire: Wire,
    pub(crate) attrs: Vec<Attribute>,
    /// `None` without braces.
    pub(crate) fields: Option<Vec<Field>>,
    pub(crate) outcome: Option<Type>,
    pub(crate) repeat: Repeat,
    /// Its key remembers a rejection.
    pub(crate) remembers: bool,
    /// It does not come from outside.
    pub(crate) internal: bool,
    /// The wire names of the facts.
    pub(crate) facts: Vec<String>,
    /// What the rules implement for it.
    pub(crate) transitions: Vec<Transition>,
}

/// Names on the wire.
#[derive(Clone)]
pub(crate) struct Wire {
    pub(crate) name: String,
    pub(crate) was: Vec<String>,
}

#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(crate) enum Repeat {
    Once,
    PerVisit,
    Ambiguous,
}

/// One method of `Transitions`.
///
/// A command is one method if it leads to the same targets from every source, else one method per source: so a target
/// that the edge does not declare does not compile.
pub(crate) struct Transition {
    pub(crate) method: Ident,
    pub(crate) sources: Vec<usize>,
    pub(crate) targets: Vec<usize>,
    /// The generated enum of the sources, if there are several.
    pub(crate) from: Option<Ident>,
    /// The generated enum of the targets, if there are several.
    pub(crate) to: Option<Ident>,
    /// Where a forgotten method is shown: at its edge, or at the command that it is the only method of.
    pub(crate) at: Span,
}

pub(crate) struct Edge {
    pub(crate) from: usize,
    pub(crate) command: usize,
    pub(crate) to: Vec<usize>,
    /// Where its command is named.
    pub(crate) at: Span,
}

impl State {
    pub(crate) fn carries(&self) -> bool {
        !self.fields.is_empty()
    }
}

impl Command {
    pub(crate) fn carries(&self) -> bool {
        self.fields.as_ref().is_some_and(|fields| !fields.is_empty())
    }
}

impl Model {
    /// Whether the key of any command remembers a rejection, so that rejections are stored.
    pub(crate) fn stores_rejections(&self) -> bool {
        self.commands.iter().any(|command| command.remembers)
    }

    /// The edges that leave a state.
    pub(crate) fn edges_from(&self, state: usize) -> impl Iterator<Item = &Edge> {
        self.edges.iter().filter(move |edge| edge.from == state)
    }

    /// A name that generated code binds: `name`, unless a state or a command has it.
    pub(crate) fn local(&self, name: &str) -> Ident {
        self.free(Ident::new(name, Span::call_site()))
    }

    /// What a command is called as an argument, beside `from`, `cx` and `key`: as its method, unless that is one of them.
    pub(crate) fn argument(&self, command: &Command) -> Ident {
        let method = &command.method;
        if BESIDE.iter().any(|name| method == name) {
            return self.free(Ident::new("command", method.span()));
        }
        self.free(method.clone())
    }

    /// A unit struct takes the place of a binding, and rustc refuses a binding with the name of a variant. No state and no
    /// command has a name that begins with `__`.
    fn free(&self, name: Ident) -> Ident {
        let plain = name.unraw();
        let states = self.states.iter().flat_map(|state| [&state.ident, &state.strukt]);
        let mut taken = states.chain(self.commands.iter().flat_map(|command| [&command.ident, &command.strukt]));
        if taken.any(|taken| taken.unraw() == plain) {
            return Ident::new(&format!("__{plain}"), name.span());
        }
        name
    }

    pub(crate) fn is_terminal(&self, state: usize) -> bool {
        self.edges_from(state).next().is_none()
    }

    /// Whether the rules can be left to the macro: there is one target, and nothing is carried that code would make.
    pub(crate) fn needs_no_code(&self, command: &Command, transition: &Transition) -> bool {
        let bare = transition.targets.iter().all(|target| self.states.get(*target).is_some_and(|to| !to.carries()));
        transition.to.is_none() && bare && command.outcome.is_none() && !command.carries()
    }
}
