//! The parts of a write, as common table expressions of one statement.
//!
//! Each writes only if what is before it holds: `{gate}` is the name of a row whose `ok` says so. Machines and accounts are
//! locked through `LATERAL … LIMIT 1` and written through `ON CONFLICT`, both of which use the primary key whatever the
//! planner's statistics say, and take the locks in the order of the rows that are bound.
//!
//! What can only be found while writing (a known key, a bound, one lost start among many) becomes NULL in a column that
//! refuses it: the statement raises, and everything rolls back.

use sqlx::Postgres;

use super::list::List;
use crate::clock::Timestamp;
use crate::model::ledger::tally::FAR;
use crate::store::binder::Binder;
use crate::store::write::list_part::WriteRows;
use crate::store::write::lists::{OF_TALLIES, STARTS, TALLIED, next_seq, numbers, seq, tails};
use crate::store::write::part::Form;
use crate::store::write::rows::{
    AccountWrite, EntryWrite, HoldWrite, MachineWrite, MessageWrite, TallyWrite, TransitionWrite,
};
use crate::store::write::text::{Missed, PartText, StepText};

/// They are not locked: they stay tallies, and far from the edge of 64 bits for longer than a write takes.
impl WriteRows<TallyWrite> for Postgres {
    fn text(list: &List<'_, TallyWrite>, _form: Form, _shape: u16) -> PartText {
        let rows = list.table("t");
        let text = format!(
            "tallies_checked AS MATERIALIZED (
                SELECT (SELECT ok FROM {{gate}})
                    AND bool_and(coalesce(a.tally AND a.balance BETWEEN -{FAR} AND {FAR}, false)
                        AND a.unit IS NOT DISTINCT FROM t.unit) AS ok
                FROM {rows}
                LEFT JOIN LATERAL (SELECT tally, unit, balance FROM {{accounts}} WHERE account = t.name LIMIT 1) a ON true)"
        );
        PartText { lock: Some(StepText::gate(text, "tallies_checked")), ..PartText::default() }
    }
}

impl WriteRows<MachineWrite> for Postgres {
    fn text(list: &List<'_, MachineWrite>, form: Form, shape: u16) -> PartText {
        match (form.single, shape & STARTS != 0) {
            (false, _) => machine_list(list, form),
            (true, true) => {
                let lock = Some(StepText::gate(single_start(list), "machines_written"));
                PartText { lock, undo: vec![MACHINES_OPENED], ..PartText::default() }
            }
            // In a lent transaction it was locked before, and is written after what may be lost.
            (true, false) => {
                let step = Some(StepText::gate(single_move(list), "machines_written"));
                let (lock, write) = if form.own { (step, None) } else { (None, step) };
                PartText { lock, write, ..PartText::default() }
            }
        }
    }
}

/// The machines that are started, if the write is lost in a lent transaction.
const MACHINES_OPENED: (&str, &str) = ("machines", "machines_opened");

/// Alone a machine is locked by writing it.
fn single_start(list: &List<'_, MachineWrite>) -> String {
    let (stored, values, expected) =
        (list.stored(), list.stored_as(|column| list.value(column)), list.value("expected"));
    format!(
        "machines_opened AS (
            INSERT INTO {{machines}} ({stored})
            SELECT {values} WHERE {expected} = 0 AND (SELECT ok FROM {{gate}})
            ON CONFLICT (machine, id) DO NOTHING
            RETURNING ctid),
        machines_written AS MATERIALIZED (SELECT count(*) = 1 AS ok FROM machines_opened)"
    )
}

fn single_move(list: &List<'_, MachineWrite>) -> String {
    let (sets, machine, id) = (list.sets(|column| list.value(column)), list.value("machine"), list.value("id"));
    let expected = list.value("expected");
    format!(
        "machines_updated AS (
            UPDATE {{machines}} SET {sets}
            WHERE machine = {machine} AND id = {id} AND version = {expected} AND (SELECT ok FROM {{gate}})
            RETURNING 1),
        machines_written AS MATERIALIZED (SELECT count(*) = 1 AS ok FROM machines_updated)"
    )
}

/// All are locked and compared before anything is written: what is missed leaves nothing to undo. That the count of what was
/// updated is asked for, and is never below 0, puts the updates before what is written after this gate.
fn machine_list(list: &List<'_, MachineWrite>, form: Form) -> PartText {
    let (rows, stored) = (list.placed_table("w"), list.stored());
    let sets = list.sets_excluded();
    let skip = if form.skip { "SKIP LOCKED" } else { "" };
    let lock = format!(
        "machines_locked AS MATERIALIZED (
            SELECT w.*, m.version AS found
            FROM {rows}
            LEFT JOIN LATERAL (
                SELECT version FROM {{machines}} WHERE machine = w.machine AND id = w.id LIMIT 1 FOR NO KEY UPDATE {skip}
            ) m ON true
            WHERE (SELECT ok FROM {{gate}})),
        machines_checked AS MATERIALIZED (
            SELECT (SELECT ok FROM {{gate}}) AND coalesce(bool_and(coalesce(found, 0) = expected), true) AS ok
            FROM machines_locked)"
    );
    // In a lent transaction what is started is undone if the write is lost, so it is started where it would be locked.
    let (checked, opened, lost_start) = if form.own {
        ("{gate}", "all_machines_opened", "")
    } else {
        ("machines_checked", "{gate}", "ON CONFLICT (machine, id) DO NOTHING")
    };
    let open = format!(
        "machines_opened AS (
            INSERT INTO {{machines}} ({stored})
            SELECT {stored} FROM machines_locked WHERE expected = 0 AND (SELECT ok FROM {checked})
            {lost_start}
            RETURNING ctid),
        all_machines_opened AS MATERIALIZED (
            SELECT g.ok AND (SELECT count(*) FROM machines_opened)
                = (SELECT count(*) FROM machines_locked WHERE expected = 0) AS ok FROM {checked} g)"
    );
    let update = format!(
        "machines_updated AS (
            INSERT INTO {{machines}} ({stored})
            SELECT {stored} FROM machines_locked WHERE expected > 0 AND (SELECT ok FROM {opened})
            ON CONFLICT (machine, id) DO UPDATE SET {sets}
            RETURNING 1),
        machines_written AS MATERIALIZED (
            SELECT ok AND (SELECT count(*) FROM machines_updated) >= 0 AS ok FROM {opened})"
    );
    let (lock, gate, write) = if form.own {
        (lock, "machines_checked", format!("{open},\n        {update}"))
    } else {
        (format!("{lock},\n        {open}"), "all_machines_opened", update)
    };
    PartText {
        lock: Some(StepText::gate(lock, gate)),
        write: Some(StepText::gate(write, "machines_written")),
        missed: form
            .skip
            .then_some(Missed::Places("ARRAY(SELECT place FROM machines_locked WHERE coalesce(found, 0) <> expected)")),
        undo: vec![MACHINES_OPENED],
        ..PartText::default()
    }
}

/// Locks accounts and works out what becomes of them. A balance beyond its bounds is NULL, which the column refuses;
/// beyond 64 bits the sum itself is an error. Accounts that are there and were skipped are someone else's at the moment.
impl WriteRows<AccountWrite> for Postgres {
    fn text(list: &List<'_, AccountWrite>, form: Form, shape: u16) -> PartText {
        let rows = list.placed_table("d");
        let kind = if shape & TALLIED == 0 {
            "NOT coalesce(a.tally OR a.closed_at IS NOT NULL, false)"
        } else {
            "a.closed_at IS NULL AND coalesce(a.tally, false) = (d.tallied IS NOT NULL)
                        AND coalesce(a.balance = d.tallied, true)"
        };
        let skip = if form.skip { "SKIP LOCKED" } else { "" };
        let mut lock = format!(
            "accounts_locked AS MATERIALIZED (
                SELECT d.place, d.name, a.account IS NOT NULL AS found, coalesce(a.seq, 0) + d.entries AS seq,
                    coalesce(a.held, 0) + d.reserved AS held,
                    CASE WHEN d.entries > 0 THEN greatest(a.at, (SELECT now FROM begun)) ELSE coalesce(a.at, 0) END AS at,
                    CASE WHEN {kind} AND a.unit IS NOT DISTINCT FROM d.unit
                        AND coalesce(a.seq, 0) = coalesce(d.expected, a.seq, 0)
                        AND coalesce(a.balance - a.held, 0) + d.lowest
                            >= coalesce(a.floor, a.balance - a.held + d.lowest, d.lowest)
                        AND coalesce(a.balance, 0) + d.highest <= coalesce(a.ceiling, a.balance + d.highest, d.highest)
                        THEN coalesce(a.balance, 0) + d.delta END AS balance
                FROM {rows}
                LEFT JOIN LATERAL (
                    SELECT * FROM {{accounts}} WHERE account = d.name LIMIT 1 FOR NO KEY UPDATE {skip}
                ) a ON true
                WHERE (SELECT ok FROM {{gate}})),
            accounts_planned AS MATERIALIZED (
                SELECT array_agg(balance) AS balances, array_agg(seq) AS seqs, array_agg(at) AS ats
                FROM (SELECT * FROM accounts_locked ORDER BY place) l)"
        );
        if form.skip {
            lock.push_str(
                ",
            accounts_busy AS MATERIALIZED (
                SELECT l.name FROM accounts_locked l
                CROSS JOIN LATERAL (SELECT 1 FROM {accounts} WHERE account = l.name LIMIT 1) there
                WHERE NOT l.found),
            accounts_obtained AS MATERIALIZED (
                SELECT (SELECT ok FROM {gate}) AND NOT EXISTS (SELECT 1 FROM accounts_busy) AS ok)",
            );
        }
        let write = "accounts_opened AS (
                INSERT INTO {accounts} (account, balance, seq, held, at)
                SELECT name, balance, seq, held, at FROM accounts_locked WHERE NOT found AND (SELECT ok FROM {gate})
                RETURNING 1),
            accounts_updated AS (
                INSERT INTO {accounts} (account, balance, seq, held, at)
                SELECT name, balance, seq, held, at FROM accounts_locked WHERE found AND (SELECT ok FROM {gate})
                ON CONFLICT (account) DO UPDATE SET balance = excluded.balance, seq = excluded.seq, held = excluded.held,
                    at = excluded.at
                RETURNING 1),
            accounts_written AS MATERIALIZED (
                SELECT ok AND (SELECT count(*) FROM accounts_opened) >= 0 AND (SELECT count(*) FROM accounts_updated) >= 0 AS ok
                FROM {gate})";
        PartText {
            lock: Some(if form.skip { StepText::gate(lock, "accounts_obtained") } else { StepText::open(lock) }),
            write: Some(StepText::gate(write, "accounts_written")),
            missed: form.skip.then_some(Missed::Names("ARRAY(SELECT name FROM accounts_busy)")),
            accounts: Some("accounts_planned"),
            ..PartText::default()
        }
    }
}

/// What remains of a hold that is not what was decided on becomes NULL, which the column refuses.
impl WriteRows<HoldWrite> for Postgres {
    fn text(list: &List<'_, HoldWrite>, _form: Form, _shape: u16) -> PartText {
        let (rows, stored) = (list.table("w"), list.stored());
        let text = format!(
            "holds_locked AS MATERIALIZED (
                SELECT w.*, CASE WHEN h.remaining IS NOT DISTINCT FROM w.expected THEN w.remaining END AS rest
                FROM {rows}
                LEFT JOIN LATERAL (SELECT remaining FROM {{holds}} WHERE hold = w.hold LIMIT 1 FOR NO KEY UPDATE) h ON true
                WHERE (SELECT ok FROM {{gate}})),
            holds_opened AS (
                INSERT INTO {{holds}} ({stored}, remaining)
                SELECT {stored}, rest FROM holds_locked WHERE expected IS NULL),
            holds_updated AS (
                INSERT INTO {{holds}} ({stored}, remaining)
                SELECT {stored}, rest FROM holds_locked WHERE expected IS NOT NULL
                ON CONFLICT (hold) DO UPDATE SET remaining = excluded.remaining)"
        );
        PartText::write(text)
    }
}

/// The names of the steps that add rows which may have keys.
struct Added {
    table: &'static str,
    rows: &'static str,
    all: &'static str,
}

impl Added {
    /// In a transaction of its own a key that is there raises. In a lent one such a row is left out, and the gate is whether all
    /// were added: they are, before others are changed, so that nothing but these is to be taken back. `rows` has the gate in it
    /// and gives what is added, as many as `count`.
    fn text(self, form: Form, rows: &str, count: &str) -> PartText {
        let Self { table, rows: added, all } = self;
        if form.own {
            let text = format!("{added} AS ({rows} RETURNING 1)");
            return PartText { witness: Some(added), ..PartText::write(text) };
        }
        let text = format!(
            "{added} AS ({rows} ON CONFLICT DO NOTHING RETURNING ctid),
            {all} AS MATERIALIZED (SELECT ok AND (SELECT count(*) FROM {added}) = {count} AS ok FROM {{gate}})"
        );
        PartText { claim: Some(StepText::gate(text, all)), undo: vec![(table, added)], ..PartText::default() }
    }
}

/// Transitions and aliases, in the order of their hashes.
impl WriteRows<TransitionWrite> for Postgres {
    fn text(list: &List<'_, TransitionWrite>, form: Form, _shape: u16) -> PartText {
        const ADDED: Added =
            Added { table: "transitions", rows: "transitions_written", all: "all_transitions_written" };
        let (values, count) = if form.single {
            (list.stored_as(|column| list.value(column)), "1".to_owned())
        } else {
            (format!("* FROM {}", list.unnest()), format!("cardinality({})", list.array("machine")))
        };
        let rows = format!(
            "
                INSERT INTO {{transitions}} ({}) SELECT {values} WHERE (SELECT ok FROM {{gate}})",
            list.stored()
        );
        ADDED.text(form, &rows, &count)
    }
}

/// Entries, counted back from the account as it is after the write; those of tallies bring their seq, and are in the tail until
/// it is compacted. They are bound in the order of the hashes of their keys, and inserted in it.
impl WriteRows<EntryWrite> for Postgres {
    fn text(list: &List<'_, EntryWrite>, form: Form, shape: u16) -> PartText {
        const ADDED: Added = Added { table: "entries", rows: "entries_written", all: "all_entries_written" };
        let (stored, values, rows) = (list.stored(), list.stored_of("e"), list.table("e"));
        let counted_next = || "f.seqs[e.next_place] - e.next_back".to_owned();
        let next_seq = next_seq(shape, counted_next, || "e.next_seq".to_owned());
        let seq = seq(numbers(shape), || "f.seqs[e.place] - e.back".to_owned(), || "e.seq".to_owned());
        let (source, balance, at) = if numbers(shape).0 {
            ("begun, accounts_planned f", "f.balances[e.place] - e.below", "coalesce(f.ats[e.place], begun.now)")
        } else {
            ("begun", "NULL::bigint", "begun.now")
        };
        let insert = format!(
            "
                INSERT INTO {{entries}} ({stored}, seq, balance, at, next_seq)
                SELECT {values}, {seq}, {balance}, {at}, {next_seq}
                FROM {source}, {rows}
                WHERE (SELECT ok FROM {{gate}})"
        );
        let mut text = ADDED.text(form, &insert, &format!("cardinality({})", list.array("account")));
        if shape & OF_TALLIES == 0 {
            return text;
        }
        let (step, gate) = if form.own { (&mut text.write, "{gate}") } else { (&mut text.claim, ADDED.all) };
        let columns = tails();
        let tails = List::new(&columns, 0);
        let rows = format!(
            ", tails_written AS (
                INSERT INTO {{tails}} ({})
                SELECT t.* FROM {} t WHERE (SELECT ok FROM {gate}) RETURNING ctid)",
            tails.stored(),
            tails.unnest()
        );
        if let Some(step) = step {
            step.pieces.push(rows);
        }
        if !form.own {
            text.undo.push(("tails", "tails_written"));
        }
        text
    }

    fn bind_more(rows: &[EntryWrite], _now: Option<Timestamp>, binder: &mut Binder<Self>) {
        let of_tallies = rows.iter().filter_map(|entry| Some((entry, entry.number.given()?)));
        let (tail, counted): (Vec<_>, Vec<_>) = of_tallies.partition(|(entry, _)| entry.in_tail);
        if !(tail.is_empty() && counted.is_empty()) {
            binder.add_rows(&tails(), 0, &tail);
        }
    }
}

impl WriteRows<MessageWrite> for Postgres {
    fn text(list: &List<'_, MessageWrite>, _form: Form, _shape: u16) -> PartText {
        PartText::write(format!(
            "outbox_written AS (
                INSERT INTO {{outbox}} ({}) SELECT * FROM {} WHERE (SELECT ok FROM {{gate}}))",
            list.stored(),
            list.unnest()
        ))
    }
}
