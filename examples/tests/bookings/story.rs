//! The program, run as its users run it.

use std::process::Command;

const STORY: &str = "\
ann has 100.00 and wants a room for 80.00.
ben has 50.00 and wants a room for 80.00.
cleo has 100.00 and wants a room for 80.00.

Room 7 is reserved for ann: 20.00 available, 80.00 held.
Her answer was lost and the request comes again: 20.00 available, 80.00 held, 1 row.
cleo wants it too, but room 7 is taken by booking ann-1: 100.00 available, 0.00 held.
ben reserves room 8 and is declined: 50.00 available, 0.00 held.
cleo reserves room 9: 20.00 available, 80.00 held.

ann pays 75.00, and her program repeats it; paid once: 25.00 available, 0.00 held.
cleo cancels: 100.00 available, 0.00 held.
The hotel has 75.00, and its books are sound.
";

#[test]
fn bookings_program_prints_its_story() {
    let output = Command::new(env!("CARGO_BIN_EXE_bookings")).output().expect("the program starts");
    assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
    assert_eq!(String::from_utf8_lossy(&output.stdout), STORY);
}
