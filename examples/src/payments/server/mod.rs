//! A payments server that speaks the core of Stripe's API.
//!
//! Read [`machine`] and [`rules`] first: they are what a user of idem writes. Then `intents`: a call of the API is a transaction that turns
//! the machine, moves money in the ledger, and writes the objects that the API shows. The guard around it, in `routes`, commits that
//! with the answer, and gives the answer to every repeat.

mod bank;
mod call;
mod cards;
mod customers;
mod edge;
mod error;
mod form;
mod intents;
pub mod machine;
mod objects;
mod page;
mod payouts;
mod reads;
mod refunds;
mod requests;
mod routes;
pub mod rules;
pub mod serve;
mod store;
pub mod webhooks;
