//! The part: what is written, with its SQL per database.

use std::sync::Arc;

use crate::clock::Timestamp;
use crate::store::binder::Binder;
use crate::store::columns::Column;
use crate::store::write::part::{Form, LockName, Part, PartKind, Place, Reported};
use crate::store::write::text::PartText;

/// The namespace of its names and keys.
pub(super) const TOY: &str = "@toy";

/// What is added, by name.
#[derive(Debug, Default)]
pub(super) struct Sums(Vec<(Arc<str>, i64)>);

const SUMS: [Column<(Arc<str>, i64)>; 2] =
    [Column::text("name", |row| Some(&row.0)), Column::int("amount", |row| Some(row.1))];

impl Sums {
    pub(super) fn add(&mut self, name: &Arc<str>, amount: i64) {
        match self.0.iter_mut().find(|(known, _)| known == name) {
            Some((_, sum)) => *sum += amount,
            None => self.0.push((name.clone(), amount)),
        }
        self.0.sort();
    }
}

/// What both databases have of it in common.
macro_rules! part {
    ($database:ty, $kind:ident) => {
        impl Part<$database> for Sums {
            fn kind(&self) -> PartKind {
                $kind
            }

            fn is_empty(&self) -> bool {
                self.0.is_empty()
            }

            fn bind(&self, _form: Form, _now: Option<Timestamp>, binder: &mut Binder<$database>) {
                binder.add_rows(&SUMS, 0, &self.0);
            }

            fn missed(&self, reported: Reported) -> Vec<LockName> {
                let Reported::Names(names) = reported else { return Vec::new() };
                names.into_iter().map(|name| LockName { namespace: TOY, name: name.into() }).collect()
            }
        }
    };
}

#[cfg(feature = "sqlite")]
mod on_sqlite {
    use sqlx::Sqlite;

    use super::*;

    const KIND: PartKind = PartKind { name: "sums", place: Place::Holds, text, shapes: &[0] };

    fn text(_form: Form, _shape: u16) -> PartText {
        PartText::write(
            "INSERT INTO sums (name, sum) SELECT value->>0, value->>1 FROM json_each($1) WHERE true
            ON CONFLICT (name) DO UPDATE SET sum = sum + excluded.sum"
                .to_owned(),
        )
    }

    part!(Sqlite, KIND);
}

#[cfg(feature = "postgres")]
mod on_postgres {
    use sqlx::Postgres;

    use super::*;
    use crate::store::write::text::{Missed, StepText};

    const KIND: PartKind = PartKind { name: "sums", place: Place::Holds, text, shapes: &[0] };

    fn text(form: Form, _shape: u16) -> PartText {
        let skip = if form.skip { "SKIP LOCKED" } else { "" };
        let lock = format!(
            "sums_locked AS MATERIALIZED (
                SELECT w.*, s.name IS NOT NULL AS found
                FROM unnest((SELECT $1::text[]), (SELECT $2::bigint[])) AS w (name, amount)
                LEFT JOIN LATERAL (SELECT name FROM sums WHERE name = w.name LIMIT 1 FOR NO KEY UPDATE {skip}) s ON true
                WHERE (SELECT ok FROM {{gate}})),
            sums_busy AS MATERIALIZED (
                SELECT name FROM sums_locked l WHERE NOT found AND EXISTS (SELECT 1 FROM sums WHERE name = l.name)),
            sums_obtained AS MATERIALIZED (
                SELECT (SELECT ok FROM {{gate}}) AND NOT EXISTS (SELECT 1 FROM sums_busy) AS ok)"
        );
        let write = "sums_written AS (
                INSERT INTO sums AS s (name, sum) SELECT name, amount FROM sums_locked WHERE (SELECT ok FROM {gate})
                ON CONFLICT (name) DO UPDATE SET sum = s.sum + excluded.sum)";
        PartText {
            lock: Some(StepText::gate(lock, "sums_obtained")),
            write: Some(StepText::open(write)),
            missed: form.skip.then_some(Missed::Names("ARRAY(SELECT name FROM sums_busy)")),
            ..PartText::default()
        }
    }

    part!(Postgres, KIND);
}
