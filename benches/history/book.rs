//! The machine: sealed once, at the beginning of its history, then turned without end.

use std::convert::Infallible;

use idem_core::{Context, Database, Idem, Key, Natural, Step, idempotent_fsm};
use serde::{Deserialize, Serialize};

use crate::{Failure, Repeat};

/// The name the machines are stored under.
pub(crate) const MACHINE: &str = "Book";

/// Transitions that a machine makes itself, at most; the rest of a long history is copied from its newest one.
const OWN: i64 = 1_000;

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
    type Rejection = Infallible;

    fn seal(
        &self,
        from: book::Open,
        seal: &book::Seal,
        cx: &Context<'_>,
    ) -> Result<Step<book::Sealed, Receipt>, Infallible> {
        let sealed = book::Sealed { customer: from.customer, currency: from.currency, total: 0, last: seal.by.clone() };
        Ok(Step::to(sealed).outcome(Receipt { reference: seal.by.clone(), page: cx.seq() }))
    }

    fn turn(
        &self,
        from: book::Sealed,
        turn: &book::Turn,
        cx: &Context<'_>,
    ) -> Result<Step<book::Sealed, Receipt>, Infallible> {
        let total = from.total.wrapping_add(turn.amount);
        let sealed = book::Sealed { total, last: turn.reference.clone(), ..from };
        Ok(Step::to(sealed).outcome(Receipt { reference: turn.reference.clone(), page: cx.seq() }))
    }
}

/// Machines with histories of one length, their own parts of it made: one machine, or as many short ones as it takes for
/// as many keys. Else the short history would be the one whose few rows are always at hand.
pub(crate) struct Shelf<DB: Database> {
    books: Vec<book::At<DB, Desk>>,
    pub(crate) length: i64,
    /// Transitions that each made itself: the start, the seal and a turn per known key.
    own: i64,
}

impl<DB: Database> Clone for Shelf<DB> {
    fn clone(&self) -> Self {
        Self { books: self.books.clone(), length: self.length, own: self.own }
    }
}

impl<DB: Database> Shelf<DB> {
    pub(crate) async fn filled(idem: &Idem<DB>, length: i64) -> Result<Self, Failure> {
        let (books, own) = (Book::stored(idem, Desk), length.min(OWN));
        let ids = (0..OWN / own).map(|book| id(length, book));
        let this = Self { books: ids.map(|id| books.at(id)).collect(), length, own };
        for (book, at) in (0_u64..).zip(&this.books) {
            let _ = at.start(book::Open { customer: "customer-0000007".into(), currency: "EUR".into() }).await?;
            let _ = at.seal(Natural, seal()).await?;
            let turns = (0..this.keys())
                .map(|n| Ok((at.id().to_owned(), Some(this.key(book, n)?), book::Command::from(turn(n)))));
            for answer in books.apply_all(turns.collect::<Result<Vec<_>, Failure>>()?).await {
                let _ = answer?;
            }
        }
        Ok(this)
    }

    /// What SQL that fills gaps has to know.
    pub(crate) fn gaps(&self) -> impl Iterator<Item = Gaps> {
        let (length, turns) = (self.length, self.own.saturating_sub(2));
        let gap = length.saturating_sub(2).checked_div(turns).unwrap_or(1);
        let newest = turns.saturating_mul(gap).saturating_add(2);
        self.books.iter().map(move |book| Gaps { id: book.id().to_owned(), length, gap, newest })
    }

    /// Repeats a request; an error if the answer is not the original one.
    pub(crate) async fn repeat(&self, repeat: Repeat, n: u64) -> Result<(), Failure> {
        let books = u64::try_from(self.books.len())?;
        let (book, n) = (n % books, n / books % self.keys());
        let at = self.books.get(usize::try_from(book)?).ok_or("an empty shelf")?;
        let (outcome, reference) = match repeat {
            Repeat::Keyed => (at.turn(&self.key(book, n)?, turn(n)).await?, turn(n).reference),
            Repeat::Natural => (at.seal(Natural, seal()).await?, seal().by),
        };
        if outcome.is_fresh() || outcome.reference != reference {
            return Err(format!("a repeat was answered {outcome:?}").into());
        }
        Ok(())
    }

    /// That the database holds whole histories, and that the machines go on from their ends.
    pub(crate) async fn check(&self) -> Result<(), Failure> {
        let length = u64::try_from(self.length)?;
        for (book, at) in (0_u64..).zip(&self.books) {
            let stored = at.get().await?.ok_or("the machine is gone")?;
            let next = at.turn(&self.key(book, u64::MAX)?, turn(0)).await?;
            if stored.version() != length || next.seq() != length.saturating_add(1) {
                return Err(format!("{length} transitions were to be there, version is {}", stored.version()).into());
            }
        }
        Ok(())
    }

    /// How many keys of one machine a repeat can name.
    fn keys(&self) -> u64 {
        u64::try_from(self.own.saturating_sub(2)).unwrap_or(1)
    }

    fn key(&self, book: u64, n: u64) -> Result<Key, Failure> {
        Ok(Key::new("clerk-3", format!("{:08x}-{book:04x}-4c3e-9f00-{n:012x}", self.length))?)
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

fn id(length: i64, book: i64) -> String {
    format!("book-{length}-{book}")
}

fn seal() -> book::Seal {
    book::Seal { by: "clerk-3".into() }
}

fn turn(n: u64) -> book::Turn {
    book::Turn { amount: 500, reference: format!("ref-{n:016}"), reason: "by the customer".into() }
}
