//! What must not compile, where the code for stored machines plays a part: the fixtures of `tests/ui` in `fixtures.txt`.
//!
//! All others are tested by `ui-no-store`, which says how their errors are written.

#[test]
fn fixtures_with_store_do_not_compile() {
    let cases = trybuild::TestCases::new();
    for fixture in include_str!("../fixtures.txt").lines().filter(|line| !line.starts_with('#')) {
        cases.compile_fail(format!("ui/{fixture}"));
    }
}
