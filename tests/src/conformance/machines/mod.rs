//! The machines that the clauses drive: an order, a door, a bill, a booking, a gauge, and the releases of a parcel.
#![allow(missing_docs, reason = "machines to drive; what they mean is in the names")]

mod bills;
mod bookings;
mod doors;
pub mod gauges;
pub mod loan;
mod orders;
pub mod parcel;
mod tickets;

pub use bills::{Bill, Office, bill};
pub use bookings::{Booking, Hotel, booking};
pub use doors::{Door, Keeper, door};
pub use orders::{Order, Receipt, Refused, Shop, order};
pub use tickets::{Theatre, Ticket, ticket};
