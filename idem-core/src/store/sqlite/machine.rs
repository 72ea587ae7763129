//! Machines. `CROSS JOIN` and `INDEXED BY` leave the planner no choice: with statistics from a table that was small, it scans.

use sqlx::Sqlite;

use crate::store::machine::texts::{MachineStore, MachineTexts};

impl MachineStore for Sqlite {
    const MACHINES: MachineTexts<&'static str> = MachineTexts {
        // The keys that are known, and a row without a place that has the time and the machines, as one list.
        load_many: "
            SELECT NULL, {no machine key}, {no summary}, {now}, (
                SELECT json_group_array(json_array(j.key, {machine in m}))
                FROM json_each($1) j CROSS JOIN {machines} m ON m.machine = j.value->>0 AND m.id = j.value->>1)
            UNION ALL
            SELECT j.key, {machine key of k}, {summary of t}, NULL, NULL
            FROM json_each($2) j
            CROSS JOIN {transitions} k ON k.hash = unhex(j.value)
            LEFT JOIN {transitions} t ON t.machine = k.machine AND t.id = k.id AND t.seq = coalesce(k.seq, k.alias_of)",
        transitions: "
            SELECT j.key, {summary of t}
            FROM json_each($1) j
            CROSS JOIN {transitions} t
                ON t.machine = j.value->>0 AND t.id = j.value->>1 AND t.seq = j.value->>2",
        free_key: "DELETE FROM {transitions} WHERE hash = $1 AND expires_at <= $2 AND seq IS NULL",
        // At most a page from each state's part of the index, so that no state is read to its end.
        in_state: "
            SELECT m.id, {machine of m}
            FROM json_each($2) s
            CROSS JOIN {machines} m ON m.machine = $1 AND m.id IN (
                SELECT n.id FROM {machines} n INDEXED BY {:machines_by_state}
                WHERE n.machine = $1 AND n.state = s.value AND (n.entered_at, n.id) > ($3, $4) AND n.entered_at < $5
                ORDER BY n.entered_at, n.id LIMIT $6)
            ORDER BY m.entered_at, m.id LIMIT $6",
        ..MachineTexts::COMMON
    };
}
