//! The trait that the user's rules implement, and the enums of sources and targets that it speaks of.

use std::collections::BTreeSet;

use proc_macro2::{Span, TokenStream};
use quote::{quote, quote_spanned};
use syn::Ident;
use syn::ext::IdentExt;

use super::commands::outcome;
use super::types::Types;
use super::{either, head, outside, visibility};
use crate::model::{Command, Model, State, Transition};

pub(super) fn expand(model: &Model, types: &mut Types) -> TokenStream {
    let (krate, head, vis) = (&model.krate, head(model), visibility(model));
    let mut enums = TokenStream::new();
    let mut methods = TokenStream::new();
    let mut needs_code = false;
    let mut alone: BTreeSet<usize> = BTreeSet::new();
    for command in &model.commands {
        for transition in &command.transitions {
            enums.extend(sources_enum(model, command, transition, &head));
            enums.extend(targets_enum(model, command, transition, &head));
            methods.extend(method(model, command, transition, types));
            if transition.to.is_none() {
                alone.extend(&transition.targets);
            }
            needs_code |= !model.needs_no_code(command, transition);
        }
    }
    let alone = alone.into_iter().filter_map(|at| model.states.get(at)).map(|state: &State| {
        let strukt = &state.strukt;
        targets(model, strukt, &quote!(#strukt))
    });
    let unit = (!needs_code).then(|| {
        quote! {
            #[automatically_derived]
            impl Transitions for () {
                type Rejection = #krate::Never;
            }
        }
    });
    let docs = format!(
        "The rules of `{}`: what each command makes of the state it finds.\n\n\
         A transition is pure: it answers with a `Step` and has no effect of its own, so it may run more than once for \
         one effect.",
        model.ident.unraw(),
    );
    let stored = model.stores_rejections().then(|| quote!(+ #krate::__private::State));
    quote! {
        #enums
        #(#alone)*
        #[doc = #docs]
        #vis trait Transitions: ::core::marker::Send + ::core::marker::Sync + 'static {
            /// Why a transition refuses. Nothing is written and the key stays free, unless the command says
            /// `remember_rejections`: then its key remembers the rejection.
            type Rejection: #krate::error::Rejection #stored;
            #methods
        }
        #unit
    }
}

fn method(model: &Model, command: &Command, transition: &Transition, types: &mut Types) -> TokenStream {
    let krate = &model.krate;
    let (method, strukt) = (&transition.method, &command.strukt);
    let (from, argument, cx) = (model.local("from"), model.argument(command), model.local("cx"));
    let (source, target) = (from_type(model, transition), to_type(model, transition));
    let outcome = outcome(command, types);
    let docs = format!(
        "`{}` in {}: leads to {}.\n\n# Errors\nThe rejection, if the command is refused.",
        command.ident.unraw(),
        either(&states(model, &transition.sources)),
        either(&states(model, &transition.targets)),
    );
    // An error shows the place, and lints still know that it is generated code.
    let at = Span::call_site().located_at(transition.at);
    let body = if model.needs_no_code(command, transition) {
        quote_spanned!(at=> {
            let _ = (#from, #argument, #cx);
            ::core::result::Result::Ok(#krate::Step::to(#target {}))
        })
    } else {
        quote_spanned!(at=> ;)
    };
    let signature = quote_spanned! {at=>
        fn #method(
            &self,
            #from: #source,
            #argument: &#strukt,
            #cx: &#krate::Context<'_>,
        ) -> ::core::result::Result<#krate::Step<#target, #outcome>, Self::Rejection>
    };
    quote!(#[doc = #docs] #signature #body)
}

/// What a transition starts from: the state's struct, or an enum of several.
fn from_type(model: &Model, transition: &Transition) -> Option<Ident> {
    let single = || states(model, &transition.sources).first().map(|state| state.strukt.clone());
    transition.from.clone().or_else(single)
}

/// What a transition leads to: the state's struct, or an enum of several.
fn to_type(model: &Model, transition: &Transition) -> Option<Ident> {
    let single = || states(model, &transition.targets).first().map(|state| state.strukt.clone());
    transition.to.clone().or_else(single)
}

fn states<'a>(model: &'a Model, at: &[usize]) -> Vec<&'a State> {
    at.iter().filter_map(|at| model.states.get(*at)).collect()
}

fn sources_enum(model: &Model, command: &Command, transition: &Transition, head: &TokenStream) -> TokenStream {
    let Some(name) = &transition.from else { return TokenStream::new() };
    let docs = format!("The states in which `{}` is legal.", command.ident.unraw());
    group_enum(name, &docs, &states(model, &transition.sources), head)
}

fn targets_enum(model: &Model, command: &Command, transition: &Transition, head: &TokenStream) -> TokenStream {
    let Some(name) = &transition.to else { return TokenStream::new() };
    let docs = format!("The states that `{}` may lead to.", command.ident.unraw());
    let group = group_enum(name, &docs, &states(model, &transition.targets), head);
    let machine = outside(model);
    let members = states(model, &transition.targets);
    let (idents, structs) = (members.iter().map(|state| &state.ident), members.iter().map(|state| &state.strukt));
    let targets = targets(model, name, &quote!((#(#structs),*)));
    quote! {
        #group
        #targets
        #[automatically_derived]
        impl ::core::convert::From<#name> for #machine {
            fn from(__state: #name) -> Self {
                match __state { #(#name::#idents(__state) => ::core::convert::Into::into(__state)),* }
            }
        }
    }
}

/// What a transition leads to, as the error of a wrong target names it.
fn targets(model: &Model, name: &Ident, states: &TokenStream) -> TokenStream {
    let krate = &model.krate;
    quote! {
        #[automatically_derived]
        impl #krate::__private::Targets for #name {
            type States = #states;
        }
    }
}

fn group_enum(name: &Ident, docs: &str, states: &[&State], head: &TokenStream) -> TokenStream {
    let idents: Vec<&Ident> = states.iter().map(|state| &state.ident).collect();
    let structs: Vec<&Ident> = states.iter().map(|state| &state.strukt).collect();
    let variants = idents.iter().map(|ident| format!("The state `{}`.", ident.unraw()));
    quote! {
        #[doc = #docs]
        #head enum #name { #(#[doc = #variants] #idents(#structs)),* }
        #(
            #[automatically_derived]
            impl ::core::convert::From<#structs> for #name {
                fn from(__state: #structs) -> Self {
                    Self::#idents(__state)
                }
            }
        )*
    }
}
