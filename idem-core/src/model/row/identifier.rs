//! Names of callers' tables and columns: checked once.

use std::sync::Arc;

use crate::error::{MAX_IDENTIFIER_BYTES, UpdateProblem};

/// The name of a column. It never has a quote in it.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Identifier(Arc<str>);

impl Identifier {
    pub(crate) fn new(name: String) -> Result<Self, UpdateProblem> {
        if is_identifier(&name) { Ok(Self(name.into())) } else { Err(UpdateProblem::Name { name }) }
    }

    pub(crate) fn as_str(&self) -> &str {
        &self.0
    }
}

/// The name of a table, with its schema if it was given one. It never has a quote in it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct TableName {
    name: String,
    /// Where the table's own name begins.
    table: usize,
}

impl TableName {
    pub(crate) fn new(name: String) -> Result<Self, UpdateProblem> {
        let table = name.find('.').map_or(0, |dot| dot + 1);
        let (schema, bare) = name.split_at(table);
        let schema = schema.strip_suffix('.');
        if schema.is_none_or(is_identifier) && is_identifier(bare) {
            Ok(Self { name, table })
        } else {
            Err(UpdateProblem::Name { name })
        }
    }

    /// As it was given.
    pub(crate) fn as_str(&self) -> &str {
        &self.name
    }

    pub(crate) fn schema(&self) -> Option<&str> {
        self.name.split_once('.').map(|(schema, _)| schema)
    }

    /// Without its schema.
    pub(crate) fn bare(&self) -> &str {
        self.name.get(self.table..).unwrap_or_default()
    }
}

fn is_identifier(name: &str) -> bool {
    name.len() <= MAX_IDENTIFIER_BYTES
        && name.starts_with(|c: char| c.is_ascii_alphabetic() || c == '_')
        && name.chars().all(|c| c.is_ascii_alphanumeric() || c == '_')
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn table_name_has_optional_schema() {
        let parts = |name: &str| {
            let table = TableName::new(name.to_owned()).expect("a name");
            (table.schema().map(str::to_owned), table.bare().to_owned())
        };
        assert_eq!(parts("orders"), (None, "orders".to_owned()));
        assert_eq!(parts("shop.Orders_2"), (Some("shop".to_owned()), "Orders_2".to_owned()));
    }

    #[test]
    fn invalid_table_or_column_name_is_refused() {
        let long = "x".repeat(64);
        for name in ["", ".", "a.", ".a", "a.b.c", "1a", "a\"b", "a\0", "a-b", "ä", "a b", "a;--", long.as_str()] {
            let problem = UpdateProblem::Name { name: name.to_owned() };
            assert_eq!(TableName::new(name.to_owned()), Err(problem.clone()), "{name}");
            assert_eq!(Identifier::new(name.to_owned()), Err(problem), "{name}");
        }
        assert!(Identifier::new("a.b".to_owned()).is_err());
    }
}
