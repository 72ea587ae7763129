//! An update as it was asked, and whether it can be one.

use std::borrow::Cow;
use std::time::Duration;

use crate::error::Error;
use crate::error::UpdateProblem;
use crate::fingerprint::Fingerprint;
use crate::key::Key;
use crate::model::claim::fence::Fence;
use crate::model::row::identifier::{Identifier, TableName};
use crate::model::row::row_update::{Cell, RowUpdate, RowUpdateKind, UpdateKey};
use crate::namespace::UPDATE;
use crate::value::Value;

/// What was asked.
#[derive(Debug, Clone)]
pub(crate) struct Request {
    table: String,
    write: Write,
    pub(crate) keys: Vec<(String, Value)>,
    pub(crate) sets: Vec<(String, Value)>,
    pub(crate) expects: Vec<(String, Value)>,
    /// The version column, if the table has one.
    pub(crate) version: Option<String>,
    pub(crate) expected: Expected,
    pub(crate) once: Option<Key>,
    pub(crate) retention: Duration,
    pub(crate) fence: Option<Fence>,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Write {
    Update,
    Upsert,
    Delete,
}

/// What the row must be like, apart from its columns.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Expected {
    Anything,
    Absent,
    Version(i64),
}

impl Request {
    pub(crate) fn new(write: Write, table: String) -> Self {
        Self {
            table,
            write,
            keys: Vec::new(),
            sets: Vec::new(),
            expects: Vec::new(),
            version: Some("version".to_owned()),
            expected: Expected::Anything,
            once: None,
            retention: Duration::from_hours(24),
            fence: None,
        }
    }

    /// The update with its names checked and its key hashed.
    pub(crate) fn into_row(self) -> Result<RowUpdate, Error> {
        let table = self.table.clone();
        self.row().map_err(|problem| Error::Update { table, problem })
    }

    fn row(self) -> Result<RowUpdate, UpdateProblem> {
        let table = TableName::new(self.table)?;
        let version = self.version.map(Identifier::new).transpose()?;
        let (kind, expected) = match (self.write, self.expected) {
            (_, Expected::Version(_)) if version.is_none() => return Err(UpdateProblem::Unversioned),
            (Write::Delete, Expected::Version(expected)) => (RowUpdateKind::Delete, Some(expected)),
            (_, Expected::Version(expected)) => (RowUpdateKind::Update, Some(expected)),
            (_, Expected::Absent) => (RowUpdateKind::Insert, None),
            (Write::Upsert, Expected::Anything) => (RowUpdateKind::Upsert, None),
            (Write::Update | Write::Delete, Expected::Anything) if self.expects.is_empty() => {
                return Err(UpdateProblem::NoExpectation);
            }
            (Write::Update, Expected::Anything) => (RowUpdateKind::Update, None),
            (Write::Delete, Expected::Anything) => (RowUpdateKind::Delete, None),
        };
        let (keys, sets, expects) = (cells(self.keys)?, cells(self.sets)?, cells(self.expects)?);
        if keys.is_empty() {
            return Err(UpdateProblem::NoKey);
        }
        if sets.is_empty() && kind != RowUpdateKind::Delete {
            return Err(UpdateProblem::NoSet);
        }
        if let Some(null) = keys.iter().find(|cell| cell.value == Value::Null) {
            return Err(UpdateProblem::NullKey { column: null.column.as_str().to_owned() });
        }
        let all = || keys.iter().chain(&sets).chain(&expects);
        if let Some(counted) = all().find(|cell| Some(&cell.column) == version.as_ref()) {
            return Err(UpdateProblem::VersionColumn { column: counted.column.as_str().to_owned() });
        }
        if let Some(twice) = sets.iter().find(|set| keys.iter().any(|key| key.column == set.column)) {
            return Err(UpdateProblem::Twice { column: twice.column.as_str().to_owned() });
        }
        let expected = expected.filter(|_| !seeded_bug!("blind-update"));
        let mut row = RowUpdate { table, kind, keys, sets, expects, version, expected, key: None, fence: self.fence };
        row.key = self.once.filter(|_| !seeded_bug!("once-forgotten")).map(|key| UpdateKey {
            hash: key.hash_in(UPDATE),
            key,
            fingerprint: fingerprint(&row),
            retention: i64::try_from(self.retention.as_micros()).unwrap_or(i64::MAX / 2).min(i64::MAX / 2),
        });
        Ok(row)
    }
}

/// Checked and in one order, so that equal updates have equal statements.
fn cells(given: Vec<(String, Value)>) -> Result<Vec<Cell>, UpdateProblem> {
    let mut cells = Vec::with_capacity(given.len());
    for (column, value) in given {
        if matches!(value, Value::Float(number) if number.is_nan()) {
            return Err(UpdateProblem::NotANumber { column });
        }
        cells.push(Cell { column: Identifier::new(column)?, value });
    }
    cells.sort_by(|one, other| one.column.cmp(&other.column));
    let pairs = cells.iter().zip(cells.iter().skip(1));
    match pairs.into_iter().find(|(one, other)| one.column == other.column) {
        Some((one, _)) => Err(UpdateProblem::Twice { column: one.column.as_str().to_owned() }),
        None => Ok(cells),
    }
}

/// Everything that is asked, so that nothing else goes by the same key.
fn fingerprint(row: &RowUpdate) -> Fingerprint {
    let write = match row.kind {
        RowUpdateKind::Update => "update",
        RowUpdateKind::Upsert => "upsert",
        RowUpdateKind::Insert => "insert",
        RowUpdateKind::Delete => "delete",
    };
    let mut parts: Vec<Cow<'_, [u8]>> = Vec::with_capacity(24);
    for cells in [&row.keys, &row.sets, &row.expects] {
        parts.push((cells.len() as u64).to_le_bytes().to_vec().into());
        for cell in cells {
            parts.push(cell.column.as_str().as_bytes().into());
            parts.push(cell.value.kind().as_bytes().into());
            parts.push(told(&cell.value));
        }
    }
    parts.push(row.version.as_ref().map_or("", Identifier::as_str).as_bytes().into());
    parts.extend(row.expected.map(|expected| expected.to_le_bytes().to_vec().into()));
    Fingerprint::of_parts(write, row.table.as_str(), parts)
}

/// A value, so that no two of one kind read alike.
fn told(value: &Value) -> Cow<'_, [u8]> {
    match value {
        Value::Null => [].as_slice().into(),
        Value::Bool(truth) => vec![u8::from(*truth)].into(),
        Value::Int(number) => number.to_le_bytes().to_vec().into(),
        Value::Float(number) => number.to_bits().to_le_bytes().to_vec().into(),
        Value::Text(text) => text.as_bytes().into(),
        Value::Bytes(bytes) => bytes.into(),
        Value::Timestamp(at) => at.as_micros().to_le_bytes().to_vec().into(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::clock::Timestamp;

    fn request() -> Request {
        let mut request = Request::new(Write::Update, "orders".to_owned());
        request.keys.push(("id".to_owned(), 1.into()));
        request.sets.push(("status".to_owned(), "paid".into()));
        request.expected = Expected::Version(3);
        request
    }

    fn of(change: impl FnOnce(&mut Request)) -> [u8; Fingerprint::BYTES] {
        let mut request = request();
        change(&mut request);
        fingerprint(&request.row().expect("fit")).0
    }

    #[test]
    fn update_fingerprint_covers_whole_request() {
        let base = of(|_| {});
        let others: [fn(&mut Request); 11] = [
            |it| it.table = "order".to_owned(),
            |it| it.write = Write::Upsert,
            |it| it.keys[0].1 = 2.into(),
            |it| it.keys[0].0 = "number".to_owned(),
            |it| it.keys.push(("tenant".to_owned(), "a".into())),
            |it| it.sets[0].1 = "void".into(),
            |it| it.sets.push(("note".to_owned(), Value::Null)),
            |it| it.expects.push(("status".to_owned(), "new".into())),
            |it| it.expected = Expected::Version(4),
            |it| it.expected = Expected::Absent,
            |it| it.version = Some("rev".to_owned()),
        ];
        for (at, other) in others.into_iter().enumerate() {
            // An upsert that expects a version is an update.
            assert_eq!(of(other) == base, at == 1, "change {at}");
        }
    }

    #[test]
    fn update_fingerprint_distinguishes_every_value() {
        let values: [Value; 11] = [
            Value::Null,
            true.into(),
            1.into(),
            1.0.into(),
            "1".into(),
            "null".into(),
            "".into(),
            vec![1_u8].into(),
            "01".into(),
            Timestamp::from_micros(1).into(),
            "1970-01-01T00:00:00.000001Z".into(),
        ];
        for (at, one) in values.iter().enumerate() {
            for other in &values[at + 1..] {
                assert_ne!((one.kind(), told(one)), (other.kind(), told(other)), "{one:?} {other:?}");
            }
        }
    }

    #[test]
    fn update_fingerprint_ignores_order_of_columns() {
        let two = |it: &mut Request| it.sets.push(("note".to_owned(), Value::Null));
        let turned = of(|it| {
            two(it);
            it.sets.reverse();
        });
        assert_eq!(of(two), turned);
    }

    #[test]
    fn invalid_update_request_is_refused() {
        let problem = |change: fn(&mut Request)| {
            let mut request = request();
            change(&mut request);
            request.row().expect_err("unfit")
        };
        let column = |name: &str| name.to_owned();
        assert_eq!(problem(|it| it.keys.clear()), UpdateProblem::NoKey);
        assert_eq!(problem(|it| it.sets.clear()), UpdateProblem::NoSet);
        assert_eq!(problem(|it| it.expected = Expected::Anything), UpdateProblem::NoExpectation);
        assert_eq!(problem(|it| it.version = None), UpdateProblem::Unversioned);
        assert_eq!(problem(|it| it.keys[0].1 = Value::Null), UpdateProblem::NullKey { column: column("id") });
        assert_eq!(
            problem(|it| it.sets[0].1 = f64::NAN.into()),
            UpdateProblem::NotANumber { column: column("status") }
        );
        assert_eq!(problem(|it| it.sets.extend(it.sets.clone())), UpdateProblem::Twice { column: column("status") });
        assert_eq!(problem(|it| it.sets[0].0 = "id".to_owned()), UpdateProblem::Twice { column: column("id") });
        assert_eq!(
            problem(|it| it.sets[0].0 = "version".to_owned()),
            UpdateProblem::VersionColumn { column: column("version") }
        );
        assert_eq!(problem(|it| it.table = "a;b".to_owned()), UpdateProblem::Name { name: column("a;b") });
    }
}
