//! The header that carries a client's key: a string of structured fields (RFC 9651), or bare, as most clients send it. Both forms of one
//! text are one key. The crate `sfv` reads the first form only, and its newest release asks for a newer compiler than idem does.

use http::header::{HeaderMap, HeaderName, HeaderValue};

use crate::problem::{Kind, Problem};

/// The header of the IETF's draft.
pub(crate) const IDEMPOTENCY_KEY: HeaderName = HeaderName::from_static("idempotency-key");
pub(crate) const X_IDEMPOTENCY_KEY: HeaderName = HeaderName::from_static("x-idempotency-key");

/// The longest key, in bytes.
const MAX_KEY_BYTES: usize = idem_core::MAX_NAME_BYTES;

/// Why a header cannot be read as a key.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Malformed {
    Lines,
    Empty,
    TooLong,
    String,
    Bare,
    NotQuoted,
}

impl From<Malformed> for Problem {
    fn from(malformed: Malformed) -> Self {
        Self::from(Kind::KeyMalformed).detail(match malformed {
            Malformed::Lines => "the idempotency key comes more than once; send one header with one key",
            Malformed::Empty => "the idempotency key is empty; send 1 to 255 bytes, for example a UUID",
            Malformed::TooLong => "the idempotency key is longer than 255 bytes",
            Malformed::String => "the idempotency key begins with a quotation mark and is no string of structured fields (RFC 9651)",
            Malformed::Bare => {
                "an idempotency key without quotation marks is visible ASCII without space, comma, quotation mark and backslash"
            }
            Malformed::NotQuoted => "the idempotency key must be a string of structured fields (RFC 9651), in quotation marks",
        })
    }
}

/// The key in these headers, if there is one. One that comes by several names has to be the same.
pub(crate) fn key_in(headers: &HeaderMap, names: &[HeaderName], strict: bool) -> Result<Option<String>, Malformed> {
    let mut found: Option<String> = None;
    for name in names {
        let mut lines = headers.get_all(name).iter();
        let Some(line) = lines.next() else { continue };
        if lines.next().is_some() {
            return Err(Malformed::Lines);
        }
        let key = parse(line.as_bytes(), strict)?;
        match &found {
            Some(other) if *other != key => return Err(Malformed::Lines),
            Some(_) => {}
            None => found = Some(key),
        }
    }
    Ok(found)
}

/// A key in one of its two forms.
pub(crate) fn parse(line: &[u8], strict: bool) -> Result<String, Malformed> {
    let line = trimmed(line);
    let key = match line.strip_prefix(b"\"") {
        Some(string) => sf_string(string).ok_or(Malformed::String)?,
        None if line.is_empty() => return Err(Malformed::Empty),
        None if strict => return Err(Malformed::NotQuoted),
        None => bare(line).ok_or(Malformed::Bare)?,
    };
    match key.len() {
        0 => Err(Malformed::Empty),
        1..=MAX_KEY_BYTES => Ok(key),
        _ => Err(Malformed::TooLong),
    }
}

/// Writes a key as a string of structured fields.
pub(crate) fn quoted(key: &str) -> Option<HeaderValue> {
    let mut text = String::with_capacity(key.len() + 2);
    text.push('"');
    for character in key.chars() {
        if matches!(character, '"' | '\\') {
            text.push('\\');
        }
        text.push(character);
    }
    text.push('"');
    let mut value = HeaderValue::try_from(text).ok()?;
    value.set_sensitive(true);
    Some(value)
}

fn trimmed(line: &[u8]) -> &[u8] {
    let is_space = |byte: &u8| *byte == b' ';
    let from = line.iter().position(|byte| !is_space(byte)).unwrap_or(line.len());
    let to = line.iter().rposition(|byte| !is_space(byte)).map_or(from, |at| at + 1);
    &line[from..to]
}

fn bare(line: &[u8]) -> Option<String> {
    let fits = |byte: &u8| byte.is_ascii_graphic() && !matches!(byte, b',' | b'"' | b'\\' | b'\'');
    line.iter().all(fits).then(|| String::from_utf8_lossy(line).into_owned())
}

/// What follows an opening quotation mark: a string, and parameters, which are read over.
fn sf_string(bytes: &[u8]) -> Option<String> {
    let mut input = Input(bytes);
    let text = input.string()?;
    while input.take(b';') {
        input.skip(b' ');
        input.key()?;
        if input.take(b'=') {
            input.bare_item()?;
        }
    }
    input.0.is_empty().then_some(text)
}

/// What is left to read.
struct Input<'i>(&'i [u8]);

impl Input<'_> {
    fn next(&mut self) -> Option<u8> {
        let (first, rest) = self.0.split_first()?;
        self.0 = rest;
        Some(*first)
    }

    fn take(&mut self, byte: u8) -> bool {
        let taken = self.0.first() == Some(&byte);
        if taken {
            self.0 = &self.0[1..];
        }
        taken
    }

    fn skip(&mut self, byte: u8) {
        while self.take(byte) {}
    }

    /// Reads over as many bytes as fit; how many.
    fn run(&mut self, fits: impl Fn(u8) -> bool) -> usize {
        let length = self.0.iter().position(|byte| !fits(*byte)).unwrap_or(self.0.len());
        self.0 = &self.0[length..];
        length
    }

    /// Section 4.2.5, after the first quotation mark.
    fn string(&mut self) -> Option<String> {
        let mut text = String::new();
        loop {
            match self.next()? {
                b'"' => return Some(text),
                b'\\' => match self.next()? {
                    escaped @ (b'"' | b'\\') => text.push(char::from(escaped)),
                    _ => return None,
                },
                byte @ b' '..=b'~' => text.push(char::from(byte)),
                _ => return None,
            }
        }
    }

    /// Section 4.2.3.3.
    fn key(&mut self) -> Option<()> {
        let begins = |byte: u8| byte.is_ascii_lowercase() || byte == b'*';
        begins(self.next()?).then_some(())?;
        self.run(|byte| {
            byte.is_ascii_lowercase() || byte.is_ascii_digit() || matches!(byte, b'_' | b'-' | b'.' | b'*')
        });
        Some(())
    }

    /// Section 4.2.3.1, its value thrown away.
    fn bare_item(&mut self) -> Option<()> {
        match self.next()? {
            b'"' => self.string().map(drop),
            b':' => {
                self.run(|byte| byte.is_ascii_alphanumeric() || matches!(byte, b'+' | b'/' | b'='));
                self.take(b':').then_some(())
            }
            b'?' => matches!(self.next()?, b'0' | b'1').then_some(()),
            b'@' => self.number().filter(|is_integer| *is_integer).map(drop),
            b'%' => self.display_string(),
            b'-' => self.digits(0).map(drop),
            first @ b'0'..=b'9' => self.digits(usize::from(first.is_ascii_digit())).map(drop),
            first if first.is_ascii_alphabetic() || first == b'*' => {
                self.run(|byte| byte.is_ascii_alphanumeric() || b"!#$%&'*+-.^_`|~:/".contains(&byte));
                Some(())
            }
            _ => None,
        }
    }

    /// Section 4.2.4; whether it is an integer.
    fn number(&mut self) -> Option<bool> {
        self.take(b'-');
        self.digits(0)
    }

    /// The same after its sign and as many digits.
    fn digits(&mut self, before: usize) -> Option<bool> {
        let whole = before + self.run(|byte| byte.is_ascii_digit());
        if !self.take(b'.') {
            return (1..=15).contains(&whole).then_some(true);
        }
        let fraction = self.run(|byte| byte.is_ascii_digit());
        ((1..=12).contains(&whole) && (1..=3).contains(&fraction)).then_some(false)
    }

    /// Section 4.2.10, after its sign.
    fn display_string(&mut self) -> Option<()> {
        self.take(b'"').then_some(())?;
        let mut bytes = Vec::new();
        loop {
            match self.next()? {
                b'"' => return std::str::from_utf8(&bytes).is_ok().then_some(()),
                b'%' => {
                    let digit = |byte: u8| match byte {
                        b'0'..=b'9' => Some(byte - b'0'),
                        b'a'..=b'f' => Some(byte - b'a' + 10),
                        _ => None,
                    };
                    bytes.push(digit(self.next()?)? << 4 | digit(self.next()?)?);
                }
                byte @ b' '..=b'~' => bytes.push(byte),
                _ => return None,
            }
        }
    }
}

/// Whether a key is so short or so uniform that two requests may have it by accident.
pub(crate) fn is_weak(key: &str, min_bytes: usize) -> bool {
    const FEWEST_KINDS: usize = 4;
    let mut seen = [false; 256];
    key.bytes().for_each(|byte| seen[usize::from(byte)] = true);
    key.len() < min_bytes || seen.iter().filter(|seen| **seen).count() < FEWEST_KINDS
}

#[cfg(test)]
mod tests {
    use super::*;

    fn lenient(line: &str) -> Result<String, Malformed> {
        parse(line.as_bytes(), false)
    }

    #[test]
    fn both_forms_of_one_text_are_one_key() {
        for key in
            ["8e03978e-40d5-43e8-bc93-6894a57f9324", "clkyoesmbgybucifusbbtdsbohtyuuwz", "KG5LxwFBepaKHyUD", "a;b=c"]
        {
            assert_eq!(lenient(key).as_deref(), Ok(key));
            assert_eq!(lenient(&format!("\"{key}\"")).as_deref(), Ok(key));
            assert_eq!(lenient(&format!("  \"{key}\";a;b=?1 ")).as_deref(), Ok(key));
            assert_eq!(parse(key.as_bytes(), true), Err(Malformed::NotQuoted));
        }
    }

    #[test]
    fn string_is_read_as_structured_fields_have_it() {
        assert_eq!(lenient(r#""foo \"bar\" \\ baz""#).as_deref(), Ok(r#"foo "bar" \ baz"#));
        for line in [
            r#""foo"#,
            r#""foo \,""#,
            "\"\t\"",
            "\"f\u{fc}\"",
            r#""a" "b""#,
            r#""a";"#,
            r#""a";B"#,
            r#""a";b="#,
            r#""a" ;b"#,
        ] {
            assert_eq!(lenient(line), Err(Malformed::String), "{line}");
        }
        let values = ["1", "-1", "1.5", "a", "*a/b", "\"x\"", ":YQ==:", "?0", "@1", "@-1", "%\"f%c3%bc\""];
        for value in values {
            assert_eq!(lenient(&format!("\"a\";b={value}; c")).as_deref(), Ok("a"), "{value}");
        }
        let values = [
            "1.",
            ".5",
            "-",
            "--1",
            "1.2345",
            "1234567890123456",
            "@1.5",
            "?2",
            ":a",
            "%\"%C3\"",
            "%\"%ff\"",
            "%a",
            "{",
        ];
        for value in values {
            assert_eq!(lenient(&format!("\"a\";b={value}")), Err(Malformed::String), "{value}");
        }
    }

    /// The generated cases of structured-field-tests: each byte in a string, and after its escape.
    #[test]
    fn each_byte_in_a_string_is_read_as_structured_fields_have_it() {
        for byte in 0..=u8::MAX {
            let plain = parse(&[b'"', b' ', byte, b' ', b'"'], true);
            let fits = (b' '..=b'~').contains(&byte) && byte != b'"' && byte != b'\\';
            assert_eq!(plain.is_ok(), fits, "{byte}");
            let escaped = parse(&[b'"', b'\\', byte, b'"'], true);
            assert_eq!(escaped.is_ok(), matches!(byte, b'"' | b'\\'), "{byte}");
        }
    }

    #[test]
    fn bare_key_has_no_signs_that_lists_and_strings_use() {
        for line in ["key,with,commas", "'foo'", "fo\u{fc}", "a b", "a\"b", "a\\b", "a\tb"] {
            assert_eq!(lenient(line), Err(Malformed::Bare), "{line}");
        }
    }

    #[test]
    fn length_is_counted_after_unescaping() {
        assert_eq!(lenient(""), Err(Malformed::Empty));
        assert_eq!(lenient("\"\""), Err(Malformed::Empty));
        assert!(lenient(&"k".repeat(255)).is_ok());
        assert_eq!(lenient(&"k".repeat(256)), Err(Malformed::TooLong));
        assert!(lenient(&format!("\"{}\"", "\\\"".repeat(255))).is_ok());
        assert_eq!(lenient(&format!("\"{}\"", "\\\"".repeat(256))), Err(Malformed::TooLong));
    }

    #[test]
    fn key_of_two_lines_or_two_names_is_refused_unless_it_is_one() {
        let names = [IDEMPOTENCY_KEY, X_IDEMPOTENCY_KEY];
        let key = |lines: &[(&'static str, &'static str)]| {
            let mut headers = HeaderMap::new();
            for &(name, value) in lines {
                headers.append(name, HeaderValue::from_static(value));
            }
            key_in(&headers, &names, false)
        };
        assert_eq!(key(&[]), Ok(None));
        assert_eq!(key(&[("x-idempotency-key", "a")]), Ok(Some("a".to_owned())));
        assert_eq!(key(&[("x-idempotency-key", "a"), ("idempotency-key", "\"a\"")]), Ok(Some("a".to_owned())));
        assert_eq!(key(&[("x-idempotency-key", "a"), ("idempotency-key", "b")]), Err(Malformed::Lines));
        assert_eq!(key(&[("idempotency-key", "a"), ("idempotency-key", "a")]), Err(Malformed::Lines));
    }

    #[test]
    fn quoted_key_is_read_back() {
        for key in ["a", r#"foo "bar" \ baz"#, "a b", "~"] {
            let value = quoted(key).expect("a header");
            assert_eq!(parse(value.as_bytes(), true).as_deref(), Ok(key));
        }
    }

    #[test]
    fn weak_keys_are_short_or_uniform() {
        assert!(is_weak("1", 16) && is_weak("0000000000000000000000", 16) && is_weak("order-17", 16));
        assert!(!is_weak("8e03978e-40d5-43e8-bc93-6894a57f9324", 16) && !is_weak("order-17", 8));
    }
}
