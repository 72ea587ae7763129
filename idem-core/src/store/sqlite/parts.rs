//! The parts of a write, a statement each.
//!
//! What a decision rested on and is not so becomes NULL in a column that refuses it: the statement fails, and the whole write
//! is rolled back. `WHERE true` tells the parser that ON CONFLICT is no join.

use sqlx::Sqlite;

use super::list::List;
use super::part_text::PartText;
use crate::clock::Timestamp;
use crate::namespace::LEDGER;
use crate::store::binder::Binder;
use crate::store::columns::Column;
use crate::store::write::lists::{
    ACCOUNTS, ENTRIES, HOLDS, KEY, KEYS, MACHINES, MESSAGES, ODD_KEYS, OF_COUNTED, OF_POSTINGS, OF_TALLIES,
    POSTING_KEYS, SUMMED, TALLIES, TRANSITIONS, shape_of_entries, shape_of_keys,
};
use crate::store::write::part::{Form, Part, PartKind, Place};
use crate::store::write::rows::{
    AccountWrite, EntryWrite, HoldWrite, KeyWrite, MachineWrite, MessageWrite, TallyWrite, TransitionWrite,
};

type Kind = PartKind<Sqlite>;

#[cfg(test)]
pub(super) static KINDS: [&Kind; 8] =
    [&TALLY_KIND, &MACHINE_KIND, &ACCOUNT_KIND, &HOLD_KIND, &KEY_KIND, &TRANSITION_KIND, &ENTRY_KIND, &MESSAGE_KIND];

static TALLY_KIND: Kind = Kind {
    name: "tallies",
    place: Place::Unlocked,
    text: tallies,
    #[cfg(test)]
    shapes: &[0],
};

static MACHINE_KIND: Kind = Kind {
    name: "machines",
    place: Place::Machines,
    text: machines,
    #[cfg(test)]
    shapes: &[0],
};

static ACCOUNT_KIND: Kind = Kind {
    name: "accounts",
    place: Place::Accounts,
    text: accounts,
    #[cfg(test)]
    shapes: &[0],
};

static HOLD_KIND: Kind = Kind {
    name: "holds",
    place: Place::Holds,
    text: holds,
    #[cfg(test)]
    shapes: &[0],
};

static KEY_KIND: Kind = Kind {
    name: "keys",
    place: Place::Keys,
    text: keys,
    #[cfg(test)]
    shapes: &[ODD_KEYS, POSTING_KEYS, ODD_KEYS | POSTING_KEYS],
};

static TRANSITION_KIND: Kind = Kind {
    name: "transitions",
    place: Place::History,
    text: transitions,
    #[cfg(test)]
    shapes: &[0],
};

static ENTRY_KIND: Kind = Kind {
    name: "entries",
    place: Place::History,
    text: entries,
    #[cfg(test)]
    shapes: crate::store::write::lists::ENTRY_SHAPES,
};

static MESSAGE_KIND: Kind = Kind {
    name: "outbox",
    place: Place::Outbox,
    text: messages,
    #[cfg(test)]
    shapes: &[0],
};

impl Part<Sqlite> for Vec<TallyWrite> {
    fn kind(&self) -> &'static Kind {
        &TALLY_KIND
    }

    fn is_empty(&self) -> bool {
        self.is_empty()
    }

    fn bind(&self, _form: Form, _now: Option<Timestamp>, binder: &mut Binder<Sqlite>) {
        binder.add_rows(TALLIES, SUMMED, self);
    }
}

/// What is no tally of that unit loses its balance.
fn tallies(_form: Form, _shape: u16) -> PartText {
    let list = List::new(TALLIES, SUMMED);
    let [name, unit, delta] = ["name", "unit", "delta"].map(|column| list.item(column));
    PartText::new(format!(
        "WITH {} INSERT INTO {{accounts}} (account, balance, seq)
        SELECT {name}, CASE WHEN a.tally AND a.unit IS {unit} THEN a.balance + ({delta}) END, 0
        FROM j LEFT JOIN {{accounts}} a ON a.account = {name}
        WHERE true
        ON CONFLICT (account) DO UPDATE SET balance = excluded.balance",
        List::<TallyWrite>::ROWS
    ))
}

impl Part<Sqlite> for Vec<MachineWrite> {
    fn kind(&self) -> &'static Kind {
        &MACHINE_KIND
    }

    fn is_empty(&self) -> bool {
        self.is_empty()
    }

    fn bind(&self, form: Form, _now: Option<Timestamp>, binder: &mut Binder<Sqlite>) {
        match self.first().filter(|_| form.single) {
            Some(row) => binder.add_row(MACHINES, 0, row),
            None => binder.add_rows(MACHINES, 0, self),
        }
    }
}

/// A version that is not the expected one becomes NULL.
fn machines(form: Form, _shape: u16) -> PartText {
    let list = List::new(MACHINES, 0);
    let (stored, sets) = (list.stored(), list.sets(|column| format!("excluded.{column}")));
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
        (format!("WITH {} ", List::<MachineWrite>::ROWS), source)
    };
    PartText::new(format!(
        "{rows}INSERT INTO {{machines}} ({stored})
        SELECT {values} {source} WHERE true
        ON CONFLICT (machine, id) DO UPDATE SET {sets}"
    ))
}

impl Part<Sqlite> for Vec<AccountWrite> {
    fn kind(&self) -> &'static Kind {
        &ACCOUNT_KIND
    }

    fn is_empty(&self) -> bool {
        self.is_empty()
    }

    fn bind(&self, _form: Form, now: Option<Timestamp>, binder: &mut Binder<Sqlite>) {
        binder.add_rows(ACCOUNTS, 0, self);
        binder.add(now);
    }

    fn bind_result(&self, binder: &mut Binder<Sqlite>) {
        const NAMES: [Column<AccountWrite>; 1] = [Column::text("name", |row| (&row.account).into())];
        binder.add_rows(&NAMES, 0, self);
    }
}

/// A running sum beyond 64 bits is a REAL, and no bound that fails leaves a balance.
fn accounts(_form: Form, _shape: u16) -> PartText {
    let list = List::new(ACCOUNTS, 0);
    let given = ["delta", "reserved", "lowest", "highest", "entries", "expected", "unit"];
    let given = given.map(|column| format!("{} AS {column}", list.item(column))).join(", ");
    let name = list.item("name");
    let text = format!(
        "WITH {} INSERT INTO {{accounts}} (account, balance, seq, held, at)
        SELECT d.account,
            CASE WHEN typeof(available + lowest) = 'integer' AND typeof(before + highest) = 'integer'
                AND NOT shut AND its_unit IS unit AND seq = coalesce(expected, seq)
                AND (floor IS NULL OR available + lowest >= floor) AND (ceiling IS NULL OR before + highest <= ceiling)
                THEN before + delta END,
            seq + entries, held + reserved, max(at, $2)
        FROM (
            SELECT {name} AS account, {given},
                coalesce(a.balance, 0) AS before, coalesce(a.seq, 0) AS seq, coalesce(a.held, 0) AS held,
                coalesce(a.balance - a.held, 0) AS available, coalesce(a.at, 0) AS at, a.floor, a.ceiling,
                a.unit AS its_unit, coalesce(a.tally, 0) OR a.closed_at IS NOT NULL AS shut
            FROM j LEFT JOIN {{accounts}} a ON a.account = {name}
        ) d
        WHERE true
        ON CONFLICT (account) DO UPDATE SET balance = excluded.balance, seq = excluded.seq, held = excluded.held,
            at = excluded.at",
        List::<AccountWrite>::ROWS
    );
    let accounts = "SELECT json_group_array(json_array(j.key, a.balance, a.seq, a.at))
        FROM json_each($1) j CROSS JOIN {accounts} a ON a.account = j.value";
    PartText { text, accounts: Some(accounts) }
}

impl Part<Sqlite> for Vec<HoldWrite> {
    fn kind(&self) -> &'static Kind {
        &HOLD_KIND
    }

    fn is_empty(&self) -> bool {
        self.is_empty()
    }

    fn bind(&self, _form: Form, _now: Option<Timestamp>, binder: &mut Binder<Sqlite>) {
        binder.add_rows(HOLDS, 0, self);
    }
}

/// What remains of a hold that is not what was decided on becomes NULL.
fn holds(_form: Form, _shape: u16) -> PartText {
    let list = List::new(HOLDS, 0);
    let (stored, values) = (list.stored(), list.stored_as(|column| list.item(column)));
    let [hold, expected, remaining] = ["hold", "expected", "remaining"].map(|column| list.item(column));
    PartText::new(format!(
        "WITH {} INSERT INTO {{holds}} ({stored}, remaining)
        SELECT {values}, CASE WHEN h.remaining IS {expected} THEN {remaining} END
        FROM j LEFT JOIN {{holds}} h ON h.hold = {hold}
        WHERE true
        ON CONFLICT (hold) DO UPDATE SET remaining = excluded.remaining",
        List::<HoldWrite>::ROWS
    ))
}

impl Part<Sqlite> for Vec<KeyWrite> {
    fn kind(&self) -> &'static Kind {
        &KEY_KIND
    }

    fn is_empty(&self) -> bool {
        self.is_empty()
    }

    fn shape(&self) -> u16 {
        shape_of_keys(self)
    }

    fn bind(&self, form: Form, now: Option<Timestamp>, binder: &mut Binder<Sqlite>) {
        match self.first().filter(|_| form.single) {
            Some(row) => binder.add_row(KEY, 0, row),
            None => binder.add_rows(KEYS, Part::<Sqlite>::shape(self), self),
        }
        binder.add(now);
    }
}

/// A key that is there and has not expired loses its fingerprint. One of an entry counts its seq back from the account as it is
/// after the write; its target is that account.
fn keys(form: Form, shape: u16) -> PartText {
    let all = List::new(KEY, 0);
    let sets = all.sets(|column| match column {
        "fingerprint" => "CASE WHEN k.expires_at <= excluded.at THEN excluded.fingerprint END".to_owned(),
        _ => format!("excluded.{column}"),
    });
    let conflict = format!("ON CONFLICT (hash) DO UPDATE SET {sets}, at = excluded.at");
    if form.single {
        let (stored, values, now) = (all.stored(), all.stored_as(|column| all.value(column)), all.len() + 1);
        return PartText::new(format!("INSERT INTO {{keys}} AS k ({stored}, at) VALUES ({values}, ${now}) {conflict}"));
    }
    let list = List::new(KEYS, shape);
    let (stored, values) = (list.stored(), list.stored_as(|column| list.item(column)));
    let counted = |list: &List<'_, KeyWrite>| {
        let (back, target) = (list.item("back"), list.item("target"));
        format!("(SELECT a.seq - ({back}) FROM {{accounts}} a WHERE a.account = {target})")
    };
    let seq = match (shape & POSTING_KEYS != 0, shape & ODD_KEYS != 0) {
        (true, true) => format!("coalesce({}, {})", counted(&list), list.item("seq")),
        (true, false) => counted(&list),
        (false, _) => list.item("seq"),
    };
    // Keys of postings alone are the ledger's, and have nothing of their own.
    let (more, more_values) = match shape & ODD_KEYS {
        0 => (", surface", format!(", '{LEDGER}'")),
        _ => ("", String::new()),
    };
    PartText::new(format!(
        "WITH {} INSERT INTO {{keys}} AS k ({stored}{more}, seq, at)
        SELECT {values}{more_values}, {seq}, $2 FROM j WHERE true
        {conflict}",
        List::<KeyWrite>::ROWS
    ))
}

impl Part<Sqlite> for Vec<TransitionWrite> {
    fn kind(&self) -> &'static Kind {
        &TRANSITION_KIND
    }

    fn is_empty(&self) -> bool {
        self.is_empty()
    }

    fn bind(&self, form: Form, _now: Option<Timestamp>, binder: &mut Binder<Sqlite>) {
        match self.first().filter(|_| form.single) {
            Some(row) => binder.add_row(TRANSITIONS, 0, row),
            None => binder.add_rows(TRANSITIONS, 0, self),
        }
    }
}

fn transitions(form: Form, _shape: u16) -> PartText {
    let list = List::new(TRANSITIONS, 0);
    let stored = list.stored();
    if form.single {
        let values = list.stored_as(|column| list.value(column));
        return PartText::new(format!("INSERT INTO {{transitions}} ({stored}) VALUES ({values})"));
    }
    let values = list.stored_as(|column| list.item(column));
    PartText::new(format!(
        "WITH {} INSERT INTO {{transitions}} ({stored}) SELECT {values} FROM j",
        List::<TransitionWrite>::ROWS
    ))
}

impl Part<Sqlite> for Vec<EntryWrite> {
    fn kind(&self) -> &'static Kind {
        &ENTRY_KIND
    }

    fn is_empty(&self) -> bool {
        self.is_empty()
    }

    fn shape(&self) -> u16 {
        shape_of_entries(self)
    }

    fn bind(&self, _form: Form, now: Option<Timestamp>, binder: &mut Binder<Sqlite>) {
        let shape = Part::<Sqlite>::shape(self);
        binder.add_rows(ENTRIES, shape, self);
        if shape & OF_TALLIES != 0 {
            binder.add(now);
        }
    }
}

/// Counted back from the account as it is after the write; a tally's entry brings its own seq and has no balance.
fn entries(_form: Form, shape: u16) -> PartText {
    let list = List::new(ENTRIES, shape);
    let (stored, values) = (list.stored(), list.stored_as(|column| list.item(column)));
    let (counted, tallies) = (shape & OF_COUNTED != 0, shape & OF_TALLIES != 0);
    let account = list.item("account");
    let (seq, balance, at) = match (counted, tallies) {
        (true, true) => {
            let (given, back, below) = (list.item("seq"), list.item("back"), list.item("below"));
            (
                format!("coalesce({given}, a.seq - ({back}))"),
                format!("CASE WHEN {given} IS NULL THEN a.balance - ({below}) END"),
                format!("CASE WHEN {given} IS NULL THEN a.at ELSE $2 END"),
            )
        }
        (true, false) => (
            format!("a.seq - ({})", list.item("back")),
            format!("a.balance - ({})", list.item("below")),
            "a.at".to_owned(),
        ),
        (false, _) => (list.item("seq"), "NULL".to_owned(), "$2".to_owned()),
    };
    let counted_next = |list: &List<'_, EntryWrite>| {
        let (back, account) = (list.item("next_back"), list.item("next_account"));
        format!("(SELECT n.seq - ({back}) FROM {{accounts}} n WHERE n.account = {account})")
    };
    let next_seq = match (shape & OF_POSTINGS != 0, counted, tallies) {
        (false, _, _) => "NULL".to_owned(),
        (true, true, true) => format!("coalesce({}, {})", list.item("next_seq"), counted_next(&list)),
        (true, true, false) => counted_next(&list),
        (true, false, _) => list.item("next_seq"),
    };
    PartText::new(format!(
        "WITH {} INSERT INTO {{entries}} ({stored}, seq, balance, at, next_seq)
        SELECT {values}, {seq}, {balance}, {at}, {next_seq}
        FROM j CROSS JOIN {{accounts}} a ON a.account = {account}",
        List::<EntryWrite>::ROWS
    ))
}

impl Part<Sqlite> for Vec<MessageWrite> {
    fn kind(&self) -> &'static Kind {
        &MESSAGE_KIND
    }

    fn is_empty(&self) -> bool {
        self.is_empty()
    }

    fn bind(&self, _form: Form, _now: Option<Timestamp>, binder: &mut Binder<Sqlite>) {
        binder.add_rows(MESSAGES, 0, self);
    }
}

fn messages(_form: Form, _shape: u16) -> PartText {
    let list = List::new(MESSAGES, 0);
    let (stored, values) = (list.stored(), list.stored_as(|column| list.item(column)));
    PartText::new(format!(
        "WITH {} INSERT INTO {{outbox}} ({stored}) SELECT {values} FROM j",
        List::<MessageWrite>::ROWS
    ))
}
