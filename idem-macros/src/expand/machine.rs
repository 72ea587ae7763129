//! The graph as a constant, and what the engine asks of the enum.

use proc_macro2::{Ident, Span, TokenStream};
use quote::quote;
use syn::ext::IdentExt;

use super::commands::outcome;
use super::types::Types;
use super::{assumed, outside};
use crate::model::{Model, Repeat};

pub(super) fn expand(model: &Model, types: &mut Types) -> TokenStream {
    let krate = &model.krate;
    let machine = outside(model);
    let graph = graph(model);
    let assumed = assumed(model, &machine);
    let initial = model.states.get(model.initial).map(|state| &state.ident);
    let bare = model.states.iter().enumerate().filter(|(_, state)| !state.carries()).map(|(at, state)| {
        let ident = &state.ident;
        quote!(#at => ::core::option::Option::Some(#machine::#ident {}))
    });
    let commands: Vec<_> = model.commands.iter().map(|command| &command.ident).collect();
    let structs = model.commands.iter().map(|command| &command.strukt).collect::<Vec<_>>();
    let outcomes = model.commands.iter().map(|command| outcome(command, types)).collect::<Vec<_>>();
    let positions: Vec<usize> = (0..commands.len()).collect();
    quote! {
        #[automatically_derived]
        impl #krate::__private::Machine for #machine where #assumed {
            type StateKind = StateKind;
            type Command = Command;
            type Reply = Reply;

            const GRAPH: &'static #krate::__private::Graph = #graph;

            fn state(&self) -> usize {
                <StateKind as ::core::convert::From<&#machine>>::from(self) as usize
            }

            fn kind(__state: usize) -> StateKind {
                match StateKind::__ALL.get(__state) {
                    ::core::option::Option::Some(__kind) => *__kind,
                    ::core::option::Option::None => StateKind::#initial,
                }
            }

            fn position(__kind: StateKind) -> usize {
                __kind as usize
            }

            fn bare(__state: usize) -> ::core::option::Option<Self> {
                match __state {
                    #(#bare,)*
                    _ => ::core::option::Option::None,
                }
            }

            fn command(__command: &Command) -> usize {
                match *__command { #(Command::#commands(_) => #positions),* }
            }

            fn write_payload(
                __command: &Command,
            ) -> ::core::result::Result<#krate::__private::Stored, #krate::__private::WireError> {
                match *__command { #(Command::#commands(ref __payload) => Probe::<#structs>::encode(__payload)),* }
            }

            fn read_command(
                __command: usize,
                __payload: &#krate::__private::Stored,
            ) -> ::core::result::Result<Command, #krate::__private::WireError> {
                match __command {
                    #(#positions => Probe::<#structs>::decode(__payload).map(Command::#commands),)*
                    _ => ::core::result::Result::Err(#krate::__private::WireError::Format(::core::option::Option::None)),
                }
            }

            fn read_reply(
                __command: usize,
                __outcome: &#krate::__private::Stored,
            ) -> ::core::result::Result<Reply, #krate::__private::WireError> {
                match __command {
                    #(#positions => Probe::<#outcomes>::decode(__outcome).map(Reply::#commands),)*
                    _ => ::core::result::Result::Err(#krate::__private::WireError::Format(::core::option::Option::None)),
                }
            }

            fn copy_outcome(__reply: &Reply, __copy: &mut dyn ::core::any::Any) {
                match *__reply {
                    #(Reply::#commands(ref __outcome) => Probe::<#outcomes>::copy(__outcome, Reply::#commands, __copy)),*
                }
            }
        }
    }
}

fn graph(model: &Model) -> TokenStream {
    let krate = &model.krate;
    let states = model.states.iter().enumerate().map(|(at, state)| {
        let (ident, name, was) = (state.ident.unraw().to_string(), &state.wire.name, &state.wire.was);
        let (terminal, carries) = (model.is_terminal(at), state.carries());
        quote!(StateInfo::__new(#ident, #name, &[#(#was),*], #terminal, #carries))
    });
    let commands = model.commands.iter().map(|command| {
        let (ident, name, was) = (command.ident.unraw().to_string(), &command.wire.name, &command.wire.was);
        let (repeat, remembers, facts) = (repeat(command.repeat), command.remembers, &command.facts);
        quote!(CommandInfo::__new(#ident, #name, &[#(#was),*], Repeat::#repeat, #remembers, &[#(#facts),*]))
    });
    let edges = model.edges.iter().map(|edge| {
        let (from, command, to) = (edge.from, edge.command, &edge.to);
        quote!(Edge::__new(#from, #command, &[#(#to),*]))
    });
    let (name, initial) = (&model.name, model.initial);
    quote!({
        #[allow(unused_imports)]
        use #krate::__private::{CommandInfo, Edge, Graph, Repeat, StateInfo};
        &Graph::__new(#name, &[#(#states),*], &[#(#commands),*], &[#(#edges),*], #initial)
    })
}

fn repeat(repeat: Repeat) -> Ident {
    let name = match repeat {
        Repeat::Once => "Once",
        Repeat::PerVisit => "PerVisit",
        Repeat::Ambiguous => "Ambiguous",
    };
    Ident::new(name, Span::call_site())
}
