//! The example `wallets`, run as its users run it.
#![allow(clippy::expect_used, reason = "a panic is how a test fails")]

use std::process::Command;

fn run(db: &str) -> String {
    let output = Command::new(env!("CARGO_BIN_EXE_wallets"))
        .args(["--db", db, "--visits", "2000", "--wallets", "10"])
        .output()
        .expect("the program starts");
    let told = String::from_utf8_lossy(&output.stdout).into_owned();
    assert!(output.status.success(), "{told}{}", String::from_utf8_lossy(&output.stderr));
    told
}

/// How many answers were of the kind.
fn answers(told: &str, kind: &str) -> u64 {
    let line = told.lines().find(|line| line.starts_with("answers")).expect("a line of answers");
    let words: Vec<&str> = line.split_whitespace().map(|word| word.trim_end_matches(',')).collect();
    let at = words.iter().position(|word| *word == kind).expect(kind);
    words[at - 1].parse().expect("a number")
}

#[test]
fn second_run_of_wallets_pays_nothing_twice() {
    let file = std::env::temp_dir().join(format!("idem-wallets-{}.db", std::process::id()));
    let db = format!("sqlite://{}", file.display());
    let (first, second) = (run(&db), run(&db));
    assert!(answers(&first, "fresh") > 1_000 && answers(&first, "replayed") > 100, "{first}");
    assert_eq!(answers(&second, "fresh"), 0, "{second}");
    for end in ["", "-wal", "-shm"] {
        // What is not there need not be removed.
        let _ = std::fs::remove_file(format!("{}{end}", file.display()));
    }
}
