//! Aliases: a type that the user wrote means inside the module what it means where the enum stands.

use std::collections::HashMap;

use proc_macro2::{Group, TokenStream, TokenTree};
use quote::{ToTokens, format_ident, quote};
use syn::ext::IdentExt;
use syn::spanned::Spanned;
use syn::{Ident, Type};

pub(super) struct Types {
    machine: Ident,
    names: HashMap<String, Ident>,
    aliases: TokenStream,
}

impl Types {
    pub(super) fn new(machine: &Ident) -> Self {
        Self { machine: machine.clone(), names: HashMap::new(), aliases: TokenStream::new() }
    }

    /// The path of `ty` from inside the module, spanned where the type was written.
    pub(super) fn path(&mut self, ty: &Type) -> TokenStream {
        let tokens = self.without_self(ty.to_token_stream());
        let text = tokens.to_string();
        let alias = if let Some(alias) = self.names.get(&text) {
            alias.clone()
        } else {
            let alias = format_ident!("__Idem{}T{}", self.machine.unraw(), self.names.len());
            self.aliases.extend(quote! {
                #[doc(hidden)]
                #[allow(non_camel_case_types, unused_qualifications, clippy::all, clippy::pedantic)]
                type #alias = #tokens;
            });
            self.names.insert(text, alias.clone());
            alias
        };
        let alias = Ident::new(&alias.to_string(), ty.span());
        quote!(super::#alias)
    }

    /// `Self` in a variant is the enum; in an alias it is nothing.
    fn without_self(&self, tokens: TokenStream) -> TokenStream {
        tokens
            .into_iter()
            .map(|tree| match tree {
                TokenTree::Ident(ident) if ident == "Self" => self.machine.clone().into(),
                TokenTree::Group(group) => {
                    let mut inner = Group::new(group.delimiter(), self.without_self(group.stream()));
                    inner.set_span(group.span());
                    inner.into()
                }
                other => other,
            })
            .collect()
    }
}

impl ToTokens for Types {
    fn to_tokens(&self, tokens: &mut TokenStream) {
        tokens.extend(self.aliases.clone());
    }
}
