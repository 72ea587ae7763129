//! Names in generated code that a machine's own could be: each is one that the rules know, or one that gives way.

use std::collections::BTreeSet;
use std::path::{Path, PathBuf};
use std::{env, fs};

use proc_macro2::{Group, TokenStream};
use quote::quote;
use syn::ext::IdentExt;
use syn::visit::{self, Visit};
use syn::{File, GenericParam, Ident, ImplItem, Item, Pat, PatIdent, Type, Visibility};

use crate::check::{ITEMS, METHODS};
use crate::snapshots::expand_text;

const HANDLES: [&str; 4] = ["Repository", "Handle", "InTx", "InMemory"];

/// Every kind of command and state, each with a name that no generated code has.
const MACHINE: &str = "#[idempotent_fsm]
    #[command(Aa { field: i64, #[fact] fact: i64 } -> i64)] #[command(Bb)] #[command(Cc)]
    #[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
    enum Mm {
        #[initial] #[on(Aa => S1)] S0 { one: i64, two: i64 },
        #[on(Aa => S2)] #[on(Bb => S2)] S1(i64),
        #[on(Bb => S2 | S3)] #[on(Cc => S3)] S2,
        #[terminal] S3,
    }";

/// A command named like a method of a handle would take its place: also where the handle only leads to the engine's.
#[test]
fn every_handle_method_is_reserved_name() {
    let mut found = BTreeSet::new();
    let engine = Path::new(env!("CARGO_MANIFEST_DIR")).join("../idem-core/src");
    for folder in ["machine", "model/machine"] {
        for file in rust_files(&engine.join(folder)) {
            let file = syn::parse_file(&fs::read_to_string(&file).unwrap()).unwrap();
            file.items.iter().for_each(|item| methods_of_handles(item, &mut found));
        }
    }
    for name in ["row_name", "history", "state", "override_state", "get", "in_state"] {
        assert!(found.contains(name), "{name} is not found, so others may be missing as well: {found:?}");
    }
    for item in module(MACHINE) {
        methods_of_handles(&item, &mut found);
    }
    let commands = ["aa", "bb", "cc"];
    let unknown: Vec<_> = found.iter().filter(|name| !commands.contains(&name.as_str()) && !known(name)).collect();
    assert!(unknown.is_empty(), "add to METHODS in check/names.rs: {unknown:?}");
}

#[test]
fn every_generated_item_is_reserved_name() {
    let own = ["S0", "S1", "S2", "S3", "Aa", "Bb", "Cc", "BbFromS2To"];
    let named = module(MACHINE).into_iter().filter_map(|item| match item {
        Item::Const(it) if it.ident != "_" => Some(it.ident),
        Item::Enum(it) => Some(it.ident),
        Item::Fn(it) => Some(it.sig.ident),
        Item::Mod(it) => Some(it.ident),
        Item::Struct(it) => Some(it.ident),
        Item::Trait(it) => Some(it.ident),
        // All that is used begins with `__`, as no name of a user's does.
        Item::Const(_) | Item::Impl(_) | Item::Use(_) => None,
        other => panic!("an item without a name that is read: {}", quote!(#other)),
    });
    let found: Vec<String> = named.map(|ident| ident.to_string()).collect();
    assert!(found.len() > own.len() + 10, "only {found:?} were found");
    let unknown: Vec<_> = found.iter().filter(|name| !own.contains(&name.as_str()) && !is_item(name)).collect();
    assert!(unknown.is_empty(), "add to ITEMS in check/names.rs: {unknown:?}");
}

/// A unit struct in scope takes the place of every binding of its name, a struct that of every type parameter.
#[test]
fn generated_bindings_avoid_user_names() {
    let plain = bound(MACHINE);
    let open: Vec<&String> = plain.iter().filter(|name| !name.starts_with("__")).collect();
    assert!(open.iter().any(|name| *name == "from") && open.iter().any(|name| *name == "DB"), "{open:?}");
    for name in open {
        for machine in [MACHINE.replace("S3", name), MACHINE.replace("Cc", name)] {
            assert!(!bound(&machine).contains(name), "`{name}` is bound where a state or a command has the name");
        }
    }
}

fn known(method: &str) -> bool {
    METHODS.contains(&method)
}

fn is_item(name: &str) -> bool {
    ITEMS.contains(&name)
}

/// The methods that a call of a handle can reach, from one `impl`.
fn methods_of_handles(item: &Item, found: &mut BTreeSet<String>) {
    let Item::Impl(block) = item else { return };
    let Type::Path(path) = &*block.self_ty else { return };
    let Some(name) = path.path.segments.last().map(|segment| segment.ident.to_string()) else { return };
    if !HANDLES.contains(&name.as_str()) {
        return;
    }
    for item in &block.items {
        let ImplItem::Fn(method) = item else { continue };
        let name = method.sig.ident.unraw().to_string();
        let public = block.trait_.is_some() || matches!(method.vis, Visibility::Public(_));
        if public && method.sig.receiver().is_some() && !name.starts_with("__") {
            found.insert(name);
        }
    }
}

/// The items of the generated module, those for stores among them.
fn module(machine: &str) -> Vec<Item> {
    let file: File = syn::parse2(expand_text(machine)).unwrap();
    let module = file.items.into_iter().find_map(|item| match item {
        Item::Mod(module) => module.content.map(|(_, items)| items),
        _ => None,
    });
    let items = module.unwrap().into_iter().flat_map(|item| match item {
        Item::Macro(stored) => {
            let stored: Group = syn::parse2(stored.mac.tokens).unwrap();
            syn::parse2::<File>(stored.stream()).unwrap().items
        }
        item => vec![item],
    });
    items.collect()
}

/// The names that patterns and type parameters bind in the module.
fn bound(machine: &str) -> BTreeSet<String> {
    struct Bound(BTreeSet<String>);

    impl Bound {
        fn see(&mut self, name: &Ident) {
            self.0.insert(name.unraw().to_string());
        }
    }

    impl<'ast> Visit<'ast> for Bound {
        fn visit_pat_ident(&mut self, pattern: &'ast PatIdent) {
            self.see(&pattern.ident);
            visit::visit_pat_ident(self, pattern);
        }

        // `let State = __state;` matches a unit struct and binds nothing.
        fn visit_local(&mut self, local: &'ast syn::Local) {
            let unpacks = local.init.as_ref().is_some_and(|init| is_state(&init.expr));
            if !(unpacks && matches!(local.pat, Pat::Ident(_))) {
                visit::visit_local(self, local);
            }
        }

        fn visit_generic_param(&mut self, parameter: &'ast GenericParam) {
            if let GenericParam::Type(parameter) = parameter {
                self.see(&parameter.ident);
            }
            visit::visit_generic_param(self, parameter);
        }
    }

    let mut bound = Bound(BTreeSet::new());
    for item in module(machine) {
        bound.visit_item(&item);
    }
    bound.0
}

fn is_state(expr: &syn::Expr) -> bool {
    let tokens: TokenStream = quote!(#expr);
    tokens.to_string() == "__state"
}

fn rust_files(folder: &Path) -> Vec<PathBuf> {
    let mut files = Vec::new();
    for entry in fs::read_dir(folder).unwrap() {
        let path = entry.unwrap().path();
        if path.is_dir() {
            files.extend(rust_files(&path));
        } else if path.extension().is_some_and(|extension| extension == "rs") {
            files.push(path);
        }
    }
    files
}
