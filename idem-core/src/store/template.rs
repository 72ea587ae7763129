//! Statements as they are written, and as they are sent.

use super::claims::rows::ClaimRow;
use super::columns::Kind;
use super::dialect::Dialect;
use super::key::{LedgerKeyRow, MachineKeyRow};
use super::ledger::rows::{AccountRow, EntryRow, HoldRow, RefusalRow};
use super::machine::rows::{GraphRow, MachineRow, StoredAlias, TransitionRow, TransitionSummary};
use super::outbox::rows::ContentRow;
use super::reader::{Columns, ReadColumn};
use super::tables::{Tables, Text, fill};
use super::verdicts::rows::StoredVerdict;

/// A struct of statements: of templates, or of texts that are filled in.
macro_rules! texts {
    ($(#[$about:meta])* pub struct $name:ident { $($(#[$doc:meta])* $field:ident $(= $common:literal)?),+ $(,)? }) => {
        $(#[$about])*
        #[derive(Debug)]
        pub struct $name<T = crate::store::tables::Text> {
            $($(#[$doc])* pub(in crate::store) $field: T,)+
        }

        impl $name<&'static str> {
            /// Those that are the same in all databases; the others are empty.
            #[allow(dead_code, reason = "a family may have none")]
            pub(in crate::store) const COMMON: Self = Self { $($field: concat!($($common)?),)+ };

            pub(in crate::store) fn render<DB: crate::store::dialect::Dialect>(
                &self,
                tables: &crate::store::tables::Tables,
            ) -> $name {
                $name { $($field: crate::store::template::render::<DB>(tables, self.$field),)+ }
            }
        }

        #[cfg(test)]
        impl $name<&'static str> {
            /// Each with its name.
            pub(in crate::store) fn all(&self) -> Vec<(&'static str, &'static str)> {
                vec![$((stringify!($field), self.$field)),+]
            }
        }
    };
}
pub(super) use texts;

/// Fills a template in. `{now}` is the database's time, `{table}` a table, `{by index}` the index that a table is read by, and
/// `{$1 text}` a parameter that is a text; `{in $1}` says that what is before it is one of a list of texts, `{open}` that the transaction is
/// open, `{bounded by $1}` bounds the wait for locks, and `{for update}` locks the rows of a query. Of a list
/// of columns such as that of an entry, `{entry}` gives the names, `{entry of e}` the columns in the table `e`, `{entry in e}`
/// the same as items of a list, and `{no entry}` as many NULLs; `{entry as known_}` and `{entry of e as known_}` put `known_`
/// before each name.
///
/// White space that only readers of the source need goes: the driver hashes the text each time that it runs.
pub(super) fn render<DB: Dialect>(tables: &Tables, template: &str) -> Text {
    filled::<DB>(tables, template).split_whitespace().collect::<Vec<_>>().join(" ").into()
}

/// The same, with its white space.
pub(super) fn filled<DB: Dialect>(tables: &Tables, template: &str) -> String {
    fill(template, |token| token_text::<DB>(tables, token))
}

fn token_text<DB: Dialect>(tables: &Tables, token: &str) -> String {
    if token == "now" {
        return DB::NOW.to_owned();
    }
    if let Some((number, kind)) = token.strip_prefix('$').and_then(|parameter| parameter.split_once(' ')) {
        let kind = match kind {
            "int" => Kind::Int,
            "bytes" => Kind::Bytes,
            _ => Kind::Text,
        };
        return DB::parameter(number.parse().unwrap_or_default(), kind);
    }
    if token == "open" {
        return DB::OPEN.to_owned();
    }
    if token == "for update" {
        return DB::FOR_UPDATE.to_owned();
    }
    if let Some(number) = token.strip_prefix("bounded by $") {
        return DB::bounded(number.parse().unwrap_or_default());
    }
    if let Some(number) = token.strip_prefix("in $") {
        return DB::is_in(number.parse().unwrap_or_default());
    }
    if let Some(index) = token.strip_prefix("by ") {
        return DB::by_index(&tables.quoted_bare(index));
    }
    if let Some(list) = token.strip_prefix("no ").and_then(columns) {
        return join(list, |column| DB::null(column.kind).to_owned());
    }
    let (token, prefix) = token.split_once(" as ").unwrap_or((token, ""));
    let name = |column: &ReadColumn| format!("{prefix}{}", column.name);
    let of = |(list, table)| Some((columns(list)?, table));
    if let Some((list, table)) = token.split_once(" of ").and_then(of) {
        return join(list, |column| DB::read(column.kind, &format!("{table}.{}", name(column))));
    }
    if let Some((list, table)) = token.split_once(" in ").and_then(of) {
        return join(list, |column| DB::item(column.kind, &format!("{table}.{}", name(column))));
    }
    match columns(token) {
        Some(list) => join(list, name),
        None => tables.fill(&format!("{{{token}}}")),
    }
}

/// The lists of columns that are read, by the name of their row.
fn columns(row: &str) -> Option<&'static [ReadColumn]> {
    Some(match row {
        "machine" => MachineRow::COLUMNS,
        "transition" => TransitionRow::COLUMNS,
        "summary" => TransitionSummary::COLUMNS,
        "graph" => GraphRow::COLUMNS,
        "machine key" => MachineKeyRow::COLUMNS,
        "ledger key" => LedgerKeyRow::COLUMNS,
        "alias" => StoredAlias::COLUMNS,
        "claim" => ClaimRow::COLUMNS,
        "verdict" => StoredVerdict::COLUMNS,
        "refusal" => RefusalRow::COLUMNS,
        "account" => AccountRow::COLUMNS,
        "entry" => EntryRow::COLUMNS,
        "hold" => HoldRow::COLUMNS,
        "content" => ContentRow::COLUMNS,
        _ => return None,
    })
}

fn join(columns: &[ReadColumn], text: impl Fn(&ReadColumn) -> String) -> String {
    columns.iter().map(text).collect::<Vec<_>>().join(", ")
}
