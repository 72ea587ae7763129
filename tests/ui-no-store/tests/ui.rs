//! What must not compile, each with the error that a user reads: the fixtures of `tests/ui` but for the few of `ui-store`.
//!
//! The expected errors are those of the stable toolchain. `TRYBUILD=overwrite cargo test -p ui-no-store -p ui-store`
//! writes them; read each one before it is checked in.
#![allow(clippy::expect_used, reason = "a test says what it relies on")]

use std::fs;
use std::path::{Path, PathBuf};

const WITH_A_STORE: &str = include_str!("../../ui-store/fixtures.txt");

#[test]
fn fixtures_without_store_do_not_compile() {
    let cases = trybuild::TestCases::new();
    for rule in entries(Path::new("ui")) {
        for file in entries(&rule) {
            let fixture = file.strip_prefix("ui").expect("an entry of the folder");
            let is_program = file.extension().is_some_and(|extension| extension == "rs");
            if is_program && !WITH_A_STORE.lines().any(|line| Path::new(line) == fixture) {
                cases.compile_fail(&file);
            }
        }
    }
}

fn entries(folder: &Path) -> Vec<PathBuf> {
    let entries = fs::read_dir(folder).unwrap_or_else(|error| panic!("{}: {error}", folder.display()));
    let mut paths: Vec<PathBuf> = entries.map(|entry| entry.expect("a directory entry").path()).collect();
    paths.sort();
    paths
}
