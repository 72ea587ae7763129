//! The audit: the entries prove the balances, the payments prove the entries, the rules prove the payments.

use std::collections::BTreeMap;

use idem_core::{Error, Idem};
use serde::Serialize;

use super::book::Unreadable;
use super::machine::{Payment, payment};
use super::rules::House;
use super::tables::Tables;

/// What was checked, and what is wrong.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize)]
pub(super) struct Audit {
    /// Of the accounts that payments have moved money on.
    pub(super) entries: i64,
    /// Of payments.
    pub(super) transitions: i64,
    /// Payments whose whole history was run again by today's rules.
    pub(super) verified: u64,
    /// 0 if the book is right.
    pub(super) found: u64,
    /// The first of what was found.
    pub(super) findings: Vec<String>,
}

/// How many payments are run again per state; the others are still proven by their entries.
const VERIFIED_PER_STATE: u32 = 500;
const PAGE: u32 = 1_000;
const FINDINGS_KEPT: usize = 100;

/// That an account is the example's own: a payment has moved money there. Accounts of other machines, and of the ledger's other
/// users, are not looked at; an entry of another user on an own account is, for then the account is not what its payments say.
macro_rules! own {
    ($account:literal) => {
        concat!($account, " IN (SELECT account FROM idem_entries WHERE machine = 'payment')")
    };
}

/// Each counts what must not be there.
const CHECKS: [(&str, &str); 7] = [
    (
        "entries whose number or balance does not follow from the entries before",
        concat!(
            "SELECT count(*) FROM (SELECT seq - row_number() OVER (PARTITION BY account ORDER BY seq) AS gap, \
             balance - sum(delta) OVER (PARTITION BY account ORDER BY seq) AS off FROM idem_entries \
             WHERE seq IS NOT NULL AND ",
            own!("account"),
            ") AS folded WHERE gap <> 0 OR off <> 0"
        ),
    ),
    (
        "accounts whose balance is not that of their last entry",
        concat!(
            "SELECT count(*) FROM idem_accounts AS a LEFT JOIN idem_entries AS e ON e.account = a.account AND e.seq = a.seq \
             WHERE ",
            own!("a.account"),
            " AND (coalesce(e.balance, 0) <> a.balance OR (e.seq IS NULL AND a.seq <> 0))"
        ),
    ),
    (
        "entries behind the end of their account",
        concat!(
            "SELECT count(*) FROM idem_entries AS e LEFT JOIN idem_accounts AS a ON a.account = e.account WHERE ",
            own!("e.account"),
            " AND (a.seq IS NULL OR e.seq > a.seq)"
        ),
    ),
    (
        "transitions whose entries do not sum to zero",
        "SELECT count(*) FROM (SELECT 1 AS one FROM idem_entries WHERE machine = 'payment' GROUP BY id, machine_seq \
         HAVING sum(delta) <> 0) AS unbalanced",
    ),
    (
        "payments whose transitions are not numbered without a gap",
        "SELECT count(*) FROM (SELECT m.version, count(t.seq) AS many, max(t.seq) AS newest FROM idem_machines AS m \
         LEFT JOIN idem_transitions AS t ON t.machine = m.machine AND t.id = m.id WHERE m.machine = 'payment' \
         GROUP BY m.id, m.version) AS counted WHERE version <> many OR version <> newest",
    ),
    (
        "keys that are answered by no transition",
        "SELECT count(*) FROM idem_transitions AS k LEFT JOIN idem_transitions AS t \
         ON t.machine = k.machine AND t.id = k.id AND t.seq = k.alias_of \
         WHERE k.machine = 'payment' AND k.seq IS NULL AND t.seq IS NULL",
    ),
    (
        "keyed transitions without a key of their own",
        "SELECT count(*) FROM idem_transitions WHERE machine = 'payment' AND key IS NOT NULL AND hash IS NULL",
    ),
];

const ENTRIES: &str = concat!("SELECT count(seq) FROM idem_entries WHERE ", own!("account"));
const TRANSITIONS: &str = "SELECT count(seq) FROM idem_transitions WHERE machine = 'payment'";
/// The balance of each own account.
pub(super) const BALANCES: &str =
    concat!("SELECT account, balance FROM idem_accounts WHERE ", own!("account"), " ORDER BY account");

pub(super) async fn audit<DB: Tables>(
    idem: &Idem<DB>,
    payments: &payment::Repository<DB, House>,
) -> Result<Audit, Unreadable> {
    let pool = idem.pool();
    let mut audit = Audit {
        entries: DB::number(pool, ENTRIES).await?,
        transitions: DB::number(pool, TRANSITIONS).await?,
        ..Audit::default()
    };
    for (problem, sql) in CHECKS {
        let many = DB::number(pool, sql).await?;
        if many != 0 {
            audit.find(format!("{many} {problem}"));
        }
    }
    let mut owed = BTreeMap::new();
    for state in payment::StateKind::ALL {
        audit.walk(payments, *state, &mut owed).await?;
    }
    let balances = DB::numbers(pool, BALANCES).await?;
    audit.compare(owed, balances);
    Ok(audit)
}

impl Audit {
    pub(super) fn passed(&self) -> bool {
        self.found == 0
    }

    fn find(&mut self, finding: String) {
        self.found += 1;
        if self.findings.len() < FINDINGS_KEPT {
            self.findings.push(finding);
        }
    }

    /// All payments of a state: what the accounts owe to them, and the first ones run again.
    async fn walk<DB: Tables>(
        &mut self,
        payments: &payment::Repository<DB, House>,
        state: payment::StateKind,
        owed: &mut BTreeMap<String, i64>,
    ) -> Result<(), Error> {
        let mut after = None;
        let mut left = VERIFIED_PER_STATE;
        loop {
            let question = payments.in_state(state).limit(PAGE);
            let page = match after.take() {
                Some(cursor) => question.after(cursor).await?,
                None => question.await?,
            };
            after = page.cursor();
            for payment in page.all()? {
                for (account, amount) in postings(payment.state()) {
                    *owed.entry(account).or_default() += amount;
                }
                if left > 0 {
                    left -= 1;
                    self.verify(payments, payment.id()).await?;
                }
            }
            if after.is_none() {
                return Ok(());
            }
        }
    }

    async fn verify<DB: Tables>(&mut self, payments: &payment::Repository<DB, House>, id: &str) -> Result<(), Error> {
        self.verified += 1;
        for difference in payments.at(id).verify().await?.differences {
            self.find(format!("payment {id:?}, transition {}: {:?}", difference.seq, difference.what));
        }
        Ok(())
    }

    /// The balances that follow from the payments' states must be those that the entries made.
    fn compare(&mut self, mut owed: BTreeMap<String, i64>, balances: Vec<(String, i64)>) {
        for (account, balance) in balances {
            let due = owed.remove(&account).unwrap_or(0);
            if due != balance {
                self.find(format!("account {account:?} has {balance}, its payments say {due}"));
            }
        }
        for (account, due) in owed.into_iter().filter(|(_, due)| *due != 0) {
            self.find(format!("account {account:?} is missing, or has no entry of a payment; its payments say {due}"));
        }
    }
}

/// What a payment in this state has left in the accounts.
fn postings(state: &Payment) -> Vec<(String, i64)> {
    let (parties, reserved, sold) = match state {
        Payment::Authorized { hold } => (hold, hold.amount, 0),
        Payment::PartlyCaptured { hold, captured } => (hold, hold.amount - captured, *captured),
        Payment::Captured { sale } => (sale, 0, sale.amount),
        Payment::PartlyRefunded { sale, refunded } => (sale, 0, sale.amount - refunded),
        Payment::Requested
        | Payment::Declined { .. }
        | Payment::Voided { .. }
        | Payment::Expired
        | Payment::Refunded { .. } => return Vec::new(),
    };
    vec![(parties.held(), reserved), (parties.payee(), sold), (parties.payer(), -reserved - sold)]
}
