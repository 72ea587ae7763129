//! The public interfaces of idem-core and idem-http, all features, as a page each: `docs/API.txt`, `docs/API-HTTP.txt`.
//!
//! A change of an interface is read in the diff of its page: `IDEM_BLESS=1 cargo test -p tests --test public_api` writes it.
#![allow(clippy::expect_used, reason = "a test says what it relies on")]

use std::collections::BTreeSet;
use std::fs;
use std::os::unix::fs::PermissionsExt as _;
use std::path::{Path, PathBuf};
use std::process::Command;

use serde::Deserialize;
use tests::skip;

/// The format that `public-api` reads; each release of it reads one.
const FORMAT: u32 = 57;

#[derive(Deserialize)]
struct Format {
    format_version: u32,
}

#[test]
fn public_interface_is_as_on_its_page() {
    is_as_on_its_page("idem-core", "docs/API.txt");
}

#[test]
fn public_interface_of_http_is_as_on_its_page() {
    is_as_on_its_page("idem-http", "docs/API-HTTP.txt");
}

fn is_as_on_its_page(package: &str, page: &str) {
    let json = rustdoc_json(package);
    let text = fs::read_to_string(&json).expect("rustdoc wrote it");
    let Format { format_version: found } = serde_json::from_str(&text).expect("JSON of rustdoc");
    if found != FORMAT {
        let fix =
            format!("this toolchain writes format {found}; use Rust 1.95, or the release of `public-api` for {found}");
        skip("rustdoc-json", &fix);
        return;
    }
    let listed = listing(&json);
    let name = page;
    let page = root().join(page);
    if std::env::var_os("IDEM_BLESS").is_some() {
        fs::write(&page, &listed).expect("the page is written");
    }
    let expected = fs::read_to_string(&page).expect("the page is there");
    let differences = differences(&expected, &listed);
    assert!(differences.is_empty(), "{}\nif that is meant: IDEM_BLESS=1 writes {name}", differences.join("\n"));
}

#[test]
fn page_has_each_line_once_and_no_methods_of_trait_impls() {
    let lines = [
        "impl idem_core::Key",
        "pub fn idem_core::Key::scope(&self) -> &str",
        "impl<T> core::clone::Clone for idem_core::Key<T> where T: core::clone::Clone",
        "pub fn idem_core::Key<T>::clone(&self) -> Self",
        "pub fn idem_core::update::retry() -> core::option::Option<alloc::string::String>",
        "impl core::marker::StructuralPartialEq for idem_core::Key",
        "impl core::ops::deref::Deref for idem_core::Key",
        "pub type idem_core::Key::Target = str",
        "impl idem_core::Key",
        "pub mod idem_core::update",
    ];
    let page = page(lines.iter().map(ToString::to_string));
    let expected = [
        "impl idem_core::Key",
        "pub fn idem_core::Key::scope(&self) -> &str",
        "impl<T> Clone for idem_core::Key<T> where T: Clone",
        "pub fn idem_core::update::retry() -> Option<String>",
        "impl Deref for idem_core::Key",
        "pub type idem_core::Key::Target = str",
        "",
        "pub mod idem_core::update",
        "",
    ];
    assert_eq!(page.split('\n').collect::<Vec<_>>(), expected);
}

/// What rustdoc knows of a package, as JSON.
///
/// rustdoc alone may use what is unstable. `RUSTC_BOOTSTRAP` in the environment of cargo would be seen by the build scripts of
/// dependencies as well, which would all be built anew, and again by the next build without it. So this shares the target folder of
/// the tests, and builds no more than the metadata of dependencies that `cargo doc` needs.
fn rustdoc_json(package: &str) -> PathBuf {
    let tmp = Path::new(env!("CARGO_TARGET_TMPDIR"));
    let rustdoc = tmp.join(format!("rustdoc-unstable-{package}"));
    fs::write(&rustdoc, "#!/bin/sh\nRUSTC_BOOTSTRAP=1 exec rustdoc \"$@\"\n").expect("a script");
    fs::set_permissions(&rustdoc, fs::Permissions::from_mode(0o755)).expect("may be run");
    let target = tmp.parent().expect("the target folder");
    let mut cargo = Command::new(std::env::var_os("CARGO").unwrap_or("cargo".into()));
    // What cargo says of the package under test. A build script that looks at such names would run again, here and after.
    let names = std::env::vars_os().map(|(name, _)| name);
    for name in names.filter(|name| name.to_str().is_some_and(is_of_the_package)) {
        cargo.env_remove(name);
    }
    let made = cargo
        .current_dir(root())
        .args(["rustdoc", "--quiet", "--package", package, "--lib", "--all-features", "--locked", "--target-dir"])
        .arg(target)
        .args(["--", "-Zunstable-options", "--output-format=json", "--cap-lints=allow"])
        .env("RUSTDOC", &rustdoc)
        .env_remove("RUSTDOCFLAGS")
        .output()
        .expect("cargo runs");
    assert!(made.status.success(), "{}", String::from_utf8_lossy(&made.stderr));
    target.join(format!("doc/{}.json", package.replace('-', "_")))
}

fn is_of_the_package(name: &str) -> bool {
    ["CARGO_PKG_", "CARGO_MANIFEST_", "CARGO_BIN_", "CARGO_TARGET_TMPDIR"].iter().any(|of| name.starts_with(of))
}

fn listing(json: &Path) -> String {
    let api = public_api::Builder::from_rustdoc_json(json)
        .omit_blanket_impls(true)
        .omit_auto_trait_impls(true)
        .include_function_parameter_names(true)
        .build()
        .expect("JSON of this format");
    page(api.items().map(ToString::to_string))
}

/// The lines as they are read: what every impl of a trait has is left out, and so is what a second path to an item repeats.
fn page(lines: impl Iterator<Item = String>) -> String {
    let mut methods = None;
    let mut seen = BTreeSet::new();
    let mut page = String::new();
    for line in lines {
        if line.starts_with("impl") {
            methods = methods_of_trait(&line);
        } else if methods.as_ref().is_some_and(|methods| line.starts_with(methods)) {
            continue;
        }
        let line = shortened(&line);
        if line.contains("StructuralPartialEq") || !seen.insert(line.clone()) {
            continue;
        }
        let gap = if line.starts_with("pub mod") && !page.is_empty() { "\n" } else { "" };
        page.extend([gap, &line, "\n"]);
    }
    page
}

/// What the methods in `impl<T> Clone for idem_core::Key<T> where …` begin with; nothing for an impl without a trait.
fn methods_of_trait(line: &str) -> Option<String> {
    let (_, implementor) = line.split_once(" for ")?;
    let implementor = implementor.split(" where ").next().unwrap_or(implementor);
    Some(format!("pub fn {implementor}::"))
}

/// The standard library's types and traits by their last name.
fn shortened(line: &str) -> String {
    let is_path = |c: char| c.is_alphanumeric() || c == '_' || c == ':';
    let mut short = String::new();
    for part in line.split_inclusive(|c| !is_path(c)) {
        let path = part.trim_end_matches(|c| !is_path(c));
        let name = path.rsplit("::").next().unwrap_or(path);
        let standard = ["core::", "alloc::", "std::"].iter().any(|root| path.starts_with(root));
        let is_type = name.starts_with(|c: char| c.is_ascii_uppercase());
        short.push_str(if standard && is_type { name } else { path });
        short.push_str(&part[path.len()..]);
    }
    short
}

/// The lines that only one of two texts has, marked as in a diff.
fn differences(expected: &str, found: &str) -> Vec<String> {
    let only = |mark, text: &str, other: &str| -> Vec<String> {
        let other: BTreeSet<&str> = other.lines().collect();
        text.lines().filter(|line| !other.contains(line)).map(|line| format!("{mark} {line}")).collect()
    };
    let mut all = only('-', expected, found);
    all.extend(only('+', found, expected));
    if all.is_empty() && expected != found {
        all.push("the lines are in another order".to_owned());
    }
    all
}

fn root() -> &'static Path {
    Path::new(env!("CARGO_MANIFEST_DIR")).parent().expect("the tests are a member of the workspace")
}
