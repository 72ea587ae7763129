//! The handles: newtypes over the engine's, with a method for each command.

use proc_macro2::{Ident, TokenStream};
use quote::quote;
use syn::ext::IdentExt;

use super::commands::outcome;
use super::stored;
use super::types::Types;
use super::{assumed, either, outside, visibility};
use crate::model::{Command, Model};

/// `stored` and `in_memory`, the only functions on the enum itself.
pub(super) fn entry(model: &Model) -> TokenStream {
    let Model { ident, vis, module, krate, .. } = model;
    let initial = model.states.get(model.initial).map(|state| &state.strukt);
    let assumed = assumed(model, &quote!(#ident));
    quote! {
        #[allow(unreachable_pub, private_interfaces, clippy::pedantic)]
        impl #ident {
            #krate::__stored! {
                /// The machines of this enum in a database.
                #vis fn stored<DB: #krate::Database, R: #module::Transitions>(
                    idem: &#krate::Idem<DB>,
                    rules: R,
                ) -> #module::Machines<DB, R>
                where
                    #assumed
                {
                    #module::Machines::__new(idem, rules)
                }
            }

            /// One machine in memory, without a database: the same rules.
            #vis fn in_memory<R: #module::Transitions>(rules: R, initial: #module::#initial) -> #module::InMemory<R>
            where
                #assumed
            {
                #module::InMemory::__new(rules, initial)
            }
        }
    }
}

pub(super) fn expand(model: &Model, types: &mut Types) -> TokenStream {
    let krate = &model.krate;
    let verbs: Vec<Verb<'_>> = model
        .commands
        .iter()
        .filter(|command| !command.transitions.is_empty())
        .map(|command| Verb::new(model, command, types))
        .collect();
    let (stored, memory) = (stored::expand(model, &verbs), memory(model, &verbs));
    quote! {
        #krate::__stored! { #stored }
        #memory
    }
}

/// A command as the handles offer it.
pub(super) struct Verb<'a> {
    command: &'a Command,
    outcome: TokenStream,
    docs: String,
}

impl<'a> Verb<'a> {
    fn new(model: &Model, command: &'a Command, types: &mut Types) -> Self {
        let sources: Vec<_> = command
            .transitions
            .iter()
            .flat_map(|transition| &transition.sources)
            .filter_map(|at| model.states.get(*at))
            .collect();
        let docs = format!("The command `{}`; legal in {}.", command.ident.unraw(), either(&sources));
        Self { command, outcome: outcome(command, types), docs }
    }

    /// The method of a handle. An outcome without serde is reported where it is written, and here only where it is used.
    fn method(&self, krate: &TokenStream, handle: &Handle) -> TokenStream {
        let Command { ident, strukt, method, .. } = self.command;
        let (docs, outcome) = (&self.docs, &self.outcome);
        let receiver = &handle.receiver;
        let stored =
            self.command.outcome.is_some().then(|| quote!(where for<'idem> #outcome: #krate::__private::State));
        let result = handle.result(krate, outcome);
        // Named as the command is, unless that is what the key is called.
        let payload = if method == "key" { &Ident::new("command", method.span()) } else { method };
        quote! {
            #[doc = #docs]
            pub fn #method(#receiver, key: impl #krate::__private::Named<#strukt>, #payload: #strukt) -> #result #stored {
                self.0.__call(#krate::__private::Named::__key(key), Command::#ident(#payload))
            }
        }
    }
}

/// What differs between the handles.
pub(super) struct Handle {
    pub(super) receiver: TokenStream,
    /// The lifetime of the call; `None` if the answer is there at once.
    pub(super) call: Option<TokenStream>,
}

impl Handle {
    fn result(&self, krate: &TokenStream, outcome: &TokenStream) -> TokenStream {
        if let Some(lifetime) = &self.call {
            return quote!(#krate::machine::Call<#lifetime, #outcome, R::Rejection>);
        }
        quote!(::core::result::Result<#krate::Outcome<#outcome>, #krate::Error<R::Rejection>>)
    }

    /// The methods for all commands, and the one for a decoded command.
    pub(super) fn methods(&self, model: &Model, verbs: &[Verb<'_>]) -> TokenStream {
        let krate = &model.krate;
        let methods = verbs.iter().map(|verb| verb.method(krate, self));
        let (receiver, result) = (&self.receiver, self.result(krate, &quote!(Reply)));
        quote! {
            #(#methods)*

            /// Runs a command that was decoded from a wire, with a `&Key`, an `Option<&Key>`, or `Natural`. Without a key
            /// it must be one that `Natural` could name, else the answer is `KeyRequired`.
            pub fn apply<'key>(
                #receiver,
                key: impl ::core::convert::Into<::core::option::Option<&'key #krate::Key>>,
                command: Command,
            ) -> #result {
                let key: ::core::option::Option<&#krate::Key> = ::core::convert::Into::into(key);
                self.0.__apply(key.cloned(), command)
            }
        }
    }
}

fn memory(model: &Model, verbs: &[Verb<'_>]) -> TokenStream {
    let krate = &model.krate;
    let (vis, assumed) = (visibility(model), assumed(model, &outside(model)));
    let initial = model.states.get(model.initial).map(|state| &state.strukt);
    let methods = Handle { receiver: quote!(&mut self), call: None }.methods(model, verbs);
    quote! {
        /// One machine in memory.
        #vis struct InMemory<R: Transitions>(#krate::machine::InMemory<Driver<R>>)
        where
            #assumed;

        impl<R: Transitions> InMemory<R> where #assumed {
            pub(super) fn __new(rules: R, initial: #initial) -> Self {
                Self(#krate::machine::InMemory::__new(Driver(rules), ::core::convert::From::from(initial)))
            }

            #methods
        }

        #[automatically_derived]
        impl<R: Transitions> ::core::fmt::Debug for InMemory<R> where #assumed {
            fn fmt(&self, f: &mut ::core::fmt::Formatter<'_>) -> ::core::fmt::Result {
                ::core::fmt::Debug::fmt(&self.0, f)
            }
        }

        #[automatically_derived]
        impl<R: Transitions> ::core::ops::Deref for InMemory<R> where #assumed {
            type Target = #krate::machine::InMemory<Driver<R>>;

            fn deref(&self) -> &Self::Target {
                &self.0
            }
        }

        #[automatically_derived]
        impl<R: Transitions> ::core::ops::DerefMut for InMemory<R> where #assumed {
            fn deref_mut(&mut self) -> &mut Self::Target {
                &mut self.0
            }
        }
    }
}
