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
use crate::namespace::LEDGER;
use crate::store::binder::Binder;
use crate::store::columns::Column;
use crate::store::write::list_part::{Append, WriteRows};
use crate::store::write::lists::{
    COUNTED_KEYS, GIVEN_KEYS, KEY, KEYS, OF_TALLIES, STARTS, TALLIED, key_conflict, next_seq, numbers, seq, tails,
};
use crate::store::write::part::Form;
use crate::store::write::rows::{AccountWrite, EntryWrite, HoldWrite, KeyWrite, MachineWrite, TallyWrite};
use crate::store::write::text::{Missed, PartText, StepText, Undo};

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
            (true, true) => single_start(list),
            (true, false) => single_move(list),
        }
    }
}

fn single_start(list: &List<'_, MachineWrite>) -> PartText {
    let (stored, values, expected) =
        (list.stored(), list.stored_as(|column| list.value(column)), list.value("expected"));
    let text = format!(
        "machines_opened AS (
            INSERT INTO {{machines}} ({stored})
            SELECT {values} WHERE {expected} = 0 AND (SELECT ok FROM {{gate}})
            ON CONFLICT (machine, id) DO NOTHING
            RETURNING machine, id),
        machines_written AS MATERIALIZED (SELECT count(*) = 1 AS ok FROM machines_opened)"
    );
    let lock = Some(StepText::gate(text, "machines_written"));
    PartText { lock, undo: Some(Undo::Machines), ..PartText::default() }
}

fn single_move(list: &List<'_, MachineWrite>) -> PartText {
    let (sets, machine, id) = (list.sets(|column| list.value(column)), list.value("machine"), list.value("id"));
    let expected = list.value("expected");
    let text = format!(
        "machines_updated AS (
            UPDATE {{machines}} SET {sets}
            WHERE machine = {machine} AND id = {id} AND version = {expected} AND (SELECT ok FROM {{gate}})
            RETURNING 1),
        machines_written AS MATERIALIZED (SELECT count(*) = 1 AS ok FROM machines_updated)"
    );
    PartText { lock: Some(StepText::gate(text, "machines_written")), ..PartText::default() }
}

/// All are locked and compared before anything is written: what is missed leaves nothing to undo. That the count of what was
/// updated is asked for, and is never below 0, puts the updates before what is written after this gate.
fn machine_list(list: &List<'_, MachineWrite>, form: Form) -> PartText {
    let (rows, stored) = (list.placed_table("w"), list.stored());
    let sets = list.sets_excluded();
    let skip = if form.skip { "SKIP LOCKED" } else { "" };
    let lost_start = if form.own { "" } else { "ON CONFLICT (machine, id) DO NOTHING" };
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
    let write = format!(
        "machines_opened AS (
            INSERT INTO {{machines}} ({stored})
            SELECT {stored} FROM machines_locked WHERE expected = 0 AND (SELECT ok FROM {{gate}})
            {lost_start}
            RETURNING machine, id),
        all_machines_opened AS MATERIALIZED (
            SELECT g.ok AND (SELECT count(*) FROM machines_opened)
                = (SELECT count(*) FROM machines_locked WHERE expected = 0) AS ok FROM {{gate}} g),
        machines_updated AS (
            INSERT INTO {{machines}} ({stored})
            SELECT {stored} FROM machines_locked WHERE expected > 0 AND (SELECT ok FROM all_machines_opened)
            ON CONFLICT (machine, id) DO UPDATE SET {sets}
            RETURNING 1),
        machines_written AS MATERIALIZED (
            SELECT all_machines_opened.ok AND (SELECT count(*) FROM machines_updated) >= 0 AS ok
            FROM all_machines_opened)"
    );
    PartText {
        lock: Some(StepText::gate(lock, "machines_checked")),
        write: Some(StepText::gate(write, "machines_written")),
        missed: form
            .skip
            .then_some(Missed::Places("ARRAY(SELECT place FROM machines_locked WHERE coalesce(found, 0) <> expected)")),
        undo: Some(Undo::Machines),
        ..PartText::default()
    }
}

/// Locks accounts and works out what becomes of them. A balance beyond its bounds is NULL, which the column refuses;
/// beyond 64 bits the sum itself is an error. Accounts that are there and were skipped are someone else's at the moment.
impl WriteRows<AccountWrite> for Postgres {
    fn text(list: &List<'_, AccountWrite>, form: Form, shape: u16) -> PartText {
        let rows = list.table("d");
        let kind = if shape & TALLIED == 0 {
            "NOT coalesce(a.tally OR a.closed_at IS NOT NULL, false)"
        } else {
            "a.closed_at IS NULL AND coalesce(a.tally, false) = (d.tallied IS NOT NULL)
                        AND coalesce(a.balance = d.tallied, true)"
        };
        let skip = if form.skip { "SKIP LOCKED" } else { "" };
        let mut lock = format!(
            "accounts_locked AS MATERIALIZED (
                SELECT d.name, a.account IS NOT NULL AS found, coalesce(a.seq, 0) + d.entries AS seq,
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
                WHERE (SELECT ok FROM {{gate}}))"
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
                RETURNING account, balance, seq, at),
            accounts_updated AS (
                INSERT INTO {accounts} (account, balance, seq, held, at)
                SELECT name, balance, seq, held, at FROM accounts_locked WHERE found AND (SELECT ok FROM {gate})
                ON CONFLICT (account) DO UPDATE SET balance = excluded.balance, seq = excluded.seq, held = excluded.held,
                    at = excluded.at
                RETURNING account, balance, seq, at),
            accounts_written AS MATERIALIZED (
                SELECT (SELECT ok FROM {gate}) AS ok, array_agg(balance ORDER BY account) AS balances,
                    array_agg(seq ORDER BY account) AS seqs, array_agg(at ORDER BY account) AS ats
                FROM (SELECT * FROM accounts_updated UNION ALL SELECT * FROM accounts_opened) a)";
        PartText {
            lock: Some(if form.skip { StepText::gate(lock, "accounts_obtained") } else { StepText::open(lock) }),
            write: Some(StepText::gate(write, "accounts_written")),
            missed: form.skip.then_some(Missed::Names("ARRAY(SELECT name FROM accounts_busy)")),
            accounts: Some("accounts_written"),
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

impl WriteRows<KeyWrite> for Postgres {
    /// Claimed with the seqs that were decided.
    fn columns(form: Form) -> &'static [Column<KeyWrite>] {
        if form.own && !form.single { KEYS } else { KEY }
    }

    fn text(list: &List<'_, KeyWrite>, form: Form, shape: u16) -> PartText {
        match (form.own, form.single) {
            (false, _) => keys_claimed(list, form),
            (true, true) => {
                let (stored, values) = (list.stored(), list.stored_as(|column| list.value(column)));
                let text = format!(
                    "keys_written AS (
                    INSERT INTO {{keys}} AS k ({stored}, at)
                    SELECT {values}, begun.now FROM begun WHERE (SELECT ok FROM {{gate}})
                    {}
                    RETURNING 1)",
                    key_conflict::<Postgres>(shape),
                );
                PartText { witness: Some("keys_written"), ..PartText::write(text) }
            }
            (true, false) => key_list(list, shape),
        }
    }
}

fn key_list(list: &List<'_, KeyWrite>, shape: u16) -> PartText {
    let is_counted = shape & COUNTED_KEYS != 0;
    let counted = || "f.seqs[u.place] - u.back".to_owned();
    let seq = seq((is_counted, shape & GIVEN_KEYS != 0), counted, || "u.seq".to_owned());
    // Keys of postings alone are the ledger's, and have nothing of their own.
    let (columns, values) = match shape & GIVEN_KEYS {
        0 => (
            format!("{}, namespace, expires_at, outcome", list.stored()),
            format!("{}, '{LEDGER}', NULL::bigint, NULL::bytea", list.stored_of("u")),
        ),
        _ => (list.stored(), list.stored_of("u")),
    };
    let source = if is_counted { "begun, accounts_written f" } else { "begun" };
    let text = format!(
        "keys_written AS (
            INSERT INTO {{keys}} AS k ({columns}, seq, at)
            SELECT {values}, {seq}, begun.now
            FROM {source}, {}
            WHERE (SELECT ok FROM {{gate}})
            {}
            RETURNING 1)",
        list.table("u"),
        key_conflict::<Postgres>(shape),
    );
    PartText { witness: Some("keys_written"), ..PartText::write(text) }
}

/// In a lent transaction, which an error would abort, keys are claimed before anything is written.
fn keys_claimed(list: &List<'_, KeyWrite>, form: Form) -> PartText {
    let (stored, sets) = (list.stored(), list.sets_excluded());
    let (values, source, count) = if form.single {
        (list.stored_as(|column| list.value(column)), "begun".to_owned(), "1")
    } else {
        (list.stored_of("u"), format!("begun, {}", list.table("u")), "cardinality($1::bytea[])")
    };
    let text = format!(
        "keys_claimed AS (
            INSERT INTO {{keys}} AS k ({stored}, at)
            SELECT {values}, begun.now FROM {source}
            ON CONFLICT (hash) DO UPDATE SET {sets}, at = excluded.at
            WHERE k.expires_at <= excluded.at
            RETURNING hash),
        all_keys_claimed AS MATERIALIZED (SELECT count(*) = {count} AS ok FROM keys_claimed)"
    );
    let claim = Some(StepText::gate(text, "all_keys_claimed"));
    PartText { claim, undo: Some(Undo::Keys), ..PartText::default() }
}

/// Entries, counted back from the account as it is after the write; those of tallies bring their seq, and are in the tail until
/// it is compacted.
impl WriteRows<EntryWrite> for Postgres {
    fn text(list: &List<'_, EntryWrite>, _form: Form, shape: u16) -> PartText {
        let (stored, values, rows) = (list.stored(), list.stored_of("e"), list.table("e"));
        let counted_next = || "f.seqs[e.next_place] - e.next_back".to_owned();
        let next_seq = next_seq(shape, counted_next, || "e.next_seq".to_owned());
        let seq = seq(numbers(shape), || "f.seqs[e.place] - e.back".to_owned(), || "e.seq".to_owned());
        let (source, balance, at) = if numbers(shape).0 {
            ("begun, accounts_written f", "f.balances[e.place] - e.below", "coalesce(f.ats[e.place], begun.now)")
        } else {
            ("begun", "NULL::bigint", "begun.now")
        };
        let text = format!(
            "entries_written AS (
                INSERT INTO {{entries}} ({stored}, seq, balance, at, next_seq)
                SELECT {values}, {seq}, {balance}, {at}, {next_seq}
                FROM {source}, {rows}
                WHERE (SELECT ok FROM {{gate}}))"
        );
        if shape & OF_TALLIES == 0 {
            return PartText::write(text);
        }
        let columns = tails();
        let tails = List::new(&columns, 0);
        let rows = format!(
            ", tails_written AS (
                INSERT INTO {{tails}} ({})
                SELECT t.* FROM {} t WHERE (SELECT ok FROM {{gate}}))",
            tails.stored(),
            tails.unnest()
        );
        PartText { write: Some(StepText { pieces: vec![text, rows], gate: None }), ..PartText::default() }
    }

    fn bind_more(rows: &[EntryWrite], _now: Option<Timestamp>, binder: &mut Binder<Self>) {
        let of_tallies = rows.iter().filter_map(|entry| Some((entry, entry.number.given()?)));
        let (tail, counted): (Vec<_>, Vec<_>) = of_tallies.partition(|(entry, _)| entry.in_tail);
        if !(tail.is_empty() && counted.is_empty()) {
            binder.add_rows(&tails(), 0, &tail);
        }
    }
}

impl Append for Postgres {
    fn append<R>(list: &List<'_, R>, table: &'static str, single: bool, witness: bool) -> PartText {
        let rows =
            if single { list.stored_as(|column| list.value(column)) } else { format!("* FROM {}", list.unnest()) };
        let returning = if witness { " RETURNING 1" } else { "" };
        let text = format!(
            "{table}_written AS (
                INSERT INTO {{{table}}} ({})
                SELECT {rows} WHERE (SELECT ok FROM {{gate}}){returning})",
            list.stored()
        );
        PartText { witness: witness.then_some("transitions_written"), ..PartText::write(text) }
    }
}
