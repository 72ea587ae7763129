//! Commands as they come from outside: without those that are internal, and without facts, which the receiver looks up.

use proc_macro2::TokenStream;
use quote::quote;
use syn::ext::IdentExt;

use super::commands::serde_derives;
use super::states::docs_of;
use super::types::Types;
use super::{command_derives, derive_path, fields, visibility_from};
use crate::attr::Field;
use crate::model::{Command, Model};

pub(super) fn expand(model: &Model, types: &mut Types) -> TokenStream {
    let commands: Vec<&Command> = model.commands.iter().filter(|command| !command.internal).collect();
    let with_facts: Vec<&Command> =
        commands.iter().copied().filter(|command| facts(command).next().is_some()).collect();
    let (facts_trait, facts_module) = (facts_trait(model, &with_facts), facts_module(model, &with_facts, types));
    let wire = types.further_in(|types| wire(model, &commands, types));
    quote! {
        #facts_trait
        #facts_module
        #wire
    }
}

/// The members that the receiver looks up.
fn facts(command: &Command) -> impl Iterator<Item = &Field> {
    command.fields.iter().flatten().filter(|field| field.fact.is_some())
}

/// The members that the sender gives.
fn given(command: &Command) -> impl Iterator<Item = &Field> {
    command.fields.iter().flatten().filter(|field| field.fact.is_none())
}

/// Whether the sender gives nothing but the command's name.
fn is_bare(command: &Command) -> bool {
    given(command).next().is_none()
}

fn facts_trait(model: &Model, commands: &[&Command]) -> TokenStream {
    let vis = visibility_from(model, &quote!(super));
    let methods = commands.iter().map(|command| {
        let (method, strukt) = (&command.method, &command.strukt);
        let docs = format!("The facts of `{}`, looked up for this request.", command.ident.unraw());
        let argument = (!is_bare(command)).then(|| {
            let argument = model.argument(command);
            quote!(, #argument: &wire::#strukt)
        });
        quote!(#[doc = #docs] fn #method(&self #argument) -> facts::#strukt;)
    });
    let nothing = commands.is_empty().then(|| {
        quote! {
            #[automatically_derived]
            impl Facts for () {}
        }
    });
    quote! {
        /// What commands from outside leave to their receiver: facts that a client must not choose.
        #vis trait Facts {
            #(#methods)*
        }

        #nothing
    }
}

fn facts_module(model: &Model, commands: &[&Command], types: &mut Types) -> Option<TokenStream> {
    if commands.is_empty() {
        return None;
    }
    let vis = visibility_from(model, &quote!(super));
    let structs: Vec<TokenStream> = types.further_in(|types| {
        let declare = |command: &&Command| {
            let (strukt, docs) = (&command.strukt, format!("The facts of `{}`.", command.ident.unraw()));
            let (vis, derives) =
                (visibility_from(model, &quote!(super::super)), command_derives(model).map(derive_path));
            let members = facts(command).map(|field| {
                let (name, ty, docs) = (&field.ident, types.path(&field.ty), docs_of(&field.attrs, Some(&field.ident)));
                quote!(#docs pub #name: #ty)
            });
            quote! {
                #[doc = #docs]
                #[derive(#(#derives,)*)]
                #vis struct #strukt { #(#members),* }
            }
        };
        commands.iter().map(declare).collect()
    });
    Some(quote! {
        /// The facts of each command that has any.
        #vis mod facts {
            #(#structs)*
        }
    })
}

fn wire(model: &Model, commands: &[&Command], types: &mut Types) -> TokenStream {
    let krate = &model.krate;
    let vis = visibility_from(model, &quote!(super::super));
    let module_vis = visibility_from(model, &quote!(super));
    let structs: Vec<TokenStream> =
        commands.iter().filter(|command| !is_bare(command)).map(|command| declare(model, command, types)).collect();
    let derives: Vec<TokenStream> = command_derives(model).map(derive_path).collect();
    let fields: Vec<&Field> = commands.iter().flat_map(|command| given(command)).collect();
    let serialize = serde_derives(model, &types.bounds(&fields, krate), &["Serialize"]);
    let variants = commands.iter().map(|command| {
        let Command { ident, strukt, wire, .. } = command;
        let (name, docs) = (&wire.name, format!("The command `{}`.", ident.unraw()));
        let payload = (!is_bare(command)).then(|| quote!((#strukt)));
        quote!(#[doc = #docs] #[serde(rename = #name)] #ident #payload)
    });
    let names = commands.iter().map(|command| &command.wire.name);
    let positions = commands.iter().enumerate().map(|(at, command)| {
        let (name, was) = (&command.wire.name, &command.wire.was);
        quote!(#name #(| #was)* => ::core::option::Option::Some(#at))
    });
    let reads = commands.iter().enumerate().map(|(at, command)| {
        let (ident, strukt) = (&command.ident, &command.strukt);
        if is_bare(command) {
            return quote!(#at => <#krate::__private::Nothing as #krate::__private::serde::Deserialize>::deserialize(__payload).map(|_| Self::#ident));
        }
        quote!(#at => super::Probe::<#strukt>::read(__payload).map(Self::#ident))
    });
    let completes = commands.iter().map(|command| complete(command));
    let kinds = commands.iter().map(|command| {
        let ident = &command.ident;
        quote!(Self::#ident { .. } => super::CommandKind::#ident)
    });
    let result = quote!(::core::result::Result);
    quote! {
        /// Commands as they come from outside. Read a request into [`Command`](wire::Command), and complete it.
        #module_vis mod wire {
            #[allow(unused_imports)]
            use super::Unstored as _;

            #(#structs)*

            /// A command from outside: none that is internal, without facts, and without members that it does not have.
            ///
            /// serde reads `{"name": payload}`, and where nothing is carried also `"name"`, `{"name": null}` and
            /// `{"name": {}}`.
            #[derive(#(#derives,)*)]
            #serialize
            #vis enum Command { #(#variants),* }

            impl Command {
                /// The command's name.
                pub const fn kind(&self) -> super::CommandKind {
                    match *self { #(#kinds,)* }
                }

                /// The command with its facts, as `apply` takes it.
                pub fn complete(self, __facts: &impl super::Facts) -> super::Command {
                    match self { #(#completes,)* }
                }
            }

            #[automatically_derived]
            impl<'de> #krate::__private::OutsideCommands<'de> for Command {
                const NAMES: &'static [&'static str] = &[#(#names),*];

                fn position(__name: &str) -> ::core::option::Option<usize> {
                    match __name {
                        #(#positions,)*
                        _ => ::core::option::Option::None,
                    }
                }

                fn read<__D: #krate::__private::serde::Deserializer<'de>>(
                    __position: usize,
                    __payload: __D,
                ) -> #result<Self, __D::Error> {
                    match __position {
                        #(#reads,)*
                        _ => #result::Err(<__D::Error as #krate::__private::serde::de::Error>::custom("no command")),
                    }
                }
            }

            #[automatically_derived]
            impl<'de> #krate::__private::serde::Deserialize<'de> for Command {
                fn deserialize<__D: #krate::__private::serde::Deserializer<'de>>(
                    __deserializer: __D,
                ) -> #result<Self, __D::Error> {
                    #krate::__private::read_outside_command(__deserializer)
                }
            }
        }
    }
}

/// What the sender of a command gives.
fn declare(model: &Model, command: &Command, types: &mut Types) -> TokenStream {
    let krate = &model.krate;
    let Command { ident, strukt, .. } = command;
    let vis = visibility_from(model, &quote!(super::super));
    let docs = format!("The command `{}` as it comes from outside.", ident.unraw());
    let derives = command_derives(model).map(derive_path);
    let members: Vec<&Field> = given(command).collect();
    let serde = serde_derives(model, &types.bounds(&members, krate), &["Serialize", "Deserialize"]);
    // serde has no way to know what a flattened member does not take.
    let flattened = members.iter().any(|field| fields::is_flattened(field));
    let deny = (!flattened).then(|| quote!(#[serde(deny_unknown_fields)]));
    let members = members.iter().map(|field| {
        let (name, ty, attrs) = (&field.ident, types.path(&field.ty), fields::attributes(field, krate, types));
        let docs = docs_of(&field.attrs, Some(name));
        let documented = field.attrs.iter().any(|attr| attr.path().is_ident("doc"));
        let docs = if documented { quote!() } else { docs };
        quote!(#docs #attrs pub #name: #ty)
    });
    quote! {
        #[doc = #docs]
        #[derive(#(#derives,)*)]
        #serde
        #deny
        #vis struct #strukt { #(#members),* }
    }
}

/// The arm of `complete` for a command.
fn complete(command: &Command) -> TokenStream {
    let Command { ident, strukt, method, .. } = command;
    let (given, looked_up): (Vec<_>, Vec<_>) =
        (given(command).map(|field| &field.ident).collect(), facts(command).map(|field| &field.ident).collect());
    let pattern = if given.is_empty() { quote!(Self::#ident) } else { quote!(Self::#ident(__given)) };
    let argument = (!given.is_empty()).then(|| quote!(, &__given));
    let facts = (!looked_up.is_empty()).then(|| quote!(let __found = super::Facts::#method(__facts #argument);));
    quote! {
        #pattern => {
            #facts
            super::Command::#ident(super::#strukt { #(#given: __given.#given,)* #(#looked_up: __found.#looked_up,)* })
        }
    }
}
