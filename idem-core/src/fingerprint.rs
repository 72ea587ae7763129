//! Fingerprints: how a repeat under a known key is distinguished from another request.

use std::borrow::Cow;
use std::fmt;

use crate::key::{Hasher, Hex};

/// SHA-256 over operation, target and canonical payload, with the version of the recipe in front.
///
/// Two requests have one fingerprint if they ask for the same thing: the order of JSON object members and white space
/// do not matter, everything else does. A stored fingerprint of another version never compares equal.
#[derive(Clone, Copy, PartialEq, Eq, Hash)]
pub(crate) struct Fingerprint(pub(crate) [u8; Fingerprint::BYTES]);

impl Fingerprint {
    pub(crate) const BYTES: usize = 33;
    const VERSION: u8 = 1;
    /// That of a request which starts a machine as well.
    #[cfg(feature = "_sql")]
    const AFTER_START: u8 = 2;
    /// What is stored as a fingerprint and is none.
    #[cfg(feature = "_sql")]
    pub(crate) const UNKNOWN: Self = Self([0; Self::BYTES]);

    /// The fingerprint of doing `operation` to `target` with a JSON `payload`, its top-level members named in `facts`
    /// left out.
    pub(crate) fn of(operation: &str, target: &str, payload: &[u8], facts: &[&str]) -> Self {
        let mut hash = Hasher::new("idem fingerprint v1").with(operation.as_bytes()).with(target.as_bytes());
        canonical(payload, facts, &mut hash);
        Self::from_hash(hash)
    }

    /// The same of a payload that is a list of parts.
    #[cfg(feature = "_sql")]
    pub(crate) fn of_parts<P: AsRef<[u8]>>(operation: &str, target: &str, parts: impl IntoIterator<Item = P>) -> Self {
        let mut hash = Hasher::new("idem fingerprint v1").with(operation.as_bytes()).with(target.as_bytes());
        for part in parts {
            hash.part(part.as_ref());
        }
        Self::from_hash(hash)
    }

    /// The fingerprint of a request that is made together with a start.
    #[cfg(feature = "_sql")]
    pub(crate) fn after_start(self, start: Self) -> Self {
        let mut both = Self::of_parts("", "", [start.0, self.0]);
        both.0[0] = Self::AFTER_START;
        both
    }

    /// Whether the request starts a machine as well.
    #[cfg(feature = "_sql")]
    pub(crate) fn is_after_start(&self) -> bool {
        self.0[0] == Self::AFTER_START
    }

    pub(crate) fn from_hash(hash: Hasher) -> Self {
        let mut bytes = [Self::VERSION; Self::BYTES];
        bytes[1..].copy_from_slice(&hash.finish());
        Self(bytes)
    }
}

impl fmt::Debug for Fingerprint {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Fingerprint({})", Hex(&self.0[..9]))
    }
}

/// Feeds `json` to `hash` in a form that is the same for every order of object members and every white space.
///
/// Our own because RFC 8785 reads numbers as doubles: two amounts that differ beyond 2^53 would be one request.
/// Scalars are hashed as they are written. What is not JSON is hashed as it stands.
fn canonical(json: &[u8], facts: &[&str], hash: &mut Hasher) {
    let mut scanner = Scanner { json, at: 0 };
    let Some(node) = scanner.value(0).filter(|_| scanner.at_end()) else {
        hash.part(b"raw");
        hash.part(json);
        return;
    };
    node.feed(json, facts, hash);
}

/// Whether two JSON texts have one canonical form.
#[cfg(any(feature = "leases", feature = "testing"))]
pub(crate) fn same_json(one: &[u8], other: &[u8]) -> bool {
    one == other || canonical_hash(one) == canonical_hash(other)
}

/// A hash of the canonical form.
#[cfg(any(feature = "leases", feature = "testing"))]
pub(crate) fn canonical_hash(json: &[u8]) -> [u8; 32] {
    let mut hash = Hasher::new("idem canonical v1");
    canonical(json, &[], &mut hash);
    hash.finish()
}

/// Deeper payloads are hashed as they are written; `serde_json` reads none of them.
const MAX_DEPTH: usize = 128;

enum Node {
    Scalar(std::ops::Range<usize>),
    Array(Vec<Node>),
    Object(Vec<(std::ops::Range<usize>, Node)>),
}

impl Node {
    fn feed(self, json: &[u8], facts: &[&str], hash: &mut Hasher) {
        match self {
            Node::Scalar(range) => hash.part(&json[range]),
            Node::Array(items) => {
                hash.part(b"[");
                for item in items {
                    item.feed(json, &[], hash);
                }
                hash.part(b"]");
            }
            Node::Object(mut members) => {
                members.retain(|(name, _)| !facts.iter().any(|fact| is_name(&json[name.clone()], fact)));
                // By what the names mean: of one that comes twice, written in two ways, the last counts, so their order stays.
                members.sort_by(|(one, _), (other, _)| name_of(&json[one.clone()]).cmp(&name_of(&json[other.clone()])));
                hash.part(b"{");
                for (name, value) in members {
                    hash.part(&json[name]);
                    value.feed(json, &[], hash);
                }
                hash.part(b"}");
            }
        }
    }
}

fn is_name(quoted: &[u8], name: &str) -> bool {
    *name_of(quoted) == *name.as_bytes()
}

/// The name of a member, without its quotation marks and escapes.
fn name_of(quoted: &[u8]) -> Cow<'_, [u8]> {
    if quoted.contains(&b'\\')
        && let Ok(name) = serde_json::from_slice::<String>(quoted)
    {
        return Cow::Owned(name.into_bytes());
    }
    Cow::Borrowed(&quoted[1..quoted.len() - 1])
}

struct Scanner<'a> {
    json: &'a [u8],
    at: usize,
}

impl Scanner<'_> {
    fn peek(&mut self) -> Option<u8> {
        while let Some(b' ' | b'\t' | b'\n' | b'\r') = self.json.get(self.at) {
            self.at += 1;
        }
        self.json.get(self.at).copied()
    }

    fn at_end(&mut self) -> bool {
        self.peek().is_none()
    }

    fn eat(&mut self, byte: u8) -> Option<()> {
        (self.peek()? == byte).then(|| self.at += 1)
    }

    fn value(&mut self, depth: usize) -> Option<Node> {
        if depth == MAX_DEPTH {
            return None;
        }
        match self.peek()? {
            b'{' => self
                .list(b'{', b'}', |scanner| {
                    let name = scanner.string()?;
                    scanner.eat(b':')?;
                    Some((name, scanner.value(depth + 1)?))
                })
                .map(Node::Object),
            b'[' => self.list(b'[', b']', |scanner| scanner.value(depth + 1)).map(Node::Array),
            b'"' => self.string().map(Node::Scalar),
            _ => self.word().map(Node::Scalar),
        }
    }

    fn list<T>(&mut self, open: u8, close: u8, mut item: impl FnMut(&mut Self) -> Option<T>) -> Option<Vec<T>> {
        self.eat(open)?;
        let mut items = Vec::new();
        if self.eat(close).is_some() {
            return Some(items);
        }
        loop {
            items.push(item(self)?);
            if self.eat(b',').is_none() {
                return self.eat(close).map(|()| items);
            }
        }
    }

    fn string(&mut self) -> Option<std::ops::Range<usize>> {
        let start = {
            self.peek()?;
            self.at
        };
        self.eat(b'"')?;
        loop {
            match self.json.get(self.at)? {
                b'"' => break,
                b'\\' => self.at += 2,
                _ => self.at += 1,
            }
        }
        self.at += 1;
        Some(start..self.at)
    }

    /// A number, `true`, `false` or `null`.
    fn word(&mut self) -> Option<std::ops::Range<usize>> {
        let start = self.at;
        while self
            .json
            .get(self.at)
            .is_some_and(|byte| byte.is_ascii_alphanumeric() || matches!(byte, b'+' | b'-' | b'.'))
        {
            self.at += 1;
        }
        (self.at > start).then_some(start..self.at)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn of(payload: &str) -> Fingerprint {
        Fingerprint::of("Pay", "order-1", payload.as_bytes(), &[])
    }

    #[test]
    fn fingerprint_ignores_member_order_and_white_space() {
        assert_eq!(of(r#"{"a":1,"b":{"c":[1,2],"d":null}}"#), of("{ \"b\" : {\"d\":null,\n\"c\":[1, 2]}, \"a\":1 } "));
    }

    #[test]
    fn fingerprint_differs_for_any_other_difference() {
        let base = r#"{"a":1,"b":[1,2]}"#;
        let others = [
            r#"{"a":2,"b":[1,2]}"#,
            r#"{"a":1,"b":[2,1]}"#,
            r#"{"a":1.0,"b":[1,2]}"#,
            r#"{"a":"1","b":[1,2]}"#,
            r#"{"a":1,"b":[1,2],"c":null}"#,
            r#"{"a":1,"b":[1],"2":0}"#,
            r#"[{"a":1,"b":[1,2]}]"#,
            "",
            "{",
        ];
        for other in others {
            assert_ne!(of(base), of(other), "{other}");
        }
        assert_ne!(of("9007199254740993"), of("9007199254740992"));
        assert_ne!(of("[[1],2]"), of("[[1,2]]"));
        assert_ne!(Fingerprint::of("Pay", "order-1", b"1", &[]), Fingerprint::of("Pay", "order-2", b"1", &[]));
        assert_ne!(Fingerprint::of("Pay", "order-1", b"1", &[]), Fingerprint::of("Ship", "order-1", b"1", &[]));
    }

    #[test]
    fn fingerprint_differs_for_the_order_of_one_name_that_comes_twice() {
        assert_ne!(of(r#"{"amount":1,"amount":2}"#), of(r#"{"amount":2,"amount":1}"#));
        assert_ne!(of(r#"{"amount":1,"\u0061mount":2}"#), of(r#"{"\u0061mount":2,"amount":1}"#));
        assert_eq!(of(r#"{"b":1,"\u0061":2}"#), of(r#"{"\u0061":2,"b":1}"#));
    }

    #[test]
    fn fingerprint_ignores_fact_with_escaped_name() {
        let of = |payload: &str| Fingerprint::of("Pay", "order-1", payload.as_bytes(), &["a\"b"]);
        assert_eq!(of(r#"{"amount":1,"a\"b":2}"#), of(r#"{"amount":1,"a\u0022b":3}"#));
        assert_ne!(of(r#"{"amount":1,"ab":2}"#), of(r#"{"amount":1,"ab":3}"#));
    }

    #[test]
    fn fingerprint_ignores_facts_at_top_level_only() {
        let of = |payload: &str| Fingerprint::of("Pay", "order-1", payload.as_bytes(), &["rate"]);
        assert_eq!(of(r#"{"amount":1,"rate":2}"#), of(r#"{"amount":1,"rate":3}"#));
        assert_ne!(of(r#"{"amount":{"rate":2}}"#), of(r#"{"amount":{"rate":3}}"#));
    }

    #[test]
    fn fingerprint_of_invalid_or_deep_json_hashes_its_text() {
        for text in ["{\"a\"", "[1,]", "\"\\", "nul l", "\"a\" \"b\"", "{\"a\":1}}"] {
            assert_ne!(of(text), of(&format!("{text} ")), "{text:?}");
        }
        let deep = "[".repeat(100_000);
        assert_eq!(of(&deep), of(&deep));
    }
}
