//! The attribute itself: gives the enum back with the hidden derive, which sees `#[cfg]` resolved.
//!
//! The enum always survives, so that a mistake in an attribute is one error and not one more for every use of the enum.

use std::mem;

use proc_macro2::{TokenStream, TokenTree};
use quote::{ToTokens, quote};
use syn::ext::IdentExt;
use syn::parse::Parser;
use syn::punctuated::Punctuated;
use syn::{Attribute, Expr, Item, ItemEnum, LitStr, Meta, MetaList, Path, Token, Variant};

use crate::attr;
use crate::diagnostics::Diagnostics;

pub(crate) fn reemit(args: &TokenStream, item: TokenStream) -> TokenStream {
    match syn::parse2::<Item>(item.clone()) {
        Ok(Item::Enum(mut item)) => {
            let machine = machine_derive(args);
            let derives = repeated_derives(&item.attrs);
            if derives_serde(&item.attrs) {
                wire_names(&mut item);
            }
            item.attrs = attr::fold(item.attrs);
            item.variants.iter_mut().for_each(|variant| variant.attrs = attr::fold(mem::take(&mut variant.attrs)));
            // First, so that every helper attribute comes after the derive that declares it.
            quote! { #[derive(#machine)] #[__idem_args(#args)] #derives #item }
        }
        Ok(_) => {
            let mut diagnostics = Diagnostics::default();
            diagnostics.push(attr::not_an_enum(&first_line(&item)));
            let errors = diagnostics.into_tokens();
            quote! { #errors #item }
        }
        // Not an item at all: rustc says it best.
        Err(_) => item,
    }
}

/// `struct Order`, without attributes before it and without the body: the whole item would underline a page.
fn first_line(item: &TokenStream) -> TokenStream {
    let mut trees = item.clone().into_iter().peekable();
    while trees.peek().is_some_and(|tree| tree.to_string() == "#") {
        trees = trees.skip(2).collect::<TokenStream>().into_iter().peekable();
    }
    trees.take_while(|tree| !matches!(tree, TokenTree::Group(_))).collect()
}

/// The derive's path: below `crate = …`, if that can be read; the derive reports it where it cannot.
fn machine_derive(args: &TokenStream) -> TokenStream {
    let mut krate = None;
    let tokens: Vec<_> = args.clone().into_iter().collect();
    for (at, tree) in tokens.iter().enumerate() {
        let assigned = tokens.get(at + 1).is_some_and(|next| next.to_string() == "=");
        if tree.to_string() == "crate" && assigned {
            let value = tokens.iter().skip(at + 2).take_while(|tree| tree.to_string() != ",").cloned().collect();
            krate = syn::parse2::<Path>(value).ok();
            break;
        }
    }
    let krate = krate.filter(attr::is_absolute).map_or_else(|| quote!(::idem_core), |path| quote!(#path));
    quote!(#krate::__private::Machine)
}

/// The enum's derives once more, as a helper attribute: other derives are not part of what a derive sees.
fn repeated_derives(attrs: &[Attribute]) -> TokenStream {
    let mut repeated = TokenStream::new();
    for attr in attrs {
        each(&attr.meta, &mut |condition, meta| {
            if let Meta::List(list) = meta
                && list.path.is_ident("derive")
            {
                let traits = &list.tokens;
                repeated.extend(under(condition, &quote!(__idem_derives(#traits))));
            }
        });
    }
    repeated
}

fn derives_serde(attrs: &[Attribute]) -> bool {
    let mut found = false;
    for attr in attrs {
        each(&attr.meta, &mut |_, meta| {
            if let Meta::List(list) = meta
                && list.path.is_ident("derive")
            {
                let paths = list.parse_args_with(Punctuated::<Path, Token![,]>::parse_terminated).unwrap_or_default();
                let last = |path: &Path| path.segments.last().map(|segment| segment.ident.to_string());
                found |= paths.iter().any(|path| matches!(last(path).as_deref(), Some("Serialize" | "Deserialize")));
            }
        });
    }
    found
}

/// Puts what `#[name]` and `#[was]` mean to serde right behind them.
///
/// A name that is taken is left out: the derive reports it, and serde would report it again.
fn wire_names(item: &mut ItemEnum) {
    let mut taken: Vec<String> = item.variants.iter().map(live_name).collect();
    for variant in &mut item.variants {
        let mut attrs = TokenStream::new();
        let mut named = false;
        for attr in &variant.attrs {
            each(&attr.meta, &mut |condition, meta| {
                attrs.extend(under(condition, &meta.to_token_stream()));
                let serde = match meta {
                    Meta::NameValue(pair) if pair.path.is_ident("name") && !named => {
                        named = condition.is_none();
                        rename(&pair.value, &taken)
                    }
                    Meta::List(list) if list.path.is_ident("was") => aliases(list, &mut taken),
                    _ => None,
                };
                attrs.extend(serde.map(|names| under(condition, &quote!(serde(#names)))));
            });
        }
        // What was parsed once is parsed again.
        if let Ok(attrs) = Attribute::parse_outer.parse2(attrs) {
            variant.attrs = attrs;
        }
    }
}

fn live_name(variant: &Variant) -> String {
    let name = variant.attrs.iter().find_map(|attr| match &attr.meta {
        Meta::NameValue(pair) if pair.path.is_ident("name") => text(&pair.value),
        _ => None,
    });
    name.map_or_else(|| variant.ident.unraw().to_string(), |name| name.value())
}

fn rename(value: &Expr, taken: &[String]) -> Option<TokenStream> {
    let name = text(value)?;
    let own = taken.iter().filter(|taken| **taken == name.value()).count() <= 1;
    own.then(|| quote!(rename = #name))
}

fn aliases(list: &MetaList, taken: &mut Vec<String>) -> Option<TokenStream> {
    let names = list.parse_args_with(Punctuated::<LitStr, Token![,]>::parse_terminated).ok()?;
    let mut free = Vec::new();
    for name in names {
        if !taken.contains(&name.value()) {
            taken.push(name.value());
            free.push(name);
        }
    }
    Some(quote!(#(alias = #free),*))
}

fn text(value: &Expr) -> Option<LitStr> {
    syn::parse2(value.to_token_stream()).ok()
}

/// Calls `see` with an attribute, or with each one inside a `cfg_attr` and its condition.
fn each(meta: &Meta, see: &mut impl FnMut(Option<&Meta>, &Meta)) {
    if let Meta::List(list) = meta
        && list.path.is_ident("cfg_attr")
    {
        let inner = list.parse_args_with(Punctuated::<Meta, Token![,]>::parse_terminated).unwrap_or_default();
        let mut inner = inner.iter();
        if let Some(condition) = inner.next() {
            inner.for_each(|meta| see(Some(condition), meta));
        }
    } else {
        see(None, meta);
    }
}

/// The attribute `content`, under the condition of the one it goes with.
fn under(condition: Option<&Meta>, content: &TokenStream) -> TokenStream {
    condition.map_or_else(|| quote!(#[#content]), |condition| quote!(#[cfg_attr(#condition, #content)]))
}
