//! Figures as a person reads them.

use std::fmt::{Display, Write as _};

/// The widest line of a report.
pub(crate) const WIDTH: usize = 100;

/// With a comma after each thousand: 1234567 is 1,234,567.
pub(crate) fn grouped(number: impl Display) -> String {
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

/// Minor units as units: 1234567 is 12,345.67.
pub(crate) fn money(minor: i64) -> String {
    let sign = if minor < 0 { "-" } else { "" };
    format!("{sign}{}.{:02}", grouped(minor.unsigned_abs() / 100), minor.unsigned_abs() % 100)
}

/// A number and its noun: `1 mail`, `1,200 mails`, `2 entries`.
pub(crate) fn counted(number: impl Display, noun: &str) -> String {
    let number = grouped(number);
    match noun.strip_suffix('y') {
        _ if number == "1" => format!("1 {noun}"),
        Some(stem) => format!("{number} {stem}ies"),
        None => format!("{number} {noun}s"),
    }
}

/// A line of a report: the figure, then what it counts.
pub(crate) fn row(figure: &str, what: &str) -> String {
    format!("{figure:>14}  {what}\n")
}

/// The same for a count of things: what is written of one, and of any other number.
pub(crate) fn count(number: impl Display, one: &str, many: &str) -> String {
    let figure = grouped(number);
    row(&figure, if figure == "1" { one } else { many })
}

/// Items in lines of [`WIDTH`] columns.
pub(crate) fn list(items: impl IntoIterator<Item = String>) -> String {
    const INDENT: &str = "    ";
    let (mut text, mut line) = (String::new(), String::new());
    for item in items {
        if line.is_empty() {
            line = format!("{INDENT}{item}");
        } else if line.chars().count() + item.chars().count() + "; ;".len() <= WIDTH {
            let _ = write!(line, "; {item}");
        } else {
            text += &line;
            text += ";\n";
            line = format!("{INDENT}{item}");
        }
    }
    if !line.is_empty() {
        text += &line;
        text.push('\n');
    }
    text
}

/// A line, cut where it is wider than a report.
pub(crate) fn cut(line: &str) -> String {
    match line.char_indices().nth(WIDTH - 1) {
        Some((at, last)) if at + last.len_utf8() < line.len() => format!("{}…\n", &line[..at]),
        _ => format!("{line}\n"),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn report_groups_digits_of_numbers_and_money() {
        assert_eq!([0, 999, 1_000, -123, -1_234_567].map(grouped), ["0", "999", "1,000", "-123", "-1,234,567"]);
        assert_eq!([0, 5, -123, 123_456_789].map(money), ["0.00", "0.05", "-1.23", "1,234,567.89"]);
        assert_eq!([0, 1, 1_000].map(|many| counted(many, "mail")), ["0 mails", "1 mail", "1,000 mails"]);
        assert_eq!([1, 2].map(|many| counted(many, "entry")), ["1 entry", "2 entries"]);
    }

    #[test]
    fn report_list_and_cut_line_fit_width() {
        let lines = list((0..40).map(|item| format!("item: {item}")));
        assert!(lines.lines().count() > 3 && lines.lines().all(|line| line.len() <= WIDTH), "{lines}");
        assert_eq!(lines.matches("item").count(), 40);
        for length in [WIDTH - 1, WIDTH] {
            assert_eq!(cut(&"ä".repeat(length)), "ä".repeat(length) + "\n");
        }
        assert_eq!(cut(&"ä".repeat(WIDTH + 1)), "ä".repeat(WIDTH - 1) + "…\n");
    }
}
