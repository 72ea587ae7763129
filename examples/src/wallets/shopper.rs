//! What shoppers do: each step under a key, and now and then twice.

use std::time::Duration;

use idem_core::ledger::{Entry, Hold, Ledger, Transfer};
use idem_core::{Database, Error, ErrorKind, Key, Outcome};

use super::town::Town;

/// What a worker was told.
#[derive(Debug, Default, Clone, Copy)]
pub(super) struct Told {
    /// Changes that had their effect in this run.
    pub(super) fresh: u64,
    /// Repeats that got the first answer.
    pub(super) replayed: u64,
    /// Payments that a wallet could not afford.
    pub(super) declined: u64,
    /// What the merchant and the fees got by fresh changes, in cents.
    pub(super) paid: i64,
}

impl Told {
    pub(super) fn and(self, other: Self) -> Self {
        Self {
            fresh: self.fresh + other.fresh,
            replayed: self.replayed + other.replayed,
            declined: self.declined + other.declined,
            paid: self.paid + other.paid,
        }
    }

    fn count<T>(&mut self, outcome: &Outcome<T>, paid: i64) {
        if outcome.is_fresh() {
            self.fresh += 1;
            self.paid += paid;
        } else {
            self.replayed += 1;
        }
    }
}

/// One visit to the shop, its number the source of all that is random in it.
///
/// A wallet that cannot pay is declined for good: the refusal is remembered, or a repeat might succeed once a hold is let go.
pub(super) async fn visit<DB: Database>(
    ledger: &Ledger<DB>,
    town: &Town,
    number: u64,
    told: &mut Told,
) -> Result<(), Error> {
    let mut dice = Dice(number);
    let from = town.wallet(dice.below(town.wallets));
    let amount = 1 + i64::try_from(dice.below(900)).unwrap_or(0);
    let key = town.key(format!("visit-{number}"))?;
    let by_hold = dice.below(4) == 0;
    // Every fifth answer is lost on its way, and the request comes again.
    let deliveries = if dice.below(5) == 0 { 2 } else { 1 };
    for _ in 0..deliveries {
        let done = if by_hold {
            reserve(ledger, town, &key, (&from, amount), told).await
        } else {
            pay(ledger, town, &key, (&from, amount), told).await
        };
        match done {
            Err(error) if error.kind() == ErrorKind::OutOfBounds => told.declined += 1,
            done => done?,
        }
    }
    Ok(())
}

/// Price and fee in one posting: both or neither.
async fn pay<DB: Database>(
    ledger: &Ledger<DB>,
    town: &Town,
    key: &Key,
    (from, amount): (&str, i64),
    told: &mut Told,
) -> Result<(), Error> {
    let fee = 1 + amount / 100;
    let entries = [(from, -amount - fee), (town.merchant.as_str(), amount), (town.fees.as_str(), fee)];
    let posted: Outcome<Vec<Entry>> = ledger.post(key, entries).remember_refusal().await?;
    told.count(&posted, amount + fee);
    Ok(())
}

/// Reserves the price, takes most of it, gives the rest back: three steps, three keys made from the first.
async fn reserve<DB: Database>(
    ledger: &Ledger<DB>,
    town: &Town,
    key: &Key,
    (from, amount): (&str, i64),
    told: &mut Told,
) -> Result<(), Error> {
    let call = ledger.account(from).hold_for(&key.derive("reserve"), amount, Duration::from_hours(1));
    let reserved: Outcome<Hold> = call.remember_refusal().await?;
    told.count(&reserved, 0);
    let part = amount - amount / 4;
    let captured: Outcome<Transfer> =
        ledger.capture(&key.derive("capture"), &reserved.id, town.merchant.as_str(), part).await?;
    told.count(&captured, part);
    if amount > part {
        let released = ledger.release(&key.derive("release"), &reserved.id).await?;
        told.count(&released, 0);
    }
    Ok(())
}

/// Random numbers that a visit always throws alike (`SplitMix64`).
struct Dice(u64);

impl Dice {
    fn below(&mut self, limit: u64) -> u64 {
        self.0 = self.0.wrapping_add(0x9e37_79b9_7f4a_7c15);
        let mixed = (self.0 ^ (self.0 >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        let mixed = (mixed ^ (mixed >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
        (mixed ^ (mixed >> 31)) % limit.max(1)
    }
}
