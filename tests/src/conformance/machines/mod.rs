//! The machines of a shop that the clauses drive: an order, its payment and its invoice, a subscription, a cart, a voucher, and the
//! releases of a shipment and of a refund.
#![allow(missing_docs, reason = "machines to drive; what they mean is in the names")]

pub mod carts;
mod feeds;
mod invoices;
mod orders;
mod payments;
pub mod refund;
pub mod shipment;
mod subscriptions;
mod vouchers;

pub use feeds::{Described, Feed, feed};
pub use invoices::{Invoice, SlowShop, invoice};
pub use orders::{Order, Receipt, Refused, order};
pub use payments::{Payment, payment};
pub use subscriptions::{Subscription, subscription};
pub use vouchers::{Voucher, voucher};

/// The rules of all of them, but for an [`Invoice`] in a [`SlowShop`].
#[derive(Debug, Clone, Copy)]
pub struct Shop;
