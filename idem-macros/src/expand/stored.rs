//! The handles of machines in a database.

use proc_macro2::TokenStream;
use quote::quote;

use super::handles::{Handle, Verb};
use super::{assumed, outside, visibility};
use crate::model::Model;

pub(super) fn expand(model: &Model, verbs: &[Verb<'_>]) -> TokenStream {
    let krate = &model.krate;
    let machine = outside(model);
    let (db, rules) = (model.local("DB"), model.local("R"));
    let (id, initial, tx) = (model.local("id"), model.local("initial"), model.local("tx"));
    let (key, command, first) = (model.local("key"), model.local("command"), model.local("C"));
    let assumed = assumed(model, &machine);
    let start = model.states.get(model.initial).map(|state| &state.strukt);
    let at = Handle { receiver: quote!(&self), call: Some(quote!('_)) }.methods(model, verbs);
    let within = Handle { receiver: quote!(self), call: Some(quote!('t)) }.methods(model, verbs);
    let (bounds, vis) = (quote!(#db: #krate::Database, #rules: Transitions), visibility(model));
    let (machines, one) = (newtype(model, &quote!(Repository)), newtype(model, &quote!(Handle)));
    quote! {
        /// All machines of this enum in one database. Cheap to clone.
        #machines

        impl<#bounds> Repository<#db, #rules> where #assumed {
            pub(super) fn __new(__idem: &#krate::Idem<#db>, __rules: #rules) -> Self {
                Self(#krate::machine::Repository::__new(__idem, Driver(__rules)))
            }

            /// The machine called `id`, stored or not.
            pub fn at(&self, #id: impl ::core::convert::Into<::std::string::String>) -> Handle<#db, #rules> {
                Handle(self.0.__at(#id))
            }
        }

        /// One machine. Cheap to clone. Errors and cancel safety of its calls: see `idem_core::machine::Call`.
        #one

        impl<#bounds> Handle<#db, #rules> where #assumed {
            /// Puts the machine into its initial state, once.
            pub fn start(
                &self,
                #key: impl #krate::__private::KeyOrNatural<#start>,
                #initial: #start,
            ) -> #krate::machine::Call<'_, (), StateKind, #rules::Rejection> {
                self.0.__start(
                    #krate::__private::KeyOrNatural::<#start>::__key(#key),
                    ::core::convert::From::from(#initial),
                )
            }

            /// Puts the machine into its initial state and runs a command, under one key: both happen, or neither. On a
            /// machine that was started with the same data the command runs alone.
            pub fn start_and<#first: #krate::__private::FirstCommand<Command, Outcome: #krate::__private::State>>(
                &self,
                #key: &#krate::Key,
                #initial: #start,
                #command: #first,
            ) -> #krate::machine::Call<'_, #first::Outcome, StateKind, #rules::Rejection> {
                self.0.__start_and(#key, ::core::convert::From::from(#initial), #command)
            }

            /// The machine inside the caller's transaction: what it does commits with the transaction.
            pub fn within<'t>(&self, #tx: &'t mut #krate::Tx<#db>) -> InTx<'t, #db, #rules> {
                InTx(self.0.__within(#tx))
            }

            #at
        }

        /// One machine inside the caller's transaction. Errors and cancel safety of its calls: see
        /// `idem_core::machine::Call`.
        #vis struct InTx<'t, #bounds>(#krate::machine::InTx<'t, #db, Driver<#rules>>)
        where
            #assumed;

        #[automatically_derived]
        impl<#bounds> ::core::fmt::Debug for InTx<'_, #db, #rules> where #assumed {
            fn fmt(&self, __f: &mut ::core::fmt::Formatter<'_>) -> ::core::fmt::Result {
                ::core::fmt::Debug::fmt(&self.0, __f)
            }
        }

        impl<'t, #bounds> InTx<'t, #db, #rules> where #assumed {
            /// Puts the machine into its initial state, once.
            pub fn start(
                self,
                #key: impl #krate::__private::KeyOrNatural<#start>,
                #initial: #start,
            ) -> #krate::machine::Call<'t, (), StateKind, #rules::Rejection> {
                self.0.__start(
                    #krate::__private::KeyOrNatural::<#start>::__key(#key),
                    ::core::convert::From::from(#initial),
                )
            }

            /// Puts the machine into its initial state and runs a command, under one key: both happen, or neither. On a
            /// machine that was started with the same data the command runs alone.
            pub fn start_and<#first: #krate::__private::FirstCommand<Command, Outcome: #krate::__private::State>>(
                self,
                #key: &#krate::Key,
                #initial: #start,
                #command: #first,
            ) -> #krate::machine::Call<'t, #first::Outcome, StateKind, #rules::Rejection> {
                self.0.__start_and(#key, ::core::convert::From::from(#initial), #command)
            }

            /// The machine as the transaction sees it, locked until the transaction ends.
            ///
            /// # Errors
            /// If the store cannot be reached or the state no longer decodes.
            ///
            /// # Cancel safety
            /// Dropped while it waits for the database, it leaves the transaction broken: see `idem_core::Tx`.
            pub async fn get(
                self,
            ) -> ::core::result::Result<
                ::core::option::Option<#krate::machine::StoredMachine<#machine>>,
                #krate::Error,
            > {
                self.0.get().await
            }

            #within
        }
    }
}

/// A handle that is cheap to clone and shows what the engine's handle can do.
fn newtype(model: &Model, name: &TokenStream) -> TokenStream {
    let krate = &model.krate;
    let (vis, assumed) = (visibility(model), assumed(model, &outside(model)));
    let (db, rules) = (model.local("DB"), model.local("R"));
    let bounds = quote!(#db: #krate::Database, #rules: Transitions);
    let inner = quote!(#krate::machine::#name<#db, Driver<#rules>>);
    quote! {
        #vis struct #name<#bounds>(#inner) where #assumed;

        #[automatically_derived]
        impl<#bounds> ::core::clone::Clone for #name<#db, #rules> where #assumed {
            fn clone(&self) -> Self {
                Self(::core::clone::Clone::clone(&self.0))
            }
        }

        #[automatically_derived]
        impl<#bounds> ::core::fmt::Debug for #name<#db, #rules> where #assumed {
            fn fmt(&self, __f: &mut ::core::fmt::Formatter<'_>) -> ::core::fmt::Result {
                ::core::fmt::Debug::fmt(&self.0, __f)
            }
        }

        #[automatically_derived]
        impl<#bounds> ::core::ops::Deref for #name<#db, #rules> where #assumed {
            type Target = #inner;

            fn deref(&self) -> &Self::Target {
                &self.0
            }
        }
    }
}
