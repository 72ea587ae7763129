//! The page of guarantees names tests that there are.

const PAGE: &str = include_str!("../../../docs/GUARANTEES.md");
const TESTS: [(&str, &str); 12] = [
    ("advice", include_str!("advice.rs")),
    ("away", include_str!("away.rs")),
    ("broken", include_str!("broken.rs")),
    ("dropped", include_str!("dropped.rs")),
    ("ends", include_str!("ends.rs")),
    ("keyed", include_str!("keyed.rs")),
    ("leased", include_str!("leased.rs")),
    ("looks", include_str!("looks.rs")),
    ("nodes", include_str!("nodes.rs")),
    ("refusing", include_str!("refusing.rs")),
    ("rows", include_str!("rows.rs")),
    ("unrecorded", include_str!("unrecorded.rs")),
];

#[test]
fn each_promise_over_http_names_a_test() {
    let section = PAGE.split_once("## Over HTTP").expect("a section").1;
    let section = section.split_once("\n## ").expect("another section").0;
    let rows = section.lines().filter(|line| line.starts_with("| ") && !line.starts_with("| | test"));
    let mut named = 0;
    for row in rows {
        let cell = row.trim_end_matches(" |").rsplit(" | ").next().expect("a last cell");
        for test in cell.split(", ") {
            let name = test.trim_matches('`');
            let (module, function) = name.split_once("::").unwrap_or_else(|| panic!("no test in: {row}"));
            let source = TESTS.iter().find(|(named, _)| *named == module).unwrap_or_else(|| panic!("no file {name}"));
            let is_there = ["(", "<"].iter().any(|sign| source.1.contains(&format!("async fn {function}{sign}")));
            assert!(is_there, "no test {name}");
            named += 1;
        }
    }
    assert!(named > 30, "{named} tests");
}
