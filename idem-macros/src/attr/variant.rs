//! A variant with its attributes: a state and the edges that leave it.

use proc_macro2::TokenTree;
use quote::ToTokens;
use syn::parse::{Parse, ParseStream};
use syn::punctuated::Punctuated;
use syn::{Attribute, Expr, ExprLit, Fields, Ident, Lit, LitStr, Meta, Token};

use super::place::{self, Place};
use super::serde::{Foreign, foreign};
use crate::diagnostics::{Diagnostics, Report};

pub(crate) struct Variant {
    pub(crate) ident: Ident,
    pub(crate) fields: Fields,
    pub(crate) docs: Vec<Attribute>,
    pub(crate) initial: Option<Ident>,
    pub(crate) terminal: Option<Ident>,
    pub(crate) edges: Vec<On>,
    pub(crate) timers: Vec<After>,
    pub(crate) name: Option<LitStr>,
    pub(crate) was: Vec<LitStr>,
    /// serde attributes that the user wrote.
    pub(crate) serde: Vec<Foreign>,
}

/// `#[on(Pay => Paid | Declined)]`
pub(crate) struct On {
    pub(crate) command: Ident,
    pub(crate) targets: Vec<Ident>,
    /// It was reported as unreadable, and this is what its names look like: not the place for further findings.
    pub(crate) guessed: bool,
}

/// `#[after("30m", Expire)]`
pub(crate) struct After {
    pub(crate) duration: LitStr,
    pub(crate) command: Ident,
}

impl Variant {
    pub(crate) fn parse(variant: syn::Variant, diagnostics: &mut Diagnostics) -> Self {
        let mut parsed = Self {
            ident: variant.ident,
            fields: variant.fields,
            docs: Vec::new(),
            initial: None,
            terminal: None,
            edges: Vec::new(),
            timers: Vec::new(),
            name: None,
            was: Vec::new(),
            serde: Vec::new(),
        };
        let mut ours = false;
        for attr in &variant.attrs {
            // What re-emission put behind `#[name]` and `#[was]` is not the user's.
            let named = std::mem::replace(&mut ours, attr.path().is_ident("name") || attr.path().is_ident("was"));
            if attr.path().is_ident("serde") && !named {
                parsed.serde.extend(foreign(std::slice::from_ref(attr)));
            }
            parsed.read(attr, diagnostics);
        }
        for attr in parsed.fields.iter().flat_map(|field| &field.attrs) {
            place::check(attr, Place::Field, diagnostics);
        }
        parsed
    }

    fn read(&mut self, attr: &Attribute, diagnostics: &mut Diagnostics) {
        let Some(name) = attr.path().get_ident() else { return };
        match name.to_string().as_str() {
            "doc" => self.docs.push(attr.clone()),
            "initial" => once(&mut self.initial, Some(bare(attr, name, diagnostics)), diagnostics),
            "terminal" => once(&mut self.terminal, Some(bare(attr, name, diagnostics)), diagnostics),
            "name" => once(&mut self.name, readable(named(attr), attr, "#[name = \"open\"]", diagnostics), diagnostics),
            "was" => {
                let names = attr.parse_args_with(Punctuated::<LitStr, Token![,]>::parse_terminated);
                self.was.extend(readable(names, attr, "#[was(\"Unpaid\")]", diagnostics).into_iter().flatten());
            }
            "on" => {
                let edge = readable(attr.parse_args(), attr, "#[on(Pay => Paid | Declined)]", diagnostics);
                self.edges.push(edge.unwrap_or_else(|| On::guessed(attr, name)));
            }
            "after" => {
                self.timers.extend(readable(attr.parse_args(), attr, "#[after(\"30m\", Expire)]", diagnostics));
            }
            _ => place::check(attr, Place::Variant, diagnostics),
        }
    }
}

impl Parse for On {
    fn parse(input: ParseStream<'_>) -> syn::Result<Self> {
        let command = input.parse()?;
        input.parse::<Token![=>]>()?;
        let targets = Punctuated::<Ident, Token![|]>::parse_separated_nonempty(input)?;
        Ok(Self { command, targets: targets.into_iter().collect(), guessed: false })
    }
}

impl On {
    fn guessed(attr: &Attribute, name: &Ident) -> Self {
        let mut names = idents(attr).into_iter();
        Self { command: names.next().unwrap_or_else(|| name.clone()), targets: names.collect(), guessed: true }
    }
}

/// The names among an attribute's arguments.
pub(super) fn idents(attr: &Attribute) -> Vec<Ident> {
    let Meta::List(list) = &attr.meta else { return Vec::new() };
    let ident = |tree| if let TokenTree::Ident(ident) = tree { Some(ident) } else { None };
    list.tokens.clone().into_iter().filter_map(ident).collect()
}

impl Parse for After {
    fn parse(input: ParseStream<'_>) -> syn::Result<Self> {
        let duration = input.parse()?;
        input.parse::<Token![,]>()?;
        Ok(Self { duration, command: input.parse()? })
    }
}

/// The word of an attribute that takes no arguments.
fn bare(attr: &Attribute, name: &Ident, diagnostics: &mut Diagnostics) -> Ident {
    if let Err(error) = attr.meta.require_path_only() {
        diagnostics.push(unreadable(attr, &error, &format!("#[{name}]")));
    }
    // What was meant is clear all the same.
    name.clone()
}

fn named(attr: &Attribute) -> syn::Result<LitStr> {
    let Meta::NameValue(pair) = &attr.meta else {
        return Err(syn::Error::new_spanned(attr, "no `= \"…\"`"));
    };
    match &pair.value {
        Expr::Lit(ExprLit { lit: Lit::Str(text), .. }) => Ok(text.clone()),
        other => Err(syn::Error::new_spanned(other, "not a text in quotes")),
    }
}

fn once<T: ToTokens>(slot: &mut Option<T>, found: Option<T>, diagnostics: &mut Diagnostics) {
    match (slot.as_ref(), found) {
        (Some(first), Some(second)) => diagnostics.push(
            Report::draft("F202", &second, "this attribute stands twice on one variant")
                .fix("keep one of them")
                .also(first, "the first one is here"),
        ),
        (None, found) => *slot = found,
        (Some(_), None) => {}
    }
}

fn readable<T>(read: syn::Result<T>, attr: &Attribute, form: &str, diagnostics: &mut Diagnostics) -> Option<T> {
    match read {
        Ok(value) => Some(value),
        Err(error) => {
            diagnostics.push(unreadable(attr, &error, form));
            None
        }
    }
}

pub(super) fn unreadable(attr: &Attribute, error: &syn::Error, form: &str) -> Report {
    let name = attr.path().get_ident().map_or(String::new(), ToString::to_string);
    Report::draft("F201", &attr.meta, format!("this `#[{name}]` cannot be read"))
        .parser(error)
        .fix(format!("write it like `{form}`"))
}
