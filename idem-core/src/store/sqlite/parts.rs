//! The parts of a write, a statement each.
//!
//! What a decision rested on and is not so becomes NULL in a column that refuses it: the statement fails, and the whole write
//! is rolled back. With `WHERE true` the parser does not take ON CONFLICT for a join.

use sqlx::Sqlite;

use super::list::{List, ROWS};
use crate::clock::Timestamp;
use crate::model::ledger::tally::FAR;
use crate::store::binder::Binder;
use crate::store::columns::Column;
use crate::store::write::list_part::WriteRows;
use crate::store::write::lists::{OF_REFUSALS, SUMMED_TALLIES, TALLIED, next_seq, numbers, seq};
use crate::store::write::part::Form;
use crate::store::write::rows::{
    AccountWrite, EntryWrite, HoldWrite, MachineWrite, MessageWrite, TallyWrite, TransitionWrite,
};
use crate::store::write::text::PartText;

/// What is no tally of that unit loses its balance.
impl WriteRows<TallyWrite> for Sqlite {
    fn columns(_form: Form) -> &'static [Column<TallyWrite>] {
        SUMMED_TALLIES
    }

    fn text(list: &List<'_, TallyWrite>, _form: Form, _shape: u16) -> PartText {
        let [name, unit, delta] = ["name", "unit", "delta"].map(|column| list.item(column));
        PartText::write(format!(
            "WITH {ROWS} INSERT INTO {{accounts}} (account, balance, seq)
            SELECT {name}, CASE WHEN a.tally AND a.unit IS {unit} AND a.balance BETWEEN -{FAR} AND {FAR}
                THEN a.balance + ({delta}) END, 0
            FROM j LEFT JOIN {{accounts}} a ON a.account = {name}
            WHERE true
            ON CONFLICT (account) DO UPDATE SET balance = excluded.balance"
        ))
    }
}

/// A version that is not the expected one becomes NULL.
impl WriteRows<MachineWrite> for Sqlite {
    fn text(list: &List<'_, MachineWrite>, form: Form, _shape: u16) -> PartText {
        let value = |column: &str| if form.single { list.value(column) } else { list.item(column) };
        let [machine, id, expected, version] = ["machine", "id", "expected", "version"].map(value);
        let found = if form.single {
            format!("(SELECT version FROM {{machines}} WHERE machine = {machine} AND id = {id})")
        } else {
            "m.version".to_owned()
        };
        let values = list.stored_as(|column| match column {
            "version" => format!("CASE WHEN coalesce({found}, 0) = {expected} THEN {version} END"),
            _ => value(column),
        });
        let (rows, source) = if form.single {
            (String::new(), String::new())
        } else {
            let source = format!("FROM j LEFT JOIN {{machines}} m ON m.machine = {machine} AND m.id = {id}");
            (format!("WITH {ROWS} "), source)
        };
        PartText::write(format!(
            "{rows}INSERT INTO {{machines}} ({})
            SELECT {values} {source} WHERE true
            ON CONFLICT (machine, id) DO UPDATE SET {}",
            list.stored(),
            list.sets_excluded()
        ))
    }
}

/// A sum beyond 64 bits is a REAL, and no bound that fails leaves a balance.
impl WriteRows<AccountWrite> for Sqlite {
    fn text(list: &List<'_, AccountWrite>, _form: Form, shape: u16) -> PartText {
        let given = ["delta", "reserved", "lowest", "highest", "entries", "expected", "unit"];
        let given = given.map(|column| format!("{} AS {column}", list.item(column))).join(", ");
        let name = list.item("name");
        let other_kind = if shape & TALLIED == 0 {
            "coalesce(a.tally, 0)".to_owned()
        } else {
            let tallied = list.item("tallied");
            format!("coalesce(a.tally, 0) <> ({tallied} IS NOT NULL) OR coalesce(a.balance <> {tallied}, 0)")
        };
        let text = format!(
            "WITH {ROWS} INSERT INTO {{accounts}} (account, balance, seq, held, at)
            SELECT d.account,
                CASE WHEN typeof(available + lowest) = 'integer' AND typeof(before + highest) = 'integer'
                    AND NOT shut AND its_unit IS unit AND seq = coalesce(expected, seq)
                    AND (floor IS NULL OR available + lowest >= floor) AND (ceiling IS NULL OR before + highest <= ceiling)
                    THEN before + delta END,
                seq + entries, held + reserved, CASE WHEN entries > 0 THEN max(at, $2) ELSE at END
            FROM (
                SELECT {name} AS account, {given},
                    coalesce(a.balance, 0) AS before, coalesce(a.seq, 0) AS seq, coalesce(a.held, 0) AS held,
                    coalesce(a.balance - a.held, 0) AS available, coalesce(a.at, 0) AS at, a.floor, a.ceiling,
                    a.unit AS its_unit, {other_kind} OR a.closed_at IS NOT NULL AS shut
                FROM j LEFT JOIN {{accounts}} a ON a.account = {name}
            ) d
            WHERE true
            ON CONFLICT (account) DO UPDATE SET balance = excluded.balance, seq = excluded.seq, held = excluded.held,
                at = excluded.at"
        );
        let accounts = "SELECT json_group_array(json_array(j.key, a.balance, a.seq, a.at))
            FROM json_each($1) j CROSS JOIN {accounts} a ON a.account = j.value";
        PartText { accounts: Some(accounts), ..PartText::write(text) }
    }

    fn bind_more(_rows: &[AccountWrite], now: Option<Timestamp>, binder: &mut Binder<Self>) {
        binder.add(now);
    }

    fn bind_result(rows: &[AccountWrite], binder: &mut Binder<Self>) {
        const NAMES: [Column<AccountWrite>; 1] = [Column::text("name", |row| Some(&row.account))];
        binder.add_rows(&NAMES, 0, rows);
    }
}

/// What remains of a hold that is not what was decided on becomes NULL.
impl WriteRows<HoldWrite> for Sqlite {
    fn text(list: &List<'_, HoldWrite>, _form: Form, _shape: u16) -> PartText {
        let (stored, values) = (list.stored(), list.stored_as(|column| list.item(column)));
        let [hold, expected, remaining] = ["hold", "expected", "remaining"].map(|column| list.item(column));
        PartText::write(format!(
            "WITH {ROWS} INSERT INTO {{holds}} ({stored}, remaining)
            SELECT {values}, CASE WHEN h.remaining IS {expected} THEN {remaining} END
            FROM j LEFT JOIN {{holds}} h ON h.hold = {hold}
            WHERE true
            ON CONFLICT (hold) DO UPDATE SET remaining = excluded.remaining"
        ))
    }
}

impl WriteRows<TransitionWrite> for Sqlite {
    fn text(list: &List<'_, TransitionWrite>, form: Form, _shape: u16) -> PartText {
        let stored = list.stored();
        PartText::write(if form.single {
            format!("INSERT INTO {{transitions}} ({stored}) VALUES ({})", list.stored_as(|column| list.value(column)))
        } else {
            let values = list.stored_as(|column| list.item(column));
            format!("WITH {ROWS} INSERT INTO {{transitions}} ({stored}) SELECT {values} FROM j")
        })
    }
}

/// Counted back from the account as it is after the write; a tally's entry brings its own seq and has no balance. What is no
/// entry may be of an account that was never opened.
impl WriteRows<EntryWrite> for Sqlite {
    fn text(list: &List<'_, EntryWrite>, _form: Form, shape: u16) -> PartText {
        let (stored, values) = (list.stored(), list.stored_as(|column| list.item(column)));
        let account = list.item("account");
        let (is_counted, is_given) = numbers(shape);
        let has_refusals = shape & OF_REFUSALS != 0;
        let balance = if is_counted { format!("a.balance - ({})", list.item("below")) } else { "NULL".to_owned() };
        let at = match (is_counted, is_given || has_refusals) {
            (true, true) => format!("CASE WHEN {} IS NULL THEN $2 ELSE a.at END", list.item("back")),
            (true, false) => "a.at".to_owned(),
            (false, _) => "$2".to_owned(),
        };
        let join = if has_refusals { "LEFT JOIN" } else { "CROSS JOIN" };
        let counted_next = || {
            let (back, account) = (list.item("next_back"), list.item("next_account"));
            format!("(SELECT n.seq - ({back}) FROM {{accounts}} n WHERE n.account = {account})")
        };
        let next_seq = next_seq(shape, counted_next, || list.item("next_seq"));
        let seq = seq(numbers(shape), || format!("a.seq - ({})", list.item("back")), || list.item("seq"));
        PartText::write(format!(
            "WITH {ROWS} INSERT INTO {{entries}} ({stored}, seq, balance, at, next_seq)
            SELECT {values}, {seq}, {balance}, {at}, {next_seq}
            FROM j {join} {{accounts}} a ON a.account = {account}"
        ))
    }

    fn bind_more(rows: &[EntryWrite], now: Option<Timestamp>, binder: &mut Binder<Self>) {
        if rows.iter().any(|row| row.number.position().is_none()) {
            binder.add(now);
        }
    }
}

impl WriteRows<MessageWrite> for Sqlite {
    fn text(list: &List<'_, MessageWrite>, _form: Form, _shape: u16) -> PartText {
        let (stored, values) = (list.stored(), list.stored_as(|column| list.item(column)));
        PartText::write(format!("WITH {ROWS} INSERT INTO {{outbox}} ({stored}) SELECT {values} FROM j"))
    }
}
