//! What must be so at the end.

use std::fmt;
use std::time::Duration;

use idem_core::ledger::{AuditReport, Ledger};
use idem_core::{Database, Error};

use super::shopper::Told;
use super::town::Town;
use crate::figures::{count, counted, cut, grouped, money, row};

/// Findings that are printed.
const SHOWN: usize = 5;

/// The balances, in cents.
#[derive(Debug)]
pub(super) struct Books {
    bank: i64,
    wallets: i64,
    /// How many wallets there are, and how many are empty.
    count: (u64, u64),
    merchant: i64,
    fees: i64,
    held: i64,
}

impl Books {
    pub(super) async fn read<DB: Database>(ledger: &Ledger<DB>, town: &Town) -> Result<Self, Error> {
        let mut books = Self {
            bank: balance(ledger, &town.bank).await?.0,
            wallets: 0,
            count: (town.wallets, 0),
            merchant: balance(ledger, &town.merchant).await?.0,
            fees: balance(ledger, &town.fees).await?.0,
            held: 0,
        };
        for number in 0..town.wallets {
            let (balance, held) = balance(ledger, &town.wallet(number)).await?;
            books.wallets += balance;
            books.held += held;
            books.count.1 += u64::from(balance == 0);
        }
        Ok(books)
    }

    /// What the merchant and the fees have.
    fn taken(&self) -> i64 {
        self.merchant + self.fees
    }

    /// The sum of all accounts: 0, or money was made or lost.
    fn sum(&self) -> i64 {
        self.bank + self.wallets + self.taken()
    }
}

/// Balance, and what is held of it.
async fn balance<DB: Database>(ledger: &Ledger<DB>, account: &str) -> Result<(i64, i64), Error> {
    Ok(ledger.account(account).get().await?.map_or((0, 0), |state| (state.balance, state.held)))
}

/// A run, and what is wrong with it.
#[derive(Debug)]
pub(super) struct Proof {
    visits: u64,
    told: Told,
    elapsed: Duration,
    after: Books,
    /// What the merchant and the fees got in this run, by their balances.
    taken: i64,
    entries: u64,
    accounts: u64,
    /// Findings of the audit about accounts of other users.
    foreign: u64,
    wrong: Vec<String>,
}

impl Proof {
    pub(super) fn new(
        town: &Town,
        (visits, told, elapsed): (u64, Told, Duration),
        (before, after): (&Books, Books),
        audit: &AuditReport,
    ) -> Self {
        let taken = after.taken() - before.taken();
        let mut wrong = Vec::new();
        if after.sum() != 0 {
            wrong.push(format!("the sum of all accounts is {} EUR, not 0.00 EUR", money(after.sum())));
        }
        if after.held != 0 {
            wrong.push(format!("{} EUR is still held, after every hold was captured or released", money(after.held)));
        }
        if taken != told.paid {
            wrong.push(format!(
                "merchant and fees got {} EUR in this run, and the answers say {} EUR",
                money(taken),
                money(told.paid)
            ));
        }
        // One without an account is about the postings of the whole ledger.
        let own = |account: &str| account.is_empty() || town.owns(account);
        let (own, foreign): (Vec<_>, Vec<_>) = audit.findings.iter().partition(|finding| own(&finding.account));
        wrong.extend(own.iter().map(ToString::to_string));
        let more = audit.found.saturating_sub(audit.findings.len() as u64);
        if more > 0 {
            wrong.push(format!("the audit has {} more, of accounts that it does not name", counted(more, "finding")));
        }
        Self {
            visits,
            told,
            elapsed,
            after,
            taken,
            entries: audit.entries,
            accounts: audit.accounts,
            foreign: foreign.len() as u64,
            wrong,
        }
    }

    pub(super) fn holds(&self) -> bool {
        self.wrong.is_empty()
    }

    fn write_run(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Told { fresh, replayed, declined, .. } = self.told;
        let changes = u128::from(fresh + replayed + declined);
        let rate = changes * 1_000 / self.elapsed.as_millis().max(1);
        let seconds = self.elapsed.as_secs_f64();
        writeln!(
            f,
            "{} to the shop in {seconds:.1} s; {} to the ledger a second",
            counted(self.visits, "visit"),
            counted(rate, "request")
        )?;
        for (number, one, many) in [
            (fresh, "request changed accounts in this run", "requests changed accounts in this run"),
            (replayed, "repeat got its first answer", "repeats got their first answer"),
            (declined, "request was declined for lack of money", "requests were declined for lack of money"),
        ] {
            f.write_str(&count(number, one, many))?;
        }
        Ok(())
    }

    fn write_books(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Books { bank, wallets, count: (count, empty), merchant, fees, held } = &self.after;
        writeln!(f, "\nAccounts after all runs, in EUR")?;
        f.write_str(&row(&money(*bank), "of the bank, which filled the wallets"))?;
        let what =
            format!("in {}, {} of them empty; {} is held", counted(count, "wallet"), grouped(empty), money(*held));
        f.write_str(&row(&money(*wallets), &what))?;
        f.write_str(&row(&money(*merchant), "of the merchant"))?;
        f.write_str(&row(&money(*fees), "of the fees"))
    }

    fn write_proof(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        if self.holds() {
            writeln!(
                f,
                "\nProof passed: the accounts add up to {} EUR, nothing is held, and merchant and fees got\n\
                 {} EUR in this run, as the answers say. The ledger's audit read {} of {},\n\
                 and found nothing wrong with those of this run.",
                money(self.after.sum()),
                money(self.taken),
                counted(self.entries, "entry"),
                counted(self.accounts, "account"),
            )?;
        } else {
            writeln!(f, "\nProof FAILED:")?;
            for wrong in self.wrong.iter().take(SHOWN) {
                f.write_str(&cut(&format!("  {wrong}")))?;
            }
            let more = self.wrong.len().saturating_sub(SHOWN);
            if more > 0 {
                writeln!(f, "  and {} more", grouped(more))?;
            }
        }
        if self.foreign > 0 {
            let findings = counted(self.foreign, "finding");
            writeln!(f, "The audit has {findings} about accounts of other users of this database.")?;
        }
        Ok(())
    }
}

impl fmt::Display for Proof {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.write_run(f)?;
        self.write_books(f)?;
        self.write_proof(f)
    }
}
