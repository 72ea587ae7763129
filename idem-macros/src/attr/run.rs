//! Runs of `#[command]` or `#[on]`, each in one attribute on the way from the attribute macro to the derive.
//!
//! rustc expands the attributes of an item one inside the other, and stops at a depth of 128: a command each.

use quote::quote;
use syn::Attribute;
use syn::parse::Parser;

const FOLDED: [&str; 2] = ["command", "on"];

/// Puts those that follow each other into one. What a `cfg_attr` brings may stand between two, and stays there.
pub(crate) fn fold(attrs: Vec<Attribute>) -> Vec<Attribute> {
    let mut folded = Vec::new();
    let mut run: Vec<Attribute> = Vec::new();
    for attr in attrs {
        if FOLDED.iter().any(|name| attr.path().is_ident(name)) {
            run.push(attr);
            continue;
        }
        if attr.path().is_ident("cfg_attr") {
            end(&mut run, &mut folded);
        }
        folded.push(attr);
    }
    end(&mut run, &mut folded);
    folded
}

fn end(run: &mut Vec<Attribute>, folded: &mut Vec<Attribute>) {
    let attrs = std::mem::take(run);
    match Attribute::parse_outer.parse2(quote!(#[__idem_run(#(#attrs)*)])) {
        Ok(one) if attrs.len() > 1 => folded.extend(one),
        _ => folded.extend(attrs),
    }
}

/// The attributes as they were written.
pub(crate) fn unfold(attrs: Vec<Attribute>) -> Vec<Attribute> {
    let unfold = |attr: Attribute| {
        let run = attr.path().is_ident("__idem_run").then(|| attr.parse_args_with(Attribute::parse_outer).ok());
        run.flatten().unwrap_or_else(|| vec![attr])
    };
    attrs.into_iter().flat_map(unfold).collect()
}
