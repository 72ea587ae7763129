//! A booking of a room: the price is held, and captured when the guest pays.

use std::time::Duration;

use idem_core::{Context, Step, Timestamp, idempotent_fsm};
use serde::{Deserialize, Serialize};

/// How long a room waits for its money.
pub const WAIT: Duration = Duration::from_mins(15);

/// The account that is paid.
pub const HOTEL: &str = "hotel";

/// The life of a booking. Amounts are cents.
#[idempotent_fsm]
#[command(Reserve)]
#[command(Pay { amount: i64 })]
#[command(Cancel)]
#[command(Expire)]
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[allow(clippy::exhaustive_enums, reason = "the life of a booking is what this example shows, whole")]
pub enum Booking {
    /// A guest wants a room.
    #[initial]
    #[on(Reserve => Reserved | Declined)]
    #[on(Cancel => Cancelled)]
    Requested {
        /// Who wants it.
        guest: String,
        /// What it costs.
        price: i64,
    },

    /// The price is held on the guest's account.
    #[on(Pay => Paid | Expired)]
    #[on(Cancel => Cancelled)]
    #[on(Expire => Expired)]
    Reserved {
        /// The name of the hold.
        hold: String,
        /// What it reserves.
        price: i64,
        /// When it expires.
        until: Timestamp,
    },

    /// The hotel has its money.
    #[terminal]
    Paid {
        /// How much.
        amount: i64,
    },

    /// The guest does not have the money.
    #[terminal]
    Declined,

    /// What was held is the guest's again.
    #[terminal]
    Cancelled,

    /// Nobody paid in time.
    #[terminal]
    Expired,
}

/// Why a command is refused. It can be given again.
#[derive(Debug, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum Refused {
    /// The price is lower.
    #[error("the price is {price}, not {amount}")]
    TooMuch {
        /// What the room costs, in cents.
        price: i64,
        /// What was to be paid, in cents.
        amount: i64,
    },
    /// A room is kept until its time is over.
    #[error("the room is kept until {until}")]
    TooEarly {
        /// When it may expire.
        until: Timestamp,
    },
}

/// The rules.
#[derive(Debug, Clone, Copy)]
pub struct Hotel;

impl booking::Transitions for Hotel {
    type Rejection = Refused;

    fn reserve(
        &self,
        from: booking::Requested,
        _: &booking::Reserve,
        cx: &Context,
    ) -> Result<Step<booking::ReserveTo>, Refused> {
        // The same name for every attempt, and for no other hold.
        let hold = cx.id("hold").to_string();
        let until = cx.now().saturating_add(WAIT);
        Ok(Step::to(booking::Reserved { hold: hold.clone(), price: from.price, until })
            .hold_for(account(&from.guest), hold, from.price, WAIT)
            .or_if_refused(Step::to(booking::Declined)))
    }

    fn pay(&self, from: booking::Reserved, pay: &booking::Pay, _: &Context) -> Result<Step<booking::PayTo>, Refused> {
        if pay.amount > from.price {
            return Err(Refused::TooMuch { price: from.price, amount: pay.amount });
        }
        // A discount: what is not captured is released. A hold that has expired is not captured.
        Ok(Step::to(booking::Paid { amount: pay.amount })
            .capture(from.hold.clone(), HOTEL, pay.amount)
            .release(from.hold)
            .or_if_refused(Step::to(booking::Expired)))
    }

    fn cancel(
        &self,
        from: booking::CancelFrom,
        _: &booking::Cancel,
        _: &Context,
    ) -> Result<Step<booking::Cancelled>, Refused> {
        let cancelled = Step::to(booking::Cancelled);
        Ok(match from {
            booking::CancelFrom::Requested(_) => cancelled,
            booking::CancelFrom::Reserved(from) => cancelled.release(from.hold),
        })
    }

    fn expire(
        &self,
        from: booking::Reserved,
        _: &booking::Expire,
        cx: &Context,
    ) -> Result<Step<booking::Expired>, Refused> {
        if cx.now() < from.until {
            return Err(Refused::TooEarly { until: from.until });
        }
        // Released by its time already, on the books by this.
        Ok(Step::to(booking::Expired).release(from.hold))
    }
}

/// A guest's account with the hotel.
pub fn account(guest: &str) -> String {
    format!("guest:{guest}")
}
