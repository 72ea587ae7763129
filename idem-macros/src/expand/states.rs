//! A struct for each state, of the variant's shape, and the way back into the enum.

use proc_macro2::TokenStream;
use quote::{format_ident, quote};
use syn::ext::IdentExt;
use syn::{Attribute, Fields};

use super::types::Types;
use super::{head, outside};
use crate::model::{Model, State};

pub(super) fn expand(model: &Model, types: &mut Types) -> TokenStream {
    let head = head(model);
    let machine = outside(model);
    let structs = model.states.iter().map(|state| {
        let strukt = declare(state, &head, types);
        let ident = &state.strukt;
        let variant = &state.ident;
        let (unpack, pack) = (pattern(state, &quote!(#ident)), pattern(state, &quote!(#machine::#variant)));
        quote! {
            #strukt
            #[automatically_derived]
            impl ::core::convert::From<#ident> for #machine {
                fn from(__state: #ident) -> Self {
                    let #unpack = __state;
                    #pack
                }
            }
        }
    });
    quote!(#(#structs)*)
}

/// A pattern that binds every field, which is also the expression that puts them together again.
pub(super) fn pattern(state: &State, path: &TokenStream) -> TokenStream {
    match &state.fields {
        Fields::Unit => path.clone(),
        Fields::Named(fields) => {
            let names = fields.named.iter().filter_map(|field| field.ident.as_ref());
            let bound = (0..fields.named.len()).map(|at| format_ident!("__f{at}"));
            quote!(#path { #(#names: #bound),* })
        }
        Fields::Unnamed(fields) => {
            let bound = (0..fields.unnamed.len()).map(|at| format_ident!("__f{at}"));
            quote!(#path(#(#bound),*))
        }
    }
}

fn declare(state: &State, head: &TokenStream, types: &mut Types) -> TokenStream {
    let (ident, docs) = (&state.strukt, &state.docs);
    let summary = format!("The state `{}`.", state.ident.unraw());
    let summary = if docs.is_empty() { quote!(#[doc = #summary]) } else { quote!(#(#docs)*) };
    let mut fields = Vec::new();
    for field in &state.fields {
        let (name, ty) = (&field.ident, types.path(&field.ty));
        let colon = name.as_ref().map(|_| quote!(:));
        let docs = docs_of(&field.attrs, name.as_ref());
        fields.push(quote!(#docs pub #name #colon #ty));
    }
    let body = match &state.fields {
        Fields::Unit => quote!(;),
        Fields::Named(_) => quote!({ #(#fields),* }),
        Fields::Unnamed(_) => quote!((#(#fields),*);),
    };
    quote! { #summary #head struct #ident #body }
}

/// A field's own docs, or a line that says what it is.
pub(super) fn docs_of(attrs: &[Attribute], name: Option<&syn::Ident>) -> TokenStream {
    let mut docs = attrs.iter().filter(|attr| attr.path().is_ident("doc")).peekable();
    match name {
        Some(name) if docs.peek().is_none() => {
            let text = format!("`{}`, as the enum declares it.", name.unraw());
            quote!(#[doc = #text])
        }
        _ => quote!(#(#docs)*),
    }
}
