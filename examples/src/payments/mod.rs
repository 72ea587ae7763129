//! The main example: payments under at-least-once delivery.
//!
//! Read [`machine`] and [`rules`] first: they are what a user of idem writes. The rest is the program around it: deliveries are parsed
//! (`delivery`), handed to workers (`feed`, `worker`), and at the end the book is read back from the database alone
//! (`book`, `audit`) and printed beside the verdicts of the run (`tally`, `report`).

mod audit;
mod book;
pub mod cli;
mod delivery;
mod diagram;
mod feed;
pub mod generate;
mod kill;
mod lines;
pub mod machine;
mod progress;
mod report;
pub mod rules;
mod run;
pub mod server;
pub mod storm;
mod tables;
mod tally;
mod worker;

/// The bundled sample, made by `cargo run -p examples --bin generate -- --seed 7 --lines 12000`.
pub const SAMPLE: &[u8] = include_bytes!("../../data/payments.jsonl");
