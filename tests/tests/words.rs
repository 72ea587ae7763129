//! The words of the pages and of the doc comments: names that are gone, and phrases that a reader has to read twice.
//!
//! `docs/GLOSSARY.md` defines the words. Code is not read: the compiler and the errors' own tests do that.
#![allow(clippy::expect_used, reason = "a test says what it relies on")]

use std::collections::{BTreeMap, BTreeSet};
use std::fs;
use std::path::{Path, PathBuf};

/// Names that were replaced, and by what. `CHANGELOG.md` says so, and may name them.
const GONE: &[(&str, &str)] = &[
    ("UnitError", "an error that `Error` converts into"),
    ("TxFuture", "the future of an `async` block"),
    ("unit of work", "transaction, or closure"),
    ("units of work", "transactions, or closures"),
    ("`Machines`", "`Repository`"),
    ("order::At", "`order::Handle`"),
    ("`At`", "`Handle`"),
    ("`Within`", "`InTx`"),
    ("AccountWithin", "`AccountInTx`"),
    ("LedgerWithin", "`LedgerInTx`"),
    ("`Opening`", "`AccountSettings`"),
    ("Opening::", "`AccountSettings::`"),
    ("`Retry`", "`RetryPolicy`"),
    ("Retry::", "`RetryPolicy::`"),
    ("alias_retention", "`alias_key_retention`"),
    ("second key", "alias key"),
    ("`Damage`", "`FindingKind`"),
    ("Damage::", "`FindingKind::`"),
    ("`Torn`", "`PartialColumns`"),
    ("`Strays`", "`OrphanEntries`"),
    ("`Nature`", "`WrongAccountKind`"),
    ("`Updated`", "`Outcome<Version>`"),
    ("`version::", "`update::`"),
    ("idem_core::version", "`idem_core::update`"),
];

/// Phrases, in lower case, and what to write instead.
const PHRASES: &[(&str, &str)] = &[
    ("of yours", "\"your table\", not \"a table of yours\""),
    ("of theirs", "\"their table\""),
    ("of mine", "\"my table\""),
    ("of ours", "\"our table\""),
    ("told", "\"is answered\", \"is distinguished\""),
    ("tells", "\"says\", \"shows\", \"decides\""),
    ("by itself", "\"alone\", \"separately\", or nothing"),
    ("by themselves", "\"alone\", \"separately\", or nothing"),
    ("so many", "\"this number of\""),
    ("is not there", "\"does not exist\", \"is missing\""),
    ("are not there", "\"do not exist\", \"are missing\""),
    ("was not there", "\"did not exist\", \"was missing\""),
    ("go apart", "\"run alone\""),
    ("goes apart", "\"runs alone\""),
    ("likewise", "\"also\""),
    ("other hands", "\"outside idem\""),
    ("stranger", "\"another transaction\""),
    ("goes away", "\"ends\", \"is dropped\""),
    ("went away", "\"ended\", \"was dropped\""),
    ("leave the house", "\"is sent\""),
    ("as there.", "the name of the item, as in \"As [`Ledger::post`].\""),
];

/// After a double genitive: "a pool of SQLite's for …", "connections of idem's own have …".
const AFTER_A_GENITIVE: &[&str] = &[
    "and", "are", "as", "by", "can", "for", "from", "had", "has", "have", "if", "in", "is", "may", "must", "on", "or",
    "that", "to", "unless", "was", "were", "which", "with",
];

#[test]
fn pages_use_no_replaced_name() {
    let mut found = Vec::new();
    for paragraph in pages().iter().filter(|paragraph| paragraph.file != "CHANGELOG.md") {
        for (name, instead) in GONE {
            let places = places(&paragraph.text, name);
            found.extend(places.map(|at| format!("{}: {name:?} is gone; write {instead}", paragraph.place(at))));
        }
    }
    assert!(found.is_empty(), "{}", found.join("\n"));
}

#[test]
fn pages_use_no_refused_phrase() {
    let found: Vec<_> = pages().iter().flat_map(unplain).collect();
    assert!(found.is_empty(), "{}", found.join("\n"));
}

/// A word that is new is added with `IDEM_BLESS=1`, and read in the diff: a misspelt one is seen there.
#[test]
fn pages_use_only_words_of_dictionary() {
    let path = root().join("tests/words.txt");
    let pages = pages();
    if std::env::var_os("IDEM_BLESS").is_some() {
        let mut used: Vec<_> = pages.iter().flat_map(words).map(|(_, word)| word).collect();
        used.sort_by_key(String::len);
        let mut kept = BTreeSet::new();
        for word in used {
            if !is_form(&word, &kept) {
                kept.insert(word);
            }
        }
        let lines: String = kept.into_iter().map(|word| word + "\n").collect();
        fs::write(&path, lines).expect("the dictionary is written");
    }
    let dictionary: BTreeSet<String> = read(&path).lines().map(str::to_owned).collect();
    let mut found = BTreeMap::new();
    for paragraph in &pages {
        for (at, word) in words(paragraph) {
            if !dictionary.contains(&word) && !is_form(&word, &dictionary) {
                found.entry(word).or_insert_with(|| paragraph.place(at));
            }
        }
    }
    let found: Vec<_> = found.iter().map(|(word, place)| format!("{place}: {word:?} is in no text so far")).collect();
    assert!(found.is_empty(), "{}\nif it is spelt right: IDEM_BLESS=1 writes tests/words.txt", found.join("\n"));
}

#[test]
fn word_check_finds_misspelt_word() {
    let dictionary: BTreeSet<String> = ["answer", "write", "machine"].map(str::to_owned).into();
    let text = "Answers are writing machines, `anwser` and <https://example.com/anwser>, [answered](../anwser.md), PostgreSQL. An anwser!";
    let paragraphs = markdown("page.md", text);
    let unknown = words(&paragraphs[0]).into_iter().filter(|(_, word)| !dictionary.contains(word));
    let unknown: Vec<_> = unknown.filter(|(_, word)| !is_form(word, &dictionary)).map(|(_, word)| word).collect();
    assert_eq!(unknown, ["anwser"]);
}

#[test]
fn phrase_check_finds_phrase_across_lines_and_not_in_code() {
    let page = "Rows of a table\nof yours.\n\n```rust\n// of yours\n```\n- A pool of SQLite's\n  for files of SQLite's own format. Who asks?\n";
    let found: Vec<_> = markdown("page.md", page).iter().flat_map(unplain).collect();
    let places: Vec<_> = found.iter().filter_map(|problem| problem.split(": ").next()).collect();
    assert_eq!(places, ["page.md:2", "page.md:8", "page.md:7"], "{found:?}");
    let source = "/// It tells\n/// nothing.\nlet x = \"tells\"; // tells\n    //! `Retry` of\n    //! theirs\n";
    let paragraphs = doc_comments("lib.rs", source);
    let found: Vec<_> = paragraphs.iter().flat_map(unplain).collect();
    assert_eq!(found.len(), 2, "{found:?}");
    assert!(found[0].starts_with("lib.rs:1: ") && found[1].starts_with("lib.rs:4: "), "{found:?}");
    assert_eq!(places_of(&paragraphs[1], "`Retry`"), 1);
}

fn places_of(paragraph: &Paragraph, name: &str) -> usize {
    places(&paragraph.text, name).count()
}

/// What is not plain in a paragraph, with its place.
fn unplain(paragraph: &Paragraph) -> Vec<String> {
    let lower = paragraph.text.to_ascii_lowercase();
    let mut found = Vec::new();
    for (phrase, instead) in PHRASES {
        let places = places(&lower, phrase);
        found.extend(places.map(|at| format!("{}: {phrase:?}; write {instead}", paragraph.place(at))));
    }
    let who = places(&paragraph.text, "Who").map(|at| (at, "\"Who …\": name the subject, as in \"a caller that …\""));
    let twice = double_genitives(&lower).map(|at| (at, "a double genitive: \"idem's connections\", \"a SQLite pool\""));
    found.extend(who.chain(twice).map(|(at, problem)| format!("{}: {problem}", paragraph.place(at))));
    found
}

/// The words of four letters and more, in lower case, with their places. Names in code, links and mixed case are none.
fn words(paragraph: &Paragraph) -> Vec<(usize, String)> {
    let mut text = paragraph.text.clone();
    blank(&mut text, "`", "`");
    blank(&mut text, "](", ")");
    blank(&mut text, "http", " ");
    let mut words = Vec::new();
    let is_part = |c: char| c.is_alphanumeric() || c == '_';
    let mut at = 0;
    for part in text.split_inclusive(|c| !is_part(c)) {
        let word = part.trim_end_matches(|c| !is_part(c));
        let begins = word.bytes().next().is_some_and(|first| first.is_ascii_alphabetic());
        if word.len() >= 4 && begins && word.bytes().skip(1).all(|byte| byte.is_ascii_lowercase()) {
            words.push((at, word.to_ascii_lowercase()));
        }
        at += part.len();
    }
    words
}

/// Blanks what stands between two marks.
fn blank(text: &mut String, begin: &str, end: &str) {
    let mut from = 0;
    while let Some(begins) = text[from..].find(begin).map(|at| from + at) {
        let inner = begins + begin.len();
        let ends = text[inner..].find(end).map_or(text.len(), |at| inner + at + end.len());
        let blanks: String = text[begins..ends].chars().map(|c| " ".repeat(c.len_utf8())).collect();
        text.replace_range(begins..ends, &blanks);
        from = ends;
    }
}

/// Whether a word of the dictionary has this form: "answers", "writing", "largest".
fn is_form(word: &str, dictionary: &BTreeSet<String>) -> bool {
    let bases = ["s", "es", "d", "ed", "ing", "ly", "er", "est"].into_iter().filter_map(|end| word.strip_suffix(end));
    bases.filter(|base| base.len() >= 3).any(|base| {
        let doubled = base.as_bytes().windows(2).next_back().is_some_and(|last| last[0] == last[1]);
        let single = if doubled { &base[..base.len() - 1] } else { base };
        [base.to_owned(), format!("{base}e"), single.to_owned()].iter().any(|base| dictionary.contains(base))
    })
}

/// Where `phrase` stands, not as a part of a longer word.
fn places<'t>(text: &'t str, phrase: &'t str) -> impl Iterator<Item = usize> + 't {
    let is_word = |character: Option<char>| character.is_some_and(|c| c.is_alphanumeric() || c == '_');
    text.match_indices(phrase).map(|(at, _)| at).filter(move |at| {
        let before = is_word(text[..*at].chars().next_back()) && is_word(phrase.chars().next());
        let after = is_word(text[at + phrase.len()..].chars().next()) && is_word(phrase.chars().next_back());
        !before && !after
    })
}

/// "of X's" or "of X's own" without a noun after it.
fn double_genitives(text: &str) -> impl Iterator<Item = usize> {
    places(text, "of").filter(|at| {
        let mut words = text[at + 2..].split_whitespace().peekable();
        words.next_if(|word| matches!(*word, "a" | "an" | "the" | "one"));
        let Some(owner) = words.next().map(|word| word.replace('’', "'")) else { return false };
        let Some((_, end)) = owner.rsplit_once("'s") else { return false };
        let own = words.next_if(|word| word.trim_end_matches(['.', ',', ';', ':', ')']) == "own");
        let ends = !end.is_empty() || own.is_some_and(|own| own != "own");
        ends || words.next().is_none_or(|word| AFTER_A_GENITIVE.contains(&word))
    })
}

/// Text that belongs together, its lines joined.
struct Paragraph {
    file: String,
    text: String,
    /// Where each line begins, and its number in the file.
    lines: Vec<(usize, usize)>,
}

impl Paragraph {
    fn place(&self, at: usize) -> String {
        let line = self.lines.iter().rev().find(|(begins, _)| *begins <= at).map_or(0, |(_, number)| *number);
        format!("{}:{line}", self.file)
    }
}

/// All that is read: pages, the newest section of the changelog, and the doc comments of the published crates.
fn pages() -> Vec<Paragraph> {
    let mut all = Vec::new();
    let of_packages = ["idem-core", "idem-http", "idem-macros"].map(|package| root().join(package).join("README.md"));
    let mut pages = ["README.md", "CONTRIBUTING.md", "RELEASING.md", "SECURITY.md", "examples/README.md"]
        .map(|page| root().join(page))
        .to_vec();
    pages.extend(of_packages);
    pages.extend(files(&root().join("docs"), "md"));
    for page in pages {
        all.extend(markdown(&shown(&page), &read(&page)));
    }
    let changelog = read(&root().join("CHANGELOG.md"));
    let (head, sections) = changelog.split_once("\n## ").expect("a section of the changelog");
    let newest = sections.split("\n## ").next().unwrap_or_default();
    all.extend(markdown("CHANGELOG.md", &changelog[..head.len() + 4 + newest.len()]));
    for folder in ["idem-core/src", "idem-http/src", "idem-macros/src"] {
        for file in files(&root().join(folder), "rs") {
            all.extend(doc_comments(&shown(&file), &read(&file)));
        }
    }
    assert!(all.len() > 3_000, "only {} paragraphs were found", all.len());
    all
}

fn markdown(file: &str, page: &str) -> Vec<Paragraph> {
    let lines: Vec<_> = (1..).zip(page.lines()).collect();
    paragraphs(file, &lines)
}

fn doc_comments(file: &str, source: &str) -> Vec<Paragraph> {
    let text = |line: &str| {
        let line = line.trim_start();
        // A line of code ends a paragraph.
        line.strip_prefix("///").or_else(|| line.strip_prefix("//!")).unwrap_or_default().to_owned()
    };
    let texts: Vec<String> = source.lines().map(text).collect();
    let lines: Vec<_> = (1..).zip(texts.iter().map(String::as_str)).collect();
    paragraphs(file, &lines)
}

/// The paragraphs of lines with their numbers. Blank lines, list items, table rows and headings begin new ones; code is left out.
fn paragraphs(file: &str, lines: &[(usize, &str)]) -> Vec<Paragraph> {
    let mut all: Vec<Paragraph> = Vec::new();
    let (mut code, mut open) = (false, false);
    for &(number, line) in lines {
        let line = line.trim();
        if line.starts_with("```") {
            (code, open) = (!code, false);
            continue;
        }
        if code || line.is_empty() {
            open = false;
            continue;
        }
        let begins = ["- ", "| ", "#"].iter().any(|mark| line.starts_with(mark));
        match all.last_mut() {
            Some(paragraph) if open && !begins => {
                paragraph.text.push(' ');
                paragraph.lines.push((paragraph.text.len(), number));
                paragraph.text.push_str(line);
            }
            _ => all.push(Paragraph { file: file.to_owned(), text: line.to_owned(), lines: vec![(0, number)] }),
        }
        open = true;
    }
    all
}

fn files(folder: &Path, extension: &str) -> Vec<PathBuf> {
    let mut found = Vec::new();
    for entry in fs::read_dir(folder).unwrap_or_else(|error| panic!("{}: {error}", folder.display())) {
        let path = entry.expect("a directory entry").path();
        if path.is_dir() {
            found.extend(files(&path, extension));
        } else if path.extension().is_some_and(|is| is == extension) {
            found.push(path);
        }
    }
    found.sort();
    found
}

fn read(file: &Path) -> String {
    fs::read_to_string(file).unwrap_or_else(|error| panic!("{}: {error}", file.display()))
}

fn shown(file: &Path) -> String {
    file.strip_prefix(root()).unwrap_or(file).display().to_string()
}

fn root() -> &'static Path {
    Path::new(env!("CARGO_MANIFEST_DIR")).parent().expect("the tests are a member of the workspace")
}
