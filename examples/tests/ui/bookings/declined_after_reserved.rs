use examples::bookings::booking;
use idem_core::Step;

/// A guest whose money is held is not declined: no edge leads from `Reserved` to `Declined` by `Pay`.
fn pay() -> Step<booking::PayTo> {
    Step::to(booking::Declined)
}

fn main() {
    pay();
}
