//! Many wallets, one busy merchant: every change comes under a key, many come twice, and the books add up.
//!
//! Shoppers pay from wallets that cannot be overdrawn: at once, or by a hold that is captured in part and released. All of it
//! goes to one merchant, whose account every worker wants at the same time, less a fee to a tally. At the end the ledger
//! audits itself, and the program compares what it was told with what is there.

mod cli;
mod proof;
mod shopper;
mod town;

pub use cli::main;
