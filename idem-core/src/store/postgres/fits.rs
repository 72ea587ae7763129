//! Whether a value is sure to fit a column's type.
//!
//! An error would abort the caller's transaction, so what is not sure to fit is sent after a savepoint. The common cases are
//! sure; a rule that says no too often costs two statements, one that says yes too often a transaction.

use crate::clock::Timestamp;
use crate::model::row::table_schema::ColumnSchema;
use crate::value::Value;

/// Whether a column's type takes the value, whatever the session's settings.
pub(super) fn fits(value: &Value, column: &ColumnSchema) -> bool {
    let type_name = column.type_name.as_str();
    match value {
        Value::Null => true,
        _ if column.domain => false,
        Value::Text(text) if !column.labels.is_empty() => column.labels.contains(text),
        _ if !column.labels.is_empty() => false,
        _ if is_text(type_name) => {
            length(value).is_some_and(|length| column.modifier.is_none_or(|most| length <= most))
        }
        // A number of this many digits, or a time of these: it may be cut or refused.
        _ if type_name == "numeric" && column.modifier.is_some() => false,
        Value::Bool(_) => matches!(type_name, "boolean" | "smallint" | "integer" | "bigint" | "numeric"),
        // What is stored was compared with the column's bounds, and what is compared is compared as a wide number.
        Value::Int(_) => matches!(type_name, "smallint" | "integer" | "bigint" | "numeric" | "double precision"),
        Value::Float(_) => type_name == "double precision",
        Value::Bytes(_) => type_name == "bytea",
        Value::Timestamp(at) => match type_name {
            "bigint" | "numeric" => true,
            "timestamp with time zone" | "timestamp without time zone" | "date" => is_of_an_age(*at),
            _ => false,
        },
        Value::Text(text) => text_fits(text, type_name),
    }
}

fn is_text(type_name: &str) -> bool {
    matches!(type_name, "text" | "character varying" | "character" | "bpchar")
}

/// How many characters the written form has at most; `None`: unknown.
fn length(value: &Value) -> Option<i64> {
    let length = match value {
        Value::Text(text) => text.chars().count(),
        Value::Bool(truth) => truth.to_string().len(),
        Value::Int(number) => number.to_string().len(),
        Value::Float(number) => number.to_string().len(),
        Value::Bytes(bytes) => bytes.len().checked_mul(2)?.checked_add(2)?,
        Value::Timestamp(at) => at.to_string().len(),
        Value::Null => 0,
    };
    i64::try_from(length).ok()
}

/// Years of four digits.
fn is_of_an_age(at: Timestamp) -> bool {
    const YEAR_1: i64 = -62_135_596_800_000_000;
    const YEAR_10000: i64 = 253_402_300_800_000_000;
    (YEAR_1..YEAR_10000).contains(&at.as_micros())
}

/// Text as a literal of a type.
fn text_fits(text: &str, type_name: &str) -> bool {
    match type_name {
        "smallint" => is_whole(text) && text.parse::<i16>().is_ok(),
        "integer" => is_whole(text) && text.parse::<i32>().is_ok(),
        "bigint" => is_whole(text) && text.parse::<i64>().is_ok(),
        "numeric" => is_whole(text) && text.len() < 1_000,
        "boolean" => matches!(text, "true" | "false" | "t" | "f" | "yes" | "no" | "on" | "off" | "1" | "0"),
        "uuid" => is_uuid(text),
        "date" => is_date(text),
        "json" | "jsonb" => json_fits(text),
        _ => false,
    }
}

/// PostgreSQL has no U+0000 in JSON either, and keeps numbers to the last digit, as far as they fit a `numeric`.
fn json_fits(text: &str) -> bool {
    const LONG: usize = 10_000;
    let plain = text.len() < LONG && !text.contains("\\u0000") && !has_exponent(text);
    plain && serde_json::from_str::<serde_json::Value>(text).is_ok()
}

/// Whether a number in this JSON has an exponent. The answer for text that is no JSON does not matter.
fn has_exponent(text: &str) -> bool {
    let (mut quoted, mut escaped, mut digit) = (false, false, false);
    for byte in text.bytes() {
        match byte {
            _ if escaped => escaped = false,
            b'\\' => escaped = quoted,
            b'"' => quoted = !quoted,
            b'e' | b'E' if digit && !quoted => return true,
            _ => {}
        }
        digit = byte.is_ascii_digit();
    }
    false
}

fn is_whole(text: &str) -> bool {
    let digits = text.strip_prefix('-').unwrap_or(text);
    !digits.is_empty() && digits.bytes().all(|byte| byte.is_ascii_digit())
}

/// 32 hexadecimal digits in the five groups of RFC 9562.
fn is_uuid(text: &str) -> bool {
    let digits = |group: &str, many| group.len() == many && group.bytes().all(|byte| byte.is_ascii_hexdigit());
    let mut groups = text.split('-');
    [8, 4, 4, 4, 12].into_iter().all(|many| groups.next().is_some_and(|group| digits(group, many)))
        && groups.next().is_none()
}

/// `year-month-day`, on a day that every month has.
fn is_date(text: &str) -> bool {
    let mut parts =
        text.split('-').map(|part| (part.len(), is_whole(part).then(|| part.parse::<u32>().ok()).flatten()));
    let year = matches!(parts.next(), Some((4, Some(1..))));
    let month = matches!(parts.next(), Some((2, Some(1..=12))));
    let day = matches!(parts.next(), Some((2, Some(1..=28))));
    year && month && day && parts.next().is_none()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn column(type_name: &str) -> ColumnSchema {
        ColumnSchema {
            name: "c".to_owned(),
            type_name: type_name.to_owned(),
            type_id: None,
            domain: false,
            modifier: None,
            labels: Vec::new(),
            generated: false,
            max: None,
        }
    }

    #[test]
    fn value_sure_to_fit_column_is_recognized() {
        let sure: [(&str, Value); 17] = [
            ("text", "anything".into()),
            ("text", 5.into()),
            ("smallint", "-32768".into()),
            ("bigint", i64::MIN.into()),
            ("bigint", Timestamp::from_micros(i64::MAX).into()),
            ("numeric", "-12345678901234567890".into()),
            ("double precision", f64::INFINITY.into()),
            ("boolean", true.into()),
            ("boolean", "off".into()),
            ("uuid", "0190f5d7-6f6e-7000-8000-00000000000A".into()),
            ("date", "2026-11-22".into()),
            ("date", Timestamp::from_micros(0).into()),
            ("timestamp with time zone", Timestamp::from_micros(-1).into()),
            ("jsonb", "{\"1e5\": [1.5, null, true, \"\\\"1e5\"]}".into()),
            ("bytea", vec![0_u8].into()),
            ("inet", Value::Null),
            ("integer", false.into()),
        ];
        for (type_name, value) in sure {
            assert!(fits(&value, &column(type_name)), "{type_name}: {value:?}");
        }
    }

    #[test]
    fn value_not_sure_to_fit_column_is_recognized() {
        let unsure: [(&str, Value); 20] = [
            ("jsonb", "1e-20000".into()),
            ("json", "{\"\\\"\": [0E9999999999]}".into()),
            ("smallint", "32768".into()),
            ("integer", "+1".into()),
            ("integer", "".into()),
            ("integer", "-".into()),
            ("integer", Timestamp::from_micros(0).into()),
            ("boolean", 1.into()),
            ("real", 1e300.into()),
            ("uuid", "0190f5d7-6f6e-7000-8000-00000000000".into()),
            ("uuid", "0190f5d7-6f6e-7000-8000-00000000000a-".into()),
            ("date", "2026-02-30".into()),
            ("date", "26-02-03".into()),
            ("date", "2026-+2-03".into()),
            ("timestamp with time zone", "2026-11-22".into()),
            ("timestamp with time zone", Timestamp::from_micros(i64::MAX).into()),
            ("jsonb", "{\"a\": \"\\u0000\"}".into()),
            ("json", "{".into()),
            ("bytea", "text".into()),
            ("inet", "10.0.0.1".into()),
        ];
        for (type_name, value) in unsure {
            assert!(!fits(&value, &column(type_name)), "{type_name}: {value:?}");
        }
    }

    #[test]
    fn fit_of_value_depends_on_length_label_and_domain() {
        let short = ColumnSchema { modifier: Some(3), ..column("character varying") };
        assert!(fits(&"äöü".into(), &short) && !fits(&"four".into(), &short) && !fits(&1_000.into(), &short));
        let mood = ColumnSchema { labels: vec!["happy".to_owned()], ..column("mood") };
        assert!(fits(&"happy".into(), &mood) && !fits(&"sad".into(), &mood) && !fits(&1.into(), &mood));
        let score = ColumnSchema { domain: true, ..column("integer") };
        assert!(!fits(&5.into(), &score) && fits(&Value::Null, &score));
        let money = ColumnSchema { modifier: Some(7), ..column("numeric") };
        assert!(!fits(&1_000.into(), &money));
    }
}
