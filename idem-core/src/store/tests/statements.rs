//! Every statement of a store: for its plan, and as it is read.

use crate::clock::Timestamp;
use crate::store::Database;
use crate::store::binder::Binder;
use crate::store::claims::fence_write::fence_kind;
use crate::store::tables::{Tables, Text};
use crate::store::template::filled;
use crate::store::tests::ground::{Fresh, Ground};
use crate::store::tests::update::{described, run_all};
use crate::store::write::list_part::kinds;
use crate::store::write::lists::{
    ALIASES, ENTRY_SHAPES, KEYED, OF_COUNTED, OF_HOLDS, OF_KEYS, OF_POSTINGS, OF_REFUSALS, OF_STEPS, OF_TALLIES,
    STARTS, TALLIED,
};
use crate::store::write::part::{Form, Part, PartKind};
use crate::store::write::run::composed;

const OWN: Form = Form { own: true, skip: false, single: false };
const SKIP: Form = Form { own: true, skip: true, single: false };
const SINGLE: Form = Form { own: true, skip: false, single: true };
const JOINED: Form = Form { own: false, skip: false, single: false };
const JOINED_SINGLE: Form = Form { own: false, skip: false, single: true };

/// A part of this kind and shape, of no rows.
#[derive(Debug)]
struct Shaped(PartKind, u16);

impl<DB: Database> Part<DB> for Shaped {
    fn kind(&self) -> PartKind {
        self.0
    }

    fn is_empty(&self) -> bool {
        false
    }

    fn shape(&self) -> u16 {
        self.1
    }

    fn bind(&self, _form: Form, _now: Option<Timestamp>, _binder: &mut Binder<DB>) {}
}

type Parts = Vec<(&'static str, u16)>;

/// A machine's command, with and without a key, money and messages.
fn commands(start: u16) -> [(&'static str, Parts); 3] {
    let machine = ("machines", start);
    let keyed = vec![machine, ("transitions", KEYED)];
    let money = [("accounts", 0), ("transitions", KEYED), ("entries", OF_STEPS | OF_COUNTED)];
    let all = std::iter::once(machine).chain(money).chain([("outbox", 0)]).collect();
    [("natural", vec![machine, ("transitions", 0)]), ("keyed", keyed), ("with money and messages", all)]
}

/// A change of the ledger whose entries have this shape.
fn change(shape: u16) -> Parts {
    let parts =
        [("tallies", 0, OF_TALLIES), ("accounts", 0, OF_COUNTED), ("holds", 0, OF_HOLDS), ("entries", shape, shape)];
    parts.into_iter().filter(|(_, _, bit)| shape & bit != 0).map(|(name, shape, _)| (name, shape)).collect()
}

fn everything() -> Parts {
    let entries = OF_KEYS | OF_STEPS | OF_HOLDS | OF_TALLIES | OF_COUNTED | OF_POSTINGS | OF_REFUSALS;
    let first = [("tallies", 0), ("machines", 0), ("accounts", 0), ("holds", 0)];
    first.into_iter().chain([("transitions", KEYED | ALIASES), ("entries", entries), ("outbox", 0)]).collect()
}

fn all_kinds<DB: Database>() -> Vec<PartKind> {
    kinds::<DB>().into_iter().chain([fence_kind::<DB>()]).collect()
}

/// Writes of every form, of every kind and shape of part.
fn writes() -> Vec<(String, Form, Parts)> {
    let mut writes = Vec::new();
    for (form, name) in [(OWN, "alone"), (JOINED, "joined")] {
        let alias = ("transitions", KEYED | ALIASES);
        writes.push((format!("an alias {name}"), form, vec![alias]));
    }
    for (form, name) in [(SINGLE, "alone"), (JOINED_SINGLE, "joined")] {
        for (start, verb) in [(STARTS, "start"), (0, "move")] {
            let commands = commands(start).into_iter();
            writes.extend(commands.map(|(what, parts)| (format!("{verb} {name}, {what}"), form, parts)));
        }
    }
    let fenced = |parts: Parts| std::iter::once(("claims", 0)).chain(parts).collect::<Parts>();
    let [_, (_, keyed), _] = commands(0);
    writes.push(("a fenced move".to_owned(), SINGLE, fenced(keyed)));
    writes.push(("a fenced change of the ledger".to_owned(), OWN, fenced(change(OF_KEYS | OF_COUNTED))));
    for shape in ENTRY_SHAPES {
        writes.push((format!("entries {shape:07b}"), OWN, change(*shape)));
    }
    let tallied = OF_KEYS | OF_TALLIES | OF_COUNTED | OF_POSTINGS;
    for (form, name) in [(OWN, "alone"), (SKIP, "in a group"), (JOINED, "joined")] {
        let near = vec![("accounts", TALLIED), ("entries", tallied)];
        writes.push((format!("a tally near the edge, {name}"), form, near));
        writes.push((format!("everything {name}"), form, everything()));
    }
    writes
}

fn parts<DB: Database>(parts: &Parts) -> Vec<Shaped> {
    let kinds = all_kinds::<DB>();
    let kind = |name| *kinds.iter().find(|kind| kind.name == name).expect(name);
    let shaped = |(name, shape): &(&'static str, u16)| {
        let kind = kind(*name);
        // Where a shape is none, nothing depends on it.
        Shaped(kind, if kind.shapes.contains(shape) { *shape } else { 0 })
    };
    parts.iter().map(shaped).collect()
}

/// The statements that do not depend on a caller's table, with their names, as they are read.
pub(super) fn all<DB: Database>(tables: &Tables) -> Vec<(String, Text)> {
    let families = [
        ("machines", owned(DB::MACHINES.all())),
        ("ledger", owned(DB::LEDGER.all())),
        ("forget", owned(DB::FORGET.all())),
        ("sweep", owned(DB::SWEEP.all())),
        ("claims", owned(DB::CLAIMS.all())),
        ("verdicts", owned(DB::VERDICTS.all())),
        ("outbox", owned(DB::OUTBOX.all())),
        ("probes", owned(DB::PROBES.all())),
        ("write", DB::fixed()),
    ];
    let fixed = families.into_iter().flat_map(|(family, texts)| named::<DB>(tables, family, texts));
    let writes = writes().into_iter().map(|(name, form, shapes)| {
        let parts = parts::<DB>(&shapes);
        let parts: Vec<&dyn Part<DB>> = parts.iter().map(|part| part as _).collect();
        (format!("write: {name}"), filled::<DB>(tables, &composed(form, &parts).text).into())
    });
    fixed.chain(writes).collect()
}

fn named<DB: Database>(tables: &Tables, family: &str, texts: Vec<(&'static str, String)>) -> Vec<(String, Text)> {
    let there = texts.into_iter().filter(|(_, text)| !text.is_empty());
    there.map(|(name, text)| (format!("{family}: {name}"), filled::<DB>(tables, &text).into())).collect()
}

fn owned(texts: Vec<(&'static str, &'static str)>) -> Vec<(&'static str, String)> {
    texts.into_iter().map(|(name, text)| (name, text.to_owned())).collect()
}

/// What is not here has no plan that a test has seen.
pub(super) async fn every_kind_and_shape_of_part_has_statement<DB: Ground>(_db: Fresh<DB>) {
    let written: Vec<_> = writes().iter().flat_map(|(_, _, shapes)| parts::<DB>(shapes)).collect();
    for kind in all_kinds::<DB>() {
        for shape in kind.shapes {
            let is_this = |part: &&Shaped| part.0.name == kind.name && part.1 == *shape;
            assert!(written.iter().any(|part| is_this(&part)), "{} {shape:b}", kind.name);
        }
    }
}

/// A statement that is empty is one that this database has no use for.
pub(super) async fn empty_statements_are_those_unused_by_database<DB: Ground>(_db: Fresh<DB>) {
    let families = [
        DB::MACHINES.all(),
        DB::LEDGER.all(),
        DB::FORGET.all(),
        DB::SWEEP.all(),
        DB::CLAIMS.all(),
        DB::VERDICTS.all(),
        DB::PROBES.all(),
        DB::MIGRATE.all(),
    ];
    let empty = families.into_iter().flatten().filter(|(_, text)| text.is_empty()).map(|(name, _)| name);
    let unused: &[&str] = match DB::DATABASE {
        "sqlite" => &["lock", "compact_tally", "lock_tally", "all_tails", "wait", "lock", "schema_is_missing"],
        _ => &["raise_floor"],
    };
    assert_eq!(empty.collect::<Vec<_>>(), unused);
}

/// The statements as they were read last. With `IDEM_BLESS=1` they are written anew, to be read in the diff.
pub(super) async fn statements_equal_reviewed_files<DB: Ground>(mut db: Fresh<DB>) {
    let (name, table) = described(&mut db).await;
    run_all(&mut db, &name, &table).await;
    let mut rows: Vec<_> = table.texts().into_iter().map(|text| ("row".to_owned(), text)).collect();
    rows.sort();
    let mut shown = String::new();
    let migrate = named::<DB>(&db.tables, "migrate", owned(DB::MIGRATE.all()));
    for (name, text) in all::<DB>(&db.tables).into_iter().chain(rows).chain(migrate) {
        let text = match db.tables.schema() {
            Some(schema) => text.replace(&format!("\"{schema}\"."), "").replace(schema, "main"),
            None => text.to_string(),
        };
        let lines: Vec<&str> = text.lines().map(str::trim_end).filter(|line| !line.is_empty()).collect();
        shown.extend(["-- ", &name, "\n", &lines.join("\n"), "\n\n"]);
    }
    let path = format!("{}/src/store/tests/statements/{}.sql", env!("CARGO_MANIFEST_DIR"), DB::DATABASE);
    if std::env::var_os("IDEM_BLESS").is_some() {
        std::fs::write(&path, &shown).expect("a file");
    }
    let known = std::fs::read_to_string(&path).expect("IDEM_BLESS=1 writes the file");
    for (known, shown) in known.split("\n\n").zip(shown.split("\n\n")) {
        assert_eq!(known, shown, "if it is meant: IDEM_BLESS=1 writes {path}");
    }
    assert_eq!(known.len(), shown.len(), "if it is meant: IDEM_BLESS=1 writes {path}");
}
