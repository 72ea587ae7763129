//! The files of idem-core and of idem-http know only those of their own layer and of the layers below, and no files know each other in a
//! circle. Every path to another file counts, in `use` and anywhere else in the code; comments do not.

#![allow(clippy::expect_used, reason = "a panic is how a test fails")]
mod paths;

use std::collections::{BTreeMap, BTreeSet};
use std::path::Path;

use paths::files_named;

/// Each layer with the files and folders that stand in it, the lowest first.
type Layers = [(&'static str, &'static [&'static str])];

const CORE: &Layers = &[
    (
        "ground",
        &[
            "clock",
            "epoch",
            "error",
            "fault",
            "fingerprint",
            "key",
            "map",
            "message",
            "namespace",
            "outcome",
            "request",
            "seq",
            "value",
            "watch",
            "wire",
        ],
    ),
    ("model", &["model"]),
    ("store", &["store"]),
    ("engine", &["engine"]),
    (
        "surfaces",
        &[
            "builder",
            "compile_errors",
            "forget",
            "idem",
            "installation",
            "lease",
            "ledger",
            "lib",
            "machine",
            "operation",
            "outbox",
            "sweep",
            "testing",
            "toy",
            "update",
            "verdicts",
        ],
    ),
];

const HTTP: &Layers = &[
    (
        "ground",
        &[
            "answer",
            "answer_body",
            "body",
            "correlation",
            "fault",
            "fingerprint",
            "header",
            "keys",
            "observe",
            "panics",
            "problem",
            "record",
            "refusal",
            "scope",
        ],
    ),
    ("guard", &["guard"]),
    ("surfaces", &["axum", "client", "fuzz", "lib", "testing", "webhook"]),
];

/// The text of each file, by its path within `src`.
type Sources = BTreeMap<String, String>;

/// For each file those that it names.
type Graph = BTreeMap<String, BTreeSet<String>>;

fn graph(sources: &Sources) -> Graph {
    let named = |(file, text): (&String, &String)| (file.clone(), files_named(sources, file, text));
    sources.iter().map(named).collect()
}

fn layer(layers: &Layers, file: &str) -> Result<usize, String> {
    let name = file.split(['/', '.']).next().unwrap_or_default();
    let layer = layers.iter().position(|(_, names)| names.contains(&name));
    layer.ok_or_else(|| format!("{file} is in no layer: give it a place in tests/tests/layers/main.rs"))
}

/// What points the wrong way.
fn wrong_way(layers: &Layers, graph: &Graph) -> Vec<String> {
    let mut problems = Vec::new();
    for (file, named) in graph {
        let own = match layer(layers, file) {
            Ok(own) => own,
            Err(problem) => {
                problems.push(problem);
                continue;
            }
        };
        let above =
            named.iter().filter_map(|other| Some((other, layer(layers, other).ok().filter(|layer| *layer > own)?)));
        problems.extend(above.map(|(other, above)| {
            let (own, above) = (layers[own].0, layers[above].0);
            format!(
                "{file}, of the layer {own}, names {other}, of the layer {above} above it: move what both need into {own} or \
                 below, or pass it as a parameter"
            )
        }));
    }
    problems
}

/// Circles of files, each by one shortest way around it.
fn circles(graph: &Graph) -> Vec<String> {
    let mut problems = Vec::new();
    let mut shown = BTreeSet::new();
    for file in graph.keys() {
        if !shown.contains(file)
            && let Some(way) = way_back(graph, file)
        {
            shown.extend(way.iter().cloned());
            let way = way.join(" -> ");
            problems.push(format!("a circle: {way}: move what two of them need into a file that names neither"));
        }
    }
    problems
}

/// The shortest way from a file back to it.
fn way_back(graph: &Graph, start: &str) -> Option<Vec<String>> {
    let mut before: BTreeMap<&str, &str> = BTreeMap::new();
    let mut next = std::collections::VecDeque::from([start]);
    while let Some(file) = next.pop_front() {
        for other in graph.get(file).into_iter().flatten() {
            if other == start {
                let mut way = vec![start.to_owned(), file.to_owned()];
                let mut at = file;
                while let Some(earlier) = before.get(at) {
                    way.push((*earlier).to_owned());
                    at = earlier;
                }
                way.reverse();
                return Some(way);
            }
            if other != start && !before.contains_key(other.as_str()) {
                before.insert(other, file);
                next.push_back(other);
            }
        }
    }
    None
}

fn read(folder: &Path, within: &str, sources: &mut Sources) {
    for entry in std::fs::read_dir(folder).expect("a folder") {
        let entry = entry.expect("an entry");
        let (path, name) = (entry.path(), entry.file_name().into_string().expect("a name"));
        let within = if within.is_empty() { name.clone() } else { format!("{within}/{name}") };
        if path.is_dir() {
            read(&path, &within, sources);
        } else if path.extension().is_some_and(|extension| extension == "rs") {
            sources.insert(within, std::fs::read_to_string(&path).expect("a source"));
        }
    }
}

fn problems(layers: &Layers, sources: &Sources) -> Vec<String> {
    let graph = graph(sources);
    let wrong_way = wrong_way(layers, &graph);
    // What points upwards closes circles: they go with it.
    if wrong_way.is_empty() { circles(&graph) } else { wrong_way }
}

#[test]
fn idem_core_files_name_only_own_and_lower_layers() {
    let mut sources = Sources::new();
    read(&Path::new(env!("CARGO_MANIFEST_DIR")).join("../idem-core/src"), "", &mut sources);
    assert!(sources.len() > 100, "the sources of idem-core were read");
    let problems = problems(CORE, &sources);
    assert!(problems.is_empty(), "{problems:#?}");
}

#[test]
fn idem_http_files_name_only_own_and_lower_layers() {
    let mut sources = Sources::new();
    read(&Path::new(env!("CARGO_MANIFEST_DIR")).join("../idem-http/src"), "", &mut sources);
    assert!(sources.len() > 40, "the sources of idem-http were read");
    // Here it is another crate.
    for text in sources.values_mut() {
        *text = text.replace("idem_core", "other_crate");
    }
    let problems = problems(HTTP, &sources);
    assert!(problems.is_empty(), "{problems:#?}");
}

fn sources(files: &[(&str, &str)]) -> Sources {
    let base = [
        ("lib.rs", "mod key; mod model; mod engine; mod store; pub use engine::load::load;"),
        ("key.rs", "pub struct Key;"),
        ("model/mod.rs", "pub(crate) mod change;"),
        ("model/change.rs", "use crate::key::Key; pub struct Change(Key);"),
        ("store/mod.rs", "mod rows; pub(crate) use rows::Row;"),
        ("store/rows.rs", "use crate::model::change::Change; pub struct Row(Change);"),
        ("engine/mod.rs", "pub(crate) mod load;"),
        ("engine/load.rs", "use crate::store::Row; pub fn load() -> Row { todo!() }"),
    ];
    base.iter().chain(files).map(|(file, text)| ((*file).to_owned(), (*text).to_owned())).collect()
}

#[test]
fn layer_check_accepts_valid_sources() {
    let comment =
        ("key.rs", "//! See [`crate::engine::load`].\npub(in crate::model) struct Key; // use crate::model::X;");
    assert_eq!(problems(CORE, &sources(&[])), problems(CORE, &sources(&[comment])));
    assert!(problems(CORE, &sources(&[])).is_empty(), "{:?}", problems(CORE, &sources(&[])));
}

#[test]
fn layer_check_finds_path_to_higher_layer() {
    for text in [
        "use crate::store::Row;",
        "use crate::{key::Key, store::{Row}};",
        "use super::super::store::rows;",
        "fn f() { let _ = crate::store::Row; }",
        "macro_rules! row { () => { $crate::store::Row } }",
        "use idem_core::store::Row;",
        "mod tests { use super::super::super::store; }",
    ] {
        let found = problems(CORE, &sources(&[("model/change.rs", text)]));
        assert!(
            found.iter().any(|problem| problem.contains("model/change.rs, of the layer model")),
            "{text}: {found:?}"
        );
    }
    let found = problems(CORE, &sources(&[("other.rs", "")]));
    assert!(found.len() == 1 && found[0].starts_with("other.rs is in no layer"), "{found:?}");
}

#[test]
fn layer_check_finds_circles_of_any_length() {
    let two = ("store/rows.rs", "use super::Row; pub struct Row;");
    let three = [
        ("engine/mod.rs", "pub(crate) mod load; pub(crate) mod a; pub(crate) mod b;"),
        ("engine/load.rs", "use crate::engine::a::A;"),
        ("engine/a.rs", "use super::b::B;"),
        ("engine/b.rs", "fn f(_: super::load::L) {}"),
    ];
    for (files, way) in [(&[two][..], "store/mod.rs -> store/rows.rs"), (&three, "engine/load.rs")] {
        let found = problems(CORE, &sources(files));
        assert!(found.len() == 1 && found[0].starts_with("a circle") && found[0].contains(way), "{found:?}");
    }
}
