//! A struct for each command, the enum of all of them, and the enum of their outcomes.

use proc_macro2::{Span, TokenStream};
use quote::quote;
use syn::ext::IdentExt;
use syn::punctuated::Punctuated;
use syn::{Attribute, Ident, Path, Token};

use super::states::docs_of;
use super::types::Types;
use super::{command_derives, derive_path, fields, visibility};
use crate::model::{Command, Model, Repeat};

pub(super) fn expand(model: &Model, types: &mut Types) -> TokenStream {
    let structs: Vec<TokenStream> = model.commands.iter().map(|command| declare(model, command, types)).collect();
    let command = command_enum(model, types);
    let reply = reply_enum(model, types);
    quote!(#(#structs)* #command #reply)
}

fn declare(model: &Model, command: &Command, types: &mut Types) -> TokenStream {
    let krate = &model.krate;
    let Command { ident, strukt, attrs, .. } = command;
    let vis = visibility(model);
    let summary = format!("The command `{}`.", ident.unraw());
    let summary =
        if attrs.iter().any(|attr| attr.path().is_ident("doc")) { quote!() } else { quote!(#[doc = #summary]) };
    let own: Vec<Path> = attrs.iter().flat_map(derived).collect();
    let derives = command_derives(model).filter(|name| !own.iter().any(|own| last(own) == Some(name))).map(derive_path);
    let attrs = attrs.iter().map(without_serde);
    let serde = serde_derives(model, &types.bounds(&command.fields.iter().flatten().collect::<Vec<_>>(), krate), &BOTH);
    let body = match &command.fields {
        None => quote!(;),
        Some(fields) => {
            let fields = fields.iter().map(|field| {
                let (name, ty, attrs) = (&field.ident, types.path(&field.ty), fields::attributes(field, krate, types));
                let documented = field.attrs.iter().any(|attr| attr.path().is_ident("doc"));
                let docs = if documented { quote!() } else { docs_of(&[], Some(name)) };
                quote!(#docs #attrs pub #name: #ty)
            });
            quote!({ #(#fields),* })
        }
    };
    let unambiguous = (command.repeat != Repeat::Ambiguous && !command.remembers).then(|| {
        quote! {
            #[automatically_derived]
            impl #krate::__private::Unambiguous for #strukt {}
        }
    });
    let first = model.edges_from(model.initial).any(|edge| model.commands[edge.command].ident == *ident).then(|| {
        let outcome = outcome(command, types);
        quote! {
            #[automatically_derived]
            impl #krate::__private::FirstCommand<Command> for #strukt {
                type Outcome = #outcome;

                fn __into_command(self) -> Command {
                    Command::#ident(self)
                }
            }
        }
    });
    quote! {
        #summary
        #(#attrs)*
        #[derive(#(#derives,)*)]
        #serde
        #vis struct #strukt #body
        #unambiguous
        #first
    }
}

/// What a `#[derive(…)]` names.
fn derived(attr: &Attribute) -> Vec<Path> {
    let paths = attr.parse_args_with(Punctuated::<Path, Token![,]>::parse_terminated);
    paths.ok().filter(|_| attr.path().is_ident("derive")).into_iter().flatten().collect()
}

/// An attribute of a command without the derives that its struct has anyway.
fn without_serde(attr: &Attribute) -> TokenStream {
    let ours = |path: &Path| {
        let from_serde = path.segments.len() == 1 || path.segments.first().is_some_and(|it| it.ident == "serde");
        from_serde && last(path).is_some_and(|name| name == "Serialize" || name == "Deserialize")
    };
    let paths = derived(attr);
    if !paths.iter().any(ours) {
        return quote!(#attr);
    }
    let kept = paths.iter().filter(|path| !ours(path));
    quote!(#[derive(#(#kept),*)])
}

fn last(path: &Path) -> Option<&Ident> {
    path.segments.last().map(|segment| &segment.ident)
}

/// All commands in one type, as they are decoded from a wire.
fn command_enum(model: &Model, types: &mut Types) -> TokenStream {
    let (krate, vis) = (&model.krate, visibility(model));
    let initial = model.states.get(model.initial).map(|state| &state.strukt);
    let derives = command_derives(model).map(derive_path);
    let fields: Vec<_> = model.commands.iter().flat_map(|command| command.fields.iter().flatten()).collect();
    let serde = serde_derives(model, &types.bounds(&fields, &model.krate), &BOTH);
    let idents: Vec<_> = model.commands.iter().map(|command| &command.ident).collect();
    let structs: Vec<_> = model.commands.iter().map(|command| &command.strukt).collect();
    let variants = model.commands.iter().map(|command| {
        let Command { ident, strukt, wire, .. } = command;
        let (name, was, docs) = (&wire.name, &wire.was, format!("The command `{}`.", ident.unraw()));
        quote!(#[doc = #docs] #[serde(rename = #name #(, alias = #was)*)] #ident(#strukt))
    });
    quote! {
        /// Any command; serde reads and writes it as `{"name": payload}`.
        #[derive(#(#derives,)*)]
        #serde
        #vis enum Command { #(#variants),* }

        // Whether a key is needed shows when the command is known.
        #[automatically_derived]
        impl #krate::__private::Unambiguous for Command {}

        // A start is recognised by the machine's id.
        #[automatically_derived]
        impl #krate::__private::Unambiguous for #initial {}

        impl Command {
            /// The command's name.
            pub const fn kind(&self) -> CommandKind {
                match *self { #(Self::#idents(_) => CommandKind::#idents),* }
            }
        }

        #(
            #[automatically_derived]
            impl ::core::convert::From<#structs> for Command {
                fn from(__command: #structs) -> Self {
                    Self::#idents(__command)
                }
            }
        )*
    }
}

/// Serialises as the outcome alone: the sender of the command knows its name.
fn reply_enum(model: &Model, types: &mut Types) -> TokenStream {
    let vis = visibility(model);
    let krate = &model.krate;
    let idents: Vec<_> = model.commands.iter().map(|command| &command.ident).collect();
    let outcomes: Vec<_> = model.commands.iter().map(|command| outcome(command, types)).collect();
    let debug = command_derives(model).find(|name| *name == "Debug").map(derive_path);
    let docs = idents.iter().map(|ident| format!("The outcome of `{}`.", ident.unraw()));
    quote! {
        /// Any command's outcome; serde writes it as the outcome alone.
        #[derive(#debug)]
        #vis enum Reply { #(#[doc = #docs] #idents(#outcomes)),* }

        impl Reply {
            /// The name of the command that was answered.
            pub const fn kind(&self) -> CommandKind {
                match *self { #(Self::#idents(_) => CommandKind::#idents),* }
            }
        }

        #[automatically_derived]
        impl #krate::__private::serde::Serialize for Reply {
            fn serialize<__S: #krate::__private::serde::Serializer>(
                &self,
                __serializer: __S,
            ) -> ::core::result::Result<__S::Ok, __S::Error> {
                match *self {
                    #(Self::#idents(ref __outcome) => Probe::<#outcomes>::serialize(__outcome, __serializer)),*
                }
            }
        }
    }
}

/// The type of a command's outcome; `()` without `-> …`.
pub(super) fn outcome(command: &Command, types: &mut Types) -> TokenStream {
    command.outcome.as_ref().map_or_else(|| quote!(()), |ty| types.stored(ty))
}

/// What serde derives for a command.
const BOTH: [&str; 2] = ["Serialize", "Deserialize"];

/// serde's derives of these names for a command, if `bounds` hold.
pub(super) fn serde_derives(model: &Model, bounds: &str, derives: &[&str]) -> TokenStream {
    let krate = &model.krate;
    let path = quote!(#krate::__private::serde).to_string().replace(' ', "");
    let bounds = (!bounds.is_empty()).then(|| quote!(, bound(serialize = #bounds, deserialize = #bounds)));
    let derives = derives.iter().map(|name| Ident::new(name, Span::call_site()));
    quote! {
        #[derive(#(#krate::__private::serde::#derives),*)]
        #[serde(crate = #path #bounds)]
    }
}
