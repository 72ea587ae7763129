//! From the model to code: one module beside the enum.
//!
//! Paths are absolute (`::core::…`), because the names of the user's states are in scope; types that the user wrote are
//! reached through aliases that stand where the enum stands.

mod commands;
mod diagram;
mod fields;
mod handles;
mod kinds;
mod machine;
mod probe;
mod queries;
mod rules;
mod states;
mod stored;
mod transitions;
mod types;
mod wire;

use proc_macro2::TokenStream;
use quote::{ToTokens, format_ident, quote};
use syn::ext::IdentExt;
use syn::{DeriveInput, Ident, Visibility};

use crate::attr;
use crate::check;
use crate::diagnostics::Diagnostics;
use crate::model::{Model, State};
use types::Types;

/// The hidden derive: findings first, then as much of the machine as could be understood.
pub(crate) fn machine(item: TokenStream) -> TokenStream {
    let input = match syn::parse2::<DeriveInput>(item) {
        Ok(input) => input,
        Err(error) => return error.to_compile_error(),
    };
    let mut diagnostics = Diagnostics::default();
    let model = attr::parse(input, &mut diagnostics).and_then(|syntax| check::check(syntax, &mut diagnostics));
    let code = model.map(|model| expand(&model));
    let errors = diagnostics.into_tokens();
    quote!(#errors #code)
}

fn expand(model: &Model) -> TokenStream {
    let mut types = Types::new(&model.ident);
    let parts = [
        states::expand(model, &mut types),
        kinds::expand(model),
        commands::expand(model, &mut types),
        transitions::expand(model, &mut types),
        rules::expand(model),
        machine::expand(model, &mut types),
        queries::expand(model),
        handles::expand(model, &mut types),
        wire::expand(model, &mut types),
        probe::expand(model, &types),
    ];
    let Model { vis, module, .. } = model;
    let name = model.ident.unraw();
    let docs = format!(
        "What `#[idempotent_fsm]` makes of `{name}`: its states and commands as types, its rules, its handles.\n\n\
         ```mermaid\n{}```",
        diagram::mermaid(model),
    );
    let (entry, imports) = (handles::entry(model), types.imports());
    quote! {
        #types
        #entry
        #[doc = #docs]
        #[allow(
            non_camel_case_types,
            private_interfaces,
            single_use_lifetimes,
            unreachable_pub,
            unused_lifetimes,
            unused_qualifications,
            clippy::pedantic,
            clippy::derive_partial_eq_without_eq,
            clippy::exhaustive_enums,
            clippy::exhaustive_structs,
            clippy::large_enum_variant,
            clippy::result_large_err,
            clippy::enum_variant_names,
        )]
        #vis mod #module {
            #imports
            #(#parts)*
        }
    }
}

/// The enum as seen from inside the module.
fn outside(model: &Model) -> TokenStream {
    Ident::new(types::MACHINE, model.ident.span()).into_token_stream()
}

/// The enum's visibility as it is written inside the module, which is one level further in.
fn visibility(model: &Model) -> TokenStream {
    visibility_from(model, &quote!(super))
}

/// The same from further in: `out` is the way to where the enum stands.
fn visibility_from(model: &Model, out: &TokenStream) -> TokenStream {
    match &model.vis {
        Visibility::Public(vis) => quote!(#vis),
        Visibility::Inherited => quote!(pub(in #out)),
        Visibility::Restricted(vis) => {
            let path = &vis.path;
            let first = path.segments.first().map(|segment| segment.ident.to_string());
            let rest = path.segments.iter().skip(1);
            match first.as_deref() {
                Some("self") => quote!(pub(in #out #(::#rest)*)),
                Some("super") => quote!(pub(in #out::#path)),
                _ => quote!(#vis),
            }
        }
    }
}

/// For an enum without serde: the bound that lets everything built on it pass, so that the missing derive is one error.
///
/// A bound under `for<'idem>` is not checked where it stands.
fn assumed(model: &Model, machine: &TokenStream) -> TokenStream {
    let krate = &model.krate;
    if model.has_serde { TokenStream::new() } else { quote!(for<'idem> #machine: #krate::__private::State) }
}

/// What stands in front of a struct or an enum of states: the standard traits that the enum derives, its visibility.
fn head(model: &Model) -> TokenStream {
    let (paths, vis) = (model.derives.iter().map(derive_path), visibility(model));
    quote!(#[derive(#(#paths),*)] #vis)
}

/// The same for what a command carries: types that the enum need not hold, so only what nearly every type has.
fn command_derives(model: &Model) -> impl Iterator<Item = &Ident> {
    model.derives.iter().filter(|name| *name == "Debug" || *name == "Clone" || *name == "PartialEq")
}

fn derive_path(name: &Ident) -> TokenStream {
    let module = match name.to_string().as_str() {
        "Debug" => "fmt",
        "Clone" => "clone",
        "Copy" => "marker",
        "Hash" => "hash",
        _ => "cmp",
    };
    let (module, name) = (format_ident!("{module}"), format_ident!("{name}"));
    quote!(::core::#module::#name)
}

/// "`A` or `B`".
fn either(states: &[&State]) -> String {
    let names: Vec<String> = states.iter().map(|state| format!("`{}`", state.ident.unraw())).collect();
    names.join(" or ")
}
