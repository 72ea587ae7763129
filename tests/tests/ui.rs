//! The fixtures of `tests/ui`, a directory for each rule, and the pages of `idem_core::compile_errors`: each shows the other.
//!
//! That the fixtures give the errors beside them is tested by `ui-no-store` and `ui-store`; what must compile is in
//! `compiles`.
#![allow(clippy::expect_used, reason = "a test says what it relies on")]

use std::collections::BTreeSet;
use std::fs;
use std::path::{Path, PathBuf};

const PAGES: &str = "idem-core/src/compile_errors";

#[test]
fn every_error_code_has_page() {
    let mut written = BTreeSet::new();
    // The macro's findings, and the bounds whose text is an error.
    for folder in ["idem-macros/src", "idem-core/src"] {
        for file in rust_files(&root().join(folder)) {
            written.extend(codes(&read(&file)));
        }
    }
    let pages: BTreeSet<String> = pages().into_iter().map(|(code, _)| code).collect();
    let missing: Vec<_> = written.difference(&pages).collect();
    assert!(missing.is_empty(), "no page in idem-core/src/compile_errors for {missing:?}");
    let index = read(&root().join(PAGES).join("README.md"));
    let unlisted: Vec<_> = pages.iter().filter(|code| !index.contains(&format!("[{code}]({code}.md)"))).collect();
    assert!(unlisted.is_empty(), "the README of the pages does not list {unlisted:?}");
}

/// A page shows its fixture and what the compiler says of it, word for word.
#[test]
fn every_error_page_shows_its_fixture() {
    for (code, page) in pages() {
        let fixture = fixture(&page).unwrap_or_else(|| panic!("{code}.md names no fixture"));
        for (file, kind) in [(fixture.clone(), "program"), (fixture.with_extension("stderr"), "error")] {
            let text = read(&root().join(&file));
            assert!(page.contains(text.trim_end()), "{code}.md does not show the {kind} in {}", file.display());
        }
    }
}

#[test]
fn every_fixture_rule_has_error_page() {
    let shown: BTreeSet<String> = pages()
        .iter()
        .filter_map(|(_, page)| fixture(page))
        .filter_map(|fixture| Some(fixture.parent()?.file_name()?.to_str()?.to_owned()))
        .collect();
    // Two mistakes in one program belong to two rules.
    let missing: Vec<_> = rules().into_iter().filter(|rule| rule != "pairs" && !shown.contains(rule)).collect();
    assert!(missing.is_empty(), "no page in idem-core/src/compile_errors shows a fixture of {missing:?}");
}

#[test]
fn every_macro_error_names_its_fix() {
    for rule in rules() {
        for file in rust_files(&root().join("tests/ui").join(rule)) {
            let errors = read(&file.with_extension("stderr"));
            // What rustc says by itself and the second of two places have no fix of their own.
            for error in
                errors.split("\n\n").filter(|error| error.starts_with("error: [F") && error.contains("compile_errors"))
            {
                assert!(error.contains("\n       fix: "), "{}: no fix in\n{error}", file.display());
            }
            for error in errors.split("\n\n").filter(|error| error.starts_with("error[E0277]: [F5")) {
                assert!(error.contains("= note: fix: "), "{}: no fix in\n{error}", file.display());
            }
        }
    }
}

/// The directories of fixtures that must not compile.
fn rules() -> Vec<String> {
    let entries = fs::read_dir(root().join("tests/ui")).expect("the fixtures are there");
    entries.map(|entry| entry.expect("a directory entry").file_name().into_string().expect("a plain name")).collect()
}

/// The pages by code.
fn pages() -> Vec<(String, String)> {
    let entries = fs::read_dir(root().join(PAGES)).expect("the pages are there");
    let files = entries.map(|entry| entry.expect("a directory entry").path());
    let named = |file: &PathBuf| file.file_stem().and_then(|stem| stem.to_str()).map(str::to_owned);
    files.filter_map(|file| Some((named(&file)?, read(&file)))).filter(|(code, _)| code.starts_with('F')).collect()
}

/// The first fixture that a page links to, from the root.
fn fixture(page: &str) -> Option<PathBuf> {
    let (_, link) = page.split_once("](https://github.com/idem-rs/idem/blob/HEAD/")?;
    let (path, _) = link.split_once(')')?;
    Some(PathBuf::from(path))
}

/// The codes in a source text: `"F001"`, or `[F001]` inside a text.
fn codes(source: &str) -> impl Iterator<Item = String> {
    let starts = source.match_indices('F').map(|(at, _)| at);
    starts.filter_map(|at| {
        let code = source.get(at..at + 4)?;
        let before = source[..at].chars().next_back()?;
        let after = source[at + 4..].chars().next()?;
        let framed = matches!((before, after), ('"', '"') | ('[', ']'));
        (framed && code[1..].chars().all(|digit| digit.is_ascii_digit())).then(|| code.to_owned())
    })
}

fn rust_files(folder: &Path) -> Vec<PathBuf> {
    let mut files = Vec::new();
    for entry in fs::read_dir(folder).unwrap_or_else(|error| panic!("{}: {error}", folder.display())) {
        let path = entry.expect("a directory entry").path();
        if path.is_dir() {
            files.extend(rust_files(&path));
        } else if path.extension().is_some_and(|extension| extension == "rs") {
            files.push(path);
        }
    }
    files
}

fn read(file: &Path) -> String {
    fs::read_to_string(file).unwrap_or_else(|error| panic!("{}: {error}", file.display()))
}

fn root() -> &'static Path {
    Path::new(env!("CARGO_MANIFEST_DIR")).parent().expect("the tests are a member of the workspace")
}
