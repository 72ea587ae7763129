//! serde attributes that stand beside ours.

use syn::punctuated::Punctuated;
use syn::{Attribute, Ident, LitStr, Meta, Token};

/// One item of a `#[serde(…)]` list.
pub(crate) struct Foreign {
    pub(crate) name: Ident,
}

/// The items of all serde attributes; what does not parse is serde's to report.
pub(crate) fn foreign(attrs: &[Attribute]) -> Vec<Foreign> {
    let mut found = Vec::new();
    for attr in attrs.iter().filter(|attr| attr.path().is_ident("serde")) {
        let _ = attr.parse_nested_meta(|meta| {
            found.extend(meta.path.get_ident().map(|name| Foreign { name: name.clone() }));
            skip_value(&meta)
        });
    }
    found
}

/// The name that a field has on the wire, as its serde attributes say, and whether it is flattened.
pub(crate) fn names_in(attrs: &[Attribute]) -> (Option<LitStr>, Option<Ident>) {
    let (mut rename, mut flatten) = (None, None);
    for attr in attrs.iter().filter(|attr| attr.path().is_ident("serde")) {
        let _ = attr.parse_nested_meta(|meta| {
            if meta.path.is_ident("flatten") {
                flatten = meta.path.get_ident().cloned();
            } else if meta.path.is_ident("rename") && meta.input.peek(syn::Token![=]) {
                rename = Some(meta.value()?.parse()?);
                return Ok(());
            } else if meta.path.is_ident("rename") && meta.input.peek(syn::token::Paren) {
                return meta.parse_nested_meta(|way| {
                    if way.path.is_ident("serialize") {
                        rename = Some(way.value()?.parse()?);
                        return Ok(());
                    }
                    skip_value(&way)
                });
            }
            skip_value(&meta)
        });
    }
    (rename, flatten)
}

/// Whether a field is written or read by functions that its attributes name, or not at all: then its type needs no serde.
pub(crate) fn has_functions(attrs: &[Attribute]) -> bool {
    attrs.iter().any(|attr| names_functions(&attr.meta))
}

fn names_functions(meta: &Meta) -> bool {
    const NAMES: [&str; 6] =
        ["with", "serialize_with", "deserialize_with", "skip", "skip_serializing", "skip_deserializing"];
    let Meta::List(list) = meta else { return false };
    let items = list.parse_args_with(Punctuated::<Meta, Token![,]>::parse_terminated).unwrap_or_default();
    if list.path.is_ident("cfg_attr") {
        return items.iter().skip(1).any(names_functions);
    }
    list.path.is_ident("serde") && items.iter().any(|item| NAMES.iter().any(|name| item.path().is_ident(name)))
}

fn skip_value(meta: &syn::meta::ParseNestedMeta<'_>) -> syn::Result<()> {
    if meta.input.peek(syn::Token![=]) {
        meta.value()?.parse::<syn::Expr>()?;
    } else if meta.input.peek(syn::token::Paren) {
        let content;
        syn::parenthesized!(content in meta.input);
        content.parse::<proc_macro2::TokenStream>()?;
    }
    Ok(())
}
