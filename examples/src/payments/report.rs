//! What a person reads at the end, and what a program does.

use std::fmt::{self, Display};
use std::time::Duration;

use serde::Serialize;

use super::book::Book;
use super::machine::payment::StateKind;
use super::tally::Tally;
use crate::figures::{count, counted, cut, list, money, row};

pub(super) use crate::figures::grouped;

/// How many findings and malformed lines are printed; the JSON has more.
const SHOWN: usize = 5;

/// The book and the verdicts of the run.
pub(super) struct Report {
    pub(super) book: Book,
    pub(super) tally: Tally,
    pub(super) lines: u64,
    pub(super) elapsed: Duration,
}

#[derive(Serialize)]
struct Json<'a> {
    book: &'a Book,
    run: Run<'a>,
}

#[derive(Serialize)]
struct Run<'a> {
    lines: u64,
    #[serde(flatten)]
    tally: &'a Tally,
    elapsed_ms: u128,
    lines_per_second: u64,
}

impl Report {
    pub(super) fn json(&self) -> serde_json::Result<String> {
        let Self { book, tally, lines, elapsed } = self;
        let (elapsed_ms, lines_per_second) = (elapsed.as_millis(), self.rate());
        serde_json::to_string_pretty(&Json { book, run: Run { lines: *lines, tally, elapsed_ms, lines_per_second } })
    }

    fn rate(&self) -> u64 {
        let rate = u128::from(self.lines) * 1_000_000 / self.elapsed.as_micros().max(1);
        u64::try_from(rate).unwrap_or(u64::MAX)
    }

    fn write_run(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self { tally, lines, elapsed, .. } = self;
        let (lines, seconds, rate) = (counted(lines, "line"), elapsed.as_secs_f64(), counted(self.rate(), "line"));
        writeln!(f, "This run: {lines} in {seconds:.1} s, {rate} a second")?;
        let fresh = ["command had its effect in this run", "commands had their effect in this run"];
        f.write_str(&count(tally.fresh, fresh[0], fresh[1]))?;
        let late = format!("the payments of {} have changed since", grouped(tally.superseded));
        let replayed = ["repeat got its first answer", "repeats got their first answer"];
        let [one, many] = replayed.map(|replayed| format!("{replayed}; {late}"));
        f.write_str(&count(tally.replayed, &one, &many))?;
        let end = if tally.refused.is_empty() { "" } else { ":" };
        let [one, many] = ["command was", "commands were"].map(|of| format!("{of} refused and changed nothing{end}"));
        f.write_str(&count(tally.refusals(), &one, &many))?;
        f.write_str(&list(tally.refused.iter().map(|(reason, many)| format!("{reason}: {}", grouped(many)))))
    }

    fn write_book(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let book = &self.book;
        writeln!(f, "\nAll runs, as the database has them")?;
        f.write_str(&count(book.payments.values().sum::<u64>(), "payment, by state:", "payments, by state:"))?;
        let states = StateKind::ALL.iter().filter_map(|state| Some((state, *book.payments.get(state.name())?)));
        let states = states.filter(|(_, many)| *many > 0);
        f.write_str(&list(states.map(|(state, many)| format!("{state}: {}", grouped(many)))))?;
        let (keys, messages) = (grouped(book.fresh_keys), counted(book.messages, "message"));
        let [one, many] = ["command", "commands"]
            .map(|of| format!("{of} had an effect, {keys} under a key; {messages} in the outbox"));
        f.write_str(&count(book.effects, &one, &many))?;
        let sum = |kind| book.accounts_of(kind).map(|(_, balance)| balance).sum::<i64>();
        let accounts = |kind| counted(book.accounts_of(kind).count(), "account");
        let paid = format!("was paid by customers and not given back, from {}", accounts("customer"));
        f.write_str(&row(&money(-sum("customer")), &paid))?;
        let (merchants, held) = (accounts("merchant"), money(sum("held")));
        f.write_str(&row(
            &money(sum("merchant")),
            &format!("of it is in {merchants} of merchants, and {held} is held for them"),
        ))
    }

    fn write_proof(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let audit = &self.book.audit;
        if audit.passed() {
            return writeln!(
                f,
                "Proof passed: {} add up to the balances of {}, the states of all payments\n\
                 give the same balances, and {}, run again by the rules, gave the same answers.",
                counted(audit.entries, "entry"),
                counted(self.book.accounts.len(), "account"),
                counted(audit.verified, "payment"),
            );
        }
        writeln!(f, "Proof FAILED: {}", counted(audit.found, "finding"))?;
        for finding in audit.findings.iter().take(SHOWN) {
            f.write_str(&cut(&format!("  {finding}")))?;
        }
        rest(f, audit.found, audit.findings.len())
    }

    fn write_malformed(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Tally { malformed, malformed_lines, .. } = &self.tally;
        if *malformed == 0 {
            return Ok(());
        }
        let verb = if *malformed == 1 { "is" } else { "are" };
        write!(f, "{} {verb} malformed and had no effect", counted(malformed, "line"))?;
        // The findings of the proof need the room.
        if !self.book.audit.passed() {
            return writeln!(f, "; --json lists the first {}", malformed_lines.len());
        }
        writeln!(f, ":")?;
        for line in malformed_lines.iter().take(SHOWN) {
            f.write_str(&cut(&format!("  line {}: {}", grouped(line.line), line.problem)))?;
        }
        rest(f, *malformed, malformed_lines.len())
    }
}

impl Display for Report {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.write_run(f)?;
        self.write_book(f)?;
        self.write_proof(f)?;
        self.write_malformed(f)
    }
}

/// How many are not shown, where `kept` of them are in the JSON.
fn rest(f: &mut fmt::Formatter<'_>, many: u64, kept: usize) -> fmt::Result {
    match many.saturating_sub(SHOWN as u64) {
        0 => Ok(()),
        more => writeln!(f, "  and {} more; --json lists the first {}", grouped(more), grouped(kept)),
    }
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeMap;

    use super::super::audit::Audit;
    use super::super::tally::{Malformed, REASONS};
    use super::*;
    use crate::figures::WIDTH;

    /// Every state, every reason, and large figures.
    fn report(findings: usize) -> Report {
        const MANY: u64 = 12_345;
        let accounts = ["merchant", "held", "customer"].map(|kind| (format!("{kind}:1"), 12_345_678_901));
        let audit = Audit {
            entries: 12_345_678,
            transitions: 12_345_678,
            verified: MANY,
            found: findings as u64,
            findings: vec!["x".repeat(2 * WIDTH); findings.min(100)],
        };
        let book = Book {
            // The first state carries nothing: no payment is stored in it.
            payments: StateKind::ALL.iter().skip(1).map(|state| (state.name(), MANY)).collect(),
            accounts: accounts.into(),
            effects: 12_345_678,
            fresh_keys: 12_345_678,
            messages: 12_345_678,
            audit,
        };
        let tally = Tally {
            fresh: MANY,
            replayed: MANY,
            superseded: MANY,
            refused: REASONS.iter().map(|reason| (*reason, MANY)).collect::<BTreeMap<_, _>>(),
            malformed: MANY,
            malformed_lines: vec![Malformed { line: MANY, problem: "ä".repeat(2 * WIDTH) }; 20],
        };
        Report { book, tally, lines: 12_345_678, elapsed: Duration::from_secs(1_234) }
    }

    #[test]
    fn report_with_large_figures_fits_screen() {
        for findings in [0, 1, 1_000] {
            let text = report(findings).to_string();
            assert!(text.lines().count() <= 24, "{text}");
            assert!(text.lines().all(|line| line.chars().count() <= WIDTH), "{text}");
        }
    }

    #[test]
    fn report_ends_with_first_malformed_lines_and_number_of_others() {
        let text = report(0).to_string();
        let last: Vec<_> = text.lines().rev().take(7).collect();
        assert_eq!(last[0], "  and 12,340 more; --json lists the first 20");
        assert!(last[1..6].iter().all(|line| line.starts_with("  line 12,345: ä")), "{text}");
        assert_eq!(last[6], "12,345 lines are malformed and had no effect:");
    }

    #[test]
    fn failed_report_shows_findings_in_place_of_malformed_lines() {
        let text = report(1_000).to_string();
        assert!(text.contains("Proof FAILED: 1,000 findings\n  xxx"), "{text}");
        assert!(text.contains("  and 995 more; --json lists the first 100\n"), "{text}");
        assert!(text.ends_with("malformed and had no effect; --json lists the first 20\n"), "{text}");
    }
}
