//! Expansions, compared with the checked-in ones in `tests/expand`.
//!
//! `IDEM_BLESS=1 cargo test -p idem-macros` writes them anew.

use std::fmt::Write;
use std::path::Path;
use std::{env, fs};

use proc_macro2::TokenStream;
use quote::ToTokens;
use syn::{ItemEnum, Meta};

use crate::{expand, reemit};

#[test]
fn expansions_equal_checked_in_files() {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/expand");
    let mut seen = 0;
    for entry in fs::read_dir(&folder).unwrap() {
        let input = entry.unwrap().path();
        let name = input.file_name().unwrap().to_str().unwrap().to_owned();
        let Some(name) = name.strip_suffix(".in.rs") else { continue };
        let expanded = pretty(&fs::read_to_string(&input).unwrap());
        let output = folder.join(format!("{name}.out.rs"));
        if env::var_os("IDEM_BLESS").is_some() {
            fs::write(&output, &expanded).unwrap();
        }
        let expected = fs::read_to_string(&output).unwrap_or_default();
        assert!(expanded == expected, "{name} expands differently; IDEM_BLESS=1 shows how in `git diff`");
        seen += 1;
    }
    assert!(seen >= 4, "only {seen} inputs were found");
}

/// The expansion grows with states and edges, not with their product.
#[test]
fn expansion_size_grows_linearly_with_states() {
    let tokens = |states: usize| {
        let start = std::time::Instant::now();
        let count = count(expand_text(&long_machine(states)));
        println!("{states} states, {} edges: {count} tokens in {:?}", 3 * states - 3, start.elapsed());
        count
    };
    let (small, large) = (tokens(25), tokens(50));
    assert!(large < small * 2 + small / 10, "{small} tokens for 25 states, {large} for 50");
}

/// A chain of states with three edges each.
fn long_machine(states: usize) -> String {
    let mut text = String::from("#[idempotent_fsm(endless)]\n#[command(Stop)]\n#[command(Back { by: u8 } -> u8)]\n");
    (0..states - 1).for_each(|at| writeln!(text, "#[command(Step{at} {{ by: u8 }})]").unwrap());
    text.push_str("#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]\nenum Long {\n");
    for at in 0..states {
        if at == 0 {
            text.push_str("#[initial]\n");
        }
        if at + 1 < states {
            let (next, last) = (at + 1, states - 1);
            writeln!(text, "#[on(Step{at} => S{next})] #[on(Stop => S{last})] #[on(Back => S0)]").unwrap();
        } else {
            text.push_str("#[terminal]\n");
        }
        writeln!(text, "S{at} {{ value: i64 }},").unwrap();
    }
    text.push('}');
    text
}

fn count(tokens: TokenStream) -> usize {
    tokens
        .into_iter()
        .map(|tree| match tree {
            proc_macro2::TokenTree::Group(group) => 1 + count(group.stream()),
            _ => 1,
        })
        .sum()
}

fn pretty(source: &str) -> String {
    let expanded = expand_text(source);
    let file = syn::parse2(expanded.clone()).unwrap_or_else(|error| panic!("{error} in {expanded}"));
    prettyplease::unparse(&file)
}

/// Does what the compiler does: runs the attribute, takes the derives off and runs ours.
pub(crate) fn expand_text(source: &str) -> TokenStream {
    let mut item: ItemEnum = syn::parse_str(source).unwrap();
    let attribute = item.attrs.remove(0);
    let args = match attribute.meta {
        Meta::List(list) => list.tokens,
        _ => TokenStream::new(),
    };
    let mut item: ItemEnum = syn::parse2(reemit::reemit(&args, item.into_token_stream())).unwrap();
    item.attrs.retain(|attr| !attr.path().is_ident("derive"));
    expand::machine(item.into_token_stream())
}
