//! The names of idem's tables.

use std::fmt::Write as _;
use std::sync::Arc;

/// The names of the tables, and the statements that are built from them once.
#[derive(Debug, Clone)]
pub struct Tables {
    prefix: Arc<str>,
}

impl Tables {
    /// The tables under a prefix such as `idem_`, or in a schema such as `billing.idem_`.
    pub(crate) fn new(prefix: &str) -> Option<Self> {
        let part = |part: &str| {
            part.len() <= 40
                && part.starts_with(|c: char| c.is_ascii_alphabetic() || c == '_')
                && part.chars().all(|c| c.is_ascii_alphanumeric() || c == '_')
        };
        let (schema, rest) = prefix.split_once('.').unzip();
        let fits = schema.is_none_or(part) && rest.map_or_else(|| part(prefix), part);
        fits.then(|| Self { prefix: prefix.into() })
    }

    /// The quoted name of one table, schema included.
    pub(crate) fn quoted(&self, table: &str) -> String {
        match self.prefix.split_once('.') {
            Some((schema, prefix)) => format!("\"{schema}\".\"{prefix}{table}\""),
            None => format!("\"{}{table}\"", self.prefix),
        }
    }

    /// `text` with each `{table}` replaced by the quoted name of that table and `{{index}}` left to the caller.
    pub(crate) fn fill(&self, text: &str) -> String {
        let mut filled = String::with_capacity(text.len() + 64);
        let mut rest = text;
        while let Some((before, after)) = rest.split_once('{') {
            filled.push_str(before);
            let Some((name, tail)) = after.split_once('}') else { break };
            let _ = write!(filled, "{}", self.quoted(name));
            rest = tail;
        }
        filled.push_str(rest);
        filled
    }
}
