//! The driver: hands a command to the user's rules, if the state has an edge for it.

use proc_macro2::TokenStream;
use quote::quote;

use super::states::pattern;
use super::{assumed, outside, visibility};
use crate::model::{Edge, Model};

pub(super) fn expand(model: &Model) -> TokenStream {
    let krate = &model.krate;
    let machine = outside(model);
    let vis = visibility(model);
    let assumed = assumed(model, &machine);
    let arms = model.states.iter().enumerate().filter_map(|(at, state)| {
        let calls: Vec<TokenStream> = model.edges_from(at).filter_map(|edge| call(model, edge)).collect();
        let (variant, strukt) = (&state.ident, &state.strukt);
        let (unpack, pack) = (pattern(state, &quote!(#machine::#variant)), pattern(state, &quote!(#strukt)));
        (!calls.is_empty()).then(|| {
            quote! {
                #unpack => {
                    let from = #pack;
                    match *command {
                        #(#calls,)*
                        #[allow(unreachable_patterns)]
                        _ => return ::core::option::Option::None,
                    }
                }
            }
        })
    });
    let arms: Vec<TokenStream> = arms.collect();
    quote! {
        #[doc(hidden)]
        #vis struct Driver<R>(pub R);

        #[automatically_derived]
        impl<R> ::core::fmt::Debug for Driver<R> {
            fn fmt(&self, f: &mut ::core::fmt::Formatter<'_>) -> ::core::fmt::Result {
                f.write_str("Driver")
            }
        }

        #[automatically_derived]
        impl<R: Transitions> #krate::__private::Rules for Driver<R> where #assumed {
            type Machine = #machine;
            type Rejection = R::Rejection;

            #[allow(unused_variables, unreachable_code)]
            fn run(
                &self,
                from: #machine,
                command: &Command,
                cx: &#krate::Context<'_>,
            ) -> ::core::option::Option<
                ::core::result::Result<#krate::__private::Taken<#machine>, R::Rejection>,
            > {
                let taken = match from {
                    #(#arms)*
                    #[allow(unreachable_patterns)]
                    _ => return ::core::option::Option::None,
                };
                ::core::option::Option::Some(taken)
            }
        }
    }
}

fn call(model: &Model, edge: &Edge) -> Option<TokenStream> {
    let command = model.commands.get(edge.command)?;
    let krate = &model.krate;
    let transition = command.transitions.iter().find(|transition| transition.sources.contains(&edge.from))?;
    let (ident, method) = (&command.ident, &transition.method);
    let from = transition.from.as_ref().map_or_else(|| quote!(from), |_| quote!(::core::convert::Into::into(from)));
    Some(quote! {
        Command::#ident(ref command) => self
            .0
            .#method(#from, command, cx)
            .map(|step| #krate::__private::Taken::__new(step, Reply::#ident))
    })
}
