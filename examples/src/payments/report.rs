//! What a person reads at the end, and what a program does.

use std::fmt::{self, Display};
use std::time::Duration;

use serde::Serialize;

use super::book::Book;
use super::machine::payment::StateKind;
use super::tally::Tally;

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

    fn write_book(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let book = &self.book;
        writeln!(f, "\nThe book, from the database alone")?;
        row(f, "payments", &grouped(book.payments.values().sum::<u64>()), "")?;
        for state in StateKind::ALL {
            match book.payments.get(state.name()) {
                None | Some(0) => {}
                Some(many) => row(f, &format!("  {state}"), &grouped(many), "")?,
            }
        }
        for (kind, title) in [("merchant", "merchants have"), ("held", "held for them"), ("customer", "customers paid")]
        {
            let accounts: Vec<_> = book.accounts_of(kind).collect();
            let sum: i64 = accounts.iter().map(|(_, balance)| balance).sum();
            let many = accounts.len();
            row(f, title, &money(sum), &format!("in {many} account{}", if many == 1 { "" } else { "s" }))?;
            if kind == "merchant" {
                for (name, balance) in accounts.iter().take(10) {
                    row(f, &format!("  {name}"), &money(*balance), "")?;
                }
                if many > 10 {
                    row(f, &format!("  and {} more", many - 10), "", "--json lists them")?;
                }
            }
        }
        row(f, "effects ever", &grouped(book.effects), &format!("{} by a key of their own", grouped(book.fresh_keys)))?;
        row(f, "messages", &grouped(book.messages), "in the outbox")?;
        let audit = &book.audit;
        let (verdict, many) = if audit.passed() { ("passed", 0) } else { ("FAILED", audit.found) };
        let checked = format!(
            "{} entries add up, {} payments run again to the same state and outcome",
            grouped(audit.entries),
            grouped(audit.verified)
        );
        row(f, "audit", verdict, if many == 0 { &checked } else { "" })?;
        for finding in audit.findings.iter().take(20) {
            writeln!(f, "    {finding}")?;
        }
        if many > 20 { writeln!(f, "    and {} more; --json lists the first", grouped(many - 20)) } else { Ok(()) }
    }

    fn write_run(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let tally = &self.tally;
        writeln!(f, "This run")?;
        let seconds = self.elapsed.as_secs_f64();
        let rate = format!("in {seconds:.1} s, {} a second", grouped(self.rate()));
        row(f, "lines", &grouped(self.lines), &rate)?;
        row(f, "  fresh", &grouped(tally.fresh), "had their effect now")?;
        let late = format!("got their original answer, {} after their payment had moved on", grouped(tally.superseded));
        row(f, "  replayed", &grouped(tally.replayed), &late)?;
        row(f, "  refused", &grouped(tally.refusals()), "without an effect:")?;
        for (reason, many) in &tally.refused {
            row(f, "", &grouped(*many), reason)?;
        }
        row(f, "  malformed", &grouped(tally.malformed), "")?;
        for malformed in &tally.malformed_lines {
            writeln!(f, "    line {}: {}", malformed.line, malformed.problem)?;
        }
        let more = tally.malformed.saturating_sub(tally.malformed_lines.len() as u64);
        if more > 0 { writeln!(f, "    and {} more", grouped(more)) } else { Ok(()) }
    }
}

impl Display for Report {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.write_run(f)?;
        self.write_book(f)
    }
}

fn row(f: &mut fmt::Formatter<'_>, name: &str, value: &str, note: &str) -> fmt::Result {
    writeln!(f, "{}", format!("  {name:<20} {value:>16}  {note}").trim_end())
}

/// Minor units as units: 1234567 is 12,345.67.
fn money(minor: i64) -> String {
    let sign = if minor < 0 { "-" } else { "" };
    format!("{sign}{}.{:02}", grouped(minor.unsigned_abs() / 100), minor.unsigned_abs() % 100)
}

pub(super) fn grouped(number: impl Display) -> String {
    let number = format!("{number}");
    let (sign, digits) = number.split_at(usize::from(number.starts_with('-')));
    let mut text = String::from(sign);
    for (at, digit) in digits.chars().enumerate() {
        if at > 0 && (digits.len() - at).is_multiple_of(3) {
            text.push(',');
        }
        text.push(digit);
    }
    text
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn report_groups_digits_of_numbers_and_money() {
        assert_eq!([0, 999, 1_000, -123, -1_234_567].map(grouped), ["0", "999", "1,000", "-123", "-1,234,567"]);
        assert_eq!([0, 5, -123, 123_456_789].map(money), ["0.00", "0.05", "-1.23", "1,234,567.89"]);
    }
}
