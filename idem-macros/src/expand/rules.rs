//! The driver: hands a command to the user's rules, if the state has an edge for it.

use proc_macro2::{Ident, TokenStream};
use quote::quote;

use super::states::pattern;
use super::{assumed, outside, visibility};
use crate::model::{Command, Model, State, Transition};

pub(super) fn expand(model: &Model) -> TokenStream {
    let krate = &model.krate;
    let machine = outside(model);
    let vis = visibility(model);
    let assumed = assumed(model, &machine);
    let steps = model.commands.iter().map(|command| step(model, command));
    let arms = model.commands.iter().map(|command| {
        let (ident, method) = (&command.ident, &command.method);
        quote!(Command::#ident(ref __command) => self.#method(__from, __command, __cx))
    });
    let (taken, rules) = (taken(model), model.local("R"));
    let private = quote!(#krate::__private);
    let (write, read) = if model.stores_rejections() {
        (quote!(#private::Stored::encode(__rejection)), quote!(__stored.decode()))
    } else {
        let none = quote!(::core::result::Result::Err(#private::WireError::NoRejections));
        (none.clone(), none)
    };
    quote! {
        #[doc(hidden)]
        #vis struct Driver<#rules>(pub #rules);

        #[automatically_derived]
        impl<#rules> ::core::fmt::Debug for Driver<#rules> {
            fn fmt(&self, __f: &mut ::core::fmt::Formatter<'_>) -> ::core::fmt::Result {
                __f.write_str("Driver")
            }
        }

        #[allow(unused_variables)]
        impl<#rules: Transitions> Driver<#rules> where #assumed {
            #(#steps)*
        }

        #[allow(unused_variables)]
        #[automatically_derived]
        impl<#rules: Transitions> #private::Rules for Driver<#rules> where #assumed {
            type Machine = #machine;
            type Rejection = #rules::Rejection;

            fn run(&self, __from: #machine, __command: &Command, __cx: &#krate::Context<'_>) -> #taken {
                match *__command { #(#arms),* }
            }

            fn write_rejection(
                __rejection: &#rules::Rejection,
            ) -> ::core::result::Result<#private::Stored, #private::WireError> {
                #write
            }

            fn read_rejection(
                __stored: &#private::Stored,
            ) -> ::core::result::Result<#rules::Rejection, #private::WireError> {
                #read
            }
        }
    }
}

/// What one command makes of a state. A function each: the compiler checks many small ones faster than a large one.
fn step(model: &Model, command: &Command) -> TokenStream {
    let krate = &model.krate;
    let machine = outside(model);
    let Command { ident, strukt, method, .. } = command;
    let taken = taken(model);
    let run = |method: &Ident, from: TokenStream| quote!(#krate::__private::taken(Transitions::#method(&self.0, #from, __command, __cx), Reply::#ident));
    let sources = |transition: &Transition| -> Vec<(TokenStream, TokenStream)> {
        let states = transition.sources.iter().filter_map(|at| model.states.get(*at));
        states.map(|state| source(&machine, state, transition)).collect()
    };
    let body = match &command.transitions[..] {
        // One call after the match, not one in each arm.
        [transition] => {
            let arms = sources(transition).into_iter().map(|(unpack, pack)| quote!(#unpack => #pack));
            let run = run(&transition.method, quote!(__from));
            quote! {
                let __from = match __from {
                    #(#arms,)*
                    #[allow(unreachable_patterns)]
                    _ => return ::core::option::Option::None,
                };
                ::core::option::Option::Some(#run)
            }
        }
        several => {
            let arms = several.iter().flat_map(|transition| {
                let arm = |(unpack, pack)| (unpack, run(&transition.method, pack));
                sources(transition).into_iter().map(arm).collect::<Vec<_>>()
            });
            let arms = arms.map(|(unpack, run)| quote!(#unpack => ::core::option::Option::Some(#run)));
            quote! {
                match __from {
                    #(#arms,)*
                    #[allow(unreachable_patterns)]
                    _ => ::core::option::Option::None,
                }
            }
        }
    };
    quote! {
        fn #method(&self, __from: #machine, __command: &#strukt, __cx: &#krate::Context<'_>) -> #taken {
            #body
        }
    }
}

/// A state of the enum as a pattern, and the same as what the transition starts from.
fn source(machine: &TokenStream, state: &State, transition: &Transition) -> (TokenStream, TokenStream) {
    let (variant, strukt) = (&state.ident, &state.strukt);
    let (unpack, pack) = (pattern(state, &quote!(#machine::#variant)), pattern(state, &quote!(#strukt)));
    match &transition.from {
        Some(from) => (unpack, quote!(#from::#variant(#pack))),
        None => (unpack, pack),
    }
}

fn taken(model: &Model) -> TokenStream {
    let (krate, machine, rules) = (&model.krate, outside(model), model.local("R"));
    quote! {
        ::core::option::Option<::core::result::Result<#krate::__private::Taken<#machine>, #rules::Rejection>>
    }
}
