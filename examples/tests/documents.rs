//! The example `documents`, run as its users run it.
#![allow(clippy::expect_used, reason = "a panic is how a test fails")]

use std::process::Command;

const STORY: &str = "\
The document \"minutes\" is made, at version 1.
Ada and Ben open it, both at version 1.
Ada saves: version 2.
Ben saves on version 1: stale, it is at 2. Nothing of Ada's is lost.
Ben reads again and puts his line below hers: version 3.
Ada goes on: version 4.
Ben's answer was lost, so his program repeats the save: version 3, the first answer.

Version 4:
Minutes.
Ada was there.
Ben was late.
Ada left.
";

#[test]
fn documents_program_prints_its_story() {
    let output = Command::new(env!("CARGO_BIN_EXE_documents")).output().expect("the program starts");
    assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
    assert_eq!(String::from_utf8_lossy(&output.stdout), STORY);
}
