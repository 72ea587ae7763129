//! The files of the page are those of this crate, and its mistake has the error that it shows.

use std::collections::BTreeSet;
use std::fs;
use std::path::Path;

use crate::blocks::{Crate, blocks};

#[test]
fn guide_after_last_step_gives_files_of_crate() {
    let mut files = Crate::after(usize::MAX).files;
    files.remove("Cargo.toml").expect("the page shows it");
    let mut on_disk = BTreeSet::from(["tests/promises.rs".to_owned()]);
    for folder in ["src", "src/bin"] {
        for entry in fs::read_dir(root().join(folder)).expect("a folder") {
            let entry = entry.expect("an entry");
            if entry.file_type().expect("a type").is_file() {
                on_disk.insert(format!("{folder}/{}", entry.file_name().to_str().expect("a plain name")));
            }
        }
    }
    assert_eq!(files.keys().cloned().collect::<BTreeSet<_>>(), on_disk);
    for (file, text) in files {
        assert_eq!(text, read(&file), "docs/GUIDE.md and docs/guide/{file} differ");
    }
}

#[test]
fn guide_after_second_step_has_order_without_money() {
    assert_eq!(Crate::after(2).files["src/order.rs"], read("before/order.rs"));
}

/// The fixture is compiled by `ui-no-store`.
#[test]
fn guide_mistake_has_error_of_fixture() {
    let fixture = "../../tests/ui/unreachable_state/order_of_guide";
    let mistake = &Crate::with_mistake().files["src/order.rs"];
    assert_eq!(format!("{mistake}\nfn main() {{}}\n"), read(&format!("{fixture}.rs")));
    let error = read(&format!("{fixture}.stderr")).replace("ui/unreachable_state/order_of_guide.rs", "src/order.rs");
    let shown = blocks().into_iter().find(|block| block.step == 4 && block.language == "text").expect("an error");
    assert_eq!(shown.text, error);
}

/// That they suffice is tested by `empty_crate_with_steps_of_guide_runs`.
#[test]
fn guide_names_dependencies_of_crate() {
    let names = |manifest: &str, section: &str| -> BTreeSet<String> {
        let lines = manifest.lines().skip_while(|line| *line != format!("[{section}]")).skip(1);
        let lines = lines.take_while(|line| !line.starts_with('[') && *line != "# For the test of the page alone.");
        let name = |line: &str| line.split([' ', '.']).next().unwrap_or_default().to_owned();
        lines.map(name).filter(|name| !name.is_empty()).collect()
    };
    let shown = &Crate::after(1).files["Cargo.toml"];
    for section in ["dependencies", "dev-dependencies"] {
        assert_eq!(names(shown, section), names(&read("Cargo.toml"), section), "{section}");
    }
}

#[test]
fn guide_shows_tests_that_exist() {
    let mut shown = 0;
    for block in blocks().iter().filter(|block| block.language == "text") {
        for test in block.text.lines().filter_map(|line| line.strip_prefix("test ")?.strip_suffix(" ... ok")) {
            let function = format!("fn {}()", test.rsplit("::").next().unwrap_or_default());
            let files = Crate::after(block.step).files;
            assert!(files.values().any(|text| text.contains(&function)), "step {} has no test {test}", block.step);
            shown += 1;
        }
    }
    assert!(shown >= 4, "only {shown} tests are shown");
}

fn root() -> &'static Path {
    Path::new(env!("CARGO_MANIFEST_DIR"))
}

fn read(file: &str) -> String {
    fs::read_to_string(root().join(file)).unwrap_or_else(|error| panic!("{file}: {error}"))
}
