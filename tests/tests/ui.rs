//! What must compile and what must not: `ui/pass` and one directory per rule, with the error a user reads.
//!
//! The expected errors are those of the stable toolchain; `TRYBUILD=overwrite cargo test -p tests --test ui` writes them.

use std::path::Path;

#[test]
fn fixtures() {
    let cases = trybuild::TestCases::new();
    cases.pass("ui/pass/*.rs");
    for rule in std::fs::read_dir(Path::new(env!("CARGO_MANIFEST_DIR")).join("ui")).expect("the fixtures are there") {
        let rule = rule.expect("a directory can be read").file_name().into_string().expect("fixtures have plain names");
        if rule != "pass" {
            cases.compile_fail(format!("ui/{rule}/*.rs"));
        }
    }
}
