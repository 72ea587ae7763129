//! `StateKind` and `CommandKind`: names without what they carry.

use proc_macro2::TokenStream;
use quote::{format_ident, quote};
use syn::Ident;
use syn::ext::IdentExt;

use super::{outside, visibility};
use crate::model::{Model, Wire};

pub(super) fn expand(model: &Model) -> TokenStream {
    let states: Vec<_> = model.states.iter().map(|state| (&state.ident, &state.wire)).collect();
    let commands: Vec<_> = model.commands.iter().map(|command| (&command.ident, &command.wire)).collect();
    let vis = visibility(model);
    let (state_kind, command_kind) = (kind("state", &states, &vis), kind("command", &commands, &vis));
    let machine = outside(model);
    let variants = model.states.iter().map(|state| &state.ident);
    let names = model.states.iter().map(|state| &state.ident);
    quote! {
        #state_kind
        #[automatically_derived]
        impl ::core::convert::From<&#machine> for StateKind {
            fn from(__state: &#machine) -> Self {
                match *__state { #(#machine::#variants { .. } => Self::#names),* }
            }
        }
        #command_kind
    }
}

fn kind(what: &str, names: &[(&Ident, &Wire)], vis: &TokenStream) -> TokenStream {
    let kind = if what == "state" { format_ident!("StateKind") } else { format_ident!("CommandKind") };
    let summary = format!("The {what}s by name.");
    let idents: Vec<&Ident> = names.iter().map(|(ident, _)| *ident).collect();
    let docs = idents.iter().map(|ident| format!("The {what} `{}`.", ident.unraw()));
    let wires = names.iter().map(|(_, wire)| &wire.name);
    let in_order = format!("Every {what}, in the order of the source.");
    let on_the_wire = format!("The {what}'s name on the wire.");
    quote! {
        #[doc = #summary]
        #[derive(
            ::core::clone::Clone, ::core::marker::Copy, ::core::fmt::Debug, ::core::cmp::PartialEq, ::core::cmp::Eq,
            ::core::cmp::PartialOrd, ::core::cmp::Ord, ::core::hash::Hash
        )]
        #[allow(dead_code)]
        #vis enum #kind { #(#[doc = #docs] #idents),* }

        impl #kind {
            const __ALL: &'static [Self] = &[#(Self::#idents),*];

            #[doc = #in_order]
            pub const ALL: &'static [Self] = Self::__ALL;

            #[doc = #on_the_wire]
            pub const fn name(self) -> &'static str {
                match self { #(Self::#idents => #wires),* }
            }
        }

        #[automatically_derived]
        impl ::core::fmt::Display for #kind {
            fn fmt(&self, __f: &mut ::core::fmt::Formatter<'_>) -> ::core::fmt::Result {
                __f.pad(self.name())
            }
        }
    }
}
