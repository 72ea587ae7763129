//! The names of idem's tables.

use std::sync::Arc;

/// A statement's text, shared so that running it copies nothing.
pub(crate) type Text = Arc<str>;

/// The names of the tables of one `Idem`.
#[derive(Debug, Clone)]
pub struct Tables {
    prefix: Arc<str>,
    quote: char,
}

impl Tables {
    /// The tables under a prefix such as `idem_`, or in a schema such as `billing.idem_`, quoted as a database does.
    pub(crate) fn new(prefix: &str, quote: char) -> Option<Self> {
        let part = |part: &str| {
            part.len() <= 40
                && part.starts_with(|c: char| c.is_ascii_alphabetic() || c == '_')
                && part.chars().all(|c| c.is_ascii_alphanumeric() || c == '_')
        };
        let (schema, rest) = prefix.split_once('.').unzip();
        let fits = schema.is_none_or(part) && rest.map_or_else(|| part(prefix), part);
        fits.then(|| Self { prefix: prefix.into(), quote })
    }

    /// The schema, if the prefix names one.
    pub(crate) fn schema(&self) -> Option<&str> {
        self.prefix.split_once('.').map(|(schema, _)| schema)
    }

    /// The name of one table (or index), not quoted, without the schema.
    pub(crate) fn name(&self, table: &str) -> String {
        let prefix = self.prefix.split_once('.').map_or(&*self.prefix, |(_, prefix)| prefix);
        format!("{prefix}{table}")
    }

    /// The quoted name of one table, schema included.
    pub(crate) fn quoted(&self, table: &str) -> String {
        let name = self.quoted_bare(table);
        match self.schema() {
            Some(schema) => format!("{0}{schema}{0}.{name}", self.quote),
            None => name,
        }
    }

    /// The quoted name without the schema.
    pub(crate) fn quoted_bare(&self, table: &str) -> String {
        format!("{0}{1}{0}", self.quote, self.name(table))
    }

    /// `text` with each `{table}` replaced by the quoted name of that table, each `{:table}` by the same without the schema, as
    /// SQLite wants it after `CREATE INDEX … ON`, each `{'table}` by the name as a text, and each `{.table}` by the name of a
    /// table in the schema that is not idem's.
    pub(crate) fn fill(&self, text: &str) -> String {
        fill(text, |token| match token.split_at_checked(1) {
            Some((":", table)) => self.quoted_bare(table),
            Some(("'", table)) => format!("'{}'", self.name(table)),
            Some((".", table)) => match self.schema() {
                Some(schema) => format!("{0}{schema}{0}.{table}", self.quote),
                None => table.to_owned(),
            },
            _ => self.quoted(token),
        })
    }
}

/// `text` with each `{token}` replaced by what `replace` makes of it.
pub(crate) fn fill(text: &str, replace: impl Fn(&str) -> String) -> String {
    let mut filled = String::with_capacity(text.len() + 64);
    let mut rest = text;
    while let Some((before, after)) = rest.split_once('{') {
        filled.push_str(before);
        let Some((token, tail)) = after.split_once('}') else { break };
        filled.push_str(&replace(token));
        rest = tail;
    }
    filled.push_str(rest);
    filled
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn table_names_are_filled_in_with_and_without_schema() {
        let plain = Tables::new("idem_", '"').expect("a prefix");
        assert_eq!(plain.fill("SELECT {keys}, {:keys}"), r#"SELECT "idem_keys", "idem_keys""#);
        let apart = Tables::new("billing.idem_", '`').expect("a schema and a prefix");
        assert_eq!(apart.fill("SELECT {keys}, {:keys}"), "SELECT `billing`.`idem_keys`, `idem_keys`");
    }

    #[test]
    fn invalid_table_prefix_is_refused() {
        for prefix in ["", ".", "a.", ".a", "a.b.c", "1a", "a\"b", "a-b", "ä_", "a b"] {
            assert!(Tables::new(prefix, '"').is_none(), "{prefix}");
        }
    }
}
