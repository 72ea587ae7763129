//! What holds after every strike, whatever it was. Asked in SQL, so that the library's own reading of its tables is not
//! trusted, and by `verify`, which runs the rules again.

use tests::Backend;
use tests::lane::Lane;

/// Each asks for what must not be: how many rows break the rule of that name.
const RULES: [(&str, &str); 20] = [
    (
        "a key has at most one effect",
        "SELECT 1 FROM idem_transitions WHERE key IS NOT NULL AND seq IS NOT NULL
        GROUP BY machine, scope, key HAVING count(*) > 1",
    ),
    (
        "an effect has its key",
        "SELECT 1 FROM idem_transitions WHERE (key IS NULL) <> (hash IS NULL)",
    ),
    (
        "another key has its effect",
        "SELECT 1 FROM idem_transitions a WHERE a.seq IS NULL AND NOT EXISTS (
            SELECT 1 FROM idem_transitions t WHERE t.machine = a.machine AND t.id = a.id AND t.seq = a.alias_of)",
    ),
    (
        "each key of an update has one update, and each update its key",
        "SELECT 1 FROM idem_claims WHERE seq <> 1
        UNION ALL SELECT 1 FROM pages WHERE version <> 1
        UNION ALL SELECT 1 WHERE (SELECT count(*) FROM pages) <> (SELECT count(*) FROM idem_claims)",
    ),
    (
        "what the caller wrote beside an update is there with it",
        "SELECT 1 FROM (
            SELECT lane || '/update joined' AS name FROM notes WHERE what = 'page'
            UNION ALL SELECT name FROM pages WHERE name LIKE '%/update joined'
        ) both_sides GROUP BY name HAVING count(*) <> 2",
    ),
    (
        "a key of the ledger has one posting, whole, and what moves money sums to zero",
        "SELECT 1 FROM idem_entries WHERE machine IS NULL AND seq IS NOT NULL GROUP BY scope, key
        HAVING count(*) <> CASE WHEN min(kind) IN ('transfer', 'capture') THEN 2 ELSE 1 END
            OR (min(kind) IN ('transfer', 'capture') AND sum(delta) <> 0) OR min(kind) <> max(kind)",
    ),
    (
        "a posting has its key",
        "SELECT 1 FROM idem_entries WHERE machine IS NULL AND seq IS NOT NULL GROUP BY scope, key
        HAVING count(hash) <> 1 OR count(fingerprint) <> 1 OR count(key) <> count(*)
        UNION ALL SELECT 1 FROM idem_entries WHERE machine IS NOT NULL AND hash IS NOT NULL",
    ),
    (
        "a history has no gap",
        "SELECT 1 FROM idem_transitions GROUP BY machine, id HAVING min(seq) <> 1 OR max(seq) <> count(seq)",
    ),
    (
        "a history begins once",
        "SELECT 1 FROM idem_transitions WHERE (command = '@start') <> (seq = 1)",
    ),
    (
        "a machine is where its newest transition led",
        "SELECT 1 FROM idem_machines m WHERE NOT EXISTS (
            SELECT 1 FROM idem_transitions t
            WHERE t.machine = m.machine AND t.id = m.id AND t.seq = m.version AND t.state = m.state
                AND t.body = m.body AND t.visit = m.visit)",
    ),
    (
        "a transition belongs to a machine that is as far",
        "SELECT 1 FROM idem_transitions t WHERE t.seq IS NOT NULL AND NOT EXISTS (
            SELECT 1 FROM idem_machines m WHERE m.machine = t.machine AND m.id = t.id AND m.version >= t.seq)",
    ),
    (
        "a balance is the sum of its entries",
        "SELECT 1 FROM idem_accounts a
        WHERE a.balance <> (SELECT coalesce(sum(delta), 0) FROM idem_entries e WHERE e.account = a.account)",
    ),
    (
        "entries have no gap",
        "SELECT 1 FROM idem_accounts a LEFT JOIN idem_entries e ON e.account = a.account GROUP BY a.account, a.seq
        HAVING count(e.seq) <> a.seq OR coalesce(max(e.seq), 0) <> a.seq OR coalesce(min(e.seq), 1) <> 1",
    ),
    (
        "an entry knows the balance after it",
        "SELECT 1 FROM (
            SELECT balance, sum(delta) OVER (PARTITION BY account ORDER BY seq) AS summed FROM idem_entries WHERE seq IS NOT NULL
        ) s WHERE balance <> summed",
    ),
    (
        "an entry has its account and its transition",
        "SELECT 1 FROM idem_entries e WHERE NOT EXISTS (SELECT 1 FROM idem_accounts a WHERE a.account = e.account)
            OR e.machine IS NOT NULL AND NOT EXISTS (
                SELECT 1 FROM idem_transitions t
                WHERE t.machine = e.machine AND t.id = e.id AND t.seq = e.machine_seq AND t.command IN ('Pay', 'Add'))",
    ),
    (
        "a transfer sums to zero",
        "SELECT 1 FROM idem_entries WHERE machine IS NOT NULL GROUP BY machine, id, machine_seq
        HAVING sum(delta) <> 0 OR count(*) <> 2",
    ),
    (
        "a transition that pays has paid",
        "SELECT 1 FROM idem_transitions t
        LEFT JOIN idem_entries e ON e.machine = t.machine AND e.id = t.id AND e.machine_seq = t.seq
        WHERE t.command IN ('Pay', 'Add') GROUP BY t.machine, t.id, t.seq HAVING count(e.seq) <> 2",
    ),
    (
        "a transition that tells has told once",
        "SELECT 1 FROM idem_transitions t LEFT JOIN idem_outbox o ON o.machine = t.machine AND o.id = t.id AND o.seq = t.seq
        WHERE t.command IN ('Pay', 'Add') GROUP BY t.machine, t.id, t.seq HAVING count(o.seq) <> 1",
    ),
    (
        "a message has its transition",
        "SELECT 1 FROM idem_outbox o WHERE NOT EXISTS (
            SELECT 1 FROM idem_transitions t
            WHERE t.machine = o.machine AND t.id = o.id AND t.seq = o.seq AND t.command IN ('Pay', 'Add'))",
    ),
    (
        "what the caller wrote beside a call is there as often as the call",
        "SELECT 1 FROM (
            SELECT lane || '/' || what AS id FROM notes WHERE what NOT IN ('borrower', 'beside', 'page')
            UNION ALL SELECT id FROM idem_transitions WHERE command = 'Pay' AND id LIKE '%/%'
        ) both_sides GROUP BY id HAVING count(*) <> 2",
    ),
];

/// Checks the whole database.
pub(crate) async fn check<DB: Backend>(conn: &mut DB::Connection, after: &str) {
    let asked: Vec<String> = RULES
        .iter()
        .map(|(rule, broken)| format!("SELECT '{rule}' AS rule, count(*) AS broken FROM ({broken}) b"))
        .collect();
    let broken: Vec<_> =
        DB::ask(conn, &asked.join("\nUNION ALL ")).await.into_iter().filter(|(_, broken)| *broken != 0).collect();
    assert!(broken.is_empty(), "after {after}: {broken:?}");
}

/// Runs the rules again over everything that happened to the machines of one lane.
pub(crate) async fn verify<DB: Backend>(conn: &mut DB::Connection, lane: &Lane<DB>, after: &str) {
    let name = lane.name();
    let ids = format!(
        "SELECT id, CAST(CASE machine WHEN 'Order' THEN 1 ELSE 0 END AS bigint) FROM idem_machines
        WHERE id = '{name}' OR id LIKE '{name}/%'"
    );
    for (id, is_order) in DB::ask(conn, &ids).await {
        let found = match is_order {
            1 => lane.orders().at(&*id).verify().await,
            _ => lane.wallets().at(&*id).verify().await,
        };
        let differences = found.expect("a machine can be verified").differences;
        assert!(differences.is_empty(), "after {after}: {id}: {differences:?}");
    }
}

/// Waits until no session of the database is left in a transaction. A server notices in its own time that a client is
/// gone; what it never notices fails after many questions.
pub(crate) async fn nobody_idle_in_transaction<DB: Backend>(conn: &mut DB::Connection, after: &str) {
    let mut found = Vec::new();
    for _ in 0..20_000 {
        found = DB::ask(conn, DB::IDLE).await;
        if found.iter().all(|(_, sessions)| *sessions == 0) {
            return;
        }
    }
    panic!("after {after}: idle in transaction: {found:?}");
}
