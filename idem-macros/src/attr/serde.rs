//! serde attributes that stand beside ours.

use syn::{Attribute, Ident, LitStr};

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
