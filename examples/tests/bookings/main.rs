//! How a machine is tested: a rule by itself, every situation, what must not compile, and the program as its users run it.
#![allow(clippy::expect_used, reason = "a panic is how a test fails")]

mod desk;
mod explorer;
mod rule;
mod story;

/// A step to a state that the command does not lead to.
#[test]
fn misuse_does_not_compile() {
    trybuild::TestCases::new().compile_fail("tests/ui/bookings/*.rs");
}

/// The tour shows the test above and its fixture, word for word.
#[test]
fn tour_shows_misuse_test_and_its_fixture() {
    let (tour, test) = (include_str!("../../../docs/TOUR.md"), include_str!("main.rs"));
    let begins = test.find("#[test]\nfn misuse").expect("the test above");
    let length = test[begins..].find("\n}\n").expect("its end") + 3;
    for shown in [&test[begins..begins + length], include_str!("../ui/bookings/declined_after_reserved.rs")] {
        assert!(tour.contains(shown), "TOUR.md does not show\n{shown}");
    }
}
