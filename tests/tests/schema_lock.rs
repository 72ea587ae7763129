//! The schema lock on two releases of one machine.

use std::path::PathBuf;

use idem_core::testing::{LockError, Samples, bless_schema_lock, schema_lock};
use tests::conformance::machines::refund;
use tests::conformance::machines::shipment::{Label, first, narrowed, renamed};

fn first_release() -> Samples<first::Shipment> {
    Samples::new()
        .state(first::shipment::Packed { grams: 5 })
        .state(first::shipment::Sent { to: "Ulm".into() })
        .command(first::shipment::Send { to: "Ulm".into() })
        .outcome(first::shipment::CommandKind::Send, &Label { to: "Ulm".into() })
}

fn second_release() -> Samples<renamed::Shipment> {
    Samples::new()
        .state(renamed::shipment::Boxed { grams: 5, fragile: true })
        .state(renamed::shipment::Posted { to: "Ulm".into() })
        .command(renamed::shipment::Post { to: "Ulm".into(), express: true })
        .outcome(renamed::shipment::CommandKind::Post, &Label { to: "Ulm".into() })
}

fn file(folder: &tempfile::TempDir) -> PathBuf {
    folder.path().join("shipment.lock.json")
}

#[test]
fn schema_lock_without_file_says_how_to_make_one() {
    let folder = tempfile::tempdir().expect("a folder");
    let error = schema_lock(file(&folder), &first_release()).expect_err("there is none");
    assert!(matches!(error, LockError::Missing(_)) && error.to_string().contains("IDEM_BLESS=1"), "{error}");
    assert!(!file(&folder).exists());
}

#[test]
fn schema_lock_accepts_readable_release_and_grows_when_blessed() {
    let folder = tempfile::tempdir().expect("a folder");
    let file = file(&folder);
    bless_schema_lock(&file, &first_release()).expect("blessed");
    let locked = schema_lock(&file, &first_release()).expect("it holds");
    assert_eq!((locked.checked, locked.added.len(), locked.blessed), (7, 0, false), "{locked}");
    let before = std::fs::read_to_string(&file).expect("the file");
    let locked = schema_lock(&file, &second_release()).expect("renamed states and new fields are read");
    assert!(locked.to_string().contains("not yet locked") && locked.added.len() == 4, "{locked}");
    assert_eq!(std::fs::read_to_string(&file).expect("the file"), before, "nothing is written unasked");
    let locked = bless_schema_lock(&file, &second_release()).expect("blessed");
    assert!(locked.blessed && locked.to_string().contains("new in the file: state `Boxed`"), "{locked}");
    // The first release now is the one that cannot read everything.
    let error = schema_lock(&file, &first_release()).expect_err("`Boxed` is unknown to it").to_string();
    assert!(error.contains("state `Boxed`") && error.contains("#[was(\"Boxed\")]"), "{error}");
}

#[test]
fn schema_lock_names_fix_for_each_unreadable_row() {
    let folder = tempfile::tempdir().expect("a folder");
    let file = file(&folder);
    bless_schema_lock(&file, &first_release()).expect("blessed");
    let samples = Samples::<narrowed::Shipment>::new()
        .state(narrowed::shipment::Packed { grams: 5 })
        .state(narrowed::shipment::Sent { to: "Ulm".into() })
        .command(narrowed::shipment::Send { to: "Ulm".into() })
        .outcome("Send", &serde_json::json!({ "number": 7 }));
    let error = schema_lock(&file, &samples).expect_err("rows are stranded");
    let LockError::Stranded(found) = &error else { panic!("{error}") };
    assert_eq!(found.len(), 3, "{error}");
    for told in
        ["state `Lost`", "#[was(\"Lost\")]", "command `Lose`", "was = \"Lose\"", "outcome of `Send`", "serde(default)"]
    {
        assert!(error.to_string().contains(told), "{told} is not in: {error}");
    }
}

#[test]
fn schema_lock_refuses_dropped_field() {
    let folder = tempfile::tempdir().expect("a folder");
    let file = file(&folder);
    bless_schema_lock(&file, &first_release()).expect("blessed");
    let locked = std::fs::read_to_string(&file).expect("the file");
    std::fs::write(&file, locked.replace("\"grams\": 5", "\"grams\": 5, \"color\": \"red\"")).expect("written");
    let error = schema_lock(&file, &first_release()).expect_err("the colour is lost").to_string();
    assert!(error.contains("written back as") && error.contains("red"), "{error}");
}

#[test]
fn schema_lock_refuses_other_file_and_missing_samples() {
    let folder = tempfile::tempdir().expect("a folder");
    let file = file(&folder);
    let error = schema_lock(&file, &Samples::<first::Shipment>::new()).expect_err("no samples").to_string();
    assert!(error.contains("state `Packed`: no sample"), "{error}");
    for text in ["", "{}", "{\"machine\":\"other\",\"states\":{},\"commands\":{},\"edges\":[]}"] {
        std::fs::write(&file, text).expect("written");
        let error = schema_lock(&file, &first_release()).expect_err("no lock of this machine");
        assert!(matches!(error, LockError::Unreadable { .. }), "{error}");
    }
}

fn refunds() -> Samples<refund::first::Refund> {
    Samples::new()
        .state(refund::first::refund::Approved { amount: 5 })
        .command(refund::first::refund::Approve { amount: 9, limit: 5 })
        .outcome(refund::first::refund::CommandKind::Approve, &5_i64)
}

/// A rejection is stored where a key remembers it, so a later release has to read it.
#[test]
fn rejection_that_keys_remember_is_locked() {
    let folder = tempfile::tempdir().expect("a folder");
    let file = file(&folder);
    let error = bless_schema_lock(&file, &refunds()).expect_err("no sample of the rejection").to_string();
    assert!(error.contains("rejection: no sample, and `Approve` remembers its rejections"), "{error}");
    let samples = refunds().rejection(&refund::OverLimit { limit: 5 });
    bless_schema_lock(&file, &samples).expect("blessed");
    let locked = schema_lock(&file, &samples).expect("it holds");
    assert_eq!((locked.checked, locked.added.len()), (8, 0), "{locked}");
    let more = schema_lock(&file, &samples.rejection(&refund::OverLimit { limit: 6 })).expect("it holds");
    assert_eq!(more.added, ["rejection"]);

    // A later release has dropped a state and a command, and needs a member that no stored rejection has.
    let second = Samples::<refund::second::Refund>::new()
        .state(refund::second::refund::Approved { amount: 5 })
        .command(refund::second::refund::Accept { amount: 9, days: 1, limit: 5 })
        .outcome(refund::second::refund::CommandKind::Accept, &5_i64)
        .rejection(&refund::second::TooMuch { limit: 5, fee: 1 });
    let error = schema_lock(&file, &second).expect_err("stored rows are not read");
    let LockError::Stranded(found) = &error else { panic!("{error}") };
    let rejection = found.iter().find(|found| found.what == "rejection").expect("it is not read");
    assert!(rejection.problem.contains("missing field `fee`") && rejection.fix.contains("serde(default)"), "{error}");
    assert!(found.len() == 3 && found.iter().filter(|found| found.what.contains("Withdraw")).count() == 2, "{error}");
}

#[test]
fn samples_of_two_types_of_rejections_are_refused() {
    let samples = refunds().rejection(&refund::OverLimit { limit: 5 }).rejection(&7_i64);
    assert_eq!(samples.missing(), ["rejection: the samples are of two types, and the rules have one"]);
}

/// Keys may remember rejections for a while yet, which such a release could not read.
#[test]
fn locked_rejection_without_remembering_command_is_stranded() {
    let folder = tempfile::tempdir().expect("a folder");
    let file = file(&folder);
    bless_schema_lock(&file, &refunds().rejection(&refund::OverLimit { limit: 5 })).expect("blessed");
    let forgetful = Samples::<refund::forgetful::Refund>::new()
        .state(refund::forgetful::refund::Approved { amount: 5 })
        .command(refund::forgetful::refund::Approve { amount: 9, limit: 5 })
        .outcome(refund::forgetful::refund::CommandKind::Approve, &5_i64);
    let error = schema_lock(&file, &forgetful).expect_err("no reader");
    let LockError::Stranded(found) = &error else { panic!("{error}") };
    assert!(found.len() == 1 && found[0].problem.contains("no command says `remember_rejections`"), "{error}");
}
