//! The statements about machines.

use crate::store::dialect::Dialect;
use crate::store::template::texts;

texts! {
    /// The statements about machines, by name.
    pub struct MachineTexts {
        /// The time, one machine and one key with its transition: `$1` machine, `$2` id, `$3` hash.
        load_one = "
            SELECT {now}, {machine of m}, {machine key of k}, {summary of t}
            FROM (VALUES (1)) AS one
            LEFT JOIN {machines} m ON m.machine = {$1 text} AND m.id = {$2 text}
            LEFT JOIN {transitions} k ON k.hash = {$3 bytes}
            LEFT JOIN {transitions} t ON t.machine = k.machine AND t.id = k.id AND t.seq = coalesce(k.seq, k.alias_of)",
        /// The time, machines and keys: a list of machines and ids, and one of hashes.
        load_many,
        /// Locks a list of machines and ids, in the order of their bytes. Empty where the transaction is the lock.
        lock,
        /// The transitions of a list of machines, ids and seqs.
        transitions,
        /// The visit of the newest transition of `$1` machine, `$2` id that led to one of a list of states.
        ///
        /// Walks back from the newest transition; asked for overrides alone.
        last_visit = "
            SELECT visit FROM {transitions} WHERE machine = {$1 text} AND id = {$2 text} AND state {in $3}
            ORDER BY machine DESC, id DESC, seq DESC LIMIT 1",
        /// Transitions of `$1` machine, `$2` id above `$3` seq, at most `$4`.
        history = "
            SELECT {transition} FROM {transitions}
            WHERE machine = {$1 text} AND id = {$2 text} AND seq > {$3 int}
            ORDER BY seq LIMIT {$4 int}",
        /// Aliases of `$1` machine, `$2` id above the hash `$3`, at most `$4`.
        aliases = "
            SELECT {alias} FROM {transitions}
            WHERE machine = {$1 text} AND id = {$2 text} AND seq IS NULL AND hash > {$3 bytes}
            ORDER BY hash LIMIT {$4 int}",
        /// Deletes the alias with the hash `$1`, if it expired by `$2` and no other transaction deletes it at the moment.
        free_key,
        /// Machines of `$1` in a list of states, after (`$3`, `$4`), before `$5`, at most `$6`.
        in_state,
        /// How many machines of `$1` are in each state.
        count_by_state = "
            SELECT state, count(*) FROM {machines} {by machines_by_state}
            WHERE machine = {$1 text} GROUP BY state ORDER BY state",
        /// The graph of `$1`.
        graph = "SELECT {graph} FROM {graphs} WHERE machine = {$1 text}",
        /// Stores the graph of `$1`, in place of the one with the hash `$4`.
        put_graph = "
            INSERT INTO {graphs} AS g (machine, hash, names) VALUES ($1, $2, $3)
            ON CONFLICT (machine) DO UPDATE SET hash = excluded.hash, names = excluded.names WHERE g.hash = {$4 bytes}",
    }
}

/// Machines in one database.
pub trait MachineStore: Dialect {
    const MACHINES: MachineTexts<&'static str>;
}
