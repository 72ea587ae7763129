//! The handles: newtypes over the engine's, with a method for each command.

use proc_macro2::TokenStream;
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
    let (db, rules) = (model.local("DB"), model.local("R"));
    let initial = model.states.get(model.initial).map(|state| &state.strukt);
    let assumed = assumed(model, &quote!(#ident));
    quote! {
        #[allow(unreachable_pub, private_interfaces, clippy::pedantic)]
        impl #ident {
            #krate::__stored! {
                {
                    /// The machines of this enum in a database.
                    #vis fn stored<#db: #krate::Database, #rules: #module::Transitions>(
                        idem: &#krate::Idem<#db>,
                        rules: #rules,
                    ) -> #module::Repository<#db, #rules>
                    where
                        #assumed
                    {
                        #module::Repository::__new(idem, rules)
                    }
                } else {
                    #[doc(hidden)]
                    #[allow(clippy::needless_pass_by_value)]
                    #vis fn stored<#db: #krate::__private::Store, #rules, __M>(idem: #db, _: #rules) -> __M {
                        idem.__never()
                    }
                }
            }

            /// One machine in memory, without a database: the same rules.
            #vis fn in_memory<#rules: #module::Transitions>(
                rules: #rules,
                initial: #module::#initial,
            ) -> #module::InMemory<#rules>
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
        #krate::__stored! { { #stored } }
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
    fn method(&self, model: &Model, handle: &Handle) -> TokenStream {
        let krate = &model.krate;
        let Command { ident, strukt, method, .. } = self.command;
        let key = model.local("key");
        // A command that carries nothing is named by its method.
        let (argument, payload) = if self.command.carries() {
            let payload = model.argument(self.command);
            (quote!(, #payload: #strukt), quote!(#payload))
        } else {
            (quote!(), quote!(#strukt {}))
        };
        let (docs, outcome) = (&self.docs, &self.outcome);
        let receiver = &handle.receiver;
        let stored =
            self.command.outcome.is_some().then(|| quote!(where for<'idem> #outcome: #krate::__private::State));
        let result = handle.result(model, outcome);
        quote! {
            #[doc = #docs]
            pub fn #method(#receiver, #key: impl #krate::__private::KeyOrNatural<#strukt> #argument) -> #result #stored {
                self.0.__call(#krate::__private::KeyOrNatural::<#strukt>::__key(#key), Command::#ident(#payload))
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
    fn result(&self, model: &Model, outcome: &TokenStream) -> TokenStream {
        let (krate, rules) = (&model.krate, model.local("R"));
        if let Some(lifetime) = &self.call {
            return quote!(#krate::machine::Call<#lifetime, #outcome, StateKind, #rules::Rejection>);
        }
        quote! {
            ::core::result::Result<
                #krate::Outcome<#outcome, StateKind>,
                <#rules::Rejection as #krate::error::Rejection>::Error,
            >
        }
    }

    /// The methods for all commands, and the one for a decoded command.
    pub(super) fn methods(&self, model: &Model, verbs: &[Verb<'_>]) -> TokenStream {
        let krate = &model.krate;
        let methods = verbs.iter().map(|verb| verb.method(model, self));
        let (key, command) = (model.local("key"), model.local("command"));
        let (receiver, result) = (&self.receiver, self.result(model, &quote!(Reply)));
        quote! {
            #(#methods)*

            /// Runs a command that is known when the program runs, with a `&Key`, an `Option<&Key>`, or `Natural`. Without a
            /// key it must be one that `Natural` could name, else the answer is `KeyRequired`.
            pub fn apply(
                #receiver,
                #key: impl #krate::__private::KeyOrNatural<Command>,
                #command: Command,
            ) -> #result {
                self.0.__apply(#krate::__private::KeyOrNatural::<Command>::__key(#key), #command)
            }
        }
    }
}

fn memory(model: &Model, verbs: &[Verb<'_>]) -> TokenStream {
    let (krate, rules) = (&model.krate, model.local("R"));
    let (vis, assumed) = (visibility(model), assumed(model, &outside(model)));
    let initial = model.states.get(model.initial).map(|state| &state.strukt);
    let methods = Handle { receiver: quote!(&mut self), call: None }.methods(model, verbs);
    quote! {
        /// One machine in memory.
        #vis struct InMemory<#rules: Transitions>(#krate::machine::InMemory<Driver<#rules>>)
        where
            #assumed;

        impl<#rules: Transitions> InMemory<#rules> where #assumed {
            pub(super) fn __new(__rules: #rules, __initial: #initial) -> Self {
                Self(#krate::machine::InMemory::__new(Driver(__rules), ::core::convert::From::from(__initial)))
            }

            #methods
        }

        #[automatically_derived]
        impl<#rules: Transitions> ::core::fmt::Debug for InMemory<#rules> where #assumed {
            fn fmt(&self, __f: &mut ::core::fmt::Formatter<'_>) -> ::core::fmt::Result {
                ::core::fmt::Debug::fmt(&self.0, __f)
            }
        }

        #[automatically_derived]
        impl<#rules: Transitions> ::core::ops::Deref for InMemory<#rules> where #assumed {
            type Target = #krate::machine::InMemory<Driver<#rules>>;

            fn deref(&self) -> &Self::Target {
                &self.0
            }
        }

        #[automatically_derived]
        impl<#rules: Transitions> ::core::ops::DerefMut for InMemory<#rules> where #assumed {
            fn deref_mut(&mut self) -> &mut Self::Target {
                &mut self.0
            }
        }
    }
}
