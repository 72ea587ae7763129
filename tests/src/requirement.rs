//! What a run asks of the tests: a test that cannot run says so, or fails where `IDEM_REQUIRE` names what it lacks, and
//! `IDEM_LONG` asks for more of each.

use std::env;
use std::io::{self, Write};
use std::thread;

/// Says on standard error that the running test is skipped, and how to make it run.
///
/// # Panics
/// If `IDEM_REQUIRE`, a list separated by commas, contains `what`: then a skip is a failure.
pub fn skip(what: &str, fix: &str) {
    let required = env::var("IDEM_REQUIRE").unwrap_or_default();
    assert!(
        !required.split(',').any(|name| name.trim() == what),
        "IDEM_REQUIRE={required}, and there is no {what}: {fix}"
    );
    announce(&format!("SKIPPED: {} needs {what}: {fix}\n", test_name()));
}

/// How much of something to do: `short` in every run, `long` where `IDEM_LONG` is set, as by `scripts/test --all`.
pub fn scale<T>(short: T, long: T) -> T {
    if env::var_os("IDEM_LONG").is_some() { long } else { short }
}

/// Writes past the test harness, which hides what a passing test prints.
pub(crate) fn announce(text: &str) {
    // One write, so that tests in parallel do not mix their lines. Without a standard error nobody can read it anyway.
    let _ = io::stderr().write_all(text.as_bytes());
}

/// The running test, as the harness names its thread.
pub(crate) fn test_name() -> String {
    thread::current().name().unwrap_or("a test").to_owned()
}
