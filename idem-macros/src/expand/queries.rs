//! What can be asked about the graph without a machine: `guard`, `allowed`, `why_not`, `mermaid`, `dot`.

use std::collections::BTreeMap;

use proc_macro2::TokenStream;
use quote::quote;
use syn::Ident;

use super::{diagram, visibility};
use crate::model::Model;

pub(super) fn expand(model: &Model) -> TokenStream {
    let (krate, vis) = (&model.krate, visibility(model));
    let (guard, allowed, why_not) = (guard(model), allowed(model), why_not(model));
    let (state, command) = (model.local("state"), model.local("command"));
    let (mermaid, dot) = (diagram::mermaid(model), diagram::dot(model));
    quote! {
        #guard
        #allowed

        /// Why `command` is not legal in `state`, and what would be; `None` if it is legal.
        #vis fn why_not(
            #state: StateKind,
            #command: CommandKind,
        ) -> ::core::option::Option<#krate::__private::WhyNot> {
            #why_not
        }

        /// The graph as a Mermaid state diagram.
        #vis const fn mermaid() -> &'static str {
            #mermaid
        }

        /// The graph as a Graphviz digraph.
        #vis const fn dot() -> &'static str {
            #dot
        }
    }
}

/// A bit per state and command: four instructions, where a `match` on the pair takes twice as many.
fn guard(model: &Model) -> TokenStream {
    const BITS: usize = 64;
    let vis = visibility(model);
    let (state, command) = (model.local("state"), model.local("command"));
    if model.commands.is_empty() {
        return quote! {
            /// Whether `command` is legal in `state`: there is none.
            #vis const fn guard(#state: StateKind, #command: CommandKind) -> bool {
                let _ = #state;
                match #command {}
            }
        };
    }
    let words = model.commands.len().div_ceil(BITS);
    let rows = (0..model.states.len()).map(|at| {
        let mut row = vec![0_u64; words];
        for edge in model.edges_from(at) {
            if let Some(word) = row.get_mut(edge.command / BITS) {
                *word |= 1 << (edge.command % BITS);
            }
        }
        quote!([#(#row),*])
    });
    let (rows, count) = (rows.collect::<Vec<_>>(), model.states.len());
    quote! {
        /// Whether `command` is legal in `state`.
        #vis const fn guard(#state: StateKind, #command: CommandKind) -> bool {
            const LEGAL: [[u64; #words]; #count] = [#(#rows),*];
            let #command = #command as usize;
            LEGAL[#state as usize][#command / #BITS] >> (#command % #BITS) & 1 == 1
        }
    }
}

fn allowed(model: &Model) -> TokenStream {
    let (vis, argument) = (visibility(model), model.local("state"));
    let arms = model.states.iter().enumerate().map(|(at, state)| {
        let (state, commands) = (&state.ident, commands_from(model, at));
        quote!(StateKind::#state => &[#(CommandKind::#commands),*])
    });
    quote! {
        /// The commands that are legal in `state`.
        #vis const fn allowed(#argument: StateKind) -> &'static [CommandKind] {
            match #argument { #(#arms),* }
        }
    }
}

fn why_not(model: &Model) -> TokenStream {
    let (state, command) = (model.local("state"), model.local("command"));
    if model.commands.is_empty() {
        return quote!({
            let _ = #state;
            match #command {}
        });
    }
    let krate = &model.krate;
    let allowed = model.states.iter().enumerate().map(|(at, state)| {
        let wires = model.edges_from(at).filter_map(|edge| model.commands.get(edge.command)).map(|it| &it.wire.name);
        let ident = &state.ident;
        quote!(StateKind::#ident => &[#(#wires),*])
    });
    let mut sources: BTreeMap<usize, Vec<&str>> = BTreeMap::new();
    for edge in &model.edges {
        if let Some(state) = model.states.get(edge.from) {
            sources.entry(edge.command).or_default().push(&state.wire.name);
        }
    }
    let legal_in = model.commands.iter().enumerate().map(|(at, command)| {
        let (ident, states) = (&command.ident, sources.get(&at).into_iter().flatten());
        quote!(CommandKind::#ident => &[#(#states),*])
    });
    quote! {
        if guard(#state, #command) {
            return ::core::option::Option::None;
        }
        let __allowed: &'static [&'static str] = match #state { #(#allowed),* };
        let __legal_in: &'static [&'static str] = match #command { #(#legal_in),* };
        let __why = #krate::__private::WhyNot::__new(#state.name(), #command.name(), __allowed, __legal_in);
        ::core::option::Option::Some(__why)
    }
}

fn commands_from(model: &Model, state: usize) -> Vec<&Ident> {
    model.edges_from(state).filter_map(|edge| model.commands.get(edge.command)).map(|command| &command.ident).collect()
}
