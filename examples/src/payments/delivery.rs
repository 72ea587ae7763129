//! One delivery: what a line of the feed says.

use idem_core::Key;
use serde::Deserialize;
use serde_json::{Map, Value};

use super::lines::{Line, MAX_LINE};
use super::machine::payment;
use super::tally::Malformed;

/// A command on its way to a payment, for the first time or not.
#[derive(Debug, Clone)]
pub(super) struct Delivery {
    /// The number of its line.
    pub(super) line: u64,
    /// What its line took of the input.
    pub(super) bytes: u64,
    pub(super) payment: String,
    /// Without one the repeat is recognised by the payment's state, where that is possible.
    pub(super) key: Option<Key>,
    pub(super) command: payment::Command,
    /// Deliveries of one payment that follow each other in one lane come at once.
    pub(super) lane: Option<String>,
}

/// Unknown members are refused: a misspelt `key` must not become a delivery without one.
#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Raw {
    scope: String,
    key: Option<String>,
    payment: String,
    command: String,
    #[serde(default)]
    args: Map<String, Value>,
    lane: Option<String>,
}

impl Delivery {
    pub(super) fn parse(line: Line) -> Result<Self, Malformed> {
        let (number, bytes) = (line.number, line.bytes);
        let read = match line.text {
            None => Err(format!("longer than {MAX_LINE} bytes")),
            Some(text) => serde_json::from_slice(&text).map_err(|error| within_line(&error)),
        };
        let malformed = |problem| Malformed { line: number, problem };
        let raw: Raw = read.map_err(malformed)?;
        let key = match raw.key {
            None => None,
            Some(key) => Some(Key::new(raw.scope, key).map_err(|error| malformed(error.to_string()))?),
        };
        let command = command(&raw.command, raw.args).map_err(malformed)?;
        Ok(Self { line: number, bytes, payment: raw.payment, key, command, lane: raw.lane })
    }
}

/// The command as idem writes it on a wire: `{"capture": {"amount": 500}}`.
fn command(name: &str, args: Map<String, Value>) -> Result<payment::Command, String> {
    let tagged = Value::Object(Map::from_iter([(name.to_owned(), Value::Object(args))]));
    serde_json::from_value(tagged).map_err(|error| format!("`{name}`: {error}"))
}

/// What serde says, without its "line 1": the report names the line of the feed.
fn within_line(error: &serde_json::Error) -> String {
    let told = error.to_string();
    match told.rsplit_once(" at line ") {
        Some((problem, _)) if error.column() > 0 => format!("{problem} at column {}", error.column()),
        _ => told,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn parse(text: &[u8]) -> Result<Delivery, String> {
        let line = Line { number: 7, bytes: text.len() as u64, text: Some(text.to_vec()) };
        Delivery::parse(line).map_err(|malformed| {
            assert_eq!(malformed.line, 7);
            malformed.problem
        })
    }

    #[test]
    fn delivery_of_documented_line_is_parsed() {
        let line = br#"{"scope":"shop-1","key":"k-17","payment":"pay_9","command":"capture","args":{"amount":500}}"#;
        let delivery = parse(line).unwrap();
        assert_eq!((delivery.line, delivery.payment.as_str()), (7, "pay_9"));
        assert_eq!(delivery.key, Some(Key::new("shop-1", "k-17").unwrap()));
        assert_eq!(delivery.command.kind(), payment::CommandKind::Capture);
    }

    #[test]
    fn delivery_without_key_and_args_is_parsed() {
        let delivery = parse(br#"{"scope":"clock","payment":"pay_9","command":"expire"}"#).unwrap();
        assert_eq!((delivery.key, delivery.command.kind()), (None, payment::CommandKind::Expire));
    }

    #[test]
    fn malformed_delivery_is_refused_with_reason() {
        let cases: [(&[u8], &str); 9] = [
            (b"capture pay_9", "expected value at column 1"),
            (br#"{"scope":"s","payment":"p","comm"#, "EOF while parsing a string at column 32"),
            (br#"{"scope":"s","payment":"p"}"#, "missing field `command` at column 27"),
            (br#"{"scope":"s","ket":"k","payment":"p","command":"expire"}"#, "unknown field `ket`"),
            (br#"{"scope":"s","key":"","payment":"p","command":"expire"}"#, "the key is empty"),
            (
                br#"{"scope":"s","payment":"p","command":"capure"}"#,
                "`capure`: unknown variant `capure`, expected one of",
            ),
            (br#"{"scope":"s","payment":"p","command":"refund"}"#, "`refund`: missing field `amount`"),
            (br#"{"scope":"s","payment":"p","command":"refund","args":{"amount":0}}"#, "`refund`: 0 is no amount"),
            (b"{\"scope\":\"\xff\",\"payment\":\"p\",\"command\":\"expire\"}", "invalid unicode code point"),
        ];
        for (line, problem) in cases {
            let found = parse(line).unwrap_err();
            assert!(found.starts_with(problem), "{found:?} is not {problem:?}");
        }
    }

    #[test]
    fn delivery_beyond_line_limit_is_malformed() {
        let line = Line { number: 1, bytes: 1 << 20, text: None };
        assert_eq!(Delivery::parse(line).unwrap_err().problem, "longer than 65536 bytes");
    }
}
