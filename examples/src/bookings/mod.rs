//! A hotel's rooms: the price is held when a room is reserved, captured when it is paid, and released when nobody pays.
//!
//! Each reservation writes a row of the hotel's own table in the same transaction, on any database ([`reserve`]). The machine's
//! tests are in `examples/tests/bookings/`: the explorer, a rule by itself, and what must not compile.

mod desk;
mod machine;
mod story;

pub use desk::{Failure, TABLE, reserve};
pub use machine::{Booking, HOTEL, Hotel, Refused, WAIT, account, booking};
pub use story::{main, tell};
