//! serde's attributes on a command's field: a path in them means what it means where the enum stands.
//!
//! serde calls such a path inside the module, where it would mean something else or nothing. So it gets a function that
//! stands beside the enum and calls what was written.

use proc_macro2::TokenStream;
use quote::{ToTokens, quote};
use syn::punctuated::Punctuated;
use syn::{Expr, ExprLit, ExprPath, Lit, LitStr, Meta, MetaList, Token};

use super::types::Types;
use crate::attr::{Field, is_absolute};

/// The attributes of `field`, as they are written inside the module.
pub(super) fn attributes(field: &Field, krate: &TokenStream, types: &mut Types) -> TokenStream {
    let mut place = Place { field, krate, types, condition: None };
    let metas: Vec<TokenStream> = field.attrs.iter().map(|attr| place.attribute(&attr.meta)).collect();
    quote!(#(#[#metas])*)
}

/// Whether serde takes the members of a field's type for members of the command.
pub(super) fn is_flattened(field: &Field) -> bool {
    let flattens = |attr: &syn::Attribute| {
        let items = attr.parse_args_with(Punctuated::<Meta, Token![,]>::parse_terminated);
        items.is_ok_and(|items| items.iter().any(|item| item.path().is_ident("flatten")))
    };
    field.attrs.iter().filter(|attr| attr.path().is_ident("serde")).any(flattens)
}

struct Place<'a> {
    field: &'a Field,
    krate: &'a TokenStream,
    types: &'a mut Types,
    /// That of a `cfg_attr` around the attribute.
    condition: Option<Meta>,
}

/// What serde calls.
#[derive(Clone, Copy)]
enum Role {
    Default,
    SkipIf,
    Serialize,
    Deserialize,
}

impl Place<'_> {
    fn attribute(&mut self, meta: &Meta) -> TokenStream {
        let Meta::List(list) = meta else { return meta.to_token_stream() };
        if !list.path.is_ident("serde") && !list.path.is_ident("cfg_attr") {
            return meta.to_token_stream();
        }
        // A list that does not parse is serde's or rustc's to report.
        let Ok(items) = list.parse_args_with(Punctuated::<Meta, Token![,]>::parse_terminated) else {
            return meta.to_token_stream();
        };
        let MetaList { path, .. } = list;
        if path.is_ident("serde") {
            let items = items.iter().map(|item| self.item(item));
            return quote!(#path(#(#items),*));
        }
        let mut items = items.iter();
        let condition = items.next().cloned();
        self.condition.clone_from(&condition);
        let attributes: Vec<TokenStream> = items.map(|item| self.attribute(item)).collect();
        self.condition = None;
        quote!(#path(#condition #(, #attributes)*))
    }

    fn item(&mut self, item: &Meta) -> TokenStream {
        let Some((text, path)) = relative_path(item) else { return item.to_token_stream() };
        let name = item.path();
        let role = match name.get_ident().map(ToString::to_string).as_deref() {
            Some("default") => Role::Default,
            Some("skip_serializing_if") => Role::SkipIf,
            Some("serialize_with") => Role::Serialize,
            Some("deserialize_with") => Role::Deserialize,
            Some("with") => {
                let write = self.function(Role::Serialize, &quote!(#path::serialize), &text);
                let read = self.function(Role::Deserialize, &quote!(#path::deserialize), &text);
                return quote!(serialize_with = #write, deserialize_with = #read);
            }
            _ => return item.to_token_stream(),
        };
        let function = self.function(role, &path.to_token_stream(), &text);
        quote!(#name = #function)
    }

    /// Makes the function beside the enum that calls `path`, and gives its own path inside the module.
    fn function(&mut self, role: Role, path: &TokenStream, text: &LitStr) -> LitStr {
        let serde = {
            let krate = self.krate;
            quote!(#krate::__private::serde)
        };
        let value = self.types.alias(&self.field.ty);
        let result = quote!(::core::result::Result);
        let name = self.types.function();
        let function = match role {
            Role::Default => quote! {
                fn #name() -> #value {
                    #path()
                }
            },
            Role::SkipIf => quote! {
                fn #name(__value: &#value) -> ::core::primitive::bool {
                    #path(__value)
                }
            },
            Role::Serialize => quote! {
                fn #name<__S: #serde::Serializer>(__value: &#value, __serializer: __S) -> #result<__S::Ok, __S::Error> {
                    #path(__value, __serializer)
                }
            },
            Role::Deserialize => quote! {
                fn #name<'de, __D: #serde::Deserializer<'de>>(__deserializer: __D) -> #result<#value, __D::Error> {
                    #path(__deserializer)
                }
            },
        };
        let condition = self.condition.as_ref().map(|condition| quote!(#[cfg(#condition)]));
        self.types.beside(quote! {
            #condition
            #[allow(dead_code, non_snake_case, clippy::all, clippy::pedantic)]
            #function
        });
        // A `use` of what a condition may take away would be an error.
        let path = match &self.condition {
            None => self.types.imported_path(&name),
            Some(_) => self.types.beside_path(&name),
        };
        LitStr::new(&path, text.span())
    }
}

/// The path in `name = "path"`, unless it means the same everywhere.
fn relative_path(item: &Meta) -> Option<(LitStr, ExprPath)> {
    let Meta::NameValue(pair) = item else { return None };
    let Expr::Lit(ExprLit { lit: Lit::Str(text), .. }) = &pair.value else { return None };
    let path: ExprPath = text.parse().ok()?;
    (path.qself.is_some() || !is_absolute(&path.path)).then(|| (text.clone(), path))
}
