-- machines: load_one
            SELECT CAST(round(unixepoch('subsec') * 1000) AS INTEGER) * 1000, m.state, m.body, m.last_by_command, m.version, m.visit, m.entered_at, m.emitted, k.fingerprint, k.at, k.expires_at, k.id, k.seq, k.alias_of, k.rejection, t.seq, t.command, t.state, t.payload, t.outcome, t.fingerprint, t.at, t.from_visit
            FROM (VALUES (1)) AS one
            LEFT JOIN "idem_machines" m ON m.machine = $1 AND m.id = $2
            LEFT JOIN "idem_transitions" k ON k.hash = $3
            LEFT JOIN "idem_transitions" t ON t.machine = k.machine AND t.id = k.id AND t.seq = coalesce(k.seq, k.alias_of)

-- machines: load_many
            SELECT NULL, NULL, NULL, NULL, NULL, NULL, NULL, NULL, NULL, NULL, NULL, NULL, NULL, NULL, NULL, NULL, CAST(round(unixepoch('subsec') * 1000) AS INTEGER) * 1000, (
                SELECT json_group_array(json_array(j.key, m.state, hex(m.body), hex(m.last_by_command), m.version, m.visit, m.entered_at, m.emitted))
                FROM json_each($1) j CROSS JOIN "idem_machines" m ON m.machine = j.value->>0 AND m.id = j.value->>1)
            UNION ALL
            SELECT j.key, k.fingerprint, k.at, k.expires_at, k.id, k.seq, k.alias_of, k.rejection, t.seq, t.command, t.state, t.payload, t.outcome, t.fingerprint, t.at, t.from_visit, NULL, NULL
            FROM json_each($2) j
            CROSS JOIN "idem_transitions" k ON k.hash = unhex(j.value)
            LEFT JOIN "idem_transitions" t ON t.machine = k.machine AND t.id = k.id AND t.seq = coalesce(k.seq, k.alias_of)

-- machines: transitions
            SELECT j.key, t.seq, t.command, t.state, t.payload, t.outcome, t.fingerprint, t.at, t.from_visit
            FROM json_each($1) j
            CROSS JOIN "idem_transitions" t
                ON t.machine = j.value->>0 AND t.id = j.value->>1 AND t.seq = j.value->>2

-- machines: last_visit
            SELECT visit FROM "idem_transitions" WHERE machine = $1 AND id = $2 AND state IN (SELECT value FROM json_each($3))
            ORDER BY machine DESC, id DESC, seq DESC LIMIT 1

-- machines: history
            SELECT seq, command, from_state, state, body, payload, outcome, fingerprint, scope, key, from_visit, visit, at, correlation, emitted, hash FROM "idem_transitions"
            WHERE machine = $1 AND id = $2 AND seq > $3
            ORDER BY seq LIMIT $4

-- machines: aliases
            SELECT hash, scope, key, alias_of, rejection FROM "idem_transitions"
            WHERE machine = $1 AND id = $2 AND seq IS NULL AND hash > $3
            ORDER BY hash LIMIT $4

-- machines: free_key
DELETE FROM "idem_transitions" WHERE hash = $1 AND expires_at <= $2 AND seq IS NULL

-- machines: in_state
            SELECT m.id, m.state, m.body, m.last_by_command, m.version, m.visit, m.entered_at, m.emitted
            FROM json_each($2) s
            CROSS JOIN "idem_machines" m ON m.machine = $1 AND m.id IN (
                SELECT n.id FROM "idem_machines" n INDEXED BY "idem_machines_by_state"
                WHERE n.machine = $1 AND n.state = s.value AND (n.entered_at, n.id) > ($3, $4) AND n.entered_at < $5
                ORDER BY n.entered_at, n.id LIMIT $6)
            ORDER BY m.entered_at, m.id LIMIT $6

-- machines: count_by_state
            SELECT state, count(*) FROM "idem_machines" INDEXED BY "idem_machines_by_state"
            WHERE machine = $1 GROUP BY state ORDER BY state

-- machines: graph
SELECT hash, names FROM "idem_graphs" WHERE machine = $1

-- machines: put_graph
            INSERT INTO "idem_graphs" AS g (machine, hash, names) VALUES ($1, $2, $3)
            ON CONFLICT (machine) DO UPDATE SET hash = excluded.hash, names = excluded.names WHERE g.hash = $4

-- ledger: load
            WITH RECURSIVE named (place, first_account, first_seq, known_fingerprint, known_at, known_outcome, seq, account, delta, balance, at, kind, hold, reserved, scope, key, machine, id, machine_seq, next_account, next_seq, metadata) AS (
                SELECT j.key, e.account, e.seq, e.fingerprint, e.at, e.outcome, e.seq, e.account, e.delta, e.balance, e.at, e.kind, e.hold, e.reserved, e.scope, e.key, e.machine, e.id, e.machine_seq, e.next_account, e.next_seq, e.metadata
                FROM json_each($1) j CROSS JOIN "idem_entries" e ON e.hash = unhex(j.value)
                UNION ALL
                SELECT d.place, d.first_account, d.first_seq, d.known_fingerprint, d.known_at, d.known_outcome, e.seq, e.account, e.delta, e.balance, e.at, e.kind, e.hold, e.reserved, e.scope, e.key, e.machine, e.id, e.machine_seq, e.next_account, e.next_seq, e.metadata
                FROM named d CROSS JOIN "idem_entries" e ON e.account = d.next_account AND e.seq = d.next_seq
                WHERE d.next_account IS NOT NULL AND (d.next_account, d.next_seq) <> (d.first_account, d.first_seq))
            SELECT NULL, NULL, NULL, NULL, NULL, NULL, NULL, NULL, NULL, NULL, NULL, NULL, NULL, NULL, NULL, NULL, NULL, NULL, NULL, NULL, CAST(round(unixepoch('subsec') * 1000) AS INTEGER) * 1000, (
                SELECT json_group_array(json_array(j.key, a.balance, a.seq, a.held, a.at, a.floor, a.ceiling, a.unit, a.tally, a.closed_at))
                FROM json_each($2) j CROSS JOIN "idem_accounts" a ON a.account = j.value)
            UNION ALL
            SELECT place, known_fingerprint, known_at, known_outcome, seq, account, delta, balance, at, kind, hold, reserved, scope, key, machine, id, machine_seq, next_account, next_seq, metadata, NULL, NULL FROM named d

-- ledger: load_accounts
            SELECT j.key, a.balance, a.seq, a.held, a.at, a.floor, a.ceiling, a.unit, a.tally, a.closed_at
            FROM json_each($1) j CROSS JOIN "idem_accounts" a ON a.account = j.value

-- ledger: lock_accounts
            SELECT j.key, a.balance, a.seq, a.held, a.at, a.floor, a.ceiling, a.unit, a.tally, a.closed_at
            FROM json_each($1) j CROSS JOIN "idem_accounts" a ON a.account = j.value

-- ledger: put_account
            INSERT INTO "idem_accounts" (account, balance, seq, floor, ceiling, unit, tally, closed_at)
            VALUES ($1, 0, 0, $2, $3, $4, $5, $6)
            ON CONFLICT (account) DO UPDATE SET floor = excluded.floor, ceiling = excluded.ceiling,
                unit = excluded.unit, tally = excluded.tally, closed_at = excluded.closed_at

-- ledger: account
SELECT 0, 0, a.balance, a.seq, a.held, a.at, a.floor, a.ceiling, a.unit, a.tally, a.closed_at FROM "idem_accounts" a WHERE a.account = $1

-- ledger: entries
            SELECT e.seq, e.account, e.delta, e.balance, e.at, e.kind, e.hold, e.reserved, e.scope, e.key, e.machine, e.id, e.machine_seq, e.next_account, e.next_seq, e.metadata FROM "idem_entries" e
            WHERE e.account = $1 AND e.seq > $2 AND e.seq <= $3 AND e.at >= $4 AND e.at < $5
            ORDER BY e.seq LIMIT $6

-- ledger: entry_at
            WITH RECURSIVE half (low, high) AS (
                SELECT 0, seq FROM "idem_accounts" WHERE account = $1
                UNION ALL
                SELECT CASE WHEN e.at <= $2 THEN e.seq ELSE d.low END, CASE WHEN e.at <= $2 THEN d.high ELSE e.seq - 1 END
                FROM half d CROSS JOIN "idem_entries" e ON e.account = $1 AND e.seq = (d.low + d.high + 1) / 2
                WHERE d.low < d.high)
            SELECT e.seq, e.account, e.delta, e.balance, e.at, e.kind, e.hold, e.reserved, e.scope, e.key, e.machine, e.id, e.machine_seq, e.next_account, e.next_seq, e.metadata FROM half d CROSS JOIN "idem_entries" e ON e.account = $1 AND e.seq = d.low
            WHERE d.low = d.high

-- ledger: tally_at
            SELECT CAST(coalesce(sum(delta >> 32), 0) AS bigint), CAST(coalesce(sum(delta & 4294967295), 0) AS bigint)
            FROM "idem_entries" WHERE account = $1 AND at <= $2

-- ledger: expired_holds
            SELECT hold, account, amount, remaining, expires_at FROM "idem_holds" INDEXED BY "idem_holds_by_expiry"
            WHERE account = $1 AND remaining > 0 AND expires_at <= $2
            ORDER BY account, expires_at LIMIT $3

-- ledger: holds
SELECT h.hold, h.account, h.amount, h.remaining, h.expires_at FROM json_each($1) j CROSS JOIN "idem_holds" h ON h.hold = j.value

-- ledger: hold_count
SELECT count(*) FROM "idem_holds"

-- ledger: all_accounts
            SELECT a.account, a.balance, a.seq, a.held, a.at, a.floor, a.ceiling, a.unit, a.tally, a.closed_at FROM "idem_accounts" a
            WHERE a.account > $1 ORDER BY a.account LIMIT $2

-- ledger: all_entries
            SELECT e.seq, e.account, e.delta, e.balance, e.at, e.kind, e.hold, e.reserved, e.scope, e.key, e.machine, e.id, e.machine_seq, e.next_account, e.next_seq, e.metadata, e.hash, e.fingerprint, e.entry_no, CAST(CASE
                WHEN (e.hold IS NULL) <> (e.reserved IS NULL) OR (e.scope IS NULL) <> (e.key IS NULL)
                    OR (e.machine IS NULL) <> (e.id IS NULL) OR (e.machine IS NULL) <> (e.machine_seq IS NULL)
                    OR (e.next_account IS NULL) <> (e.next_seq IS NULL) OR (e.hash IS NULL) <> (e.fingerprint IS NULL)
                    OR (e.metadata IS NOT NULL AND e.key IS NULL) OR e.outcome IS NOT NULL THEN 1 ELSE 0 END AS bigint)
            FROM "idem_entries" e WHERE (e.account, e.seq) > ($1, $2) AND e.seq IS NOT NULL
            ORDER BY e.account, e.seq LIMIT $3

-- ledger: all_refusals
            SELECT hash, account, delta, kind, hold, scope, key, outcome FROM "idem_entries" INDEXED BY "idem_entries_refused"
            WHERE seq IS NULL AND hash > $1 ORDER BY hash LIMIT $2

-- ledger: transitions
            SELECT j.key, t.command, t.at
            FROM json_each($1) j
            CROSS JOIN "idem_transitions" t
                ON t.machine = j.value->>0 AND t.id = j.value->>1 AND t.seq = j.value->>2

-- ledger: postings
            WITH RECURSIVE posting (place, depth, first_account, first_seq, entry_no, seq, account, delta, balance, at, kind, hold, reserved, scope, key, machine, id, machine_seq, next_account, next_seq, metadata) AS (
                SELECT j.key, 1, e.account, e.seq, e.entry_no, e.seq, e.account, e.delta, e.balance, e.at, e.kind, e.hold, e.reserved, e.scope, e.key, e.machine, e.id, e.machine_seq, e.next_account, e.next_seq, e.metadata
                FROM json_each($1) j CROSS JOIN "idem_entries" e ON e.account = j.value->>0 AND e.seq = j.value->>1
                UNION ALL
                SELECT d.place, d.depth + 1, d.first_account, d.first_seq, e.entry_no, e.seq, e.account, e.delta, e.balance, e.at, e.kind, e.hold, e.reserved, e.scope, e.key, e.machine, e.id, e.machine_seq, e.next_account, e.next_seq, e.metadata
                FROM posting d CROSS JOIN "idem_entries" e ON e.account = d.next_account AND e.seq = d.next_seq
                WHERE d.depth <= 1000 AND (d.next_account, d.next_seq) <> (d.first_account, d.first_seq))
            SELECT place, (SELECT a.unit FROM "idem_accounts" a WHERE a.account = d.account), seq, account, delta, balance, at, kind, hold, reserved, scope, key, machine, id, machine_seq, next_account, next_seq, metadata, entry_no
            FROM posting d ORDER BY place, depth

-- forget: transitions_page
            SELECT hash, CAST(CASE WHEN scope = $2 THEN 1 ELSE 0 END AS bigint) FROM "idem_transitions" INDEXED BY "idem_transitions_by_key"
            WHERE hash > $1 ORDER BY hash LIMIT $3

-- forget: blank_transitions
            UPDATE "idem_transitions" INDEXED BY "idem_transitions_by_key" SET scope = '', key = '', payload = substr(payload, 1, 0), outcome = substr(outcome, 1, 0),
                rejection = substr(rejection, 1, 0), correlation = NULL
            WHERE hash > $1 AND hash <= $2 AND scope = $3
            RETURNING 1

-- forget: claims_page
            SELECT hash, CAST(CASE WHEN scope = $2 THEN 1 ELSE 0 END AS bigint) FROM "idem_claims"
            WHERE hash > $1 ORDER BY hash LIMIT $3

-- forget: blank_claims
            UPDATE "idem_claims" SET scope = '', outcome = substr(outcome, 1, 0), checkpoint = substr(checkpoint, 1, 0), reason = NULL
            WHERE hash > $1 AND hash <= $2 AND scope = $3
            RETURNING 1

-- forget: entries_page
            SELECT hash, CAST(CASE WHEN scope = $2 THEN 1 ELSE 0 END AS bigint) FROM "idem_entries" INDEXED BY "idem_entries_by_key"
            WHERE hash > $1 ORDER BY hash LIMIT $3

-- forget: blank_entries
            WITH RECURSIVE posting (account, seq, next_account, next_seq) AS (
                SELECT account, seq, next_account, next_seq FROM "idem_entries" INDEXED BY "idem_entries_by_key"
                WHERE hash > $1 AND hash <= $2 AND scope = $3 AND seq IS NOT NULL
                UNION
                SELECT e.account, e.seq, e.next_account, e.next_seq
                FROM posting d CROSS JOIN "idem_entries" e ON e.account = d.next_account AND e.seq = d.next_seq
                WHERE e.scope = $3)
            INSERT INTO "idem_entries" (account, seq, delta, at, kind)
            SELECT account, seq, 0, 0, '' FROM posting d WHERE true
            ON CONFLICT (account, seq) DO UPDATE SET scope = '', key = '', metadata = substr(metadata, 1, 0)
            RETURNING 1

-- forget: blank_refusals
            UPDATE "idem_entries" INDEXED BY "idem_entries_refused" SET scope = '', key = '', outcome = substr(outcome, 1, 0)
            WHERE hash > $1 AND hash <= $2 AND scope = $3 AND seq IS NULL
            RETURNING 1

-- forget: verdicts_page
            SELECT hash, CAST(max(CASE WHEN scope = $2 THEN 1 ELSE 0 END) AS bigint) FROM "idem_verdicts" INDEXED BY "idem_verdicts_by_key"
            WHERE hash > $1 GROUP BY hash ORDER BY hash LIMIT $3

-- forget: blank_verdicts
            UPDATE "idem_verdicts" INDEXED BY "idem_verdicts_by_key" SET scope = '', correlation = NULL
            WHERE hash > $1 AND hash <= $2 AND scope = $3
            RETURNING 1

-- sweep: raise_floor
            UPDATE "idem_installation" SET epoch_floor = max(epoch_floor, coalesce((
                SELECT max(epoch) FROM "idem_claims" INDEXED BY "idem_claims_by_expiry" WHERE expires_at <= (
                    SELECT max(d.expires_at) FROM (
                        SELECT expires_at FROM "idem_claims" INDEXED BY "idem_claims_by_expiry" WHERE expires_at <= CAST(round(unixepoch('subsec') * 1000) AS INTEGER) * 1000
                        ORDER BY expires_at LIMIT $1
                    ) d)), 0))

-- sweep: claims
            DELETE FROM "idem_claims" INDEXED BY "idem_claims_by_expiry" WHERE expires_at <= (
                SELECT max(d.expires_at) FROM (
                    SELECT expires_at FROM "idem_claims" INDEXED BY "idem_claims_by_expiry" WHERE expires_at <= CAST(round(unixepoch('subsec') * 1000) AS INTEGER) * 1000
                    ORDER BY expires_at LIMIT $1
                ) d)
            RETURNING 1

-- sweep: alias_keys
            DELETE FROM "idem_transitions" INDEXED BY "idem_transitions_by_expiry" WHERE expires_at <= (
                SELECT max(d.expires_at) FROM (
                    SELECT expires_at FROM "idem_transitions" INDEXED BY "idem_transitions_by_expiry" WHERE expires_at <= CAST(round(unixepoch('subsec') * 1000) AS INTEGER) * 1000
                    ORDER BY expires_at LIMIT $1
                ) d)
            RETURNING 1

-- sweep: fences
            DELETE FROM "idem_fences" INDEXED BY "idem_fences_by_time" WHERE at <= (
                SELECT max(d.at) FROM (
                    SELECT at FROM "idem_fences" INDEXED BY "idem_fences_by_time" WHERE at <= CAST(round(unixepoch('subsec') * 1000) AS INTEGER) * 1000 - $2 ORDER BY at LIMIT $1
                ) d)
            RETURNING 1

-- claims: claim
            INSERT INTO "idem_claims" AS c (hash, surface, scope, fingerprint, state, epoch, owner, until, attempts, at)
            SELECT $1, $2, $3, $4, 1,
                CASE WHEN one.epoch >= CAST(round(unixepoch('subsec') * 1000) AS INTEGER) * 1000 THEN one.epoch + 1 ELSE CAST(round(unixepoch('subsec') * 1000) AS INTEGER) * 1000 END, $5, CAST(round(unixepoch('subsec') * 1000) AS INTEGER) * 1000 + $6, 1, CAST(round(unixepoch('subsec') * 1000) AS INTEGER) * 1000
            FROM (SELECT coalesce(max(epoch_floor), 0) AS epoch FROM "idem_installation") one
            WHERE coalesce(CAST(round(unixepoch('subsec') * 1000) AS INTEGER) * 1000 <= $8, true) AND true
            ON CONFLICT (hash) DO UPDATE SET
                hash = excluded.hash, surface = excluded.surface, scope = excluded.scope, fingerprint = excluded.fingerprint, state = 1,
                epoch = CASE WHEN c.state = 1 AND c.owner = excluded.owner THEN c.epoch
                    WHEN c.epoch >= excluded.epoch THEN c.epoch + 1 ELSE excluded.epoch END,
                owner = excluded.owner, until = excluded.until,
                attempts = CASE WHEN c.state <> 1 THEN 1 WHEN c.owner = excluded.owner THEN c.attempts ELSE c.attempts + 1 END,
                outcome = NULL, checkpoint = CASE WHEN c.state = 1 THEN c.checkpoint END,
                at = CASE WHEN c.state = 1 AND c.owner = excluded.owner THEN c.at ELSE excluded.at END,
                expires_at = NULL, machine = NULL, id = NULL, seq = NULL, reason = NULL
            WHERE c.state = 3 OR c.state <> 1 AND c.expires_at <= excluded.at
                OR c.state = 1 AND c.fingerprint = excluded.fingerprint
                    AND (c.owner = excluded.owner OR $7 = 1 AND c.until <= excluded.at)
            RETURNING epoch, attempts, checkpoint

-- claims: recall
            SELECT CAST(round(unixepoch('subsec') * 1000) AS INTEGER) * 1000, c.fingerprint, c.state, c.epoch, c.owner, c.until, c.attempts, c.outcome, c.checkpoint, c.at, c.expires_at, c.scope, m.version > c.seq
            FROM (SELECT 1) AS one
            LEFT JOIN "idem_claims" c ON c.hash = $1
            LEFT JOIN "idem_machines" m ON m.machine = c.machine AND m.id = c.id

-- claims: renew
            WITH j AS MATERIALIZED (
                SELECT unhex(value->>0) AS hash, value->>1 AS epoch, value->>2 AS lease FROM json_each($1))
            UPDATE "idem_claims" SET until = CAST(round(unixepoch('subsec') * 1000) AS INTEGER) * 1000 + j.lease FROM j
            WHERE "idem_claims".hash = j.hash AND "idem_claims".epoch = j.epoch AND +state = 1
            RETURNING hash

-- claims: complete
            UPDATE "idem_claims" SET state = 2, outcome = $3, checkpoint = NULL, at = CAST(round(unixepoch('subsec') * 1000) AS INTEGER) * 1000, expires_at = CAST(round(unixepoch('subsec') * 1000) AS INTEGER) * 1000 + $4
            WHERE hash = $1 AND epoch = $2 AND state = 1 AND true
            RETURNING at

-- claims: release
            UPDATE "idem_claims" SET state = 3, checkpoint = NULL, at = CAST(round(unixepoch('subsec') * 1000) AS INTEGER) * 1000, expires_at = CAST(round(unixepoch('subsec') * 1000) AS INTEGER) * 1000
            WHERE hash = $1 AND epoch = $2 AND state = 1 AND true
            RETURNING 1

-- claims: abandon
            UPDATE "idem_claims" SET until = CASE WHEN until > CAST(round(unixepoch('subsec') * 1000) AS INTEGER) * 1000 THEN CAST(round(unixepoch('subsec') * 1000) AS INTEGER) * 1000 ELSE until END
            WHERE hash = $1 AND epoch = $2 AND state = 1 AND true
            RETURNING 1

-- claims: disown
            UPDATE "idem_claims" SET state = CASE WHEN attempts > 1 THEN 1 ELSE 3 END, until = CAST(round(unixepoch('subsec') * 1000) AS INTEGER) * 1000,
                checkpoint = CASE WHEN attempts > 1 THEN checkpoint END, at = CASE WHEN attempts > 1 THEN at ELSE CAST(round(unixepoch('subsec') * 1000) AS INTEGER) * 1000 END,
                expires_at = CASE WHEN attempts > 1 THEN NULL ELSE CAST(round(unixepoch('subsec') * 1000) AS INTEGER) * 1000 END
            WHERE hash = $1 AND owner = $2 AND state = 1 AND true
            RETURNING 1

-- claims: save
            UPDATE "idem_claims" SET checkpoint = $3
            WHERE hash = $1 AND epoch = $2 AND state = 1 AND true
            RETURNING 1

-- claims: lost
            SELECT hash, scope, epoch, attempts, until, at FROM "idem_claims" INDEXED BY "idem_claims_by_surface"
            WHERE surface = $1 AND state = 1 AND until <= CAST(round(unixepoch('subsec') * 1000) AS INTEGER) * 1000 ORDER BY until, hash LIMIT $2

-- claims: resolve
            UPDATE "idem_claims" SET state = $3, epoch = CASE WHEN epoch >= CAST(round(unixepoch('subsec') * 1000) AS INTEGER) * 1000 THEN epoch + 1 ELSE CAST(round(unixepoch('subsec') * 1000) AS INTEGER) * 1000 END,
                outcome = $4, checkpoint = NULL, at = CAST(round(unixepoch('subsec') * 1000) AS INTEGER) * 1000, expires_at = CAST(round(unixepoch('subsec') * 1000) AS INTEGER) * 1000 + $5, reason = $6
            WHERE hash = (
                SELECT hash FROM "idem_claims"
                WHERE hash = $1 AND epoch = $2 AND state = 1 AND until <= CAST(round(unixepoch('subsec') * 1000) AS INTEGER) * 1000 AND true )
            RETURNING 1

-- claims: put
            INSERT INTO "idem_claims" AS c (hash, surface, scope, fingerprint, state, outcome, at, expires_at, machine, id, seq)
            SELECT $1, $2, $3, $4, 2, $5, CAST(round(unixepoch('subsec') * 1000) AS INTEGER) * 1000, CAST(round(unixepoch('subsec') * 1000) AS INTEGER) * 1000 + $6, $7, $8, $9
            WHERE true
            ON CONFLICT (hash) DO UPDATE SET
                hash = excluded.hash, surface = excluded.surface, scope = excluded.scope, fingerprint = excluded.fingerprint, state = 2,
                owner = NULL, until = NULL, attempts = 0, outcome = excluded.outcome, checkpoint = NULL,
                at = excluded.at, expires_at = excluded.expires_at,
                machine = excluded.machine, id = excluded.id, seq = excluded.seq, reason = NULL
            WHERE c.state = 3 OR c.state <> 1 AND c.expires_at <= excluded.at
            RETURNING at

-- claims: put_outcome
            UPDATE "idem_claims" SET outcome = $2, machine = $3, id = $4, seq = $5 WHERE hash = $1
            RETURNING at

-- claims: fence
SELECT 1 FROM "idem_claims" WHERE hash = $1 AND epoch = $2 AND state = 1 AND true

-- claims: mark
            INSERT INTO "idem_fences" AS f (name, epoch, at) SELECT $1, $2, CAST(round(unixepoch('subsec') * 1000) AS INTEGER) * 1000 WHERE true
            ON CONFLICT (name) DO UPDATE SET epoch = excluded.epoch, at = excluded.at WHERE f.epoch <= excluded.epoch
            RETURNING 1

-- claims: epoch
SELECT epoch FROM "idem_claims" WHERE hash = $1

-- claims: marked
SELECT epoch FROM "idem_fences" WHERE name = $1

-- claims: installation
SELECT max(id) FROM "idem_installation"

-- claims: renew_installation
UPDATE "idem_installation" SET id = $1, at = CAST(round(unixepoch('subsec') * 1000) AS INTEGER) * 1000

-- verdicts: add
            INSERT INTO "idem_verdicts" (at, namespace, operation, hash, verdict, scope, correlation)
            SELECT CAST(round(unixepoch('subsec') * 1000) AS INTEGER) * 1000, value->>0, value->>1, unhex(value->>2), value->>3, value->>4, value->>5 FROM json_each($1)

-- verdicts: trim
            DELETE FROM "idem_verdicts" WHERE position IN (
                SELECT position FROM "idem_verdicts" WHERE position <= (SELECT max(position) FROM "idem_verdicts") - $1
                ORDER BY position LIMIT $2)

-- verdicts: of_key
            SELECT d.at, d.namespace, d.operation, d.verdict, d.correlation FROM (
                SELECT * FROM "idem_verdicts" WHERE hash = $1 ORDER BY position DESC LIMIT $2
            ) d ORDER BY d.position

-- outbox: next_number
            INSERT INTO "idem_sequences" AS s (name, number) VALUES ($1, 1)
            ON CONFLICT (name) DO UPDATE SET number = s.number + 1
            RETURNING number

-- outbox: add
            INSERT INTO "idem_outbox" (message_id, ordered, number, topic, key, headers, payload, correlation, at)
            VALUES ($1, $2, $3, $4, $5, $6, $7, $8, CAST(round(unixepoch('subsec') * 1000) AS INTEGER) * 1000)

-- outbox: load
            SELECT d.position, d.lane, d.machine, d.id, d.seq, d.entry_no, d.message_id, d.number, d.topic, d.key, d.headers, d.payload, d.correlation, d.at
            FROM (
                SELECT d.*, sum(length(d.payload)) OVER (ORDER BY d.position) AS bytes
                FROM (
                    SELECT o.* FROM (
                        SELECT position, machine, id, seq, entry_no, message_id, number, topic, coalesce(key, id, ordered) AS key, headers, payload,
                            correlation, at,
                            CASE WHEN seq IS NOT NULL THEN machine || char(31) || id WHEN ordered IS NOT NULL THEN char(31) || ordered
                                ELSE char(31) || char(31) || message_id END AS lane
                        FROM "idem_outbox" WHERE position > $1
                    ) o
                    WHERE o.lane NOT IN (SELECT value FROM json_each($2))
                        AND NOT EXISTS (SELECT 1 FROM "idem_parked" p INDEXED BY "idem_parked_by_lane" WHERE p.holds AND p.lane = o.lane)
                    ORDER BY o.position LIMIT $3
                ) d
            ) d
            WHERE d.bytes - length(d.payload) < $4 ORDER BY d.position

-- outbox: mark
            SELECT 0, (SELECT min(position) FROM "idem_outbox" WHERE position > $1)

-- outbox: new_id
SELECT 0

-- outbox: delete
DELETE FROM "idem_outbox" WHERE position IN (SELECT value FROM json_each($1))

-- outbox: park
            INSERT INTO "idem_parked" (position, lane, holds, message_id, source, number, topic, key, headers, payload, correlation, at, attempts,
                reason, parked_at)
            SELECT position, $2, $3 = 1, $4, $5, number, topic, coalesce(key, id, ordered), headers, payload,
                correlation, at, $6, $7, CAST(round(unixepoch('subsec') * 1000) AS INTEGER) * 1000
            FROM "idem_outbox" WHERE position = $1

-- outbox: take_out
DELETE FROM "idem_outbox" WHERE position = $1

-- outbox: due
            SELECT p.position, p.lane, p.message_id, p.source, p.attempts, p.reason, p.parked_at, p.due_at, p.number, p.topic, p.key, p.headers, p.payload, p.correlation, p.at
            FROM "idem_parked" p INDEXED BY "idem_parked_by_due" WHERE p.due_at IS NOT NULL ORDER BY p.position LIMIT $1

-- outbox: delivered
DELETE FROM "idem_parked" WHERE position = $1 AND due_at IS NOT NULL

-- outbox: park_again
            UPDATE "idem_parked" SET due_at = NULL, attempts = $2, reason = $3, parked_at = CAST(round(unixepoch('subsec') * 1000) AS INTEGER) * 1000
            WHERE position = $1 AND due_at IS NOT NULL

-- outbox: parked
            SELECT p.position, p.lane, p.message_id, p.source, p.attempts, p.reason, p.parked_at, p.due_at, p.number, p.topic, p.key, p.headers, p.payload, p.correlation, p.at
            FROM "idem_parked" p WHERE p.position > $1 ORDER BY p.position LIMIT $2

-- outbox: release
UPDATE "idem_parked" SET due_at = CAST(round(unixepoch('subsec') * 1000) AS INTEGER) * 1000 WHERE message_id = $1 RETURNING 1

-- outbox: drop_parked
DELETE FROM "idem_parked" WHERE message_id = $1 RETURNING 1

-- outbox: waiting
SELECT topic, count(*) AS count, min(at) AS oldest FROM "idem_outbox" GROUP BY topic ORDER BY topic

-- outbox: oldest
SELECT (SELECT at FROM "idem_outbox" WHERE position = (SELECT min(position) FROM "idem_outbox")), CAST(round(unixepoch('subsec') * 1000) AS INTEGER) * 1000

-- outbox: monotonic
SELECT 1

-- probes: put_update_key
    INSERT INTO "idem_claims" (hash, surface, scope, fingerprint, state, at) VALUES (x'', '', '', $1, 0, 0);
    DELETE FROM "idem_claims" WHERE hash = x''

-- probes: put_transition_key
    INSERT INTO "idem_claims" (hash, surface, scope, fingerprint, state, at) VALUES (x'', '', '', $1, 0, 0);
    DELETE FROM "idem_claims" WHERE hash = x''

-- probes: put_entry_key
    INSERT INTO "idem_claims" (hash, surface, scope, fingerprint, state, at) VALUES (x'', '', '', $1, 0, 0);
    DELETE FROM "idem_claims" WHERE hash = x''

-- probes: put_transition
            INSERT INTO "idem_claims" (hash, surface, scope, fingerprint, state, at) VALUES (x'', $1, $2, x'', $3, 0);
            DELETE FROM "idem_claims" WHERE hash = x''

-- probes: update_key
            SELECT 1 FROM "idem_claims"
            WHERE hash = $1 AND coalesce(at = $2, expires_at IS NULL OR expires_at > CAST(round(unixepoch('subsec') * 1000) AS INTEGER) * 1000)

-- probes: transition_key
            SELECT 1 FROM "idem_transitions"
            WHERE hash = $1 AND coalesce(at = $2, expires_at IS NULL OR expires_at > CAST(round(unixepoch('subsec') * 1000) AS INTEGER) * 1000)

-- probes: entry_key
SELECT 1 FROM "idem_entries" WHERE hash = $1 AND coalesce(at = $2, true)

-- probes: transition
            SELECT 1 FROM "idem_transitions"
            WHERE machine = $1 AND id = $2 AND seq = $3 AND at = $4
                AND fingerprint = $5 AND coalesce(hash, fingerprint) = $6

-- write: an alias alone
BEGIN IMMEDIATE;
WITH j AS MATERIALIZED (SELECT value FROM json_each($1)) INSERT INTO "idem_transitions" (machine, id, seq, command, from_state, state, body, payload, outcome, fingerprint, from_visit, visit, at, correlation, emitted, scope, key, hash, alias_of, rejection, expires_at) SELECT j.value->>0, j.value->>1, j.value->>2, j.value->>3, j.value->>4, j.value->>5, unhex(j.value->>6), unhex(j.value->>7), unhex(j.value->>8), unhex(j.value->>9), j.value->>10, j.value->>11, j.value->>12, j.value->>13, j.value->>14, j.value->>15, j.value->>16, unhex(j.value->>17), j.value->>18, unhex(j.value->>19), j.value->>20 FROM j;
COMMIT

-- write: an alias joined
SAVEPOINT idem_write;
WITH j AS MATERIALIZED (SELECT value FROM json_each($1)) INSERT INTO "idem_transitions" (machine, id, seq, command, from_state, state, body, payload, outcome, fingerprint, from_visit, visit, at, correlation, emitted, scope, key, hash, alias_of, rejection, expires_at) SELECT j.value->>0, j.value->>1, j.value->>2, j.value->>3, j.value->>4, j.value->>5, unhex(j.value->>6), unhex(j.value->>7), unhex(j.value->>8), unhex(j.value->>9), j.value->>10, j.value->>11, j.value->>12, j.value->>13, j.value->>14, j.value->>15, j.value->>16, unhex(j.value->>17), j.value->>18, unhex(j.value->>19), j.value->>20 FROM j;
RELEASE idem_write

-- write: start alone, natural
BEGIN IMMEDIATE;
INSERT INTO "idem_machines" (machine, id, state, body, last_by_command, version, visit, entered_at, emitted)
            SELECT $1, $2, $3, $4, $5, CASE WHEN coalesce((SELECT version FROM "idem_machines" WHERE machine = $1 AND id = $2), 0) = $6 THEN $7 END, $8, $9, $10  WHERE true
            ON CONFLICT (machine, id) DO UPDATE SET state = excluded.state, body = excluded.body, last_by_command = excluded.last_by_command, version = excluded.version, visit = excluded.visit, entered_at = excluded.entered_at, emitted = excluded.emitted;
INSERT INTO "idem_transitions" (machine, id, seq, command, from_state, state, body, payload, outcome, fingerprint, from_visit, visit, at, correlation, emitted) VALUES ($11, $12, $13, $14, $15, $16, $17, $18, $19, $20, $21, $22, $23, $24, $25);
COMMIT

-- write: start alone, keyed
BEGIN IMMEDIATE;
INSERT INTO "idem_machines" (machine, id, state, body, last_by_command, version, visit, entered_at, emitted)
            SELECT $1, $2, $3, $4, $5, CASE WHEN coalesce((SELECT version FROM "idem_machines" WHERE machine = $1 AND id = $2), 0) = $6 THEN $7 END, $8, $9, $10  WHERE true
            ON CONFLICT (machine, id) DO UPDATE SET state = excluded.state, body = excluded.body, last_by_command = excluded.last_by_command, version = excluded.version, visit = excluded.visit, entered_at = excluded.entered_at, emitted = excluded.emitted;
INSERT INTO "idem_transitions" (machine, id, seq, command, from_state, state, body, payload, outcome, fingerprint, from_visit, visit, at, correlation, emitted, scope, key, hash) VALUES ($11, $12, $13, $14, $15, $16, $17, $18, $19, $20, $21, $22, $23, $24, $25, $26, $27, $28);
COMMIT

-- write: start alone, with money and messages
BEGIN IMMEDIATE;
INSERT INTO "idem_machines" (machine, id, state, body, last_by_command, version, visit, entered_at, emitted)
            SELECT $1, $2, $3, $4, $5, CASE WHEN coalesce((SELECT version FROM "idem_machines" WHERE machine = $1 AND id = $2), 0) = $6 THEN $7 END, $8, $9, $10  WHERE true
            ON CONFLICT (machine, id) DO UPDATE SET state = excluded.state, body = excluded.body, last_by_command = excluded.last_by_command, version = excluded.version, visit = excluded.visit, entered_at = excluded.entered_at, emitted = excluded.emitted;
WITH j AS MATERIALIZED (SELECT value FROM json_each($11)) INSERT INTO "idem_accounts" (account, balance, seq, held, at)
            SELECT d.account,
                CASE WHEN typeof(available + lowest) = 'integer' AND typeof(before + highest) = 'integer'
                    AND NOT shut AND its_unit IS unit AND seq = coalesce(expected, seq)
                    AND (floor IS NULL OR available + lowest >= floor) AND (ceiling IS NULL OR before + highest <= ceiling)
                    THEN before + delta END,
                seq + entries, held + reserved, CASE WHEN entries > 0 THEN max(at, $12) ELSE at END
            FROM (
                SELECT j.value->>0 AS account, j.value->>1 AS delta, j.value->>2 AS reserved, j.value->>3 AS lowest, j.value->>4 AS highest, j.value->>5 AS entries, j.value->>6 AS expected, j.value->>7 AS unit,
                    coalesce(a.balance, 0) AS before, coalesce(a.seq, 0) AS seq, coalesce(a.held, 0) AS held,
                    coalesce(a.balance - a.held, 0) AS available, coalesce(a.at, 0) AS at, a.floor, a.ceiling,
                    a.unit AS its_unit, coalesce(a.tally, 0) OR a.closed_at IS NOT NULL AS shut
                FROM j LEFT JOIN "idem_accounts" a ON a.account = j.value->>0
            ) d
            WHERE true
            ON CONFLICT (account) DO UPDATE SET balance = excluded.balance, seq = excluded.seq, held = excluded.held,
                at = excluded.at;
INSERT INTO "idem_transitions" (machine, id, seq, command, from_state, state, body, payload, outcome, fingerprint, from_visit, visit, at, correlation, emitted, scope, key, hash) VALUES ($13, $14, $15, $16, $17, $18, $19, $20, $21, $22, $23, $24, $25, $26, $27, $28, $29, $30);
WITH j AS MATERIALIZED (SELECT value FROM json_each($31)) INSERT INTO "idem_entries" (account, delta, kind, machine, id, machine_seq, entry_no, seq, balance, at, next_seq)
            SELECT j.value->>0, j.value->>1, j.value->>2, j.value->>6, j.value->>7, j.value->>8, j.value->>9, a.seq - (j.value->>4), a.balance - (j.value->>5), a.at, NULL
            FROM j CROSS JOIN "idem_accounts" a ON a.account = j.value->>0;
WITH j AS MATERIALIZED (SELECT value FROM json_each($32)) INSERT INTO "idem_outbox" (machine, id, seq, entry_no, number, topic, key, headers, payload, correlation, at) SELECT j.value->>0, j.value->>1, j.value->>2, j.value->>3, j.value->>4, j.value->>5, j.value->>6, unhex(j.value->>7), unhex(j.value->>8), j.value->>9, j.value->>10 FROM j;
SELECT json_group_array(json_array(j.key, a.balance, a.seq, a.at))
            FROM json_each($33) j CROSS JOIN "idem_accounts" a ON a.account = j.value;
COMMIT

-- write: move alone, natural
BEGIN IMMEDIATE;
INSERT INTO "idem_machines" (machine, id, state, body, last_by_command, version, visit, entered_at, emitted)
            SELECT $1, $2, $3, $4, $5, CASE WHEN coalesce((SELECT version FROM "idem_machines" WHERE machine = $1 AND id = $2), 0) = $6 THEN $7 END, $8, $9, $10  WHERE true
            ON CONFLICT (machine, id) DO UPDATE SET state = excluded.state, body = excluded.body, last_by_command = excluded.last_by_command, version = excluded.version, visit = excluded.visit, entered_at = excluded.entered_at, emitted = excluded.emitted;
INSERT INTO "idem_transitions" (machine, id, seq, command, from_state, state, body, payload, outcome, fingerprint, from_visit, visit, at, correlation, emitted) VALUES ($11, $12, $13, $14, $15, $16, $17, $18, $19, $20, $21, $22, $23, $24, $25);
COMMIT

-- write: move alone, keyed
BEGIN IMMEDIATE;
INSERT INTO "idem_machines" (machine, id, state, body, last_by_command, version, visit, entered_at, emitted)
            SELECT $1, $2, $3, $4, $5, CASE WHEN coalesce((SELECT version FROM "idem_machines" WHERE machine = $1 AND id = $2), 0) = $6 THEN $7 END, $8, $9, $10  WHERE true
            ON CONFLICT (machine, id) DO UPDATE SET state = excluded.state, body = excluded.body, last_by_command = excluded.last_by_command, version = excluded.version, visit = excluded.visit, entered_at = excluded.entered_at, emitted = excluded.emitted;
INSERT INTO "idem_transitions" (machine, id, seq, command, from_state, state, body, payload, outcome, fingerprint, from_visit, visit, at, correlation, emitted, scope, key, hash) VALUES ($11, $12, $13, $14, $15, $16, $17, $18, $19, $20, $21, $22, $23, $24, $25, $26, $27, $28);
COMMIT

-- write: move alone, with money and messages
BEGIN IMMEDIATE;
INSERT INTO "idem_machines" (machine, id, state, body, last_by_command, version, visit, entered_at, emitted)
            SELECT $1, $2, $3, $4, $5, CASE WHEN coalesce((SELECT version FROM "idem_machines" WHERE machine = $1 AND id = $2), 0) = $6 THEN $7 END, $8, $9, $10  WHERE true
            ON CONFLICT (machine, id) DO UPDATE SET state = excluded.state, body = excluded.body, last_by_command = excluded.last_by_command, version = excluded.version, visit = excluded.visit, entered_at = excluded.entered_at, emitted = excluded.emitted;
WITH j AS MATERIALIZED (SELECT value FROM json_each($11)) INSERT INTO "idem_accounts" (account, balance, seq, held, at)
            SELECT d.account,
                CASE WHEN typeof(available + lowest) = 'integer' AND typeof(before + highest) = 'integer'
                    AND NOT shut AND its_unit IS unit AND seq = coalesce(expected, seq)
                    AND (floor IS NULL OR available + lowest >= floor) AND (ceiling IS NULL OR before + highest <= ceiling)
                    THEN before + delta END,
                seq + entries, held + reserved, CASE WHEN entries > 0 THEN max(at, $12) ELSE at END
            FROM (
                SELECT j.value->>0 AS account, j.value->>1 AS delta, j.value->>2 AS reserved, j.value->>3 AS lowest, j.value->>4 AS highest, j.value->>5 AS entries, j.value->>6 AS expected, j.value->>7 AS unit,
                    coalesce(a.balance, 0) AS before, coalesce(a.seq, 0) AS seq, coalesce(a.held, 0) AS held,
                    coalesce(a.balance - a.held, 0) AS available, coalesce(a.at, 0) AS at, a.floor, a.ceiling,
                    a.unit AS its_unit, coalesce(a.tally, 0) OR a.closed_at IS NOT NULL AS shut
                FROM j LEFT JOIN "idem_accounts" a ON a.account = j.value->>0
            ) d
            WHERE true
            ON CONFLICT (account) DO UPDATE SET balance = excluded.balance, seq = excluded.seq, held = excluded.held,
                at = excluded.at;
INSERT INTO "idem_transitions" (machine, id, seq, command, from_state, state, body, payload, outcome, fingerprint, from_visit, visit, at, correlation, emitted, scope, key, hash) VALUES ($13, $14, $15, $16, $17, $18, $19, $20, $21, $22, $23, $24, $25, $26, $27, $28, $29, $30);
WITH j AS MATERIALIZED (SELECT value FROM json_each($31)) INSERT INTO "idem_entries" (account, delta, kind, machine, id, machine_seq, entry_no, seq, balance, at, next_seq)
            SELECT j.value->>0, j.value->>1, j.value->>2, j.value->>6, j.value->>7, j.value->>8, j.value->>9, a.seq - (j.value->>4), a.balance - (j.value->>5), a.at, NULL
            FROM j CROSS JOIN "idem_accounts" a ON a.account = j.value->>0;
WITH j AS MATERIALIZED (SELECT value FROM json_each($32)) INSERT INTO "idem_outbox" (machine, id, seq, entry_no, number, topic, key, headers, payload, correlation, at) SELECT j.value->>0, j.value->>1, j.value->>2, j.value->>3, j.value->>4, j.value->>5, j.value->>6, unhex(j.value->>7), unhex(j.value->>8), j.value->>9, j.value->>10 FROM j;
SELECT json_group_array(json_array(j.key, a.balance, a.seq, a.at))
            FROM json_each($33) j CROSS JOIN "idem_accounts" a ON a.account = j.value;
COMMIT

-- write: start joined, natural
SAVEPOINT idem_write;
INSERT INTO "idem_machines" (machine, id, state, body, last_by_command, version, visit, entered_at, emitted)
            SELECT $1, $2, $3, $4, $5, CASE WHEN coalesce((SELECT version FROM "idem_machines" WHERE machine = $1 AND id = $2), 0) = $6 THEN $7 END, $8, $9, $10  WHERE true
            ON CONFLICT (machine, id) DO UPDATE SET state = excluded.state, body = excluded.body, last_by_command = excluded.last_by_command, version = excluded.version, visit = excluded.visit, entered_at = excluded.entered_at, emitted = excluded.emitted;
INSERT INTO "idem_transitions" (machine, id, seq, command, from_state, state, body, payload, outcome, fingerprint, from_visit, visit, at, correlation, emitted) VALUES ($11, $12, $13, $14, $15, $16, $17, $18, $19, $20, $21, $22, $23, $24, $25);
RELEASE idem_write

-- write: start joined, keyed
SAVEPOINT idem_write;
INSERT INTO "idem_machines" (machine, id, state, body, last_by_command, version, visit, entered_at, emitted)
            SELECT $1, $2, $3, $4, $5, CASE WHEN coalesce((SELECT version FROM "idem_machines" WHERE machine = $1 AND id = $2), 0) = $6 THEN $7 END, $8, $9, $10  WHERE true
            ON CONFLICT (machine, id) DO UPDATE SET state = excluded.state, body = excluded.body, last_by_command = excluded.last_by_command, version = excluded.version, visit = excluded.visit, entered_at = excluded.entered_at, emitted = excluded.emitted;
INSERT INTO "idem_transitions" (machine, id, seq, command, from_state, state, body, payload, outcome, fingerprint, from_visit, visit, at, correlation, emitted, scope, key, hash) VALUES ($11, $12, $13, $14, $15, $16, $17, $18, $19, $20, $21, $22, $23, $24, $25, $26, $27, $28);
RELEASE idem_write

-- write: start joined, with money and messages
SAVEPOINT idem_write;
INSERT INTO "idem_machines" (machine, id, state, body, last_by_command, version, visit, entered_at, emitted)
            SELECT $1, $2, $3, $4, $5, CASE WHEN coalesce((SELECT version FROM "idem_machines" WHERE machine = $1 AND id = $2), 0) = $6 THEN $7 END, $8, $9, $10  WHERE true
            ON CONFLICT (machine, id) DO UPDATE SET state = excluded.state, body = excluded.body, last_by_command = excluded.last_by_command, version = excluded.version, visit = excluded.visit, entered_at = excluded.entered_at, emitted = excluded.emitted;
WITH j AS MATERIALIZED (SELECT value FROM json_each($11)) INSERT INTO "idem_accounts" (account, balance, seq, held, at)
            SELECT d.account,
                CASE WHEN typeof(available + lowest) = 'integer' AND typeof(before + highest) = 'integer'
                    AND NOT shut AND its_unit IS unit AND seq = coalesce(expected, seq)
                    AND (floor IS NULL OR available + lowest >= floor) AND (ceiling IS NULL OR before + highest <= ceiling)
                    THEN before + delta END,
                seq + entries, held + reserved, CASE WHEN entries > 0 THEN max(at, $12) ELSE at END
            FROM (
                SELECT j.value->>0 AS account, j.value->>1 AS delta, j.value->>2 AS reserved, j.value->>3 AS lowest, j.value->>4 AS highest, j.value->>5 AS entries, j.value->>6 AS expected, j.value->>7 AS unit,
                    coalesce(a.balance, 0) AS before, coalesce(a.seq, 0) AS seq, coalesce(a.held, 0) AS held,
                    coalesce(a.balance - a.held, 0) AS available, coalesce(a.at, 0) AS at, a.floor, a.ceiling,
                    a.unit AS its_unit, coalesce(a.tally, 0) OR a.closed_at IS NOT NULL AS shut
                FROM j LEFT JOIN "idem_accounts" a ON a.account = j.value->>0
            ) d
            WHERE true
            ON CONFLICT (account) DO UPDATE SET balance = excluded.balance, seq = excluded.seq, held = excluded.held,
                at = excluded.at;
INSERT INTO "idem_transitions" (machine, id, seq, command, from_state, state, body, payload, outcome, fingerprint, from_visit, visit, at, correlation, emitted, scope, key, hash) VALUES ($13, $14, $15, $16, $17, $18, $19, $20, $21, $22, $23, $24, $25, $26, $27, $28, $29, $30);
WITH j AS MATERIALIZED (SELECT value FROM json_each($31)) INSERT INTO "idem_entries" (account, delta, kind, machine, id, machine_seq, entry_no, seq, balance, at, next_seq)
            SELECT j.value->>0, j.value->>1, j.value->>2, j.value->>6, j.value->>7, j.value->>8, j.value->>9, a.seq - (j.value->>4), a.balance - (j.value->>5), a.at, NULL
            FROM j CROSS JOIN "idem_accounts" a ON a.account = j.value->>0;
WITH j AS MATERIALIZED (SELECT value FROM json_each($32)) INSERT INTO "idem_outbox" (machine, id, seq, entry_no, number, topic, key, headers, payload, correlation, at) SELECT j.value->>0, j.value->>1, j.value->>2, j.value->>3, j.value->>4, j.value->>5, j.value->>6, unhex(j.value->>7), unhex(j.value->>8), j.value->>9, j.value->>10 FROM j;
SELECT json_group_array(json_array(j.key, a.balance, a.seq, a.at))
            FROM json_each($33) j CROSS JOIN "idem_accounts" a ON a.account = j.value;
RELEASE idem_write

-- write: move joined, natural
SAVEPOINT idem_write;
INSERT INTO "idem_machines" (machine, id, state, body, last_by_command, version, visit, entered_at, emitted)
            SELECT $1, $2, $3, $4, $5, CASE WHEN coalesce((SELECT version FROM "idem_machines" WHERE machine = $1 AND id = $2), 0) = $6 THEN $7 END, $8, $9, $10  WHERE true
            ON CONFLICT (machine, id) DO UPDATE SET state = excluded.state, body = excluded.body, last_by_command = excluded.last_by_command, version = excluded.version, visit = excluded.visit, entered_at = excluded.entered_at, emitted = excluded.emitted;
INSERT INTO "idem_transitions" (machine, id, seq, command, from_state, state, body, payload, outcome, fingerprint, from_visit, visit, at, correlation, emitted) VALUES ($11, $12, $13, $14, $15, $16, $17, $18, $19, $20, $21, $22, $23, $24, $25);
RELEASE idem_write

-- write: move joined, keyed
SAVEPOINT idem_write;
INSERT INTO "idem_machines" (machine, id, state, body, last_by_command, version, visit, entered_at, emitted)
            SELECT $1, $2, $3, $4, $5, CASE WHEN coalesce((SELECT version FROM "idem_machines" WHERE machine = $1 AND id = $2), 0) = $6 THEN $7 END, $8, $9, $10  WHERE true
            ON CONFLICT (machine, id) DO UPDATE SET state = excluded.state, body = excluded.body, last_by_command = excluded.last_by_command, version = excluded.version, visit = excluded.visit, entered_at = excluded.entered_at, emitted = excluded.emitted;
INSERT INTO "idem_transitions" (machine, id, seq, command, from_state, state, body, payload, outcome, fingerprint, from_visit, visit, at, correlation, emitted, scope, key, hash) VALUES ($11, $12, $13, $14, $15, $16, $17, $18, $19, $20, $21, $22, $23, $24, $25, $26, $27, $28);
RELEASE idem_write

-- write: move joined, with money and messages
SAVEPOINT idem_write;
INSERT INTO "idem_machines" (machine, id, state, body, last_by_command, version, visit, entered_at, emitted)
            SELECT $1, $2, $3, $4, $5, CASE WHEN coalesce((SELECT version FROM "idem_machines" WHERE machine = $1 AND id = $2), 0) = $6 THEN $7 END, $8, $9, $10  WHERE true
            ON CONFLICT (machine, id) DO UPDATE SET state = excluded.state, body = excluded.body, last_by_command = excluded.last_by_command, version = excluded.version, visit = excluded.visit, entered_at = excluded.entered_at, emitted = excluded.emitted;
WITH j AS MATERIALIZED (SELECT value FROM json_each($11)) INSERT INTO "idem_accounts" (account, balance, seq, held, at)
            SELECT d.account,
                CASE WHEN typeof(available + lowest) = 'integer' AND typeof(before + highest) = 'integer'
                    AND NOT shut AND its_unit IS unit AND seq = coalesce(expected, seq)
                    AND (floor IS NULL OR available + lowest >= floor) AND (ceiling IS NULL OR before + highest <= ceiling)
                    THEN before + delta END,
                seq + entries, held + reserved, CASE WHEN entries > 0 THEN max(at, $12) ELSE at END
            FROM (
                SELECT j.value->>0 AS account, j.value->>1 AS delta, j.value->>2 AS reserved, j.value->>3 AS lowest, j.value->>4 AS highest, j.value->>5 AS entries, j.value->>6 AS expected, j.value->>7 AS unit,
                    coalesce(a.balance, 0) AS before, coalesce(a.seq, 0) AS seq, coalesce(a.held, 0) AS held,
                    coalesce(a.balance - a.held, 0) AS available, coalesce(a.at, 0) AS at, a.floor, a.ceiling,
                    a.unit AS its_unit, coalesce(a.tally, 0) OR a.closed_at IS NOT NULL AS shut
                FROM j LEFT JOIN "idem_accounts" a ON a.account = j.value->>0
            ) d
            WHERE true
            ON CONFLICT (account) DO UPDATE SET balance = excluded.balance, seq = excluded.seq, held = excluded.held,
                at = excluded.at;
INSERT INTO "idem_transitions" (machine, id, seq, command, from_state, state, body, payload, outcome, fingerprint, from_visit, visit, at, correlation, emitted, scope, key, hash) VALUES ($13, $14, $15, $16, $17, $18, $19, $20, $21, $22, $23, $24, $25, $26, $27, $28, $29, $30);
WITH j AS MATERIALIZED (SELECT value FROM json_each($31)) INSERT INTO "idem_entries" (account, delta, kind, machine, id, machine_seq, entry_no, seq, balance, at, next_seq)
            SELECT j.value->>0, j.value->>1, j.value->>2, j.value->>6, j.value->>7, j.value->>8, j.value->>9, a.seq - (j.value->>4), a.balance - (j.value->>5), a.at, NULL
            FROM j CROSS JOIN "idem_accounts" a ON a.account = j.value->>0;
WITH j AS MATERIALIZED (SELECT value FROM json_each($32)) INSERT INTO "idem_outbox" (machine, id, seq, entry_no, number, topic, key, headers, payload, correlation, at) SELECT j.value->>0, j.value->>1, j.value->>2, j.value->>3, j.value->>4, j.value->>5, j.value->>6, unhex(j.value->>7), unhex(j.value->>8), j.value->>9, j.value->>10 FROM j;
SELECT json_group_array(json_array(j.key, a.balance, a.seq, a.at))
            FROM json_each($33) j CROSS JOIN "idem_accounts" a ON a.account = j.value;
RELEASE idem_write

-- write: a fenced move
BEGIN IMMEDIATE;
INSERT INTO "idem_claims" (hash, surface, scope, fingerprint, state, at) SELECT x'', '', '', NULL, 0, 0 WHERE NOT EXISTS (SELECT 1 FROM "idem_claims" WHERE hash = $1 AND epoch = $2 AND state = 1 AND true);
INSERT INTO "idem_machines" (machine, id, state, body, last_by_command, version, visit, entered_at, emitted)
            SELECT $3, $4, $5, $6, $7, CASE WHEN coalesce((SELECT version FROM "idem_machines" WHERE machine = $3 AND id = $4), 0) = $8 THEN $9 END, $10, $11, $12  WHERE true
            ON CONFLICT (machine, id) DO UPDATE SET state = excluded.state, body = excluded.body, last_by_command = excluded.last_by_command, version = excluded.version, visit = excluded.visit, entered_at = excluded.entered_at, emitted = excluded.emitted;
INSERT INTO "idem_transitions" (machine, id, seq, command, from_state, state, body, payload, outcome, fingerprint, from_visit, visit, at, correlation, emitted, scope, key, hash) VALUES ($13, $14, $15, $16, $17, $18, $19, $20, $21, $22, $23, $24, $25, $26, $27, $28, $29, $30);
COMMIT

-- write: a fenced change of the ledger
BEGIN IMMEDIATE;
INSERT INTO "idem_claims" (hash, surface, scope, fingerprint, state, at) SELECT x'', '', '', NULL, 0, 0 WHERE NOT EXISTS (SELECT 1 FROM "idem_claims" WHERE hash = $1 AND epoch = $2 AND state = 1 AND true);
WITH j AS MATERIALIZED (SELECT value FROM json_each($3)) INSERT INTO "idem_accounts" (account, balance, seq, held, at)
            SELECT d.account,
                CASE WHEN typeof(available + lowest) = 'integer' AND typeof(before + highest) = 'integer'
                    AND NOT shut AND its_unit IS unit AND seq = coalesce(expected, seq)
                    AND (floor IS NULL OR available + lowest >= floor) AND (ceiling IS NULL OR before + highest <= ceiling)
                    THEN before + delta END,
                seq + entries, held + reserved, CASE WHEN entries > 0 THEN max(at, $4) ELSE at END
            FROM (
                SELECT j.value->>0 AS account, j.value->>1 AS delta, j.value->>2 AS reserved, j.value->>3 AS lowest, j.value->>4 AS highest, j.value->>5 AS entries, j.value->>6 AS expected, j.value->>7 AS unit,
                    coalesce(a.balance, 0) AS before, coalesce(a.seq, 0) AS seq, coalesce(a.held, 0) AS held,
                    coalesce(a.balance - a.held, 0) AS available, coalesce(a.at, 0) AS at, a.floor, a.ceiling,
                    a.unit AS its_unit, coalesce(a.tally, 0) OR a.closed_at IS NOT NULL AS shut
                FROM j LEFT JOIN "idem_accounts" a ON a.account = j.value->>0
            ) d
            WHERE true
            ON CONFLICT (account) DO UPDATE SET balance = excluded.balance, seq = excluded.seq, held = excluded.held,
                at = excluded.at;
WITH j AS MATERIALIZED (SELECT value FROM json_each($5)) INSERT INTO "idem_entries" (account, delta, kind, scope, key, hash, fingerprint, seq, balance, at, next_seq)
            SELECT j.value->>0, j.value->>1, j.value->>2, j.value->>6, j.value->>7, unhex(j.value->>8), unhex(j.value->>9), a.seq - (j.value->>4), a.balance - (j.value->>5), a.at, NULL
            FROM j CROSS JOIN "idem_accounts" a ON a.account = j.value->>0;
SELECT json_group_array(json_array(j.key, a.balance, a.seq, a.at))
            FROM json_each($6) j CROSS JOIN "idem_accounts" a ON a.account = j.value;
COMMIT

-- write: entries 0100010
BEGIN IMMEDIATE;
WITH j AS MATERIALIZED (SELECT value FROM json_each($1)) INSERT INTO "idem_accounts" (account, balance, seq, held, at)
            SELECT d.account,
                CASE WHEN typeof(available + lowest) = 'integer' AND typeof(before + highest) = 'integer'
                    AND NOT shut AND its_unit IS unit AND seq = coalesce(expected, seq)
                    AND (floor IS NULL OR available + lowest >= floor) AND (ceiling IS NULL OR before + highest <= ceiling)
                    THEN before + delta END,
                seq + entries, held + reserved, CASE WHEN entries > 0 THEN max(at, $2) ELSE at END
            FROM (
                SELECT j.value->>0 AS account, j.value->>1 AS delta, j.value->>2 AS reserved, j.value->>3 AS lowest, j.value->>4 AS highest, j.value->>5 AS entries, j.value->>6 AS expected, j.value->>7 AS unit,
                    coalesce(a.balance, 0) AS before, coalesce(a.seq, 0) AS seq, coalesce(a.held, 0) AS held,
                    coalesce(a.balance - a.held, 0) AS available, coalesce(a.at, 0) AS at, a.floor, a.ceiling,
                    a.unit AS its_unit, coalesce(a.tally, 0) OR a.closed_at IS NOT NULL AS shut
                FROM j LEFT JOIN "idem_accounts" a ON a.account = j.value->>0
            ) d
            WHERE true
            ON CONFLICT (account) DO UPDATE SET balance = excluded.balance, seq = excluded.seq, held = excluded.held,
                at = excluded.at;
WITH j AS MATERIALIZED (SELECT value FROM json_each($3)) INSERT INTO "idem_entries" (account, delta, kind, scope, key, hash, fingerprint, seq, balance, at, next_seq)
            SELECT j.value->>0, j.value->>1, j.value->>2, j.value->>6, j.value->>7, unhex(j.value->>8), unhex(j.value->>9), a.seq - (j.value->>4), a.balance - (j.value->>5), a.at, NULL
            FROM j CROSS JOIN "idem_accounts" a ON a.account = j.value->>0;
SELECT json_group_array(json_array(j.key, a.balance, a.seq, a.at))
            FROM json_each($4) j CROSS JOIN "idem_accounts" a ON a.account = j.value;
COMMIT

-- write: entries 0101010
BEGIN IMMEDIATE;
WITH j AS MATERIALIZED (SELECT value FROM json_each($1)) INSERT INTO "idem_accounts" (account, balance, seq, held, at)
            SELECT d.account,
                CASE WHEN typeof(available + lowest) = 'integer' AND typeof(before + highest) = 'integer'
                    AND NOT shut AND its_unit IS unit AND seq = coalesce(expected, seq)
                    AND (floor IS NULL OR available + lowest >= floor) AND (ceiling IS NULL OR before + highest <= ceiling)
                    THEN before + delta END,
                seq + entries, held + reserved, CASE WHEN entries > 0 THEN max(at, $2) ELSE at END
            FROM (
                SELECT j.value->>0 AS account, j.value->>1 AS delta, j.value->>2 AS reserved, j.value->>3 AS lowest, j.value->>4 AS highest, j.value->>5 AS entries, j.value->>6 AS expected, j.value->>7 AS unit,
                    coalesce(a.balance, 0) AS before, coalesce(a.seq, 0) AS seq, coalesce(a.held, 0) AS held,
                    coalesce(a.balance - a.held, 0) AS available, coalesce(a.at, 0) AS at, a.floor, a.ceiling,
                    a.unit AS its_unit, coalesce(a.tally, 0) OR a.closed_at IS NOT NULL AS shut
                FROM j LEFT JOIN "idem_accounts" a ON a.account = j.value->>0
            ) d
            WHERE true
            ON CONFLICT (account) DO UPDATE SET balance = excluded.balance, seq = excluded.seq, held = excluded.held,
                at = excluded.at;
WITH j AS MATERIALIZED (SELECT value FROM json_each($3)) INSERT INTO "idem_entries" (account, delta, kind, scope, key, hash, fingerprint, next_account, seq, balance, at, next_seq)
            SELECT j.value->>0, j.value->>1, j.value->>2, j.value->>6, j.value->>7, unhex(j.value->>8), unhex(j.value->>9), j.value->>10, a.seq - (j.value->>4), a.balance - (j.value->>5), a.at, (SELECT n.seq - (j.value->>12) FROM "idem_accounts" n WHERE n.account = j.value->>10)
            FROM j CROSS JOIN "idem_accounts" a ON a.account = j.value->>0;
SELECT json_group_array(json_array(j.key, a.balance, a.seq, a.at))
            FROM json_each($4) j CROSS JOIN "idem_accounts" a ON a.account = j.value;
COMMIT

-- write: entries 0100011
BEGIN IMMEDIATE;
WITH j AS MATERIALIZED (SELECT value FROM json_each($1)) INSERT INTO "idem_accounts" (account, balance, seq, held, at)
            SELECT d.account,
                CASE WHEN typeof(available + lowest) = 'integer' AND typeof(before + highest) = 'integer'
                    AND NOT shut AND its_unit IS unit AND seq = coalesce(expected, seq)
                    AND (floor IS NULL OR available + lowest >= floor) AND (ceiling IS NULL OR before + highest <= ceiling)
                    THEN before + delta END,
                seq + entries, held + reserved, CASE WHEN entries > 0 THEN max(at, $2) ELSE at END
            FROM (
                SELECT j.value->>0 AS account, j.value->>1 AS delta, j.value->>2 AS reserved, j.value->>3 AS lowest, j.value->>4 AS highest, j.value->>5 AS entries, j.value->>6 AS expected, j.value->>7 AS unit,
                    coalesce(a.balance, 0) AS before, coalesce(a.seq, 0) AS seq, coalesce(a.held, 0) AS held,
                    coalesce(a.balance - a.held, 0) AS available, coalesce(a.at, 0) AS at, a.floor, a.ceiling,
                    a.unit AS its_unit, coalesce(a.tally, 0) OR a.closed_at IS NOT NULL AS shut
                FROM j LEFT JOIN "idem_accounts" a ON a.account = j.value->>0
            ) d
            WHERE true
            ON CONFLICT (account) DO UPDATE SET balance = excluded.balance, seq = excluded.seq, held = excluded.held,
                at = excluded.at;
WITH j AS MATERIALIZED (SELECT value FROM json_each($3)) INSERT INTO "idem_holds" (hold, account, amount, expires_at, remaining)
            SELECT j.value->>0, j.value->>1, j.value->>2, j.value->>5, CASE WHEN h.remaining IS j.value->>3 THEN j.value->>4 END
            FROM j LEFT JOIN "idem_holds" h ON h.hold = j.value->>0
            WHERE true
            ON CONFLICT (hold) DO UPDATE SET remaining = excluded.remaining;
WITH j AS MATERIALIZED (SELECT value FROM json_each($4)) INSERT INTO "idem_entries" (account, delta, kind, hold, reserved, scope, key, hash, fingerprint, seq, balance, at, next_seq)
            SELECT j.value->>0, j.value->>1, j.value->>2, j.value->>6, j.value->>7, j.value->>8, j.value->>9, unhex(j.value->>10), unhex(j.value->>11), a.seq - (j.value->>4), a.balance - (j.value->>5), a.at, NULL
            FROM j CROSS JOIN "idem_accounts" a ON a.account = j.value->>0;
SELECT json_group_array(json_array(j.key, a.balance, a.seq, a.at))
            FROM json_each($5) j CROSS JOIN "idem_accounts" a ON a.account = j.value;
COMMIT

-- write: entries 0101011
BEGIN IMMEDIATE;
WITH j AS MATERIALIZED (SELECT value FROM json_each($1)) INSERT INTO "idem_accounts" (account, balance, seq, held, at)
            SELECT d.account,
                CASE WHEN typeof(available + lowest) = 'integer' AND typeof(before + highest) = 'integer'
                    AND NOT shut AND its_unit IS unit AND seq = coalesce(expected, seq)
                    AND (floor IS NULL OR available + lowest >= floor) AND (ceiling IS NULL OR before + highest <= ceiling)
                    THEN before + delta END,
                seq + entries, held + reserved, CASE WHEN entries > 0 THEN max(at, $2) ELSE at END
            FROM (
                SELECT j.value->>0 AS account, j.value->>1 AS delta, j.value->>2 AS reserved, j.value->>3 AS lowest, j.value->>4 AS highest, j.value->>5 AS entries, j.value->>6 AS expected, j.value->>7 AS unit,
                    coalesce(a.balance, 0) AS before, coalesce(a.seq, 0) AS seq, coalesce(a.held, 0) AS held,
                    coalesce(a.balance - a.held, 0) AS available, coalesce(a.at, 0) AS at, a.floor, a.ceiling,
                    a.unit AS its_unit, coalesce(a.tally, 0) OR a.closed_at IS NOT NULL AS shut
                FROM j LEFT JOIN "idem_accounts" a ON a.account = j.value->>0
            ) d
            WHERE true
            ON CONFLICT (account) DO UPDATE SET balance = excluded.balance, seq = excluded.seq, held = excluded.held,
                at = excluded.at;
WITH j AS MATERIALIZED (SELECT value FROM json_each($3)) INSERT INTO "idem_holds" (hold, account, amount, expires_at, remaining)
            SELECT j.value->>0, j.value->>1, j.value->>2, j.value->>5, CASE WHEN h.remaining IS j.value->>3 THEN j.value->>4 END
            FROM j LEFT JOIN "idem_holds" h ON h.hold = j.value->>0
            WHERE true
            ON CONFLICT (hold) DO UPDATE SET remaining = excluded.remaining;
WITH j AS MATERIALIZED (SELECT value FROM json_each($4)) INSERT INTO "idem_entries" (account, delta, kind, hold, reserved, scope, key, hash, fingerprint, next_account, seq, balance, at, next_seq)
            SELECT j.value->>0, j.value->>1, j.value->>2, j.value->>6, j.value->>7, j.value->>8, j.value->>9, unhex(j.value->>10), unhex(j.value->>11), j.value->>12, a.seq - (j.value->>4), a.balance - (j.value->>5), a.at, (SELECT n.seq - (j.value->>14) FROM "idem_accounts" n WHERE n.account = j.value->>12)
            FROM j CROSS JOIN "idem_accounts" a ON a.account = j.value->>0;
SELECT json_group_array(json_array(j.key, a.balance, a.seq, a.at))
            FROM json_each($5) j CROSS JOIN "idem_accounts" a ON a.account = j.value;
COMMIT

-- write: entries 0010010
BEGIN IMMEDIATE;
WITH j AS MATERIALIZED (SELECT value FROM json_each($1)) INSERT INTO "idem_accounts" (account, balance, seq)
            SELECT j.value->>0, CASE WHEN a.tally AND a.unit IS j.value->>1 AND a.balance BETWEEN -4611686018427387904 AND 4611686018427387904
                THEN a.balance + (j.value->>2) END, 0
            FROM j LEFT JOIN "idem_accounts" a ON a.account = j.value->>0
            WHERE true
            ON CONFLICT (account) DO UPDATE SET balance = excluded.balance;
WITH j AS MATERIALIZED (SELECT value FROM json_each($2)) INSERT INTO "idem_entries" (account, delta, kind, scope, key, hash, fingerprint, seq, balance, at, next_seq)
            SELECT j.value->>0, j.value->>1, j.value->>2, j.value->>3, j.value->>4, unhex(j.value->>5), unhex(j.value->>6), j.value->>7, NULL, $3, NULL
            FROM j CROSS JOIN "idem_accounts" a ON a.account = j.value->>0;
COMMIT

-- write: entries 0011010
BEGIN IMMEDIATE;
WITH j AS MATERIALIZED (SELECT value FROM json_each($1)) INSERT INTO "idem_accounts" (account, balance, seq)
            SELECT j.value->>0, CASE WHEN a.tally AND a.unit IS j.value->>1 AND a.balance BETWEEN -4611686018427387904 AND 4611686018427387904
                THEN a.balance + (j.value->>2) END, 0
            FROM j LEFT JOIN "idem_accounts" a ON a.account = j.value->>0
            WHERE true
            ON CONFLICT (account) DO UPDATE SET balance = excluded.balance;
WITH j AS MATERIALIZED (SELECT value FROM json_each($2)) INSERT INTO "idem_entries" (account, delta, kind, scope, key, hash, fingerprint, next_account, seq, balance, at, next_seq)
            SELECT j.value->>0, j.value->>1, j.value->>2, j.value->>3, j.value->>4, unhex(j.value->>5), unhex(j.value->>6), j.value->>7, j.value->>8, NULL, $3, j.value->>9
            FROM j CROSS JOIN "idem_accounts" a ON a.account = j.value->>0;
COMMIT

-- write: entries 0111010
BEGIN IMMEDIATE;
WITH j AS MATERIALIZED (SELECT value FROM json_each($1)) INSERT INTO "idem_accounts" (account, balance, seq)
            SELECT j.value->>0, CASE WHEN a.tally AND a.unit IS j.value->>1 AND a.balance BETWEEN -4611686018427387904 AND 4611686018427387904
                THEN a.balance + (j.value->>2) END, 0
            FROM j LEFT JOIN "idem_accounts" a ON a.account = j.value->>0
            WHERE true
            ON CONFLICT (account) DO UPDATE SET balance = excluded.balance;
WITH j AS MATERIALIZED (SELECT value FROM json_each($2)) INSERT INTO "idem_accounts" (account, balance, seq, held, at)
            SELECT d.account,
                CASE WHEN typeof(available + lowest) = 'integer' AND typeof(before + highest) = 'integer'
                    AND NOT shut AND its_unit IS unit AND seq = coalesce(expected, seq)
                    AND (floor IS NULL OR available + lowest >= floor) AND (ceiling IS NULL OR before + highest <= ceiling)
                    THEN before + delta END,
                seq + entries, held + reserved, CASE WHEN entries > 0 THEN max(at, $3) ELSE at END
            FROM (
                SELECT j.value->>0 AS account, j.value->>1 AS delta, j.value->>2 AS reserved, j.value->>3 AS lowest, j.value->>4 AS highest, j.value->>5 AS entries, j.value->>6 AS expected, j.value->>7 AS unit,
                    coalesce(a.balance, 0) AS before, coalesce(a.seq, 0) AS seq, coalesce(a.held, 0) AS held,
                    coalesce(a.balance - a.held, 0) AS available, coalesce(a.at, 0) AS at, a.floor, a.ceiling,
                    a.unit AS its_unit, coalesce(a.tally, 0) OR a.closed_at IS NOT NULL AS shut
                FROM j LEFT JOIN "idem_accounts" a ON a.account = j.value->>0
            ) d
            WHERE true
            ON CONFLICT (account) DO UPDATE SET balance = excluded.balance, seq = excluded.seq, held = excluded.held,
                at = excluded.at;
WITH j AS MATERIALIZED (SELECT value FROM json_each($4)) INSERT INTO "idem_entries" (account, delta, kind, scope, key, hash, fingerprint, next_account, seq, balance, at, next_seq)
            SELECT j.value->>0, j.value->>1, j.value->>2, j.value->>6, j.value->>7, unhex(j.value->>8), unhex(j.value->>9), j.value->>10, coalesce(a.seq - (j.value->>4), j.value->>11), a.balance - (j.value->>5), CASE WHEN j.value->>4 IS NULL THEN $5 ELSE a.at END, coalesce((SELECT n.seq - (j.value->>13) FROM "idem_accounts" n WHERE n.account = j.value->>10), j.value->>14)
            FROM j CROSS JOIN "idem_accounts" a ON a.account = j.value->>0;
SELECT json_group_array(json_array(j.key, a.balance, a.seq, a.at))
            FROM json_each($6) j CROSS JOIN "idem_accounts" a ON a.account = j.value;
COMMIT

-- write: entries 0100100
BEGIN IMMEDIATE;
WITH j AS MATERIALIZED (SELECT value FROM json_each($1)) INSERT INTO "idem_accounts" (account, balance, seq, held, at)
            SELECT d.account,
                CASE WHEN typeof(available + lowest) = 'integer' AND typeof(before + highest) = 'integer'
                    AND NOT shut AND its_unit IS unit AND seq = coalesce(expected, seq)
                    AND (floor IS NULL OR available + lowest >= floor) AND (ceiling IS NULL OR before + highest <= ceiling)
                    THEN before + delta END,
                seq + entries, held + reserved, CASE WHEN entries > 0 THEN max(at, $2) ELSE at END
            FROM (
                SELECT j.value->>0 AS account, j.value->>1 AS delta, j.value->>2 AS reserved, j.value->>3 AS lowest, j.value->>4 AS highest, j.value->>5 AS entries, j.value->>6 AS expected, j.value->>7 AS unit,
                    coalesce(a.balance, 0) AS before, coalesce(a.seq, 0) AS seq, coalesce(a.held, 0) AS held,
                    coalesce(a.balance - a.held, 0) AS available, coalesce(a.at, 0) AS at, a.floor, a.ceiling,
                    a.unit AS its_unit, coalesce(a.tally, 0) OR a.closed_at IS NOT NULL AS shut
                FROM j LEFT JOIN "idem_accounts" a ON a.account = j.value->>0
            ) d
            WHERE true
            ON CONFLICT (account) DO UPDATE SET balance = excluded.balance, seq = excluded.seq, held = excluded.held,
                at = excluded.at;
WITH j AS MATERIALIZED (SELECT value FROM json_each($3)) INSERT INTO "idem_entries" (account, delta, kind, machine, id, machine_seq, entry_no, seq, balance, at, next_seq)
            SELECT j.value->>0, j.value->>1, j.value->>2, j.value->>6, j.value->>7, j.value->>8, j.value->>9, a.seq - (j.value->>4), a.balance - (j.value->>5), a.at, NULL
            FROM j CROSS JOIN "idem_accounts" a ON a.account = j.value->>0;
SELECT json_group_array(json_array(j.key, a.balance, a.seq, a.at))
            FROM json_each($4) j CROSS JOIN "idem_accounts" a ON a.account = j.value;
COMMIT

-- write: entries 0101100
BEGIN IMMEDIATE;
WITH j AS MATERIALIZED (SELECT value FROM json_each($1)) INSERT INTO "idem_accounts" (account, balance, seq, held, at)
            SELECT d.account,
                CASE WHEN typeof(available + lowest) = 'integer' AND typeof(before + highest) = 'integer'
                    AND NOT shut AND its_unit IS unit AND seq = coalesce(expected, seq)
                    AND (floor IS NULL OR available + lowest >= floor) AND (ceiling IS NULL OR before + highest <= ceiling)
                    THEN before + delta END,
                seq + entries, held + reserved, CASE WHEN entries > 0 THEN max(at, $2) ELSE at END
            FROM (
                SELECT j.value->>0 AS account, j.value->>1 AS delta, j.value->>2 AS reserved, j.value->>3 AS lowest, j.value->>4 AS highest, j.value->>5 AS entries, j.value->>6 AS expected, j.value->>7 AS unit,
                    coalesce(a.balance, 0) AS before, coalesce(a.seq, 0) AS seq, coalesce(a.held, 0) AS held,
                    coalesce(a.balance - a.held, 0) AS available, coalesce(a.at, 0) AS at, a.floor, a.ceiling,
                    a.unit AS its_unit, coalesce(a.tally, 0) OR a.closed_at IS NOT NULL AS shut
                FROM j LEFT JOIN "idem_accounts" a ON a.account = j.value->>0
            ) d
            WHERE true
            ON CONFLICT (account) DO UPDATE SET balance = excluded.balance, seq = excluded.seq, held = excluded.held,
                at = excluded.at;
WITH j AS MATERIALIZED (SELECT value FROM json_each($3)) INSERT INTO "idem_entries" (account, delta, kind, machine, id, machine_seq, entry_no, next_account, seq, balance, at, next_seq)
            SELECT j.value->>0, j.value->>1, j.value->>2, j.value->>6, j.value->>7, j.value->>8, j.value->>9, j.value->>10, a.seq - (j.value->>4), a.balance - (j.value->>5), a.at, (SELECT n.seq - (j.value->>12) FROM "idem_accounts" n WHERE n.account = j.value->>10)
            FROM j CROSS JOIN "idem_accounts" a ON a.account = j.value->>0;
SELECT json_group_array(json_array(j.key, a.balance, a.seq, a.at))
            FROM json_each($4) j CROSS JOIN "idem_accounts" a ON a.account = j.value;
COMMIT

-- write: entries 10100010
BEGIN IMMEDIATE;
WITH j AS MATERIALIZED (SELECT value FROM json_each($1)) INSERT INTO "idem_accounts" (account, balance, seq, held, at)
            SELECT d.account,
                CASE WHEN typeof(available + lowest) = 'integer' AND typeof(before + highest) = 'integer'
                    AND NOT shut AND its_unit IS unit AND seq = coalesce(expected, seq)
                    AND (floor IS NULL OR available + lowest >= floor) AND (ceiling IS NULL OR before + highest <= ceiling)
                    THEN before + delta END,
                seq + entries, held + reserved, CASE WHEN entries > 0 THEN max(at, $2) ELSE at END
            FROM (
                SELECT j.value->>0 AS account, j.value->>1 AS delta, j.value->>2 AS reserved, j.value->>3 AS lowest, j.value->>4 AS highest, j.value->>5 AS entries, j.value->>6 AS expected, j.value->>7 AS unit,
                    coalesce(a.balance, 0) AS before, coalesce(a.seq, 0) AS seq, coalesce(a.held, 0) AS held,
                    coalesce(a.balance - a.held, 0) AS available, coalesce(a.at, 0) AS at, a.floor, a.ceiling,
                    a.unit AS its_unit, coalesce(a.tally, 0) OR a.closed_at IS NOT NULL AS shut
                FROM j LEFT JOIN "idem_accounts" a ON a.account = j.value->>0
            ) d
            WHERE true
            ON CONFLICT (account) DO UPDATE SET balance = excluded.balance, seq = excluded.seq, held = excluded.held,
                at = excluded.at;
WITH j AS MATERIALIZED (SELECT value FROM json_each($3)) INSERT INTO "idem_entries" (account, delta, kind, scope, key, hash, fingerprint, metadata, seq, balance, at, next_seq)
            SELECT j.value->>0, j.value->>1, j.value->>2, j.value->>6, j.value->>7, unhex(j.value->>8), unhex(j.value->>9), unhex(j.value->>10), a.seq - (j.value->>4), a.balance - (j.value->>5), a.at, NULL
            FROM j CROSS JOIN "idem_accounts" a ON a.account = j.value->>0;
SELECT json_group_array(json_array(j.key, a.balance, a.seq, a.at))
            FROM json_each($4) j CROSS JOIN "idem_accounts" a ON a.account = j.value;
COMMIT

-- write: entries 1000010
BEGIN IMMEDIATE;
WITH j AS MATERIALIZED (SELECT value FROM json_each($1)) INSERT INTO "idem_entries" (account, delta, kind, scope, key, hash, fingerprint, outcome, seq, balance, at, next_seq)
            SELECT j.value->>0, j.value->>1, j.value->>2, j.value->>3, j.value->>4, unhex(j.value->>5), unhex(j.value->>6), unhex(j.value->>7), NULL, NULL, $2, NULL
            FROM j LEFT JOIN "idem_accounts" a ON a.account = j.value->>0;
COMMIT

-- write: entries 1000011
BEGIN IMMEDIATE;
WITH j AS MATERIALIZED (SELECT value FROM json_each($1)) INSERT INTO "idem_holds" (hold, account, amount, expires_at, remaining)
            SELECT j.value->>0, j.value->>1, j.value->>2, j.value->>5, CASE WHEN h.remaining IS j.value->>3 THEN j.value->>4 END
            FROM j LEFT JOIN "idem_holds" h ON h.hold = j.value->>0
            WHERE true
            ON CONFLICT (hold) DO UPDATE SET remaining = excluded.remaining;
WITH j AS MATERIALIZED (SELECT value FROM json_each($2)) INSERT INTO "idem_entries" (account, delta, kind, hold, reserved, scope, key, hash, fingerprint, outcome, seq, balance, at, next_seq)
            SELECT j.value->>0, j.value->>1, j.value->>2, j.value->>3, j.value->>4, j.value->>5, j.value->>6, unhex(j.value->>7), unhex(j.value->>8), unhex(j.value->>9), NULL, NULL, $3, NULL
            FROM j LEFT JOIN "idem_accounts" a ON a.account = j.value->>0;
COMMIT

-- write: entries 0111111
BEGIN IMMEDIATE;
WITH j AS MATERIALIZED (SELECT value FROM json_each($1)) INSERT INTO "idem_accounts" (account, balance, seq)
            SELECT j.value->>0, CASE WHEN a.tally AND a.unit IS j.value->>1 AND a.balance BETWEEN -4611686018427387904 AND 4611686018427387904
                THEN a.balance + (j.value->>2) END, 0
            FROM j LEFT JOIN "idem_accounts" a ON a.account = j.value->>0
            WHERE true
            ON CONFLICT (account) DO UPDATE SET balance = excluded.balance;
WITH j AS MATERIALIZED (SELECT value FROM json_each($2)) INSERT INTO "idem_accounts" (account, balance, seq, held, at)
            SELECT d.account,
                CASE WHEN typeof(available + lowest) = 'integer' AND typeof(before + highest) = 'integer'
                    AND NOT shut AND its_unit IS unit AND seq = coalesce(expected, seq)
                    AND (floor IS NULL OR available + lowest >= floor) AND (ceiling IS NULL OR before + highest <= ceiling)
                    THEN before + delta END,
                seq + entries, held + reserved, CASE WHEN entries > 0 THEN max(at, $3) ELSE at END
            FROM (
                SELECT j.value->>0 AS account, j.value->>1 AS delta, j.value->>2 AS reserved, j.value->>3 AS lowest, j.value->>4 AS highest, j.value->>5 AS entries, j.value->>6 AS expected, j.value->>7 AS unit,
                    coalesce(a.balance, 0) AS before, coalesce(a.seq, 0) AS seq, coalesce(a.held, 0) AS held,
                    coalesce(a.balance - a.held, 0) AS available, coalesce(a.at, 0) AS at, a.floor, a.ceiling,
                    a.unit AS its_unit, coalesce(a.tally, 0) OR a.closed_at IS NOT NULL AS shut
                FROM j LEFT JOIN "idem_accounts" a ON a.account = j.value->>0
            ) d
            WHERE true
            ON CONFLICT (account) DO UPDATE SET balance = excluded.balance, seq = excluded.seq, held = excluded.held,
                at = excluded.at;
WITH j AS MATERIALIZED (SELECT value FROM json_each($4)) INSERT INTO "idem_holds" (hold, account, amount, expires_at, remaining)
            SELECT j.value->>0, j.value->>1, j.value->>2, j.value->>5, CASE WHEN h.remaining IS j.value->>3 THEN j.value->>4 END
            FROM j LEFT JOIN "idem_holds" h ON h.hold = j.value->>0
            WHERE true
            ON CONFLICT (hold) DO UPDATE SET remaining = excluded.remaining;
WITH j AS MATERIALIZED (SELECT value FROM json_each($5)) INSERT INTO "idem_entries" (account, delta, kind, hold, reserved, scope, key, hash, fingerprint, machine, id, machine_seq, entry_no, next_account, seq, balance, at, next_seq)
            SELECT j.value->>0, j.value->>1, j.value->>2, j.value->>6, j.value->>7, j.value->>8, j.value->>9, unhex(j.value->>10), unhex(j.value->>11), j.value->>12, j.value->>13, j.value->>14, j.value->>15, j.value->>16, coalesce(a.seq - (j.value->>4), j.value->>17), a.balance - (j.value->>5), CASE WHEN j.value->>4 IS NULL THEN $6 ELSE a.at END, coalesce((SELECT n.seq - (j.value->>19) FROM "idem_accounts" n WHERE n.account = j.value->>16), j.value->>20)
            FROM j CROSS JOIN "idem_accounts" a ON a.account = j.value->>0;
SELECT json_group_array(json_array(j.key, a.balance, a.seq, a.at))
            FROM json_each($7) j CROSS JOIN "idem_accounts" a ON a.account = j.value;
COMMIT

-- write: entries 1111111
BEGIN IMMEDIATE;
WITH j AS MATERIALIZED (SELECT value FROM json_each($1)) INSERT INTO "idem_accounts" (account, balance, seq)
            SELECT j.value->>0, CASE WHEN a.tally AND a.unit IS j.value->>1 AND a.balance BETWEEN -4611686018427387904 AND 4611686018427387904
                THEN a.balance + (j.value->>2) END, 0
            FROM j LEFT JOIN "idem_accounts" a ON a.account = j.value->>0
            WHERE true
            ON CONFLICT (account) DO UPDATE SET balance = excluded.balance;
WITH j AS MATERIALIZED (SELECT value FROM json_each($2)) INSERT INTO "idem_accounts" (account, balance, seq, held, at)
            SELECT d.account,
                CASE WHEN typeof(available + lowest) = 'integer' AND typeof(before + highest) = 'integer'
                    AND NOT shut AND its_unit IS unit AND seq = coalesce(expected, seq)
                    AND (floor IS NULL OR available + lowest >= floor) AND (ceiling IS NULL OR before + highest <= ceiling)
                    THEN before + delta END,
                seq + entries, held + reserved, CASE WHEN entries > 0 THEN max(at, $3) ELSE at END
            FROM (
                SELECT j.value->>0 AS account, j.value->>1 AS delta, j.value->>2 AS reserved, j.value->>3 AS lowest, j.value->>4 AS highest, j.value->>5 AS entries, j.value->>6 AS expected, j.value->>7 AS unit,
                    coalesce(a.balance, 0) AS before, coalesce(a.seq, 0) AS seq, coalesce(a.held, 0) AS held,
                    coalesce(a.balance - a.held, 0) AS available, coalesce(a.at, 0) AS at, a.floor, a.ceiling,
                    a.unit AS its_unit, coalesce(a.tally, 0) OR a.closed_at IS NOT NULL AS shut
                FROM j LEFT JOIN "idem_accounts" a ON a.account = j.value->>0
            ) d
            WHERE true
            ON CONFLICT (account) DO UPDATE SET balance = excluded.balance, seq = excluded.seq, held = excluded.held,
                at = excluded.at;
WITH j AS MATERIALIZED (SELECT value FROM json_each($4)) INSERT INTO "idem_holds" (hold, account, amount, expires_at, remaining)
            SELECT j.value->>0, j.value->>1, j.value->>2, j.value->>5, CASE WHEN h.remaining IS j.value->>3 THEN j.value->>4 END
            FROM j LEFT JOIN "idem_holds" h ON h.hold = j.value->>0
            WHERE true
            ON CONFLICT (hold) DO UPDATE SET remaining = excluded.remaining;
WITH j AS MATERIALIZED (SELECT value FROM json_each($5)) INSERT INTO "idem_entries" (account, delta, kind, hold, reserved, scope, key, hash, fingerprint, outcome, machine, id, machine_seq, entry_no, next_account, seq, balance, at, next_seq)
            SELECT j.value->>0, j.value->>1, j.value->>2, j.value->>6, j.value->>7, j.value->>8, j.value->>9, unhex(j.value->>10), unhex(j.value->>11), unhex(j.value->>12), j.value->>13, j.value->>14, j.value->>15, j.value->>16, j.value->>17, coalesce(a.seq - (j.value->>4), j.value->>18), a.balance - (j.value->>5), CASE WHEN j.value->>4 IS NULL THEN $6 ELSE a.at END, coalesce((SELECT n.seq - (j.value->>20) FROM "idem_accounts" n WHERE n.account = j.value->>17), j.value->>21)
            FROM j LEFT JOIN "idem_accounts" a ON a.account = j.value->>0;
SELECT json_group_array(json_array(j.key, a.balance, a.seq, a.at))
            FROM json_each($7) j CROSS JOIN "idem_accounts" a ON a.account = j.value;
COMMIT

-- write: entries 11111111
BEGIN IMMEDIATE;
WITH j AS MATERIALIZED (SELECT value FROM json_each($1)) INSERT INTO "idem_accounts" (account, balance, seq)
            SELECT j.value->>0, CASE WHEN a.tally AND a.unit IS j.value->>1 AND a.balance BETWEEN -4611686018427387904 AND 4611686018427387904
                THEN a.balance + (j.value->>2) END, 0
            FROM j LEFT JOIN "idem_accounts" a ON a.account = j.value->>0
            WHERE true
            ON CONFLICT (account) DO UPDATE SET balance = excluded.balance;
WITH j AS MATERIALIZED (SELECT value FROM json_each($2)) INSERT INTO "idem_accounts" (account, balance, seq, held, at)
            SELECT d.account,
                CASE WHEN typeof(available + lowest) = 'integer' AND typeof(before + highest) = 'integer'
                    AND NOT shut AND its_unit IS unit AND seq = coalesce(expected, seq)
                    AND (floor IS NULL OR available + lowest >= floor) AND (ceiling IS NULL OR before + highest <= ceiling)
                    THEN before + delta END,
                seq + entries, held + reserved, CASE WHEN entries > 0 THEN max(at, $3) ELSE at END
            FROM (
                SELECT j.value->>0 AS account, j.value->>1 AS delta, j.value->>2 AS reserved, j.value->>3 AS lowest, j.value->>4 AS highest, j.value->>5 AS entries, j.value->>6 AS expected, j.value->>7 AS unit,
                    coalesce(a.balance, 0) AS before, coalesce(a.seq, 0) AS seq, coalesce(a.held, 0) AS held,
                    coalesce(a.balance - a.held, 0) AS available, coalesce(a.at, 0) AS at, a.floor, a.ceiling,
                    a.unit AS its_unit, coalesce(a.tally, 0) OR a.closed_at IS NOT NULL AS shut
                FROM j LEFT JOIN "idem_accounts" a ON a.account = j.value->>0
            ) d
            WHERE true
            ON CONFLICT (account) DO UPDATE SET balance = excluded.balance, seq = excluded.seq, held = excluded.held,
                at = excluded.at;
WITH j AS MATERIALIZED (SELECT value FROM json_each($4)) INSERT INTO "idem_holds" (hold, account, amount, expires_at, remaining)
            SELECT j.value->>0, j.value->>1, j.value->>2, j.value->>5, CASE WHEN h.remaining IS j.value->>3 THEN j.value->>4 END
            FROM j LEFT JOIN "idem_holds" h ON h.hold = j.value->>0
            WHERE true
            ON CONFLICT (hold) DO UPDATE SET remaining = excluded.remaining;
WITH j AS MATERIALIZED (SELECT value FROM json_each($5)) INSERT INTO "idem_entries" (account, delta, kind, hold, reserved, scope, key, hash, fingerprint, metadata, outcome, machine, id, machine_seq, entry_no, next_account, seq, balance, at, next_seq)
            SELECT j.value->>0, j.value->>1, j.value->>2, j.value->>6, j.value->>7, j.value->>8, j.value->>9, unhex(j.value->>10), unhex(j.value->>11), unhex(j.value->>12), unhex(j.value->>13), j.value->>14, j.value->>15, j.value->>16, j.value->>17, j.value->>18, coalesce(a.seq - (j.value->>4), j.value->>19), a.balance - (j.value->>5), CASE WHEN j.value->>4 IS NULL THEN $6 ELSE a.at END, coalesce((SELECT n.seq - (j.value->>21) FROM "idem_accounts" n WHERE n.account = j.value->>18), j.value->>22)
            FROM j LEFT JOIN "idem_accounts" a ON a.account = j.value->>0;
SELECT json_group_array(json_array(j.key, a.balance, a.seq, a.at))
            FROM json_each($7) j CROSS JOIN "idem_accounts" a ON a.account = j.value;
COMMIT

-- write: a tally near the edge, alone
BEGIN IMMEDIATE;
WITH j AS MATERIALIZED (SELECT value FROM json_each($1)) INSERT INTO "idem_accounts" (account, balance, seq, held, at)
            SELECT d.account,
                CASE WHEN typeof(available + lowest) = 'integer' AND typeof(before + highest) = 'integer'
                    AND NOT shut AND its_unit IS unit AND seq = coalesce(expected, seq)
                    AND (floor IS NULL OR available + lowest >= floor) AND (ceiling IS NULL OR before + highest <= ceiling)
                    THEN before + delta END,
                seq + entries, held + reserved, CASE WHEN entries > 0 THEN max(at, $2) ELSE at END
            FROM (
                SELECT j.value->>0 AS account, j.value->>1 AS delta, j.value->>2 AS reserved, j.value->>3 AS lowest, j.value->>4 AS highest, j.value->>5 AS entries, j.value->>6 AS expected, j.value->>7 AS unit,
                    coalesce(a.balance, 0) AS before, coalesce(a.seq, 0) AS seq, coalesce(a.held, 0) AS held,
                    coalesce(a.balance - a.held, 0) AS available, coalesce(a.at, 0) AS at, a.floor, a.ceiling,
                    a.unit AS its_unit, coalesce(a.tally, 0) <> (j.value->>8 IS NOT NULL) OR coalesce(a.balance <> j.value->>8, 0) OR a.closed_at IS NOT NULL AS shut
                FROM j LEFT JOIN "idem_accounts" a ON a.account = j.value->>0
            ) d
            WHERE true
            ON CONFLICT (account) DO UPDATE SET balance = excluded.balance, seq = excluded.seq, held = excluded.held,
                at = excluded.at;
WITH j AS MATERIALIZED (SELECT value FROM json_each($3)) INSERT INTO "idem_entries" (account, delta, kind, scope, key, hash, fingerprint, next_account, seq, balance, at, next_seq)
            SELECT j.value->>0, j.value->>1, j.value->>2, j.value->>6, j.value->>7, unhex(j.value->>8), unhex(j.value->>9), j.value->>10, coalesce(a.seq - (j.value->>4), j.value->>11), a.balance - (j.value->>5), CASE WHEN j.value->>4 IS NULL THEN $4 ELSE a.at END, coalesce((SELECT n.seq - (j.value->>13) FROM "idem_accounts" n WHERE n.account = j.value->>10), j.value->>14)
            FROM j CROSS JOIN "idem_accounts" a ON a.account = j.value->>0;
SELECT json_group_array(json_array(j.key, a.balance, a.seq, a.at))
            FROM json_each($5) j CROSS JOIN "idem_accounts" a ON a.account = j.value;
COMMIT

-- write: everything alone
BEGIN IMMEDIATE;
WITH j AS MATERIALIZED (SELECT value FROM json_each($1)) INSERT INTO "idem_accounts" (account, balance, seq)
            SELECT j.value->>0, CASE WHEN a.tally AND a.unit IS j.value->>1 AND a.balance BETWEEN -4611686018427387904 AND 4611686018427387904
                THEN a.balance + (j.value->>2) END, 0
            FROM j LEFT JOIN "idem_accounts" a ON a.account = j.value->>0
            WHERE true
            ON CONFLICT (account) DO UPDATE SET balance = excluded.balance;
WITH j AS MATERIALIZED (SELECT value FROM json_each($2)) INSERT INTO "idem_machines" (machine, id, state, body, last_by_command, version, visit, entered_at, emitted)
            SELECT j.value->>0, j.value->>1, j.value->>2, unhex(j.value->>3), unhex(j.value->>4), CASE WHEN coalesce(m.version, 0) = j.value->>5 THEN j.value->>6 END, j.value->>7, j.value->>8, j.value->>9 FROM j LEFT JOIN "idem_machines" m ON m.machine = j.value->>0 AND m.id = j.value->>1 WHERE true
            ON CONFLICT (machine, id) DO UPDATE SET state = excluded.state, body = excluded.body, last_by_command = excluded.last_by_command, version = excluded.version, visit = excluded.visit, entered_at = excluded.entered_at, emitted = excluded.emitted;
WITH j AS MATERIALIZED (SELECT value FROM json_each($3)) INSERT INTO "idem_accounts" (account, balance, seq, held, at)
            SELECT d.account,
                CASE WHEN typeof(available + lowest) = 'integer' AND typeof(before + highest) = 'integer'
                    AND NOT shut AND its_unit IS unit AND seq = coalesce(expected, seq)
                    AND (floor IS NULL OR available + lowest >= floor) AND (ceiling IS NULL OR before + highest <= ceiling)
                    THEN before + delta END,
                seq + entries, held + reserved, CASE WHEN entries > 0 THEN max(at, $4) ELSE at END
            FROM (
                SELECT j.value->>0 AS account, j.value->>1 AS delta, j.value->>2 AS reserved, j.value->>3 AS lowest, j.value->>4 AS highest, j.value->>5 AS entries, j.value->>6 AS expected, j.value->>7 AS unit,
                    coalesce(a.balance, 0) AS before, coalesce(a.seq, 0) AS seq, coalesce(a.held, 0) AS held,
                    coalesce(a.balance - a.held, 0) AS available, coalesce(a.at, 0) AS at, a.floor, a.ceiling,
                    a.unit AS its_unit, coalesce(a.tally, 0) OR a.closed_at IS NOT NULL AS shut
                FROM j LEFT JOIN "idem_accounts" a ON a.account = j.value->>0
            ) d
            WHERE true
            ON CONFLICT (account) DO UPDATE SET balance = excluded.balance, seq = excluded.seq, held = excluded.held,
                at = excluded.at;
WITH j AS MATERIALIZED (SELECT value FROM json_each($5)) INSERT INTO "idem_holds" (hold, account, amount, expires_at, remaining)
            SELECT j.value->>0, j.value->>1, j.value->>2, j.value->>5, CASE WHEN h.remaining IS j.value->>3 THEN j.value->>4 END
            FROM j LEFT JOIN "idem_holds" h ON h.hold = j.value->>0
            WHERE true
            ON CONFLICT (hold) DO UPDATE SET remaining = excluded.remaining;
WITH j AS MATERIALIZED (SELECT value FROM json_each($6)) INSERT INTO "idem_transitions" (machine, id, seq, command, from_state, state, body, payload, outcome, fingerprint, from_visit, visit, at, correlation, emitted, scope, key, hash, alias_of, rejection, expires_at) SELECT j.value->>0, j.value->>1, j.value->>2, j.value->>3, j.value->>4, j.value->>5, unhex(j.value->>6), unhex(j.value->>7), unhex(j.value->>8), unhex(j.value->>9), j.value->>10, j.value->>11, j.value->>12, j.value->>13, j.value->>14, j.value->>15, j.value->>16, unhex(j.value->>17), j.value->>18, unhex(j.value->>19), j.value->>20 FROM j;
WITH j AS MATERIALIZED (SELECT value FROM json_each($7)) INSERT INTO "idem_entries" (account, delta, kind, hold, reserved, scope, key, hash, fingerprint, outcome, machine, id, machine_seq, entry_no, next_account, seq, balance, at, next_seq)
            SELECT j.value->>0, j.value->>1, j.value->>2, j.value->>6, j.value->>7, j.value->>8, j.value->>9, unhex(j.value->>10), unhex(j.value->>11), unhex(j.value->>12), j.value->>13, j.value->>14, j.value->>15, j.value->>16, j.value->>17, coalesce(a.seq - (j.value->>4), j.value->>18), a.balance - (j.value->>5), CASE WHEN j.value->>4 IS NULL THEN $8 ELSE a.at END, coalesce((SELECT n.seq - (j.value->>20) FROM "idem_accounts" n WHERE n.account = j.value->>17), j.value->>21)
            FROM j LEFT JOIN "idem_accounts" a ON a.account = j.value->>0;
WITH j AS MATERIALIZED (SELECT value FROM json_each($9)) INSERT INTO "idem_outbox" (machine, id, seq, entry_no, number, topic, key, headers, payload, correlation, at) SELECT j.value->>0, j.value->>1, j.value->>2, j.value->>3, j.value->>4, j.value->>5, j.value->>6, unhex(j.value->>7), unhex(j.value->>8), j.value->>9, j.value->>10 FROM j;
SELECT json_group_array(json_array(j.key, a.balance, a.seq, a.at))
            FROM json_each($10) j CROSS JOIN "idem_accounts" a ON a.account = j.value;
COMMIT

-- write: a tally near the edge, in a group
BEGIN IMMEDIATE;
WITH j AS MATERIALIZED (SELECT value FROM json_each($1)) INSERT INTO "idem_accounts" (account, balance, seq, held, at)
            SELECT d.account,
                CASE WHEN typeof(available + lowest) = 'integer' AND typeof(before + highest) = 'integer'
                    AND NOT shut AND its_unit IS unit AND seq = coalesce(expected, seq)
                    AND (floor IS NULL OR available + lowest >= floor) AND (ceiling IS NULL OR before + highest <= ceiling)
                    THEN before + delta END,
                seq + entries, held + reserved, CASE WHEN entries > 0 THEN max(at, $2) ELSE at END
            FROM (
                SELECT j.value->>0 AS account, j.value->>1 AS delta, j.value->>2 AS reserved, j.value->>3 AS lowest, j.value->>4 AS highest, j.value->>5 AS entries, j.value->>6 AS expected, j.value->>7 AS unit,
                    coalesce(a.balance, 0) AS before, coalesce(a.seq, 0) AS seq, coalesce(a.held, 0) AS held,
                    coalesce(a.balance - a.held, 0) AS available, coalesce(a.at, 0) AS at, a.floor, a.ceiling,
                    a.unit AS its_unit, coalesce(a.tally, 0) <> (j.value->>8 IS NOT NULL) OR coalesce(a.balance <> j.value->>8, 0) OR a.closed_at IS NOT NULL AS shut
                FROM j LEFT JOIN "idem_accounts" a ON a.account = j.value->>0
            ) d
            WHERE true
            ON CONFLICT (account) DO UPDATE SET balance = excluded.balance, seq = excluded.seq, held = excluded.held,
                at = excluded.at;
WITH j AS MATERIALIZED (SELECT value FROM json_each($3)) INSERT INTO "idem_entries" (account, delta, kind, scope, key, hash, fingerprint, next_account, seq, balance, at, next_seq)
            SELECT j.value->>0, j.value->>1, j.value->>2, j.value->>6, j.value->>7, unhex(j.value->>8), unhex(j.value->>9), j.value->>10, coalesce(a.seq - (j.value->>4), j.value->>11), a.balance - (j.value->>5), CASE WHEN j.value->>4 IS NULL THEN $4 ELSE a.at END, coalesce((SELECT n.seq - (j.value->>13) FROM "idem_accounts" n WHERE n.account = j.value->>10), j.value->>14)
            FROM j CROSS JOIN "idem_accounts" a ON a.account = j.value->>0;
SELECT json_group_array(json_array(j.key, a.balance, a.seq, a.at))
            FROM json_each($5) j CROSS JOIN "idem_accounts" a ON a.account = j.value;
COMMIT

-- write: everything in a group
BEGIN IMMEDIATE;
WITH j AS MATERIALIZED (SELECT value FROM json_each($1)) INSERT INTO "idem_accounts" (account, balance, seq)
            SELECT j.value->>0, CASE WHEN a.tally AND a.unit IS j.value->>1 AND a.balance BETWEEN -4611686018427387904 AND 4611686018427387904
                THEN a.balance + (j.value->>2) END, 0
            FROM j LEFT JOIN "idem_accounts" a ON a.account = j.value->>0
            WHERE true
            ON CONFLICT (account) DO UPDATE SET balance = excluded.balance;
WITH j AS MATERIALIZED (SELECT value FROM json_each($2)) INSERT INTO "idem_machines" (machine, id, state, body, last_by_command, version, visit, entered_at, emitted)
            SELECT j.value->>0, j.value->>1, j.value->>2, unhex(j.value->>3), unhex(j.value->>4), CASE WHEN coalesce(m.version, 0) = j.value->>5 THEN j.value->>6 END, j.value->>7, j.value->>8, j.value->>9 FROM j LEFT JOIN "idem_machines" m ON m.machine = j.value->>0 AND m.id = j.value->>1 WHERE true
            ON CONFLICT (machine, id) DO UPDATE SET state = excluded.state, body = excluded.body, last_by_command = excluded.last_by_command, version = excluded.version, visit = excluded.visit, entered_at = excluded.entered_at, emitted = excluded.emitted;
WITH j AS MATERIALIZED (SELECT value FROM json_each($3)) INSERT INTO "idem_accounts" (account, balance, seq, held, at)
            SELECT d.account,
                CASE WHEN typeof(available + lowest) = 'integer' AND typeof(before + highest) = 'integer'
                    AND NOT shut AND its_unit IS unit AND seq = coalesce(expected, seq)
                    AND (floor IS NULL OR available + lowest >= floor) AND (ceiling IS NULL OR before + highest <= ceiling)
                    THEN before + delta END,
                seq + entries, held + reserved, CASE WHEN entries > 0 THEN max(at, $4) ELSE at END
            FROM (
                SELECT j.value->>0 AS account, j.value->>1 AS delta, j.value->>2 AS reserved, j.value->>3 AS lowest, j.value->>4 AS highest, j.value->>5 AS entries, j.value->>6 AS expected, j.value->>7 AS unit,
                    coalesce(a.balance, 0) AS before, coalesce(a.seq, 0) AS seq, coalesce(a.held, 0) AS held,
                    coalesce(a.balance - a.held, 0) AS available, coalesce(a.at, 0) AS at, a.floor, a.ceiling,
                    a.unit AS its_unit, coalesce(a.tally, 0) OR a.closed_at IS NOT NULL AS shut
                FROM j LEFT JOIN "idem_accounts" a ON a.account = j.value->>0
            ) d
            WHERE true
            ON CONFLICT (account) DO UPDATE SET balance = excluded.balance, seq = excluded.seq, held = excluded.held,
                at = excluded.at;
WITH j AS MATERIALIZED (SELECT value FROM json_each($5)) INSERT INTO "idem_holds" (hold, account, amount, expires_at, remaining)
            SELECT j.value->>0, j.value->>1, j.value->>2, j.value->>5, CASE WHEN h.remaining IS j.value->>3 THEN j.value->>4 END
            FROM j LEFT JOIN "idem_holds" h ON h.hold = j.value->>0
            WHERE true
            ON CONFLICT (hold) DO UPDATE SET remaining = excluded.remaining;
WITH j AS MATERIALIZED (SELECT value FROM json_each($6)) INSERT INTO "idem_transitions" (machine, id, seq, command, from_state, state, body, payload, outcome, fingerprint, from_visit, visit, at, correlation, emitted, scope, key, hash, alias_of, rejection, expires_at) SELECT j.value->>0, j.value->>1, j.value->>2, j.value->>3, j.value->>4, j.value->>5, unhex(j.value->>6), unhex(j.value->>7), unhex(j.value->>8), unhex(j.value->>9), j.value->>10, j.value->>11, j.value->>12, j.value->>13, j.value->>14, j.value->>15, j.value->>16, unhex(j.value->>17), j.value->>18, unhex(j.value->>19), j.value->>20 FROM j;
WITH j AS MATERIALIZED (SELECT value FROM json_each($7)) INSERT INTO "idem_entries" (account, delta, kind, hold, reserved, scope, key, hash, fingerprint, outcome, machine, id, machine_seq, entry_no, next_account, seq, balance, at, next_seq)
            SELECT j.value->>0, j.value->>1, j.value->>2, j.value->>6, j.value->>7, j.value->>8, j.value->>9, unhex(j.value->>10), unhex(j.value->>11), unhex(j.value->>12), j.value->>13, j.value->>14, j.value->>15, j.value->>16, j.value->>17, coalesce(a.seq - (j.value->>4), j.value->>18), a.balance - (j.value->>5), CASE WHEN j.value->>4 IS NULL THEN $8 ELSE a.at END, coalesce((SELECT n.seq - (j.value->>20) FROM "idem_accounts" n WHERE n.account = j.value->>17), j.value->>21)
            FROM j LEFT JOIN "idem_accounts" a ON a.account = j.value->>0;
WITH j AS MATERIALIZED (SELECT value FROM json_each($9)) INSERT INTO "idem_outbox" (machine, id, seq, entry_no, number, topic, key, headers, payload, correlation, at) SELECT j.value->>0, j.value->>1, j.value->>2, j.value->>3, j.value->>4, j.value->>5, j.value->>6, unhex(j.value->>7), unhex(j.value->>8), j.value->>9, j.value->>10 FROM j;
SELECT json_group_array(json_array(j.key, a.balance, a.seq, a.at))
            FROM json_each($10) j CROSS JOIN "idem_accounts" a ON a.account = j.value;
COMMIT

-- write: a tally near the edge, joined
SAVEPOINT idem_write;
WITH j AS MATERIALIZED (SELECT value FROM json_each($1)) INSERT INTO "idem_accounts" (account, balance, seq, held, at)
            SELECT d.account,
                CASE WHEN typeof(available + lowest) = 'integer' AND typeof(before + highest) = 'integer'
                    AND NOT shut AND its_unit IS unit AND seq = coalesce(expected, seq)
                    AND (floor IS NULL OR available + lowest >= floor) AND (ceiling IS NULL OR before + highest <= ceiling)
                    THEN before + delta END,
                seq + entries, held + reserved, CASE WHEN entries > 0 THEN max(at, $2) ELSE at END
            FROM (
                SELECT j.value->>0 AS account, j.value->>1 AS delta, j.value->>2 AS reserved, j.value->>3 AS lowest, j.value->>4 AS highest, j.value->>5 AS entries, j.value->>6 AS expected, j.value->>7 AS unit,
                    coalesce(a.balance, 0) AS before, coalesce(a.seq, 0) AS seq, coalesce(a.held, 0) AS held,
                    coalesce(a.balance - a.held, 0) AS available, coalesce(a.at, 0) AS at, a.floor, a.ceiling,
                    a.unit AS its_unit, coalesce(a.tally, 0) <> (j.value->>8 IS NOT NULL) OR coalesce(a.balance <> j.value->>8, 0) OR a.closed_at IS NOT NULL AS shut
                FROM j LEFT JOIN "idem_accounts" a ON a.account = j.value->>0
            ) d
            WHERE true
            ON CONFLICT (account) DO UPDATE SET balance = excluded.balance, seq = excluded.seq, held = excluded.held,
                at = excluded.at;
WITH j AS MATERIALIZED (SELECT value FROM json_each($3)) INSERT INTO "idem_entries" (account, delta, kind, scope, key, hash, fingerprint, next_account, seq, balance, at, next_seq)
            SELECT j.value->>0, j.value->>1, j.value->>2, j.value->>6, j.value->>7, unhex(j.value->>8), unhex(j.value->>9), j.value->>10, coalesce(a.seq - (j.value->>4), j.value->>11), a.balance - (j.value->>5), CASE WHEN j.value->>4 IS NULL THEN $4 ELSE a.at END, coalesce((SELECT n.seq - (j.value->>13) FROM "idem_accounts" n WHERE n.account = j.value->>10), j.value->>14)
            FROM j CROSS JOIN "idem_accounts" a ON a.account = j.value->>0;
SELECT json_group_array(json_array(j.key, a.balance, a.seq, a.at))
            FROM json_each($5) j CROSS JOIN "idem_accounts" a ON a.account = j.value;
RELEASE idem_write

-- write: everything joined
SAVEPOINT idem_write;
WITH j AS MATERIALIZED (SELECT value FROM json_each($1)) INSERT INTO "idem_accounts" (account, balance, seq)
            SELECT j.value->>0, CASE WHEN a.tally AND a.unit IS j.value->>1 AND a.balance BETWEEN -4611686018427387904 AND 4611686018427387904
                THEN a.balance + (j.value->>2) END, 0
            FROM j LEFT JOIN "idem_accounts" a ON a.account = j.value->>0
            WHERE true
            ON CONFLICT (account) DO UPDATE SET balance = excluded.balance;
WITH j AS MATERIALIZED (SELECT value FROM json_each($2)) INSERT INTO "idem_machines" (machine, id, state, body, last_by_command, version, visit, entered_at, emitted)
            SELECT j.value->>0, j.value->>1, j.value->>2, unhex(j.value->>3), unhex(j.value->>4), CASE WHEN coalesce(m.version, 0) = j.value->>5 THEN j.value->>6 END, j.value->>7, j.value->>8, j.value->>9 FROM j LEFT JOIN "idem_machines" m ON m.machine = j.value->>0 AND m.id = j.value->>1 WHERE true
            ON CONFLICT (machine, id) DO UPDATE SET state = excluded.state, body = excluded.body, last_by_command = excluded.last_by_command, version = excluded.version, visit = excluded.visit, entered_at = excluded.entered_at, emitted = excluded.emitted;
WITH j AS MATERIALIZED (SELECT value FROM json_each($3)) INSERT INTO "idem_accounts" (account, balance, seq, held, at)
            SELECT d.account,
                CASE WHEN typeof(available + lowest) = 'integer' AND typeof(before + highest) = 'integer'
                    AND NOT shut AND its_unit IS unit AND seq = coalesce(expected, seq)
                    AND (floor IS NULL OR available + lowest >= floor) AND (ceiling IS NULL OR before + highest <= ceiling)
                    THEN before + delta END,
                seq + entries, held + reserved, CASE WHEN entries > 0 THEN max(at, $4) ELSE at END
            FROM (
                SELECT j.value->>0 AS account, j.value->>1 AS delta, j.value->>2 AS reserved, j.value->>3 AS lowest, j.value->>4 AS highest, j.value->>5 AS entries, j.value->>6 AS expected, j.value->>7 AS unit,
                    coalesce(a.balance, 0) AS before, coalesce(a.seq, 0) AS seq, coalesce(a.held, 0) AS held,
                    coalesce(a.balance - a.held, 0) AS available, coalesce(a.at, 0) AS at, a.floor, a.ceiling,
                    a.unit AS its_unit, coalesce(a.tally, 0) OR a.closed_at IS NOT NULL AS shut
                FROM j LEFT JOIN "idem_accounts" a ON a.account = j.value->>0
            ) d
            WHERE true
            ON CONFLICT (account) DO UPDATE SET balance = excluded.balance, seq = excluded.seq, held = excluded.held,
                at = excluded.at;
WITH j AS MATERIALIZED (SELECT value FROM json_each($5)) INSERT INTO "idem_holds" (hold, account, amount, expires_at, remaining)
            SELECT j.value->>0, j.value->>1, j.value->>2, j.value->>5, CASE WHEN h.remaining IS j.value->>3 THEN j.value->>4 END
            FROM j LEFT JOIN "idem_holds" h ON h.hold = j.value->>0
            WHERE true
            ON CONFLICT (hold) DO UPDATE SET remaining = excluded.remaining;
WITH j AS MATERIALIZED (SELECT value FROM json_each($6)) INSERT INTO "idem_transitions" (machine, id, seq, command, from_state, state, body, payload, outcome, fingerprint, from_visit, visit, at, correlation, emitted, scope, key, hash, alias_of, rejection, expires_at) SELECT j.value->>0, j.value->>1, j.value->>2, j.value->>3, j.value->>4, j.value->>5, unhex(j.value->>6), unhex(j.value->>7), unhex(j.value->>8), unhex(j.value->>9), j.value->>10, j.value->>11, j.value->>12, j.value->>13, j.value->>14, j.value->>15, j.value->>16, unhex(j.value->>17), j.value->>18, unhex(j.value->>19), j.value->>20 FROM j;
WITH j AS MATERIALIZED (SELECT value FROM json_each($7)) INSERT INTO "idem_entries" (account, delta, kind, hold, reserved, scope, key, hash, fingerprint, outcome, machine, id, machine_seq, entry_no, next_account, seq, balance, at, next_seq)
            SELECT j.value->>0, j.value->>1, j.value->>2, j.value->>6, j.value->>7, j.value->>8, j.value->>9, unhex(j.value->>10), unhex(j.value->>11), unhex(j.value->>12), j.value->>13, j.value->>14, j.value->>15, j.value->>16, j.value->>17, coalesce(a.seq - (j.value->>4), j.value->>18), a.balance - (j.value->>5), CASE WHEN j.value->>4 IS NULL THEN $8 ELSE a.at END, coalesce((SELECT n.seq - (j.value->>20) FROM "idem_accounts" n WHERE n.account = j.value->>17), j.value->>21)
            FROM j LEFT JOIN "idem_accounts" a ON a.account = j.value->>0;
WITH j AS MATERIALIZED (SELECT value FROM json_each($9)) INSERT INTO "idem_outbox" (machine, id, seq, entry_no, number, topic, key, headers, payload, correlation, at) SELECT j.value->>0, j.value->>1, j.value->>2, j.value->>3, j.value->>4, j.value->>5, j.value->>6, unhex(j.value->>7), unhex(j.value->>8), j.value->>9, j.value->>10 FROM j;
SELECT json_group_array(json_array(j.key, a.balance, a.seq, a.at))
            FROM json_each($10) j CROSS JOIN "idem_accounts" a ON a.account = j.value;
RELEASE idem_write

-- row
BEGIN IMMEDIATE; INSERT INTO "idem_claims" AS k (hash, surface, scope, fingerprint, state, at, expires_at, id, seq) SELECT $3, '@update', $4, x'', 2, CAST(round(unixepoch('subsec') * 1000) AS INTEGER) * 1000, CAST(round(unixepoch('subsec') * 1000) AS INTEGER) * 1000 + $6, $5, 1 WHERE NOT EXISTS (SELECT 1 FROM "pages" AS t WHERE t."name" = $1 AND t."tenant" = $2) ON CONFLICT (hash) DO UPDATE SET scope = excluded.scope, at = excluded.at, expires_at = excluded.expires_at, id = excluded.id, seq = excluded.seq, fingerprint = excluded.fingerprint WHERE k.expires_at <= excluded.at RETURNING seq, at; INSERT INTO "pages" AS t ("name", "tenant", "body", "version") SELECT $1, $2, $7, 1 WHERE changes() = 1 ON CONFLICT ("name", "tenant") DO NOTHING RETURNING CAST(coalesce("version", 0) AS bigint) AS version, CAST(round(unixepoch('subsec') * 1000) AS INTEGER) * 1000 AS at; UPDATE "idem_claims" SET fingerprint = CASE WHEN changes() = 1 THEN $8 END WHERE hash = $3 AND fingerprint = x''; COMMIT

-- row
BEGIN IMMEDIATE; INSERT INTO "idem_claims" AS k (hash, surface, scope, fingerprint, state, at, expires_at, id, seq) SELECT $3, '@update', $4, x'', 2, CAST(round(unixepoch('subsec') * 1000) AS INTEGER) * 1000, CAST(round(unixepoch('subsec') * 1000) AS INTEGER) * 1000 + $6, $5, 1 WHERE NOT EXISTS (SELECT 1 FROM "pages" AS t WHERE t."name" = $1 AND t."tenant" = $2) ON CONFLICT (hash) DO UPDATE SET scope = excluded.scope, at = excluded.at, expires_at = excluded.expires_at, id = excluded.id, seq = excluded.seq, fingerprint = excluded.fingerprint WHERE k.expires_at <= excluded.at RETURNING seq, at; INSERT INTO "pages" AS t ("name", "tenant", "body", "version") SELECT $1, $2, $9, 1 WHERE EXISTS (SELECT 1 FROM "idem_claims" WHERE hash = $7 AND epoch = $8 AND state = 1 AND changes() = 1) ON CONFLICT ("name", "tenant") DO NOTHING RETURNING CAST(coalesce("version", 0) AS bigint) AS version, CAST(round(unixepoch('subsec') * 1000) AS INTEGER) * 1000 AS at; UPDATE "idem_claims" SET fingerprint = CASE WHEN changes() = 1 THEN $10 END WHERE hash = $3 AND fingerprint = x''; COMMIT

-- row
BEGIN IMMEDIATE; INSERT INTO "idem_claims" AS k (hash, surface, scope, fingerprint, state, at, expires_at, id, seq) SELECT $3, '@update', $4, x'', 2, CAST(round(unixepoch('subsec') * 1000) AS INTEGER) * 1000, CAST(round(unixepoch('subsec') * 1000) AS INTEGER) * 1000 + $6, $5, coalesce((SELECT coalesce(t."version", 0) + 1 FROM "pages" AS t WHERE t."name" = $1 AND t."tenant" = $2 AND coalesce(t."version", 0) < 9223372036854775807), 1) WHERE true ON CONFLICT (hash) DO UPDATE SET scope = excluded.scope, at = excluded.at, expires_at = excluded.expires_at, id = excluded.id, seq = excluded.seq, fingerprint = excluded.fingerprint WHERE k.expires_at <= excluded.at RETURNING seq, at; INSERT INTO "pages" AS t ("name", "tenant", "body", "version") SELECT $1, $2, $7, 1 WHERE changes() = 1 ON CONFLICT ("name", "tenant") DO UPDATE SET "body" = excluded."body", "version" = coalesce(t."version", 0) + 1 WHERE coalesce(t."version", 0) < 9223372036854775807 RETURNING CAST(coalesce("version", 0) AS bigint) AS version, CAST(round(unixepoch('subsec') * 1000) AS INTEGER) * 1000 AS at; UPDATE "idem_claims" SET fingerprint = CASE WHEN changes() = 1 THEN $8 END WHERE hash = $3 AND fingerprint = x''; COMMIT

-- row
BEGIN IMMEDIATE; INSERT INTO "idem_claims" AS k (hash, surface, scope, fingerprint, state, at, expires_at, id, seq) SELECT $3, '@update', $4, x'', 2, CAST(round(unixepoch('subsec') * 1000) AS INTEGER) * 1000, CAST(round(unixepoch('subsec') * 1000) AS INTEGER) * 1000 + $6, $5, coalesce((SELECT coalesce(t."version", 0) + 1 FROM "pages" AS t WHERE t."name" = $1 AND t."tenant" = $2 AND coalesce(t."version", 0) < 9223372036854775807), 1) WHERE true ON CONFLICT (hash) DO UPDATE SET scope = excluded.scope, at = excluded.at, expires_at = excluded.expires_at, id = excluded.id, seq = excluded.seq, fingerprint = excluded.fingerprint WHERE k.expires_at <= excluded.at RETURNING seq, at; INSERT INTO "pages" AS t ("name", "tenant", "body", "version") SELECT $1, $2, $9, 1 WHERE EXISTS (SELECT 1 FROM "idem_claims" WHERE hash = $7 AND epoch = $8 AND state = 1 AND changes() = 1) ON CONFLICT ("name", "tenant") DO UPDATE SET "body" = excluded."body", "version" = coalesce(t."version", 0) + 1 WHERE coalesce(t."version", 0) < 9223372036854775807 RETURNING CAST(coalesce("version", 0) AS bigint) AS version, CAST(round(unixepoch('subsec') * 1000) AS INTEGER) * 1000 AS at; UPDATE "idem_claims" SET fingerprint = CASE WHEN changes() = 1 THEN $10 END WHERE hash = $3 AND fingerprint = x''; COMMIT

-- row
BEGIN IMMEDIATE; INSERT INTO "idem_claims" AS k (hash, surface, scope, fingerprint, state, at, expires_at, id, seq) SELECT $5, '@update', $6, x'', 2, CAST(round(unixepoch('subsec') * 1000) AS INTEGER) * 1000, CAST(round(unixepoch('subsec') * 1000) AS INTEGER) * 1000 + $8, $7, coalesce(t."version", 0) + 1 FROM "pages" AS t WHERE t."name" = $1 AND t."tenant" = $2 AND coalesce(t."version", 0) < 9223372036854775807 AND coalesce(t."version", 0) = $3 AND t."body" IS $4 AND (SELECT 1 FROM "pages" AS s WHERE s."name" = $1 AND s."tenant" = $2 LIMIT 1 OFFSET 1) IS NULL ON CONFLICT (hash) DO UPDATE SET scope = excluded.scope, at = excluded.at, expires_at = excluded.expires_at, id = excluded.id, seq = excluded.seq, fingerprint = excluded.fingerprint WHERE k.expires_at <= excluded.at RETURNING seq, at; UPDATE "pages" AS t SET "body" = $11, "version" = coalesce(t."version", 0) + 1 WHERE t."name" = $1 AND t."tenant" = $2 AND coalesce(t."version", 0) < 9223372036854775807 AND coalesce(t."version", 0) = $3 AND t."body" IS $4 AND (SELECT 1 FROM "pages" AS s WHERE s."name" = $1 AND s."tenant" = $2 LIMIT 1 OFFSET 1) IS NULL AND EXISTS (SELECT 1 FROM "idem_claims" WHERE hash = $9 AND epoch = $10 AND state = 1 AND changes() = 1) RETURNING CAST(coalesce("version", 0) AS bigint) AS version, CAST(round(unixepoch('subsec') * 1000) AS INTEGER) * 1000 AS at; UPDATE "idem_claims" SET fingerprint = CASE WHEN changes() = 1 THEN $12 END WHERE hash = $5 AND fingerprint = x''; COMMIT

-- row
BEGIN IMMEDIATE; INSERT INTO "idem_claims" AS k (hash, surface, scope, fingerprint, state, at, expires_at, id, seq) SELECT $5, '@update', $6, x'', 2, CAST(round(unixepoch('subsec') * 1000) AS INTEGER) * 1000, CAST(round(unixepoch('subsec') * 1000) AS INTEGER) * 1000 + $8, $7, coalesce(t."version", 0) + 1 FROM "pages" AS t WHERE t."name" = $1 AND t."tenant" = $2 AND coalesce(t."version", 0) < 9223372036854775807 AND coalesce(t."version", 0) = $3 AND t."body" IS $4 AND (SELECT 1 FROM "pages" AS s WHERE s."name" = $1 AND s."tenant" = $2 LIMIT 1 OFFSET 1) IS NULL ON CONFLICT (hash) DO UPDATE SET scope = excluded.scope, at = excluded.at, expires_at = excluded.expires_at, id = excluded.id, seq = excluded.seq, fingerprint = excluded.fingerprint WHERE k.expires_at <= excluded.at RETURNING seq, at; UPDATE "pages" AS t SET "body" = $9, "version" = coalesce(t."version", 0) + 1 WHERE t."name" = $1 AND t."tenant" = $2 AND coalesce(t."version", 0) < 9223372036854775807 AND coalesce(t."version", 0) = $3 AND t."body" IS $4 AND (SELECT 1 FROM "pages" AS s WHERE s."name" = $1 AND s."tenant" = $2 LIMIT 1 OFFSET 1) IS NULL AND changes() = 1 RETURNING CAST(coalesce("version", 0) AS bigint) AS version, CAST(round(unixepoch('subsec') * 1000) AS INTEGER) * 1000 AS at; UPDATE "idem_claims" SET fingerprint = CASE WHEN changes() = 1 THEN $10 END WHERE hash = $5 AND fingerprint = x''; COMMIT

-- row
BEGIN IMMEDIATE; INSERT INTO "idem_claims" AS k (hash, surface, scope, fingerprint, state, at, expires_at, id, seq) SELECT $5, '@update', $6, x'', 2, CAST(round(unixepoch('subsec') * 1000) AS INTEGER) * 1000, CAST(round(unixepoch('subsec') * 1000) AS INTEGER) * 1000 + $8, $7, coalesce(t."version", 0) FROM "pages" AS t WHERE t."name" = $1 AND t."tenant" = $2 AND coalesce(t."version", 0) = $3 AND t."body" IS $4 AND (SELECT 1 FROM "pages" AS s WHERE s."name" = $1 AND s."tenant" = $2 LIMIT 1 OFFSET 1) IS NULL ON CONFLICT (hash) DO UPDATE SET scope = excluded.scope, at = excluded.at, expires_at = excluded.expires_at, id = excluded.id, seq = excluded.seq, fingerprint = excluded.fingerprint WHERE k.expires_at <= excluded.at RETURNING seq, at; DELETE FROM "pages" AS t WHERE t."name" = $1 AND t."tenant" = $2 AND coalesce(t."version", 0) = $3 AND t."body" IS $4 AND (SELECT 1 FROM "pages" AS s WHERE s."name" = $1 AND s."tenant" = $2 LIMIT 1 OFFSET 1) IS NULL AND EXISTS (SELECT 1 FROM "idem_claims" WHERE hash = $9 AND epoch = $10 AND state = 1 AND changes() = 1) RETURNING CAST(coalesce("version", 0) AS bigint) AS version, CAST(round(unixepoch('subsec') * 1000) AS INTEGER) * 1000 AS at; UPDATE "idem_claims" SET fingerprint = CASE WHEN changes() = 1 THEN $11 END WHERE hash = $5 AND fingerprint = x''; COMMIT

-- row
BEGIN IMMEDIATE; INSERT INTO "idem_claims" AS k (hash, surface, scope, fingerprint, state, at, expires_at, id, seq) SELECT $5, '@update', $6, x'', 2, CAST(round(unixepoch('subsec') * 1000) AS INTEGER) * 1000, CAST(round(unixepoch('subsec') * 1000) AS INTEGER) * 1000 + $8, $7, coalesce(t."version", 0) FROM "pages" AS t WHERE t."name" = $1 AND t."tenant" = $2 AND coalesce(t."version", 0) = $3 AND t."body" IS $4 AND (SELECT 1 FROM "pages" AS s WHERE s."name" = $1 AND s."tenant" = $2 LIMIT 1 OFFSET 1) IS NULL ON CONFLICT (hash) DO UPDATE SET scope = excluded.scope, at = excluded.at, expires_at = excluded.expires_at, id = excluded.id, seq = excluded.seq, fingerprint = excluded.fingerprint WHERE k.expires_at <= excluded.at RETURNING seq, at; DELETE FROM "pages" AS t WHERE t."name" = $1 AND t."tenant" = $2 AND coalesce(t."version", 0) = $3 AND t."body" IS $4 AND (SELECT 1 FROM "pages" AS s WHERE s."name" = $1 AND s."tenant" = $2 LIMIT 1 OFFSET 1) IS NULL AND changes() = 1 RETURNING CAST(coalesce("version", 0) AS bigint) AS version, CAST(round(unixepoch('subsec') * 1000) AS INTEGER) * 1000 AS at; UPDATE "idem_claims" SET fingerprint = CASE WHEN changes() = 1 THEN $9 END WHERE hash = $5 AND fingerprint = x''; COMMIT

-- row
DELETE FROM "pages" AS t WHERE t."name" = $1 AND t."tenant" = $2 AND coalesce(t."version", 0) = $3 AND t."body" IS $4 AND (SELECT 1 FROM "pages" AS s WHERE s."name" = $1 AND s."tenant" = $2 LIMIT 1 OFFSET 1) IS NULL AND true RETURNING CAST(coalesce("version", 0) AS bigint) AS version, CAST(round(unixepoch('subsec') * 1000) AS INTEGER) * 1000 AS at

-- row
DELETE FROM "pages" AS t WHERE t."name" = $1 AND t."tenant" = $2 AND coalesce(t."version", 0) = $3 AND t."body" IS $4 AND (SELECT 1 FROM "pages" AS s WHERE s."name" = $1 AND s."tenant" = $2 LIMIT 1 OFFSET 1) IS NULL AND true RETURNING CAST(coalesce("version", 0) AS bigint) AS version, CAST(round(unixepoch('subsec') * 1000) AS INTEGER) * 1000 AS at

-- row
DELETE FROM "pages" AS t WHERE t."name" = $3 AND t."tenant" = $4 AND coalesce(t."version", 0) = $5 AND t."body" IS $6 AND (SELECT 1 FROM "pages" AS s WHERE s."name" = $3 AND s."tenant" = $4 LIMIT 1 OFFSET 1) IS NULL AND EXISTS (SELECT 1 FROM "idem_claims" WHERE hash = $1 AND epoch = $2 AND state = 1 AND true) RETURNING CAST(coalesce("version", 0) AS bigint) AS version, CAST(round(unixepoch('subsec') * 1000) AS INTEGER) * 1000 AS at

-- row
INSERT INTO "pages" AS t ("name", "tenant", "body", "version") SELECT $1, $2, $3, 1 WHERE true ON CONFLICT ("name", "tenant") DO NOTHING RETURNING CAST(coalesce("version", 0) AS bigint) AS version, CAST(round(unixepoch('subsec') * 1000) AS INTEGER) * 1000 AS at

-- row
INSERT INTO "pages" AS t ("name", "tenant", "body", "version") SELECT $1, $2, $3, 1 WHERE true ON CONFLICT ("name", "tenant") DO NOTHING RETURNING CAST(coalesce("version", 0) AS bigint) AS version, CAST(round(unixepoch('subsec') * 1000) AS INTEGER) * 1000 AS at

-- row
INSERT INTO "pages" AS t ("name", "tenant", "body", "version") SELECT $1, $2, $3, 1 WHERE true ON CONFLICT ("name", "tenant") DO UPDATE SET "body" = excluded."body", "version" = coalesce(t."version", 0) + 1 WHERE coalesce(t."version", 0) < 9223372036854775807 RETURNING CAST(coalesce("version", 0) AS bigint) AS version, CAST(round(unixepoch('subsec') * 1000) AS INTEGER) * 1000 AS at

-- row
INSERT INTO "pages" AS t ("name", "tenant", "body", "version") SELECT $1, $2, $3, 1 WHERE true ON CONFLICT ("name", "tenant") DO UPDATE SET "body" = excluded."body", "version" = coalesce(t."version", 0) + 1 WHERE coalesce(t."version", 0) < 9223372036854775807 RETURNING CAST(coalesce("version", 0) AS bigint) AS version, CAST(round(unixepoch('subsec') * 1000) AS INTEGER) * 1000 AS at

-- row
INSERT INTO "pages" AS t ("name", "tenant", "body", "version") SELECT $3, $4, $5, 1 WHERE EXISTS (SELECT 1 FROM "idem_claims" WHERE hash = $1 AND epoch = $2 AND state = 1 AND true) ON CONFLICT ("name", "tenant") DO NOTHING RETURNING CAST(coalesce("version", 0) AS bigint) AS version, CAST(round(unixepoch('subsec') * 1000) AS INTEGER) * 1000 AS at

-- row
INSERT INTO "pages" AS t ("name", "tenant", "body", "version") SELECT $3, $4, $5, 1 WHERE EXISTS (SELECT 1 FROM "idem_claims" WHERE hash = $1 AND epoch = $2 AND state = 1 AND true) ON CONFLICT ("name", "tenant") DO UPDATE SET "body" = excluded."body", "version" = coalesce(t."version", 0) + 1 WHERE coalesce(t."version", 0) < 9223372036854775807 RETURNING CAST(coalesce("version", 0) AS bigint) AS version, CAST(round(unixepoch('subsec') * 1000) AS INTEGER) * 1000 AS at

-- row
SAVEPOINT idem_write; INSERT INTO "idem_claims" AS k (hash, surface, scope, fingerprint, state, at, expires_at, id, seq) SELECT $3, '@update', $4, x'', 2, CAST(round(unixepoch('subsec') * 1000) AS INTEGER) * 1000, CAST(round(unixepoch('subsec') * 1000) AS INTEGER) * 1000 + $6, $5, 1 WHERE NOT EXISTS (SELECT 1 FROM "pages" AS t WHERE t."name" = $1 AND t."tenant" = $2) ON CONFLICT (hash) DO UPDATE SET scope = excluded.scope, at = excluded.at, expires_at = excluded.expires_at, id = excluded.id, seq = excluded.seq, fingerprint = excluded.fingerprint WHERE k.expires_at <= excluded.at RETURNING seq, at; INSERT INTO "pages" AS t ("name", "tenant", "body", "version") SELECT $1, $2, $7, 1 WHERE changes() = 1 ON CONFLICT ("name", "tenant") DO NOTHING RETURNING CAST(coalesce("version", 0) AS bigint) AS version, CAST(round(unixepoch('subsec') * 1000) AS INTEGER) * 1000 AS at; UPDATE "idem_claims" SET fingerprint = CASE WHEN changes() = 1 THEN $8 END WHERE hash = $3 AND fingerprint = x''; RELEASE idem_write

-- row
SAVEPOINT idem_write; INSERT INTO "idem_claims" AS k (hash, surface, scope, fingerprint, state, at, expires_at, id, seq) SELECT $3, '@update', $4, x'', 2, CAST(round(unixepoch('subsec') * 1000) AS INTEGER) * 1000, CAST(round(unixepoch('subsec') * 1000) AS INTEGER) * 1000 + $6, $5, coalesce((SELECT coalesce(t."version", 0) + 1 FROM "pages" AS t WHERE t."name" = $1 AND t."tenant" = $2 AND coalesce(t."version", 0) < 9223372036854775807), 1) WHERE true ON CONFLICT (hash) DO UPDATE SET scope = excluded.scope, at = excluded.at, expires_at = excluded.expires_at, id = excluded.id, seq = excluded.seq, fingerprint = excluded.fingerprint WHERE k.expires_at <= excluded.at RETURNING seq, at; INSERT INTO "pages" AS t ("name", "tenant", "body", "version") SELECT $1, $2, $7, 1 WHERE changes() = 1 ON CONFLICT ("name", "tenant") DO UPDATE SET "body" = excluded."body", "version" = coalesce(t."version", 0) + 1 WHERE coalesce(t."version", 0) < 9223372036854775807 RETURNING CAST(coalesce("version", 0) AS bigint) AS version, CAST(round(unixepoch('subsec') * 1000) AS INTEGER) * 1000 AS at; UPDATE "idem_claims" SET fingerprint = CASE WHEN changes() = 1 THEN $8 END WHERE hash = $3 AND fingerprint = x''; RELEASE idem_write

-- row
SAVEPOINT idem_write; INSERT INTO "idem_claims" AS k (hash, surface, scope, fingerprint, state, at, expires_at, id, seq) SELECT $5, '@update', $6, x'', 2, CAST(round(unixepoch('subsec') * 1000) AS INTEGER) * 1000, CAST(round(unixepoch('subsec') * 1000) AS INTEGER) * 1000 + $8, $7, coalesce(t."version", 0) + 1 FROM "pages" AS t WHERE t."name" = $1 AND t."tenant" = $2 AND coalesce(t."version", 0) < 9223372036854775807 AND coalesce(t."version", 0) = $3 AND t."body" IS $4 AND (SELECT 1 FROM "pages" AS s WHERE s."name" = $1 AND s."tenant" = $2 LIMIT 1 OFFSET 1) IS NULL ON CONFLICT (hash) DO UPDATE SET scope = excluded.scope, at = excluded.at, expires_at = excluded.expires_at, id = excluded.id, seq = excluded.seq, fingerprint = excluded.fingerprint WHERE k.expires_at <= excluded.at RETURNING seq, at; UPDATE "pages" AS t SET "body" = $9, "version" = coalesce(t."version", 0) + 1 WHERE t."name" = $1 AND t."tenant" = $2 AND coalesce(t."version", 0) < 9223372036854775807 AND coalesce(t."version", 0) = $3 AND t."body" IS $4 AND (SELECT 1 FROM "pages" AS s WHERE s."name" = $1 AND s."tenant" = $2 LIMIT 1 OFFSET 1) IS NULL AND changes() = 1 RETURNING CAST(coalesce("version", 0) AS bigint) AS version, CAST(round(unixepoch('subsec') * 1000) AS INTEGER) * 1000 AS at; UPDATE "idem_claims" SET fingerprint = CASE WHEN changes() = 1 THEN $10 END WHERE hash = $5 AND fingerprint = x''; RELEASE idem_write

-- row
SAVEPOINT idem_write; INSERT INTO "idem_claims" AS k (hash, surface, scope, fingerprint, state, at, expires_at, id, seq) SELECT $5, '@update', $6, x'', 2, CAST(round(unixepoch('subsec') * 1000) AS INTEGER) * 1000, CAST(round(unixepoch('subsec') * 1000) AS INTEGER) * 1000 + $8, $7, coalesce(t."version", 0) FROM "pages" AS t WHERE t."name" = $1 AND t."tenant" = $2 AND coalesce(t."version", 0) = $3 AND t."body" IS $4 AND (SELECT 1 FROM "pages" AS s WHERE s."name" = $1 AND s."tenant" = $2 LIMIT 1 OFFSET 1) IS NULL ON CONFLICT (hash) DO UPDATE SET scope = excluded.scope, at = excluded.at, expires_at = excluded.expires_at, id = excluded.id, seq = excluded.seq, fingerprint = excluded.fingerprint WHERE k.expires_at <= excluded.at RETURNING seq, at; DELETE FROM "pages" AS t WHERE t."name" = $1 AND t."tenant" = $2 AND coalesce(t."version", 0) = $3 AND t."body" IS $4 AND (SELECT 1 FROM "pages" AS s WHERE s."name" = $1 AND s."tenant" = $2 LIMIT 1 OFFSET 1) IS NULL AND changes() = 1 RETURNING CAST(coalesce("version", 0) AS bigint) AS version, CAST(round(unixepoch('subsec') * 1000) AS INTEGER) * 1000 AS at; UPDATE "idem_claims" SET fingerprint = CASE WHEN changes() = 1 THEN $9 END WHERE hash = $5 AND fingerprint = x''; RELEASE idem_write

-- row
SELECT CAST(round(unixepoch('subsec') * 1000) AS INTEGER) * 1000, (true) AS described, k.fingerprint, k.id, k.seq, k.at, k.expires_at, r.* FROM (SELECT 1) AS one LEFT JOIN "idem_claims" k ON k.hash = $1 LEFT JOIN (SELECT CAST(1 AS bigint) AS there, CAST(t."version" AS bigint) AS version, CAST(NULL AS text) AS stamp FROM "pages" AS t WHERE t."name" = $2 AND t."tenant" = $3 LIMIT 2) r ON true

-- row
SELECT CAST(round(unixepoch('subsec') * 1000) AS INTEGER) * 1000, (true) AS described, k.fingerprint, k.id, k.seq, k.at, k.expires_at, r.* FROM (SELECT 1) AS one LEFT JOIN "idem_claims" k ON k.hash = $1 LEFT JOIN (SELECT CAST(1 AS bigint) AS there, CAST(t."version" AS bigint) AS version, CAST(NULL AS text) AS stamp FROM "pages" AS t WHERE t."name" = $2 AND t."tenant" = $3 LIMIT 2) r ON true

-- row
SELECT CAST(round(unixepoch('subsec') * 1000) AS INTEGER) * 1000, (true) AS described, k.fingerprint, k.id, k.seq, k.at, k.expires_at, r.* FROM (SELECT 1) AS one LEFT JOIN "idem_claims" k ON k.hash = $1 LEFT JOIN (SELECT CAST(1 AS bigint) AS there, CAST(t."version" AS bigint) AS version, CAST(NULL AS text) AS stamp FROM "pages" AS t WHERE t."name" = $2 AND t."tenant" = $3 LIMIT 2) r ON true

-- row
SELECT CAST(round(unixepoch('subsec') * 1000) AS INTEGER) * 1000, (true) AS described, k.fingerprint, k.id, k.seq, k.at, k.expires_at, r.* FROM (SELECT 1) AS one LEFT JOIN "idem_claims" k ON k.hash = $1 LEFT JOIN (SELECT CAST(1 AS bigint) AS there, CAST(t."version" AS bigint) AS version, CAST(NULL AS text) AS stamp FROM "pages" AS t WHERE t."name" = $2 AND t."tenant" = $3 LIMIT 2) r ON true

-- row
SELECT CAST(round(unixepoch('subsec') * 1000) AS INTEGER) * 1000, (true) AS described, k.fingerprint, k.id, k.seq, k.at, k.expires_at, r.* FROM (SELECT 1) AS one LEFT JOIN "idem_claims" k ON k.hash = $1 LEFT JOIN (SELECT CAST(1 AS bigint) AS there, CAST(t."version" AS bigint) AS version, CAST(NULL AS text) AS stamp, (t."body" IS $2) AS met_0 FROM "pages" AS t WHERE t."name" = $3 AND t."tenant" = $4 LIMIT 2) r ON true

-- row
SELECT CAST(round(unixepoch('subsec') * 1000) AS INTEGER) * 1000, (true) AS described, k.fingerprint, k.id, k.seq, k.at, k.expires_at, r.* FROM (SELECT 1) AS one LEFT JOIN "idem_claims" k ON k.hash = $1 LEFT JOIN (SELECT CAST(1 AS bigint) AS there, CAST(t."version" AS bigint) AS version, CAST(NULL AS text) AS stamp, (t."body" IS $2) AS met_0 FROM "pages" AS t WHERE t."name" = $3 AND t."tenant" = $4 LIMIT 2) r ON true

-- row
SELECT CAST(round(unixepoch('subsec') * 1000) AS INTEGER) * 1000, (true) AS described, k.fingerprint, k.id, k.seq, k.at, k.expires_at, r.* FROM (SELECT 1) AS one LEFT JOIN "idem_claims" k ON k.hash = $1 LEFT JOIN (SELECT CAST(1 AS bigint) AS there, CAST(t."version" AS bigint) AS version, CAST(NULL AS text) AS stamp, (t."body" IS $2) AS met_0 FROM "pages" AS t WHERE t."name" = $3 AND t."tenant" = $4 LIMIT 2) r ON true

-- row
SELECT CAST(round(unixepoch('subsec') * 1000) AS INTEGER) * 1000, (true) AS described, k.fingerprint, k.id, k.seq, k.at, k.expires_at, r.* FROM (SELECT 1) AS one LEFT JOIN "idem_claims" k ON k.hash = $1 LEFT JOIN (SELECT CAST(1 AS bigint) AS there, CAST(t."version" AS bigint) AS version, CAST(NULL AS text) AS stamp, (t."body" IS $2) AS met_0 FROM "pages" AS t WHERE t."name" = $3 AND t."tenant" = $4 LIMIT 2) r ON true

-- row
UPDATE "pages" AS t SET "body" = $5, "version" = coalesce(t."version", 0) + 1 WHERE t."name" = $1 AND t."tenant" = $2 AND coalesce(t."version", 0) < 9223372036854775807 AND coalesce(t."version", 0) = $3 AND t."body" IS $4 AND (SELECT 1 FROM "pages" AS s WHERE s."name" = $1 AND s."tenant" = $2 LIMIT 1 OFFSET 1) IS NULL AND true RETURNING CAST(coalesce("version", 0) AS bigint) AS version, CAST(round(unixepoch('subsec') * 1000) AS INTEGER) * 1000 AS at

-- row
UPDATE "pages" AS t SET "body" = $5, "version" = coalesce(t."version", 0) + 1 WHERE t."name" = $1 AND t."tenant" = $2 AND coalesce(t."version", 0) < 9223372036854775807 AND coalesce(t."version", 0) = $3 AND t."body" IS $4 AND (SELECT 1 FROM "pages" AS s WHERE s."name" = $1 AND s."tenant" = $2 LIMIT 1 OFFSET 1) IS NULL AND true RETURNING CAST(coalesce("version", 0) AS bigint) AS version, CAST(round(unixepoch('subsec') * 1000) AS INTEGER) * 1000 AS at

-- row
UPDATE "pages" AS t SET "body" = $7, "version" = coalesce(t."version", 0) + 1 WHERE t."name" = $3 AND t."tenant" = $4 AND coalesce(t."version", 0) < 9223372036854775807 AND coalesce(t."version", 0) = $5 AND t."body" IS $6 AND (SELECT 1 FROM "pages" AS s WHERE s."name" = $3 AND s."tenant" = $4 LIMIT 1 OFFSET 1) IS NULL AND EXISTS (SELECT 1 FROM "idem_claims" WHERE hash = $1 AND epoch = $2 AND state = 1 AND true) RETURNING CAST(coalesce("version", 0) AS bigint) AS version, CAST(round(unixepoch('subsec') * 1000) AS INTEGER) * 1000 AS at

-- migrate: create_table
            CREATE TABLE IF NOT EXISTS "idem_migrations" (
                version bigint PRIMARY KEY,
                name text NOT NULL,
                at bigint NOT NULL
            )

-- migrate: find_table
SELECT count(*) FROM sqlite_master WHERE type = 'table' AND name = 'idem_migrations'

-- migrate: version
SELECT max(version), CAST(round(unixepoch('subsec') * 1000) AS INTEGER) * 1000 FROM "idem_migrations"

-- migrate: now
SELECT CAST(round(unixepoch('subsec') * 1000) AS INTEGER) * 1000

-- migrate: put_version
INSERT INTO "idem_migrations" (version, name, at) VALUES ($1, $2, CAST(round(unixepoch('subsec') * 1000) AS INTEGER) * 1000)

-- migrate: begin
BEGIN IMMEDIATE

