//! Every state, command and way of repeating of the machine, with money and time.

use std::time::Duration;

use examples::bookings::{Booking, Hotel, WAIT, account, booking};
use idem_core::testing::{Explorer, Report, Samples};
use idem_core::{Idem, Timestamp};
use tests::Sqlite;

const NOON: Timestamp = Timestamp::from_micros(4_102_488_000_000_000);

fn samples() -> Samples<Booking> {
    Samples::new()
        .state(booking::Requested { guest: "ann".to_owned(), price: 8_000 })
        .state(booking::Requested { guest: "ben".to_owned(), price: 8_000 })
        .state(booking::Reserved { hold: "sample".to_owned(), price: 8_000, until: NOON.saturating_add(WAIT) })
        .state(booking::Paid { amount: 8_000 })
        .command(booking::Pay { amount: 7_500 })
        .command(booking::Pay { amount: 8_001 })
}

/// Ann can pay for a room, Ben cannot. The hold that the sample of `Reserved` names is there.
fn explorer(samples: &Samples<Booking>) -> Explorer<'_, Booking> {
    Explorer::new(samples)
        .deposit(account("ann"), 20_000)
        .bounds(account("ann"), Some(0), None)
        .deposit(account("ben"), 5_000)
        .bounds(account("ben"), Some(0), None)
        .hold(account("ann"), "sample", 8_000)
        .clock(NOON)
        .advance(WAIT.saturating_sub(Duration::from_secs(1)))
        .advance(WAIT)
}

fn in_memory(guest: &str) -> Report {
    let samples = samples();
    let requested = || booking::Requested { guest: guest.to_owned(), price: 8_000 };
    let report = explorer(&samples).in_memory(|| Booking::in_memory(Hotel, requested()));
    println!("{report}");
    report.assert_complete();
    report
}

#[test]
fn booking_explorer_in_memory_takes_every_edge() {
    let (ann, ben) = (in_memory("ann"), in_memory("ben"));
    assert_eq!(ann.reached, ["Requested", "Reserved", "Paid", "Cancelled", "Expired"]);
    assert_eq!(ben.reached, ["Requested", "Declined", "Cancelled"]);
    let by_neither: Vec<_> = ann.untaken.iter().filter(|edge| ben.untaken.iter().any(|b| b.to == edge.to)).collect();
    assert!(by_neither.is_empty(), "{by_neither:?}");
}

/// On a database time does not pass for a test, so `Expired` is entered by an override alone.
#[tokio::test(flavor = "multi_thread")]
async fn booking_explorer_on_sqlite_is_complete() {
    let file = Sqlite::fresh();
    let idem = Idem::<sqlx::Sqlite>::open(&file.url()).await.expect("a database");
    let samples = samples();
    let report = explorer(&samples).stored(&Booking::stored(&idem, Hotel)).await;
    println!("{report}");
    report.assert_complete();
    assert_eq!(report.reached, ["Requested", "Reserved", "Paid", "Declined", "Cancelled"]);
    assert!(report.skipped.len() == 1 && report.to_string().contains("NOT TRIED: what changes with time"), "{report}");
    assert!(idem.ledger().audit().await.expect("an audit").is_sound());
}
