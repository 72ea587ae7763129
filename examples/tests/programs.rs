//! What the programs have in common: `--help`, the exit status, and no files that stay.
#![allow(clippy::expect_used, reason = "a panic is how a test fails")]

use std::fs::File;
use std::path::Path;
use std::process::{Command, Output};

use idem_core::{Idem, Key};
use tests::Sqlite;

const PROGRAMS: [(&str, &str); 6] = [
    ("bookings", env!("CARGO_BIN_EXE_bookings")),
    ("documents", env!("CARGO_BIN_EXE_documents")),
    ("generate", env!("CARGO_BIN_EXE_generate")),
    ("jobs", env!("CARGO_BIN_EXE_jobs")),
    ("payments", env!("CARGO_BIN_EXE_payments")),
    ("wallets", env!("CARGO_BIN_EXE_wallets")),
];

const JOBS: &str = PROGRAMS[3].1;
const WALLETS: &str = PROGRAMS[5].1;

fn run(program: &str, arguments: &[&str]) -> Output {
    Command::new(program).args(arguments).output().expect("the program starts")
}

fn told(output: &Output) -> String {
    format!("{}{}", String::from_utf8_lossy(&output.stdout), String::from_utf8_lossy(&output.stderr))
}

fn files(folder: &Path) -> Vec<String> {
    let files = std::fs::read_dir(folder).expect("a folder");
    files.map(|file| file.expect("a file").file_name().to_string_lossy().into_owned()).collect()
}

#[test]
fn help_of_each_program_names_exit_statuses() {
    for (name, program) in PROGRAMS {
        let output = run(program, &["--help"]);
        let told = told(&output);
        assert_eq!(output.status.code(), Some(0), "{told}");
        assert!(told.contains(&format!("Usage: {name}")) && told.contains("Exit status: 0 done, 1 "), "{told}");
    }
}

#[test]
fn wrong_argument_of_each_program_ends_with_code_2() {
    for (name, program) in PROGRAMS {
        for arguments in [&["--no-such-option"][..], &["no-such-word", "another"]] {
            let output = run(program, arguments);
            let told = told(&output);
            assert_eq!(output.status.code(), Some(2), "{name} {arguments:?}: {told}");
            assert!(told.contains(&format!("Usage: {name}")) && output.stdout.is_empty(), "{told}");
        }
    }
}

#[test]
fn database_that_program_cannot_use_ends_with_code_2() {
    for program in [JOBS, WALLETS] {
        for (db, said) in [
            ("mysql://root@localhost/x", "give sqlite://FILE or postgres://USER@HOST/NAME"),
            ("wallets.db", "give sqlite://FILE or postgres://USER@HOST/NAME"),
            ("sqlite://:memory:", "open a file"),
        ] {
            let output = run(program, &["--db", db]);
            let told = told(&output);
            assert_eq!(output.status.code(), Some(2), "{program} {db}: {told}");
            assert!(told.contains(said), "{program} {db}: {told}");
        }
    }
}

#[test]
fn missing_database_ends_with_code_1() {
    for program in [JOBS, WALLETS] {
        let output = run(program, &["--db", "postgres://nobody:secret@127.0.0.1:1/none"]);
        let told = told(&output);
        assert_eq!(output.status.code(), Some(1), "{program}: {told}");
        assert!(told.contains("no connection to the database"), "{program}: {told}");
    }
}

/// Also where its standard output is full.
#[test]
fn program_without_database_leaves_no_file() {
    for name in ["bookings", "documents"] {
        let (_, program) = PROGRAMS.iter().find(|(found, _)| *found == name).expect("a program");
        let folder = Sqlite::fresh();
        let run = |stdout: Option<File>| {
            let mut command = Command::new(program);
            command.env("TMPDIR", folder.folder());
            if let Some(stdout) = stdout {
                command.stdout(stdout);
            }
            let output = command.output().expect("the program starts");
            assert_eq!(files(folder.folder()), [] as [&str; 0]);
            output.status.code()
        };
        assert_eq!(run(None), Some(0), "{name}");
        assert_eq!(run(File::options().write(true).open("/dev/full").ok()), Some(1), "{name}");
    }
}

fn url(sqlite: &Sqlite) -> String {
    format!("sqlite://{}", sqlite.path().display())
}

#[test]
fn jobs_and_wallets_leave_database_without_log() {
    let failed: &[&str] = &["--nights", "2", "--mails", "2", "--kill-after", "1000", "--pause", "0", "--within", "120"];
    let late: &[&str] = &["--nights", "1000", "--within", "1", "--kill-after", "0", "--pause", "0"];
    let visits: &[&str] = &["--visits", "50", "--wallets", "3"];
    for (program, arguments, status) in [(WALLETS, visits, 0), (JOBS, failed, 1), (JOBS, late, 1)] {
        let sqlite = Sqlite::fresh();
        let output = run(program, &[&["--db", &url(&sqlite)], arguments].concat());
        assert_eq!(output.status.code(), Some(status), "{}", told(&output));
        assert_eq!(files(sqlite.folder()), ["test.db"], "{program} {arguments:?}");
    }
}

/// What an operation of the same name left behind, of another application.
#[test]
fn lost_claim_of_another_application_leaves_proof_of_jobs_unaffected() {
    let sqlite = Sqlite::fresh();
    let runtime = tokio::runtime::Runtime::new().expect("threads");
    runtime.block_on(async {
        let idem = Idem::<sqlx::Sqlite>::open(&url(&sqlite)).await.expect("a database");
        let mails = idem.operation("send_mail").lease(std::time::Duration::from_millis(100));
        let (key, (begun, begins)) = (Key::new("shop", "1").expect("a key"), tokio::sync::oneshot::channel());
        let sending = mails.leased(&key, &"a mail", |_| async move {
            begun.send(()).expect("somebody listens");
            std::future::pending::<Result<u64, idem_core::lease::Failed<idem_core::Error>>>().await
        });
        // Dropped while it works: its lease ends.
        tokio::select! {
            _ = sending.into_future() => panic!("it does not end"),
            _ = begins => {}
        }
        while mails.lost().await.expect("a read").is_empty() {
            tokio::task::yield_now().await;
        }
        idem.shutdown().await;
        idem.pool().close().await;
    });
    let arguments = ["--nights", "2", "--mails", "2", "--kill-after", "0", "--pause", "0", "--within", "120"];
    let output = run(JOBS, &[&["--db", &url(&sqlite)], &arguments[..]].concat());
    assert_eq!(output.status.code(), Some(0), "{}", told(&output));
    assert!(told(&output).contains("Proof passed: "), "{}", told(&output));
}
