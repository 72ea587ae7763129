//! Lists as parts of a write.

use super::lists::RowList;
use super::part::{Form, LockName, Part, PartKind, Reported, Write};
use super::rows::{AccountWrite, EntryWrite, HoldWrite, MachineWrite, MessageWrite, TallyWrite, TransitionWrite};
use super::text::PartText;
use crate::clock::Timestamp;
use crate::store::binder::Binder;
use crate::store::columns::{Column, ListRows};
use crate::store::dialect::Dialect;
use crate::store::list::List;

/// How a database writes the rows of a list.
pub trait WriteRows<R: RowList>: Dialect {
    /// The columns that are bound in this form.
    fn columns(_form: Form) -> &'static [Column<R>] {
        R::COLUMNS
    }

    /// What the list adds to a statement of this form, for rows of this shape.
    fn text(list: &List<'_, Self, R>, form: Form, shape: u16) -> PartText;

    /// Binds what the text has parameters for after those of the list.
    fn bind_more(_rows: &[R], _now: Option<Timestamp>, _binder: &mut Binder<Self>) {}

    /// Binds what the statement that reads its result has parameters for.
    fn bind_result(_rows: &[R], _binder: &mut Binder<Self>) {}
}

/// A database that writes all lists.
pub trait WriteLists:
    WriteRows<TallyWrite>
    + WriteRows<MachineWrite>
    + WriteRows<AccountWrite>
    + WriteRows<HoldWrite>
    + WriteRows<TransitionWrite>
    + WriteRows<EntryWrite>
    + WriteRows<MessageWrite>
{
}

impl<DB> WriteLists for DB where
    DB: WriteRows<TallyWrite>
        + WriteRows<MachineWrite>
        + WriteRows<AccountWrite>
        + WriteRows<HoldWrite>
        + WriteRows<TransitionWrite>
        + WriteRows<EntryWrite>
        + WriteRows<MessageWrite>
{
}

impl<DB: WriteRows<R>, R: RowList> Part<DB> for Vec<R> {
    fn kind(&self) -> PartKind {
        kind::<DB, R>()
    }

    fn is_empty(&self) -> bool {
        self.is_empty()
    }

    fn shape(&self) -> u16 {
        R::shape(self)
    }

    fn bind(&self, form: Form, now: Option<Timestamp>, binder: &mut Binder<DB>) {
        let columns = DB::columns(form);
        let shape = R::shape(self);
        if let Some(row) = self.first().filter(|_| form.single && R::SINGLE) {
            binder.add_row(columns, shape, row);
        } else {
            let order = R::order(self);
            binder.add_list(&ListRows { columns, shape, rows: self, order: order.as_deref() });
        }
        DB::bind_more(self, now, binder);
    }

    fn bind_result(&self, binder: &mut Binder<DB>) {
        DB::bind_result(self, binder);
    }

    fn missed(&self, reported: Reported) -> Vec<LockName> {
        R::missed(self, reported)
    }
}

fn kind<DB: WriteRows<R>, R: RowList>() -> PartKind {
    PartKind {
        name: R::NAME,
        place: R::PLACE,
        text: |form, shape| DB::text(&List::new(DB::columns(form), shape), form, shape),
        #[cfg(test)]
        shapes: R::SHAPES,
    }
}

/// The kinds of all lists.
#[cfg(test)]
pub(in crate::store) fn kinds<DB: WriteLists>() -> [PartKind; 7] {
    [
        kind::<DB, TallyWrite>(),
        kind::<DB, MachineWrite>(),
        kind::<DB, AccountWrite>(),
        kind::<DB, HoldWrite>(),
        kind::<DB, TransitionWrite>(),
        kind::<DB, EntryWrite>(),
        kind::<DB, MessageWrite>(),
    ]
}

/// The lists, in the order of their places.
fn lists<DB: WriteLists>(write: &Write<DB>) -> [&dyn Part<DB>; 7] {
    [
        &write.tallies,
        &write.machines,
        &write.accounts,
        &write.holds,
        &write.transitions,
        &write.entries,
        &write.messages,
    ]
}

/// How many parts have rows.
pub(crate) fn part_count<DB: WriteLists>(write: &Write<DB>) -> usize {
    let more = write.parts.iter().filter(|part| !part.is_empty()).count();
    lists(write).iter().filter(|part| !part.is_empty()).count() + more
}

/// The parts that have rows, in the order of their places.
pub(crate) fn parts<DB: WriteLists>(write: &Write<DB>) -> Vec<&dyn Part<DB>> {
    let mut parts = Vec::with_capacity(part_count(write));
    parts.extend(lists(write).into_iter().filter(|part| !part.is_empty()));
    if !write.parts.is_empty() {
        parts.extend(write.parts.iter().map(|part| &**part).filter(|part| !part.is_empty()));
        // Two of one place have one order, too, whichever a group needs first.
        parts.sort_by_key(|part| (part.kind().place, part.kind().name));
    }
    debug_assert!(parts.is_sorted_by_key(|part| part.kind().place), "locks are taken in one order");
    parts
}
