//! Writes the statements over one row of a caller's table.

use std::collections::BTreeSet;

use super::table::{DescribedTable, ParamList, Slot, Template};
use crate::model::row::identifier::{Identifier, TableName};
use crate::model::row::row_update::{Cell, RowUpdate, RowUpdateKind};
use crate::model::row::table_schema::TableKind;
use crate::namespace::UPDATE;
use crate::store::binder::Binder;
use crate::store::claims::fence_write::held;
use crate::store::claims::texts::ClaimStore;
use crate::store::columns::Kind;
use crate::store::write::rows::Locks;
use crate::value::Value;

/// The state of a claim that has its answer.
const COMPLETED: u8 = 2;

/// In what the databases' SQL over a caller's row differs.
pub trait RowDialect: ClaimStore {
    /// Equality that takes NULL as a value.
    const SAME: &'static str;

    /// A parameter as it is stored in a column of this type, and as it is compared with one: a whole number in full, so that
    /// one that does not fit is unequal.
    fn stored(number: usize, _cell: &Cell, _type_name: &str) -> String {
        format!("${number}")
    }

    fn compared(number: usize, cell: &Cell, type_name: &str) -> String {
        Self::stored(number, cell, type_name)
    }

    /// A column of this type, where it can be compared.
    fn comparable(column: &str, _type_name: &str) -> String {
        column.to_owned()
    }

    /// Stands before a table's name where its rows are named, and not those of tables that inherit from it.
    fn rows_of(_kind: TableKind) -> &'static str {
        ""
    }

    /// That a column has the type of this number. `None`: a value does not depend on the type that was described.
    fn has_type(_table: &str, _column: &str, _type_id: &str) -> Option<String> {
        None
    }

    /// That a table is of this kind, where its rows depend on it.
    fn is_kind(_table: &str, _kind: TableKind) -> Option<String> {
        None
    }

    /// True if this is, that a claim is held; an error otherwise, where a statement that writes no row has effects.
    fn if_held(held: String) -> String {
        held
    }

    /// What no two states of row `t` share that differ by another transaction's commit, for tables that count no versions.
    fn stamp(kind: TableKind) -> &'static str;

    /// A truth value as a number.
    fn truth(expression: &str) -> String {
        format!("({expression})")
    }

    /// Binds a value for a column of this type.
    fn bind_cell(binder: &mut Binder<Self>, cell: &Cell, type_name: &str);
}

/// A statement over a row that is being written.
#[derive(Debug)]
pub struct RowWriter<'w> {
    pub(crate) params: &'w mut ParamList,
    pub(crate) update: &'w RowUpdate,
    pub(crate) table: &'w DescribedTable,
    /// The quoted name of the table of claims.
    pub(crate) claims: &'w str,
    /// Whether it looks at the claim that fences the update.
    pub(crate) fenced: bool,
}

impl RowWriter<'_> {
    /// The statement that writes the row if `gate` is true, and gives its new version, or that of the deleted row, and the time.
    pub(crate) fn write<DB: RowDialect>(&mut self, gate: &str) -> String {
        let (update, table) = (self.update, table_name::<DB>(&self.update.table));
        let gate = if self.fenced { self.held::<DB>(gate) } else { gate.to_owned() };
        let gate = all([self.described::<DB>(), Some(gate)]);
        // Not `t.`: what SQLite returns of an update knows no alias.
        // A trigger may have taken it away; none is 0, as wherever it is read.
        let version = update.version.as_ref().map(|version| format!("coalesce({}, 0)", column::<DB>(version)));
        let version = int(version.as_deref().unwrap_or("0"));
        let returning = format!("RETURNING {version} AS version, {} AS at", DB::NOW);
        if update.needs_row() {
            let (rows, conditions) = (self.rows::<DB>(), self.conditions::<DB>());
            if update.kind == RowUpdateKind::Delete {
                return format!("DELETE FROM {rows} AS t WHERE {conditions} AND {gate} {returning}");
            }
            let sets = self.sets::<DB>();
            return format!("UPDATE {rows} AS t SET {sets} WHERE {conditions} AND {gate} {returning}");
        }
        let keys = update.keys.iter().enumerate().map(|(at, cell)| (Slot::Key(at), cell));
        let sets = update.sets.iter().enumerate().map(|(at, cell)| (Slot::Set(at), cell));
        let (mut columns, mut values) = (Vec::new(), Vec::new());
        for (slot, cell) in keys.chain(sets) {
            columns.push(column::<DB>(&cell.column));
            values.push(DB::stored(self.params.number(slot), cell, self.table.type_of(cell)));
        }
        if let Some(version) = &update.version {
            columns.push(column::<DB>(version));
            values.push("1".to_owned());
        }
        let keys = join(&update.keys, |cell| column::<DB>(&cell.column), ", ");
        let then = match update.kind {
            RowUpdateKind::Insert => "NOTHING".to_owned(),
            _ => self.overwrite::<DB>(),
        };
        let (columns, values) = (columns.join(", "), values.join(", "));
        format!(
            "INSERT INTO {table} AS t ({columns}) SELECT {values} WHERE {gate} \
             ON CONFLICT ({keys}) DO {then} {returning}"
        )
    }

    /// The key and the row that an update missed, in one snapshot.
    pub(crate) fn find<DB: RowDialect>(&mut self) -> String {
        let (update, table, claims) = (self.update, self.rows::<DB>(), self.claims);
        let kind = self.table.schema.kind;
        let same = all([DB::is_kind(&table_name::<DB>(&update.table), kind), self.described::<DB>()]);
        let hash = DB::parameter(self.params.number(Slot::Hash), Kind::Bytes);
        let mut columns = vec![format!("{} AS there", int("1"))];
        let (version, stamp) = match &update.version {
            Some(version) => (int(&format!("t.{}", column::<DB>(version))), "CAST(NULL AS text)"),
            None => (int("NULL"), DB::stamp(kind)),
        };
        columns.push(format!("{version} AS version, {stamp} AS stamp"));
        for (at, cell) in update.expects.iter().enumerate() {
            let met = self.expectation::<DB>(at, cell);
            columns.push(format!("{} AS met_{at}", DB::truth(&met)));
        }
        let (columns, named) = (columns.join(", "), self.named::<DB>("t"));
        format!(
            "SELECT {}, {} AS described, k.fingerprint, k.id, k.seq, k.at, k.expires_at, r.* FROM (SELECT 1) AS one \
             LEFT JOIN {claims} k ON k.hash = {hash} \
             LEFT JOIN (SELECT {columns} FROM {table} AS t WHERE {named} LIMIT 2) r ON true",
            DB::NOW,
            DB::truth(&same)
        )
    }

    /// Inserts the key with this seq and fingerprint, `from` what must be so, or takes an old one over; what becomes of the old
    /// one's fingerprint follows.
    pub(crate) fn claim<DB: RowDialect>(&mut self, fingerprint: &str, seq: &str, from: &str) -> String {
        let mut parameter = |slot, kind| DB::parameter(self.params.number(slot), kind);
        let (hash, scope) = (parameter(Slot::Hash, Kind::Bytes), parameter(Slot::Scope, Kind::Text));
        let (target, retention) = (parameter(Slot::Target, Kind::Text), parameter(Slot::Retention, Kind::Int));
        let (claims, now) = (self.claims, DB::NOW);
        format!(
            "INSERT INTO {claims} AS k (hash, surface, scope, fingerprint, state, at, expires_at, id, seq) \
             SELECT {hash}, '{UPDATE}', {scope}, {fingerprint}, {COMPLETED}, {now}, {now} + {retention}, {target}, {seq} {from} \
             ON CONFLICT (hash) DO UPDATE SET scope = excluded.scope, at = excluded.at, expires_at = excluded.expires_at, \
             id = excluded.id, seq = excluded.seq"
        )
    }

    /// `gate`, and the claim that fences the update is its owner's.
    fn held<DB: RowDialect>(&mut self, gate: &str) -> String {
        let hash = DB::parameter(self.params.number(Slot::FenceHash), Kind::Bytes);
        let epoch = DB::parameter(self.params.number(Slot::FenceEpoch), Kind::Int);
        DB::if_held(held::<DB>(self.claims, (&hash, &epoch), gate))
    }

    fn sets<DB: RowDialect>(&mut self) -> String {
        let update = self.update;
        let set = |(at, cell): (usize, &Cell)| {
            let stored = DB::stored(self.params.number(Slot::Set(at)), cell, self.table.type_of(cell));
            format!("{} = {stored}", column::<DB>(&cell.column))
        };
        let mut sets: Vec<String> = update.sets.iter().enumerate().map(set).collect();
        sets.extend(counted::<DB>(update));
        sets.join(", ")
    }

    /// What must be so for the row to be updated.
    pub(crate) fn conditions<DB: RowDialect>(&mut self) -> String {
        let update = self.update;
        let mut conditions = vec![self.named::<DB>("t")];
        conditions.extend(self.countable::<DB>());
        if let (Some(version), Some(_)) = (&update.version, update.expected) {
            let expected = DB::parameter(self.params.number(Slot::Expected), Kind::Int);
            conditions.push(format!("coalesce(t.{}, 0) = {expected}", column::<DB>(version)));
        }
        for (at, cell) in update.expects.iter().enumerate() {
            conditions.push(self.expectation::<DB>(at, cell));
        }
        // An index that made the key unique may be gone since the table was described.
        let (rows, named) = (self.rows::<DB>(), self.named::<DB>("s"));
        conditions.push(format!("(SELECT 1 FROM {rows} AS s WHERE {named} LIMIT 1 OFFSET 1) IS NULL"));
        conditions.join(" AND ")
    }

    /// The table, where its rows are named.
    pub(crate) fn rows<DB: RowDialect>(&self) -> String {
        format!("{}{}", DB::rows_of(self.table.schema.kind), table_name::<DB>(&self.update.table))
    }

    /// That the columns have the types by which values are cast. No row is read for it, and no column.
    fn described<DB: RowDialect>(&self) -> Option<String> {
        let (update, schema) = (self.update, &self.table.schema);
        let cells = update.keys.iter().chain(&update.sets).chain(&update.expects).map(|cell| &cell.column);
        let columns: BTreeSet<_> = cells.chain(&update.version).collect();
        let table = table_name::<DB>(&update.table);
        let has_type = |name| DB::has_type(&table, &column::<DB>(name), schema.column(name)?.type_id.as_ref()?);
        let same: Vec<String> = columns.into_iter().filter_map(has_type).collect();
        (!same.is_empty()).then(|| same.join(" AND "))
    }

    fn overwrite<DB: RowDialect>(&self) -> String {
        let set = |cell: &Cell| format!("{0} = excluded.{0}", column::<DB>(&cell.column));
        let sets: Vec<String> = self.update.sets.iter().map(set).chain(counted::<DB>(self.update)).collect();
        let countable = self.countable::<DB>().map_or_else(String::new, |condition| format!(" WHERE {condition}"));
        format!("UPDATE SET {}{countable}", sets.join(", "))
    }

    /// One more fits the version's column: beyond it the statement would fail, and with it a caller's transaction, or go on
    /// with a floating-point number.
    pub(crate) fn countable<DB: RowDialect>(&self) -> Option<String> {
        let version = self.update.version.as_ref().filter(|_| self.update.kind != RowUpdateKind::Delete)?;
        let max = self.table.schema.column(version)?.max?;
        Some(format!("coalesce(t.{}, 0) < {max}", column::<DB>(version)))
    }

    /// The row of table `alias` has the keys.
    pub(crate) fn named<DB: RowDialect>(&mut self, alias: &str) -> String {
        let equal = |(at, cell): (usize, &Cell)| {
            let type_name = self.table.type_of(cell);
            let compared = DB::compared(self.params.number(Slot::Key(at)), cell, type_name);
            format!("{} = {compared}", DB::comparable(&format!("{alias}.{}", column::<DB>(&cell.column)), type_name))
        };
        self.update.keys.iter().enumerate().map(equal).collect::<Vec<_>>().join(" AND ")
    }

    fn expectation<DB: RowDialect>(&mut self, at: usize, cell: &Cell) -> String {
        // Not every type has an equality.
        if cell.value == Value::Null {
            return format!("t.{} IS NULL", column::<DB>(&cell.column));
        }
        let type_name = self.table.type_of(cell);
        let compared = DB::compared(self.params.number(Slot::Expect(at)), cell, type_name);
        format!("{} {} {compared}", DB::comparable(&format!("t.{}", column::<DB>(&cell.column)), type_name), DB::SAME)
    }
}

/// Binds what a statement's parameters stand for.
pub(crate) fn bind<DB: RowDialect>(
    template: &Template,
    update: &RowUpdate,
    table: &DescribedTable,
    locks: Locks,
) -> Binder<DB> {
    let mut binder = Binder::new();
    let key = update.key.as_ref();
    for &slot in &template.slots {
        match slot {
            Slot::Key(at) | Slot::Set(at) | Slot::Expect(at) => {
                let list = match slot {
                    Slot::Key(_) => &update.keys,
                    Slot::Set(_) => &update.sets,
                    _ => &update.expects,
                };
                debug_assert!(at < list.len(), "a template is for updates of its shape");
                if let Some(cell) = list.get(at) {
                    DB::bind_cell(&mut binder, cell, table.type_of(cell));
                }
            }
            Slot::Expected => binder.add(update.expected),
            Slot::Planned => binder.add(update.planned()),
            Slot::Hash => binder.add(key.map(|key| &key.hash.0[..])),
            Slot::Scope => binder.add(key.map(|key| key.key.scope())),
            Slot::Target => binder.add(update.table.as_str()),
            Slot::Fingerprint => binder.add(key.map(|key| &key.fingerprint.0[..])),
            Slot::Retention => binder.add(key.map(|key| key.retention)),
            Slot::Wait => {
                if let Some(wait) = DB::bound(locks.wait) {
                    binder.add(&wait);
                }
            }
            Slot::Until => binder.add(locks.until),
            Slot::FenceHash => binder.add(update.fence.as_ref().map(|by| &by.hash.0[..])),
            Slot::FenceEpoch => binder.add(update.fence.as_ref().map(|by| by.epoch.0)),
        }
    }
    binder
}

/// That all of these are so.
fn all(conditions: [Option<String>; 2]) -> String {
    let conditions: Vec<_> = conditions.into_iter().flatten().filter(|condition| condition != "true").collect();
    if conditions.is_empty() { "true".to_owned() } else { conditions.join(" AND ") }
}

/// An expression as a 64-bit number.
fn int(expression: &str) -> String {
    format!("CAST({expression} AS bigint)")
}

fn counted<DB: RowDialect>(update: &RowUpdate) -> Option<String> {
    let version = column::<DB>(update.version.as_ref()?);
    Some(format!("{version} = coalesce(t.{version}, 0) + 1"))
}

pub(crate) fn column<DB: RowDialect>(name: &Identifier) -> String {
    DB::quote(name.as_str())
}

pub(crate) fn table_name<DB: RowDialect>(table: &TableName) -> String {
    let bare = DB::quote(table.bare());
    table.schema().map_or(bare.clone(), |schema| format!("{}.{bare}", DB::quote(schema)))
}

fn join<T>(items: &[T], text: impl Fn(&T) -> String, between: &str) -> String {
    items.iter().map(text).collect::<Vec<_>>().join(between)
}
