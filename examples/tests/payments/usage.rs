//! Wrong usage is 2, a database that is not there is 1, and both say what to do.

use std::net::TcpListener;
use std::process::Output;

use tests::Sqlite;

use crate::support::{assert_no_log, bare, text};

fn run(arguments: &[&str]) -> Output {
    bare().args(arguments).output().expect("the program starts")
}

fn ends_with(status: i32, arguments: &[&str], told: &str) {
    let output = run(arguments);
    let stderr = text(&output.stderr);
    assert_eq!(output.status.code(), Some(status), "{arguments:?}: {stderr}");
    assert!(stderr.contains(told), "{arguments:?}: {told:?} is not in {stderr}");
    assert_eq!(text(&output.stdout), "");
}

#[test]
fn wrong_arguments_end_with_code_2() {
    ends_with(2, &["--lisen", "127.0.0.1:0"], "--listen");
    ends_with(2, &["serve", "--listen", "nowhere"], "--listen");
    ends_with(2, &["--for", "soon"], "--for");
    ends_with(2, &["serve", "--db", "payments.db"], "sqlite://FILE");
    ends_with(2, &["serve", "--db", "sqlite://:memory:"], "open a file");
    ends_with(2, &["delivery"], "deliveries");
    ends_with(2, &["deliveries", "--wrokers", "3"], "--workers");
    ends_with(2, &["deliveries", "--workers", "0"], "1..=256");
    ends_with(2, &["deliveries", "--kill-after", "soon"], "--kill-after");
    ends_with(2, &["deliveries", "--db", "payments.db"], "sqlite://FILE");
    ends_with(2, &["deliveries", "--db", "mysql://root@localhost/x"], "postgres://USER@HOST/NAME");
    ends_with(2, &["deliveries", "--db", "sqlite://:memory:"], "open a file");
    ends_with(2, &["deliveries", "no-such-file.jsonl"], "no-such-file.jsonl cannot be read");
    ends_with(2, &["deliveries", "a.jsonl", "b.jsonl"], "unexpected argument");
    ends_with(2, &["deliveries", "."], "is a directory");
    ends_with(2, &["diagram", "--png"], "--png");
}

#[test]
fn missing_database_ends_with_code_1() {
    ends_with(1, &["deliveries", "--db", "postgres://nobody:secret@127.0.0.1:1/none"], "no connection to the database");
    ends_with(1, &["serve", "--db", "postgres://nobody:secret@127.0.0.1:1/none"], "no connection to the database");
    ends_with(
        1,
        &["deliveries", "--db", "sqlite:///no/such/folder/payments.db"],
        "the folder \"/no/such/folder\" does not exist",
    );
}

#[test]
fn server_without_free_address_ends_with_code_1_and_leaves_no_log() {
    let taken = TcpListener::bind("127.0.0.1:0").expect("a port");
    let address = taken.local_addr().expect("an address").to_string();
    let sqlite = Sqlite::fresh();
    let db = format!("sqlite://{}", sqlite.path().display());
    ends_with(1, &["serve", "--db", &db, "--listen", &address], "cannot be listened on");
    let [one, two] = ["whsec_a", "whsec_b"].map(|secret| format!("http://127.0.0.1:1/x={secret}"));
    ends_with(2, &["serve", "--db", &db, "--webhook", &one, "--webhook", &two], "is given twice");
    assert_no_log(&sqlite);
}

#[test]
fn help_of_each_subcommand_names_exit_statuses() {
    for subcommand in ["serve", "deliveries", "diagram", "storm"] {
        let output = run(&[subcommand, "--help"]);
        assert!(output.status.success(), "{subcommand}");
        let help = text(&output.stdout);
        assert!(help.contains("Usage: payments") && help.contains("Exit status: 0 "), "{subcommand}: {help}");
    }
}

#[test]
fn password_in_url_is_not_printed() {
    let output = run(&["deliveries", "--db", "postgres://nobody:sec@ret@127.0.0.1:1/none"]);
    assert!(!text(&output.stderr).contains("ret@"), "{}", text(&output.stderr));
}

#[test]
fn diagram_command_draws_every_state() {
    let mermaid = text(&run(&["diagram"]).stdout);
    assert!(mermaid.contains("Authorized --> PartlyCaptured: Capture\n"), "{mermaid}");
    let file = tests::Sqlite::fresh();
    let path = file.folder().join("payment.svg");
    assert!(run(&["diagram", "--svg", &path.display().to_string()]).status.success());
    let svg = std::fs::read_to_string(path).expect("written");
    for state in examples::payments::machine::payment::StateKind::ALL {
        assert!(svg.contains(&format!(">{state}</text>")), "{state} is not in {svg}");
    }
    assert!(svg.starts_with("<svg ") && svg.ends_with("</svg>\n"));
}
