//! From tokens to spanned syntax: accepts whatever it can, and reports what it cannot read.

mod args;
mod command;
mod place;
mod run;
mod serde;
mod variant;

use syn::{Attribute, Data, DeriveInput, Ident, Visibility};

pub(crate) use self::args::{Args, is_absolute};
pub(crate) use self::command::{Command, Field};
pub(crate) use self::run::{fold, unfold};
pub(crate) use self::serde::{Foreign, has_functions, names_in};
pub(crate) use self::variant::{After, On, Variant};
use crate::diagnostics::{Diagnostics, Report};

/// The annotated enum as it was written.
pub(crate) struct Syntax {
    pub(crate) ident: Ident,
    pub(crate) vis: Visibility,
    pub(crate) args: Args,
    /// The standard traits that the enum derives, as far as its structs can derive them too.
    pub(crate) derives: Vec<Ident>,
    pub(crate) commands: Vec<Command>,
    pub(crate) variants: Vec<Variant>,
    /// serde attributes of the enum itself.
    pub(crate) serde: Vec<Foreign>,
    /// It has parameters, so it is checked and not expanded.
    pub(crate) generic: bool,
    /// `Serialize` and `Deserialize`, where the enum derives them.
    pub(crate) serde_derives: Vec<Ident>,
}

/// Reads the derive's input; `None` if nothing can be made of it.
pub(crate) fn parse(input: DeriveInput, diagnostics: &mut Diagnostics) -> Option<Syntax> {
    let generic = !input.generics.params.is_empty() || input.generics.where_clause.is_some();
    if generic {
        diagnostics.push(
            Report::draft("F204", &input.generics, format!("`{}` has generics or lifetimes", input.ident))
                .found("a machine is stored under one name, so it is one type")
                .fix("use the types themselves; what varies goes into an enum or a `serde_json::Value`"),
        );
    }
    let Data::Enum(data) = input.data else {
        diagnostics.push(not_an_enum(&input.ident));
        return None;
    };
    let mut syntax = Syntax {
        ident: input.ident,
        vis: input.vis,
        args: Args::default(),
        derives: Vec::new(),
        commands: Vec::new(),
        variants: Vec::new(),
        serde: serde::foreign(&input.attrs),
        serde_derives: Vec::new(),
        generic,
    };
    syntax.read_attributes(&unfold(input.attrs), diagnostics);
    for mut variant in data.variants {
        variant.attrs = unfold(variant.attrs);
        syntax.variants.push(Variant::parse(variant, diagnostics));
    }
    Some(syntax)
}

/// The finding for a struct, a union, a function, ….
pub(crate) fn not_an_enum(at: &impl quote::ToTokens) -> Report {
    Report::draft("F205", at, "`#[idempotent_fsm]` stands on something that is not an enum")
        .expected("an enum whose variants are the states of the machine")
        .fix("move the attribute to the enum")
}

impl Syntax {
    fn read_attributes(&mut self, attrs: &[Attribute], diagnostics: &mut Diagnostics) {
        for attr in attrs {
            let path = attr.path();
            if path.is_ident("__idem_args") {
                self.args = Args::parse(attr, diagnostics);
            } else if path.is_ident("__idem_derives") {
                self.read_derives(attr);
            } else if path.is_ident("command") {
                self.commands.extend(Command::parse(attr, diagnostics));
            } else {
                place::check(attr, place::Place::Enum, diagnostics);
            }
        }
    }

    /// `Default` is left out: it holds for the enum without holding for every state.
    fn read_derives(&mut self, attr: &Attribute) {
        const REPEATED: [&str; 8] = ["Debug", "Clone", "Copy", "PartialEq", "Eq", "PartialOrd", "Ord", "Hash"];
        // A list that does not parse is rustc's to report, at the derive itself.
        let _ = attr.parse_nested_meta(|meta| {
            if let Some(segment) = meta.path.segments.last() {
                if segment.ident == "Serialize" || segment.ident == "Deserialize" {
                    self.serde_derives.push(segment.ident.clone());
                } else if REPEATED.iter().any(|name| segment.ident == name) {
                    self.derives.push(segment.ident.clone());
                }
            }
            Ok(())
        });
    }
}
