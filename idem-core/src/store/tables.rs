//! The names of idem's tables.

use std::sync::Arc;

use crate::store::statement::Text;

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
        match self.schema() {
            Some(schema) => format!("{}.{}", quote(schema), quote(&self.name(table))),
            None => quote(&self.name(table)),
        }
    }

    /// `text` with each `{table}` replaced by the quoted name of that table, and each `{:table}` by the same without
    /// the schema, as SQLite wants it after `CREATE INDEX … ON`.
    pub(crate) fn fill(&self, text: &str) -> String {
        let mut filled = String::with_capacity(text.len() + 64);
        let mut rest = text;
        while let Some((before, after)) = rest.split_once('{') {
            filled.push_str(before);
            let Some((name, tail)) = after.split_once('}') else { break };
            let quoted = name.strip_prefix(':').map_or_else(|| self.quoted(name), |bare| quote(&self.name(bare)));
            filled.push_str(&quoted);
            rest = tail;
        }
        filled.push_str(rest);
        filled
    }

    /// [`Tables::fill`], to be kept, without the white space that only readers of the source need: the driver hashes the
    /// text each time that it runs.
    pub(crate) fn text(&self, text: &str) -> Text {
        self.fill(text).split_whitespace().collect::<Vec<_>>().join(" ").into()
    }
}

/// A part of a name never has a quote in it.
fn quote(name: &str) -> String {
    format!("\"{name}\"")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn fills_in_names_with_and_without_a_schema() {
        let plain = Tables::new("idem_").expect("a prefix");
        assert_eq!(plain.fill("SELECT {keys}, {:keys}"), r#"SELECT "idem_keys", "idem_keys""#);
        let apart = Tables::new("billing.idem_").expect("a schema and a prefix");
        assert_eq!(apart.fill("SELECT {keys}, {:keys}"), r#"SELECT "billing"."idem_keys", "idem_keys""#);
    }

    #[test]
    fn refuses_what_is_not_a_name() {
        for prefix in ["", ".", "a.", ".a", "a.b.c", "1a", "a\"b", "a-b", "ä_", "a b"] {
            assert!(Tables::new(prefix).is_none(), "{prefix}");
        }
    }
}
