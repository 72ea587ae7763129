//! One rule, called directly.

use examples::bookings::booking::Transitions as _;
use examples::bookings::{Hotel, Refused, booking};
use idem_core::{Context, Timestamp};

#[test]
fn reserved_booking_cannot_expire_before_its_time() {
    let time = |text: &str| text.parse::<Timestamp>().expect("a time");
    let until = time("2026-12-24T18:15:00Z");
    let reserved = || booking::Reserved { hold: "h".to_owned(), price: 8_000, until };
    let expire =
        |now| Hotel.expire(reserved(), &booking::Expire, &Context::new("Booking", "ann-1").with_now(time(now)));
    assert_eq!(expire("2026-12-24T18:14:59Z").expect_err("too early"), Refused::TooEarly { until });
    assert!(expire("2026-12-24T18:15:00Z").is_ok());
}
