//! The code of README.md and docs/TOUR.md: it stands in the files beside this one, which are compiled and run.
#![allow(
    clippy::expect_used,
    clippy::pedantic,
    dead_code,
    missing_debug_implementations,
    missing_docs,
    unreachable_pub,
    unused_variables,
    reason = "the code of the pages, as a user writes it"
)]

#[rustfmt::skip]
mod closure;
#[rustfmt::skip]
mod http;
#[rustfmt::skip]
mod ledger;
#[rustfmt::skip]
mod operations;
#[rustfmt::skip]
mod payment;
#[rustfmt::skip]
mod seat;
#[rustfmt::skip]
mod transaction;
#[rustfmt::skip]
mod update;
#[rustfmt::skip]
mod wire;

use std::fs;
use std::path::Path;

type Done = Result<(), Box<dyn std::error::Error + Send + Sync>>;

/// A database of a test's own, while it is held.
struct Fresh(tests::Sqlite);

impl Fresh {
    fn url(&self) -> String {
        format!("sqlite://{}", self.0.path().display())
    }
}

fn fresh() -> &'static Fresh {
    // A test uses one, and its process ends soon.
    Box::leak(Box::new(Fresh(tests::Sqlite::fresh())))
}

/// Runs of lines, without their indentation: what stands between two empty lines.
fn paragraphs(text: &str) -> Vec<Vec<&str>> {
    let lines: Vec<&str> = text.lines().map(str::trim).collect();
    lines.split(|line| line.is_empty()).filter(|lines| !lines.is_empty()).map(<[_]>::to_vec).collect()
}

#[test]
fn block_of_page_stands_in_compiled_file() {
    let root = Path::new(env!("CARGO_MANIFEST_DIR"));
    let files = fs::read_dir(root.join("tests/snippets")).expect("the folder").map(|file| file.expect("a file").path());
    // What must not compile stands in the tests of an example.
    let bookings = ["../examples/tests/ui/bookings/declined_after_reserved.rs", "../examples/tests/bookings/main.rs"];
    let files = files.filter(|file| !file.ends_with("main.rs")).chain(bookings.map(|file| root.join(file)));
    let lines: Vec<Vec<String>> = files
        .map(|file| fs::read_to_string(file).expect("readable").lines().map(|line| line.trim().to_owned()).collect())
        .collect();
    let mut blocks = 0;
    for page in ["../README.md", "../docs/TOUR.md"] {
        let text = fs::read_to_string(root.join(page)).expect("the page");
        for block in text.split("```rust\n").skip(1) {
            let block = block.split("```").next().expect("an end");
            assert!(
                !block.lines().any(|line| line.starts_with("# ")),
                "{page}: a line that only rustdoc hides:\n{block}"
            );
            blocks += 1;
            for paragraph in paragraphs(block) {
                let stands = |lines: &Vec<String>| lines.windows(paragraph.len()).any(|window| window == paragraph);
                assert!(lines.iter().any(stands), "{page}: no file beside this one has\n{}", paragraph.join("\n"));
            }
        }
    }
    assert!(blocks > 8, "the pages have code");
}
