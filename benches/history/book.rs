//! The machine: sealed once, at the beginning of its history, then turned without end.

use idem_core::Never;

use idem_core::{Context, Database, Idem, Key, Natural, Step, idempotent_fsm};
use serde::{Deserialize, Serialize};

use crate::{Failure, Repeat};

/// The name the machines are stored under.
pub(crate) const MACHINE: &str = "Book";

/// Turns that a machine makes itself, a known key each; the rest of a long history is copied from the newest of them. As
/// many for each length: a short history would else be the one whose few rows are always at hand.
const KEYS: u64 = 8;

/// What a command is answered with.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub(crate) struct Receipt {
    pub(crate) reference: String,
    pub(crate) page: u64,
}

/// A book of pages.
#[idempotent_fsm(endless)]
#[command(Seal { by: String } -> Receipt)]
#[command(Turn { amount: i64, reference: String, reason: String } -> Receipt)]
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub(crate) enum Book {
    #[initial]
    #[on(Seal => Sealed)]
    Open { customer: String, currency: String },

    #[on(Turn => Sealed)]
    Sealed { customer: String, currency: String, total: i64, last: String },
}

#[derive(Debug)]
pub(crate) struct Desk;

impl book::Transitions for Desk {
    type Rejection = Never;

    fn seal(
        &self,
        from: book::Open,
        seal: &book::Seal,
        cx: &Context<'_>,
    ) -> Result<Step<book::Sealed, Receipt>, Never> {
        let sealed = book::Sealed { customer: from.customer, currency: from.currency, total: 0, last: seal.by.clone() };
        Ok(Step::to(sealed).outcome(Receipt { reference: seal.by.clone(), page: cx.seq() }))
    }

    fn turn(
        &self,
        from: book::Sealed,
        turn: &book::Turn,
        cx: &Context<'_>,
    ) -> Result<Step<book::Sealed, Receipt>, Never> {
        let total = from.total.wrapping_add(turn.amount);
        let sealed = book::Sealed { total, last: turn.reference.clone(), ..from };
        Ok(Step::to(sealed).outcome(Receipt { reference: turn.reference.clone(), page: cx.seq() }))
    }
}

/// One machine, its own part of a history made.
pub(crate) struct Long<DB: Database> {
    at: book::Handle<DB, Desk>,
    pub(crate) length: i64,
}

impl<DB: Database> Clone for Long<DB> {
    fn clone(&self) -> Self {
        Self { at: self.at.clone(), length: self.length }
    }
}

impl<DB: Database> Long<DB> {
    pub(crate) async fn begun(idem: &Idem<DB>, length: i64) -> Result<Self, Failure> {
        let this = Self { at: Book::stored(idem, Desk).at(format!("book-{length}")), length };
        let _ =
            this.at.start(Natural, book::Open { customer: "customer-0000007".into(), currency: "EUR".into() }).await?;
        let _ = this.at.seal(Natural, seal()).await?;
        for n in 0..KEYS {
            let _ = this.at.turn(&this.key(n)?, turn(n)).await?;
        }
        Ok(this)
    }

    /// What SQL that fills gaps has to know.
    pub(crate) fn gaps(&self) -> Result<Gaps, Failure> {
        let (length, turns) = (self.length, i64::try_from(KEYS)?);
        let gap = length.saturating_sub(2).checked_div(turns).unwrap_or(1);
        let newest = turns.saturating_mul(gap).saturating_add(2);
        Ok(Gaps { id: self.at.id().to_owned(), length, gap, newest })
    }

    /// Repeats a request; an error if the answer is not the original one.
    pub(crate) async fn repeat(&self, repeat: Repeat, n: u64) -> Result<(), Failure> {
        let n = n % KEYS;
        let (outcome, reference) = match repeat {
            Repeat::Keyed => (self.at.turn(&self.key(n)?, turn(n)).await?, turn(n).reference),
            Repeat::Natural => (self.at.seal(Natural, seal()).await?, seal().by),
        };
        if outcome.is_fresh() || outcome.reference != reference {
            return Err(format!("a repeat was answered {outcome:?}").into());
        }
        Ok(())
    }

    /// That the database holds a whole history, and that the machine goes on from its end.
    pub(crate) async fn check(&self) -> Result<(), Failure> {
        let length = u64::try_from(self.length)?;
        let stored = self.at.get().await?.ok_or("the machine is gone")?;
        let next = self.at.turn(&self.key(u64::MAX)?, turn(0)).await?;
        if stored.version() != length || next.seq() != length.saturating_add(1) {
            return Err(format!("{length} transitions were to be there, version is {}", stored.version()).into());
        }
        Ok(())
    }

    fn key(&self, n: u64) -> Result<Key, Failure> {
        Ok(Key::new("clerk-3", format!("{:08x}-7d1a-4c3e-9f00-{n:012x}", self.length))?)
    }
}

/// How far apart a machine's own turns are to stand, so that they spread over the whole history, and where the newest
/// of them then is.
pub(crate) struct Gaps {
    pub(crate) id: String,
    pub(crate) length: i64,
    pub(crate) gap: i64,
    pub(crate) newest: i64,
}

fn seal() -> book::Seal {
    book::Seal { by: "clerk-3".into() }
}

fn turn(n: u64) -> book::Turn {
    book::Turn { amount: 500, reference: format!("ref-{n:016}"), reason: "by the customer".into() }
}
