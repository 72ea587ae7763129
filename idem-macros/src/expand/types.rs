//! Aliases: a type that the user wrote means inside the module what it means where the enum stands.

use std::collections::HashMap;

use proc_macro2::{Group, TokenStream, TokenTree};
use quote::{ToTokens, format_ident, quote, quote_spanned};
use syn::ext::IdentExt;
use syn::spanned::Spanned;
use syn::{Ident, Type};

use crate::attr::{Field, has_functions};

/// What the enum is called inside the module.
pub(super) const MACHINE: &str = "__Machine";

pub(super) struct Types {
    machine: Ident,
    names: HashMap<String, Ident>,
    /// What stands beside the enum.
    beside: TokenStream,
    /// What stands there and is named inside the module.
    imported: Vec<Ident>,
    functions: usize,
    stored: Vec<Ident>,
    /// The way from where the code stands to the module.
    out: TokenStream,
}

impl Types {
    pub(super) fn new(machine: &Ident) -> Self {
        Self {
            machine: machine.clone(),
            names: HashMap::new(),
            beside: TokenStream::new(),
            imported: Vec::new(),
            functions: 0,
            stored: Vec::new(),
            out: TokenStream::new(),
        }
    }

    /// The path of `ty` from inside the module, spanned where the type was written.
    pub(super) fn path(&mut self, ty: &Type) -> TokenStream {
        let (alias, out) = (self.alias(ty), &self.out);
        quote_spanned!(ty.span()=> #out #alias)
    }

    /// The path of a function that stands beside the enum and is brought into the module.
    pub(super) fn imported_path(&mut self, name: &Ident) -> String {
        self.import(name);
        format!("{}{name}", self.way_out())
    }

    /// The path of a function where it stands, beside the enum.
    pub(super) fn beside_path(&self, name: &Ident) -> String {
        format!("{}super::{name}", self.way_out())
    }

    fn way_out(&self) -> String {
        self.out.to_string().replace(' ', "")
    }

    /// For code in a module within the module.
    pub(super) fn further_in<T>(&mut self, expand: impl FnOnce(&mut Self) -> T) -> T {
        let out = std::mem::replace(&mut self.out, quote!(super::));
        let code = expand(self);
        self.out = out;
        code
    }

    /// The name of `ty` beside the enum and inside the module, spanned where the type was written.
    pub(super) fn alias(&mut self, ty: &Type) -> Ident {
        let tokens = self.without_self(ty.to_token_stream());
        let text = tokens.to_string();
        let alias = if let Some(alias) = self.names.get(&text) {
            alias.clone()
        } else {
            let alias = format_ident!("__Idem{}T{}", self.machine.unraw(), self.names.len());
            self.beside.extend(quote! {
                #[allow(non_camel_case_types, unused_qualifications)]
                type #alias = #tokens;
            });
            self.names.insert(text, alias.clone());
            self.import(&alias).clone()
        };
        Ident::new(&alias.to_string(), ty.span())
    }

    /// The name of another function beside the enum.
    pub(super) fn function(&mut self) -> Ident {
        let name = format_ident!("__Idem{}F{}", self.machine.unraw(), self.functions);
        self.functions += 1;
        name
    }

    /// Puts an item beside the enum.
    pub(super) fn beside(&mut self, item: TokenStream) {
        self.beside.extend(item);
    }

    /// Brings what stands beside the enum into the module.
    pub(super) fn import<'a>(&mut self, name: &'a Ident) -> &'a Ident {
        self.imported.push(name.clone());
        name
    }

    /// Brings the enum and what stands beside it into the module. All of it in one `use`, by a name that says what to do:
    /// inside a function there is no way from the module to the enum, and that is the one error.
    pub(super) fn imports(&mut self) -> TokenStream {
        let (enumeration, imported) = (&self.machine, &self.imported);
        let name = format!("F502_move_{}_out_of_the_function", enumeration.unraw());
        let (alias, machine) = (Ident::new(&name, enumeration.span()), Ident::new(MACHINE, enumeration.span()));
        self.beside.extend(quote! {
            #[allow(non_camel_case_types, unused_qualifications)]
            type #alias = #enumeration;
        });
        quote! {
            #[allow(unused_imports)]
            use super::{#alias as #machine #(, #imported)*};
        }
    }

    /// The path of a type that the engine writes and reads by serde of its own.
    pub(super) fn stored(&mut self, ty: &Type) -> TokenStream {
        let alias = self.alias(ty);
        if !self.stored.contains(&alias) {
            self.stored.push(alias);
        }
        self.path(ty)
    }

    /// The payload types of some fields as bounds for their command's serde, but for those that need none.
    ///
    /// A bound under `for<'idem>` is not checked where it stands but where the command is read or written.
    pub(super) fn bounds(&mut self, fields: &[&Field], krate: &TokenStream) -> String {
        let state = quote!(#krate::__private::State).to_string().replace(' ', "");
        let mut bounds: Vec<String> = Vec::new();
        for field in fields.iter().filter(|field| !has_functions(&field.attrs)) {
            let path = self.stored(&field.ty).to_string().replace(' ', "");
            let bound = format!("for<'idem> {path}: {state}");
            if !bounds.contains(&bound) {
                bounds.push(bound);
            }
        }
        bounds.join(", ")
    }

    /// The one place that requires serde of payloads and outcomes, so that a type without it is one error.
    pub(super) fn assertions(&self, krate: &TokenStream) -> TokenStream {
        let stored = &self.stored;
        quote! {
            const _: () = {
                #(#krate::__private::must_have_serde::<#stored>();)*
            };
        }
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
        tokens.extend(self.beside.clone());
    }
}
