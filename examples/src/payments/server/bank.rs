//! The bank that pays merchants out, as a foreign service: it knows no keys, and asked twice it would pay twice.

/// A merchant's account at the bank. Its name decides what the bank answers.
#[derive(Debug, Clone, Copy)]
pub(super) struct BankAccount {
    pub(super) name: &'static str,
    /// `None`: the payment may be made or not, and no answer comes.
    answer: Option<Statement>,
}

/// What became of a payout, as the bank's statement shows it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Statement {
    /// It was paid.
    Paid,
    /// It was not, and will not be.
    NotPaid,
}

const ACCOUNTS: [BankAccount; 3] = [
    BankAccount { name: "ba_test", answer: Some(Statement::Paid) },
    BankAccount { name: "ba_test_closed", answer: Some(Statement::NotPaid) },
    BankAccount { name: "ba_test_silent", answer: None },
];

impl BankAccount {
    /// The account of this name; without one the merchant's usual one.
    pub(super) fn named(name: Option<&str>) -> Option<Self> {
        ACCOUNTS.into_iter().find(|account| name.is_none_or(|name| account.name == name))
    }

    /// Pays, and waits for the answer.
    #[allow(clippy::unused_async, reason = "a bank is far away")]
    pub(super) async fn pay(self, _amount: i64, _currency: &str) -> Option<Statement> {
        self.answer
    }
}
