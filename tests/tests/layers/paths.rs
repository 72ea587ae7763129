//! The files that a file names.

use std::collections::BTreeSet;

use proc_macro2::{Delimiter, TokenStream, TokenTree};

use crate::Sources;

/// The modules of a file: `a/b.rs` and `a/b/mod.rs` are `a::b`.
fn module(file: &str) -> Vec<String> {
    let path = file.trim_end_matches(".rs");
    let path = path.strip_suffix("/mod").unwrap_or(path);
    if path == "lib" { Vec::new() } else { path.split('/').map(str::to_owned).collect() }
}

/// The file of the innermost of these modules that has one.
fn file_of(sources: &Sources, path: &[String]) -> String {
    for length in (1..=path.len()).rev() {
        let joined = path[..length].join("/");
        let files = [format!("{joined}.rs"), format!("{joined}/mod.rs")];
        if let Some(file) = files.into_iter().find(|file| sources.contains_key(file)) {
            return file;
        }
    }
    "lib.rs".to_owned()
}

/// The other files that the code of this one names by a path.
pub(crate) fn files_named(sources: &Sources, file: &str, text: &str) -> BTreeSet<String> {
    let tokens: TokenStream = text.parse().unwrap_or_else(|error| panic!("{file}: {error}"));
    let mut paths = Vec::new();
    collect(tokens, &module(file), &mut paths);
    // A child that the file declares may be named without more.
    let own = module(file);
    let child = |path: &Vec<String>| {
        let mut child = own.clone();
        child.extend(path.first().cloned());
        let file = child.join("/");
        sources.contains_key(&format!("{file}.rs")) || sources.contains_key(&format!("{file}/mod.rs"))
    };
    let absolute = paths.into_iter().filter_map(|path| match path {
        Named::Absolute(path) => Some(path),
        Named::Relative(path) => child(&path).then(|| own.iter().cloned().chain(path).collect()),
    });
    absolute.map(|path| file_of(sources, &path)).filter(|other| other != file).collect()
}

enum Named {
    /// From the root of the crate.
    Absolute(Vec<String>),
    /// From the file's own module.
    Relative(Vec<String>),
}

/// Collects all paths of more than one name in the code of a module.
fn collect(tokens: TokenStream, module: &[String], paths: &mut Vec<Named>) {
    let tokens: Vec<TokenTree> = tokens.into_iter().collect();
    let mut at = 0;
    while let Some(token) = tokens.get(at) {
        match token {
            TokenTree::Ident(name) if *name == "pub" => {
                // `pub(in crate::store)` says who may see, and names nothing.
                at += 1;
                if matches!(tokens.get(at), Some(TokenTree::Group(group)) if is_visibility(group)) {
                    at += 1;
                }
            }
            TokenTree::Ident(name) if *name == "mod" => {
                let inner = match (tokens.get(at + 1), tokens.get(at + 2)) {
                    (Some(TokenTree::Ident(name)), Some(TokenTree::Group(group))) => Some((name.to_string(), group)),
                    _ => None,
                };
                if let Some((name, group)) = inner {
                    let module: Vec<String> = module.iter().cloned().chain([name]).collect();
                    collect(group.stream(), &module, paths);
                    at += 3;
                } else {
                    at += 2;
                }
            }
            TokenTree::Ident(_) if is_use(&tokens, at) => {
                at += 1;
                let end = (at..tokens.len()).find(|end| is_punct(&tokens, *end, ';')).unwrap_or(tokens.len());
                branches(&tokens[at..end], &mut Vec::new(), module, paths);
                at = end;
            }
            TokenTree::Ident(_) if !follows_path(&tokens, at) => {
                let (names, next) = names_from(&tokens, at);
                if names.len() > 1 {
                    paths.push(resolved(names, module));
                }
                at = next;
            }
            TokenTree::Group(group) => {
                collect(group.stream(), module, paths);
                at += 1;
            }
            _ => at += 1,
        }
    }
}

/// The paths of a `use`, with all its braces.
fn branches(tokens: &[TokenTree], before: &mut Vec<String>, module: &[String], paths: &mut Vec<Named>) {
    for branch in tokens.split(|token| matches!(token, TokenTree::Punct(punct) if punct.as_char() == ',')) {
        let length = before.len();
        let (names, next) = names_from(branch, 0);
        before.extend(names);
        match branch.get(next..).unwrap_or_default().iter().find_map(|token| match token {
            TokenTree::Group(group) => Some(group),
            _ => None,
        }) {
            Some(group) => {
                let inner: Vec<TokenTree> = group.stream().into_iter().collect();
                branches(&inner, before, module, paths);
            }
            None if !before.is_empty() => paths.push(resolved(before.clone(), module)),
            None => {}
        }
        before.truncate(length);
    }
}

fn resolved(names: Vec<String>, module: &[String]) -> Named {
    let mut names = names.into_iter().peekable();
    let mut base = module.to_vec();
    let mut is_relative = true;
    while let Some(first) = names.peek() {
        match first.as_str() {
            // `lib.rs` gives the crate its own name, for what the macro writes.
            "crate" | "idem_core" => base.clear(),
            "super" => drop(base.pop()),
            "self" => {}
            _ => break,
        }
        is_relative = false;
        names.next();
    }
    if is_relative {
        Named::Relative(names.collect())
    } else {
        Named::Absolute(base.into_iter().chain(names).collect())
    }
}

/// The names that stand with `::` between them from here on, and where they end.
fn names_from(tokens: &[TokenTree], mut at: usize) -> (Vec<String>, usize) {
    let mut names = Vec::new();
    while let Some(TokenTree::Ident(name)) = tokens.get(at) {
        names.push(name.to_string());
        at += 1;
        if !(is_punct(tokens, at, ':') && is_punct(tokens, at + 1, ':')) {
            break;
        }
        at += 2;
    }
    (names, at)
}

fn is_use(tokens: &[TokenTree], at: usize) -> bool {
    // Not the `use<…>` of a bound.
    matches!(&tokens[at], TokenTree::Ident(name) if *name == "use") && !is_punct(tokens, at + 1, '<')
}

fn follows_path(tokens: &[TokenTree], at: usize) -> bool {
    at > 1 && is_punct(tokens, at - 1, ':') && is_punct(tokens, at - 2, ':')
}

fn is_punct(tokens: &[TokenTree], at: usize, wanted: char) -> bool {
    matches!(tokens.get(at), Some(TokenTree::Punct(punct)) if punct.as_char() == wanted)
}

fn is_visibility(group: &proc_macro2::Group) -> bool {
    let first = group.stream().into_iter().next();
    let says = |name: &proc_macro2::Ident| ["in", "crate", "super", "self"].iter().any(|word| name == word);
    group.delimiter() == Delimiter::Parenthesis && matches!(first, Some(TokenTree::Ident(name)) if says(&name))
}
