//! A payments service under load, for the fault tests of the HTTP edge: each payment has one effect, and proves it.

mod load;
mod losses;
mod payments;

pub use load::{Answered, Client, Tally};
pub use losses::{Losses, LossyProxy};
pub use payments::{MERCHANT, Paid, Payment, router};
