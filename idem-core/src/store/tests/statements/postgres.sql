-- machines: load_one
            SELECT (extract(epoch FROM statement_timestamp()) * 1000000)::bigint, m.state, m.body, m.last_by_command, m.version, m.visit, m.entered_at, m.emitted, k.fingerprint, k.at, k.expires_at, k.id, k.seq, k.alias_of, k.rejection, t.seq, t.command, t.state, t.payload, t.outcome, t.fingerprint, t.at, t.from_visit
            FROM (VALUES (1)) AS one
            LEFT JOIN "idem_machines" m ON m.machine = $1::text AND m.id = $2::text
            LEFT JOIN "idem_transitions" k ON k.hash = $3::bytea
            LEFT JOIN "idem_transitions" t ON t.machine = k.machine AND t.id = k.id AND t.seq = coalesce(k.seq, k.alias_of)

-- machines: load_many
            SELECT (extract(epoch FROM statement_timestamp()) * 1000000)::bigint, 0::bigint, u.place - 1, m.state, m.body, m.last_by_command, m.version, m.visit, m.entered_at, m.emitted, NULL::bytea, NULL::bigint, NULL::bigint, NULL::text, NULL::bigint, NULL::bigint, NULL::bytea, NULL::bigint, NULL::text, NULL::text, NULL::bytea, NULL::bytea, NULL::bytea, NULL::bigint, NULL::bigint
            FROM unnest((SELECT $1::text[]), (SELECT $2::text[])) WITH ORDINALITY AS u (machine, id, place)
            LEFT JOIN LATERAL (SELECT * FROM "idem_machines" WHERE machine = u.machine AND id = u.id LIMIT 1) m ON true
            UNION ALL
            SELECT (extract(epoch FROM statement_timestamp()) * 1000000)::bigint, 1::bigint, u.place - 1, NULL::text, NULL::bytea, NULL::bytea, NULL::bigint, NULL::bigint, NULL::bigint, NULL::bigint, k.fingerprint, k.at, k.expires_at, k.id, k.seq, k.alias_of, k.rejection, t.seq, t.command, t.state, t.payload, t.outcome, t.fingerprint, t.at, t.from_visit
            FROM unnest((SELECT $3::bytea[])) WITH ORDINALITY AS u (hash, place)
            LEFT JOIN LATERAL (SELECT * FROM "idem_transitions" WHERE hash = u.hash LIMIT 1) k ON true
            LEFT JOIN LATERAL (
                SELECT * FROM "idem_transitions"
                WHERE machine = k.machine AND id = k.id AND seq = coalesce(k.seq, k.alias_of) LIMIT 1
            ) t ON true

-- machines: lock
            SELECT 1
            FROM (
                SELECT * FROM unnest((SELECT $1::text[]), (SELECT $2::text[])) AS u (machine, id)
                ORDER BY machine COLLATE "C", id COLLATE "C"
            ) u
            CROSS JOIN LATERAL (
                SELECT 1 FROM "idem_machines" WHERE machine = u.machine AND id = u.id LIMIT 1 FOR NO KEY UPDATE
            ) m

-- machines: transitions
            SELECT u.place - 1, t.seq, t.command, t.state, t.payload, t.outcome, t.fingerprint, t.at, t.from_visit
            FROM unnest((SELECT $1::text[]), (SELECT $2::text[]), (SELECT $3::bigint[]))
                WITH ORDINALITY AS u (machine, id, seq, place)
            CROSS JOIN LATERAL (
                SELECT * FROM "idem_transitions" WHERE machine = u.machine AND id = u.id AND seq = u.seq LIMIT 1
            ) t

-- machines: last_visit
            SELECT visit FROM "idem_transitions" WHERE machine = $1::text AND id = $2::text AND state = ANY($3::text[])
            ORDER BY machine DESC, id DESC, seq DESC LIMIT 1

-- machines: history
            SELECT seq, command, from_state, state, body, payload, outcome, fingerprint, scope, key, from_visit, visit, at, correlation, emitted, hash FROM "idem_transitions"
            WHERE machine = $1::text AND id = $2::text AND seq > $3::bigint
            ORDER BY seq LIMIT $4::bigint

-- machines: aliases
            SELECT hash, scope, key, alias_of, rejection FROM "idem_transitions"
            WHERE machine = $1::text AND id = $2::text AND seq IS NULL AND hash > $3::bytea
            ORDER BY hash LIMIT $4::bigint

-- machines: free_key
            DELETE FROM "idem_transitions" WHERE ctid = (
                SELECT ctid FROM "idem_transitions"
                WHERE hash = $1::bytea AND expires_at <= $2::bigint AND seq IS NULL FOR UPDATE SKIP LOCKED
            )

-- machines: in_state
            SELECT m.id, m.state, m.body, m.last_by_command, m.version, m.visit, m.entered_at, m.emitted
            FROM unnest((SELECT $2::text[])) AS s (state)
            CROSS JOIN LATERAL (
                SELECT * FROM "idem_machines" n
                WHERE n.machine = $1::text AND n.state = s.state AND (n.entered_at, n.id) > ($3::bigint, $4::text)
                    AND n.entered_at < $5::bigint
                ORDER BY n.entered_at, n.id LIMIT $6::bigint
            ) m
            ORDER BY m.entered_at, m.id LIMIT $6::bigint

-- machines: count_by_state
            SELECT state, count(*) FROM "idem_machines"
            WHERE machine = $1::text GROUP BY state ORDER BY state

-- machines: graph
SELECT hash, names FROM "idem_graphs" WHERE machine = $1::text

-- machines: put_graph
            INSERT INTO "idem_graphs" AS g (machine, hash, names) VALUES ($1, $2, $3)
            ON CONFLICT (machine) DO UPDATE SET hash = excluded.hash, names = excluded.names WHERE g.hash = $4::bytea

-- ledger: load
            WITH RECURSIVE named (place, first_account, first_seq, known_fingerprint, known_at, known_outcome, seq, account, delta, balance, at, kind, hold, reserved, scope, key, machine, id, machine_seq, next_account, next_seq, metadata) AS (
                SELECT u.place, e.account, e.seq, e.fingerprint, e.at, e.outcome, e.seq, e.account, e.delta, e.balance, e.at, e.kind, e.hold, e.reserved, e.scope, e.key, e.machine, e.id, e.machine_seq, e.next_account, e.next_seq, e.metadata
                FROM unnest((SELECT $1::bytea[])) WITH ORDINALITY AS u (hash, place)
                LEFT JOIN LATERAL (SELECT * FROM "idem_entries" WHERE hash = u.hash LIMIT 1) e ON true
                UNION ALL
                SELECT n.place, n.first_account, n.first_seq, n.known_fingerprint, n.known_at, n.known_outcome, e.seq, e.account, e.delta, e.balance, e.at, e.kind, e.hold, e.reserved, e.scope, e.key, e.machine, e.id, e.machine_seq, e.next_account, e.next_seq, e.metadata
                FROM named n
                CROSS JOIN LATERAL (
                    SELECT * FROM "idem_entries" WHERE account = n.next_account AND seq = n.next_seq LIMIT 1
                ) e
                WHERE n.next_account IS NOT NULL AND (n.next_account, n.next_seq) <> (n.first_account, n.first_seq))
            SELECT (extract(epoch FROM statement_timestamp()) * 1000000)::bigint, 0::bigint, u.place - 1, a.balance, a.seq, a.held, a.at, a.floor, a.ceiling, a.unit, a.tally::int::bigint, a.closed_at, NULL::bytea, NULL::bigint, NULL::bytea, NULL::bigint, NULL::text, NULL::bigint, NULL::bigint, NULL::bigint, NULL::text, NULL::text, NULL::bigint, NULL::text, NULL::text, NULL::text, NULL::text, NULL::bigint, NULL::text, NULL::bigint, NULL::bytea
            FROM unnest((SELECT $2::text[])) WITH ORDINALITY AS u (name, place)
            LEFT JOIN LATERAL (SELECT * FROM "idem_accounts" WHERE account = u.name LIMIT 1) a ON true
            UNION ALL
            SELECT (extract(epoch FROM statement_timestamp()) * 1000000)::bigint, 1::bigint, e.place - 1, NULL::bigint, NULL::bigint, NULL::bigint, NULL::bigint, NULL::bigint, NULL::bigint, NULL::text, NULL::bigint, NULL::bigint, e.known_fingerprint, e.known_at, e.known_outcome, e.seq, e.account, e.delta, e.balance, e.at, e.kind, e.hold, e.reserved, e.scope, e.key, e.machine, e.id, e.machine_seq, e.next_account, e.next_seq, e.metadata
            FROM named e

-- ledger: load_accounts
            SELECT u.place - 1, a.balance, a.seq, a.held, a.at, a.floor, a.ceiling, a.unit, a.tally::int::bigint, a.closed_at
            FROM unnest((SELECT $1::text[])) WITH ORDINALITY AS u (name, place)
            CROSS JOIN LATERAL (SELECT * FROM "idem_accounts" WHERE account = u.name LIMIT 1) a

-- ledger: lock_accounts
            WITH locked AS MATERIALIZED (
                SELECT u.name, u.place, a.*
                FROM (
                    SELECT * FROM unnest((SELECT $1::text[])) WITH ORDINALITY AS u (name, place)
                    ORDER BY name COLLATE "C"
                ) u
                LEFT JOIN LATERAL (
                    SELECT * FROM "idem_accounts" WHERE account = u.name AND NOT tally LIMIT 1 FOR NO KEY UPDATE
                ) a ON true),
            tallies AS MATERIALIZED (
                SELECT l.name, l.place, a.* FROM (SELECT name, place FROM locked WHERE account IS NULL) l
                CROSS JOIN LATERAL (SELECT * FROM "idem_accounts" WHERE account = l.name AND tally LIMIT 1) a),
            opened AS (
                INSERT INTO "idem_accounts" AS a (account, balance, seq)
                SELECT name, 0, 0 FROM locked WHERE account IS NULL AND name NOT IN (SELECT name FROM tallies)
                    AND (CASE WHEN current_setting('idem.transaction', true) = 'open' THEN 'true' ELSE 'idem: the transaction has ended' END)::boolean
                ON CONFLICT (account) DO UPDATE SET balance = a.balance
                RETURNING *)
            SELECT a.place - 1, a.balance, a.seq, a.held, a.at, a.floor, a.ceiling, a.unit, a.tally::int::bigint, a.closed_at FROM locked a WHERE account IS NOT NULL
            UNION ALL
            SELECT a.place - 1, a.balance, a.seq, a.held, a.at, a.floor, a.ceiling, a.unit, a.tally::int::bigint, a.closed_at FROM tallies a
            UNION ALL
            SELECT l.place - 1, a.balance, a.seq, a.held, a.at, a.floor, a.ceiling, a.unit, a.tally::int::bigint, a.closed_at FROM opened a JOIN locked l ON l.name = a.account

-- ledger: put_account
            INSERT INTO "idem_accounts" (account, balance, seq, floor, ceiling, unit, tally, closed_at)
            VALUES ($1::text, 0, 0, $2, $3, $4, $5, $6)
            ON CONFLICT (account) DO UPDATE SET floor = excluded.floor, ceiling = excluded.ceiling,
                unit = excluded.unit, tally = excluded.tally, closed_at = excluded.closed_at

-- ledger: compact_tally
            WITH locked AS MATERIALIZED (
                SELECT account FROM "idem_accounts" WHERE account = $1::text AND tally FOR NO KEY UPDATE SKIP LOCKED),
            gone AS (DELETE FROM "idem_tails" WHERE account = (SELECT account FROM locked) RETURNING delta)
            UPDATE "idem_accounts" SET balance = (balance + coalesce((SELECT sum(delta) FROM gone), 0))::bigint
            WHERE account = (SELECT account FROM locked)

-- ledger: account
            SELECT coalesce(t.high, 0)::bigint, coalesce(t.low, 0)::bigint, a.balance, a.seq, a.held, a.at, a.floor, a.ceiling, a.unit, a.tally::int::bigint, a.closed_at
            FROM "idem_accounts" a
            LEFT JOIN LATERAL (
                SELECT sum(delta >> 32) AS high, sum(delta & 4294967295) AS low
                FROM "idem_tails" WHERE account = a.account AND a.tally
            ) t ON true
            WHERE a.account = $1::text

-- ledger: lock_tally
SELECT account FROM "idem_accounts" WHERE account = $1::text AND tally FOR NO KEY UPDATE

-- ledger: entries
            SELECT e.seq, e.account, e.delta, e.balance, e.at, e.kind, e.hold, e.reserved, e.scope, e.key, e.machine, e.id, e.machine_seq, e.next_account, e.next_seq, e.metadata FROM "idem_entries" e
            WHERE e.account = $1::text AND e.seq > $2::bigint AND e.seq <= $3::bigint AND e.at >= $4::bigint AND e.at < $5::bigint
            ORDER BY e.seq LIMIT $6::bigint

-- ledger: entry_at
            WITH RECURSIVE half AS (
                SELECT 0::bigint AS low, seq AS high FROM "idem_accounts" WHERE account = $1::text
                UNION ALL
                SELECT CASE WHEN e.at <= $2::bigint THEN e.seq ELSE h.low END,
                    CASE WHEN e.at <= $2::bigint THEN h.high ELSE e.seq - 1 END
                FROM half h
                CROSS JOIN LATERAL (
                    SELECT seq, at FROM "idem_entries" WHERE account = $1::text AND seq = (h.low + h.high + 1) / 2 LIMIT 1
                ) e
                WHERE h.low < h.high)
            SELECT e.seq, e.account, e.delta, e.balance, e.at, e.kind, e.hold, e.reserved, e.scope, e.key, e.machine, e.id, e.machine_seq, e.next_account, e.next_seq, e.metadata FROM half h JOIN "idem_entries" e ON e.account = $1::text AND e.seq = h.low
            WHERE h.low = h.high

-- ledger: tally_at
            SELECT CAST(coalesce(sum(delta >> 32), 0) AS bigint), CAST(coalesce(sum(delta & 4294967295), 0) AS bigint)
            FROM "idem_entries" WHERE account = $1::text AND at <= $2::bigint

-- ledger: expired_holds
            SELECT hold, account, amount, remaining, expires_at FROM "idem_holds"
            WHERE account = $1::text AND remaining > 0 AND expires_at <= $2::bigint
            ORDER BY account, expires_at LIMIT $3::bigint

-- ledger: holds
            SELECT h.hold, h.account, h.amount, h.remaining, h.expires_at
            FROM unnest((SELECT $1::text[])) AS u (name)
            CROSS JOIN LATERAL (SELECT * FROM "idem_holds" WHERE hold = u.name LIMIT 1) h

-- ledger: hold_count
SELECT count(*) FROM "idem_holds"

-- ledger: all_accounts
            SELECT a.account, a.balance, a.seq, a.held, a.at, a.floor, a.ceiling, a.unit, a.tally::int::bigint, a.closed_at FROM "idem_accounts" a
            WHERE a.account > $1::text ORDER BY a.account LIMIT $2::bigint

-- ledger: all_entries
            SELECT e.seq, e.account, e.delta, e.balance, e.at, e.kind, e.hold, e.reserved, e.scope, e.key, e.machine, e.id, e.machine_seq, e.next_account, e.next_seq, e.metadata, e.hash, e.fingerprint, e.entry_no, CAST(CASE
                WHEN (e.hold IS NULL) <> (e.reserved IS NULL) OR (e.scope IS NULL) <> (e.key IS NULL)
                    OR (e.machine IS NULL) <> (e.id IS NULL) OR (e.machine IS NULL) <> (e.machine_seq IS NULL)
                    OR (e.next_account IS NULL) <> (e.next_seq IS NULL) OR (e.hash IS NULL) <> (e.fingerprint IS NULL)
                    OR (e.metadata IS NOT NULL AND e.key IS NULL) OR e.outcome IS NOT NULL THEN 1 ELSE 0 END AS bigint)
            FROM "idem_entries" e WHERE (e.account, e.seq) > ($1::text, $2::bigint) AND e.seq IS NOT NULL
            ORDER BY e.account, e.seq LIMIT $3::bigint

-- ledger: all_tails
            SELECT t.account, t.seq, t.delta, e.delta
            FROM (
                SELECT * FROM "idem_tails" WHERE (account, seq) > ($1::text, $2::bigint)
                ORDER BY account, seq LIMIT $3::bigint
            ) t
            LEFT JOIN LATERAL (
                SELECT delta FROM "idem_entries" WHERE account = t.account AND seq = t.seq LIMIT 1
            ) e ON true
            ORDER BY t.account, t.seq

-- ledger: all_refusals
            SELECT hash, account, delta, kind, hold, scope, key, outcome FROM "idem_entries"
            WHERE seq IS NULL AND hash > $1::bytea ORDER BY hash LIMIT $2::bigint

-- ledger: transitions
            SELECT u.place - 1, t.command, t.at
            FROM unnest((SELECT $1::text[]), (SELECT $2::text[]), (SELECT $3::bigint[]))
                WITH ORDINALITY AS u (machine, id, seq, place)
            CROSS JOIN LATERAL (
                SELECT command, at FROM "idem_transitions" WHERE machine = u.machine AND id = u.id AND seq = u.seq LIMIT 1
            ) t

-- ledger: postings
            WITH RECURSIVE posting AS (
                SELECT u.place, 1 AS depth, u.first_account, u.first_seq, e.*
                FROM unnest((SELECT $1::text[]), (SELECT $2::bigint[]))
                    WITH ORDINALITY AS u (first_account, first_seq, place)
                CROSS JOIN LATERAL (
                    SELECT * FROM "idem_entries" WHERE account = u.first_account AND seq = u.first_seq LIMIT 1
                ) e
                UNION ALL
                SELECT p.place, p.depth + 1, p.first_account, p.first_seq, e.*
                FROM posting p
                CROSS JOIN LATERAL (
                    SELECT * FROM "idem_entries" WHERE account = p.next_account AND seq = p.next_seq LIMIT 1
                ) e
                WHERE p.depth <= 1000 AND (p.next_account, p.next_seq) <> (p.first_account, p.first_seq))
            SELECT e.place - 1, a.unit, e.seq, e.account, e.delta, e.balance, e.at, e.kind, e.hold, e.reserved, e.scope, e.key, e.machine, e.id, e.machine_seq, e.next_account, e.next_seq, e.metadata, e.entry_no
            FROM posting e
            LEFT JOIN LATERAL (SELECT unit FROM "idem_accounts" WHERE account = e.account LIMIT 1) a ON true
            ORDER BY e.place, e.depth

-- forget: transitions_page
            SELECT hash, CAST(CASE WHEN scope = $2::text THEN 1 ELSE 0 END AS bigint) FROM "idem_transitions"
            WHERE hash > $1::bytea ORDER BY hash LIMIT $3::bigint

-- forget: blank_transitions
            UPDATE "idem_transitions"  SET scope = '', key = '', payload = substr(payload, 1, 0), outcome = substr(outcome, 1, 0),
                rejection = substr(rejection, 1, 0), correlation = NULL
            WHERE hash > $1::bytea AND hash <= $2::bytea AND scope = $3::text
            RETURNING 1

-- forget: claims_page
            SELECT hash, CAST(CASE WHEN scope = $2::text THEN 1 ELSE 0 END AS bigint) FROM "idem_claims"
            WHERE hash > $1::bytea ORDER BY hash LIMIT $3::bigint

-- forget: blank_claims
            UPDATE "idem_claims" SET scope = '', outcome = substr(outcome, 1, 0), checkpoint = substr(checkpoint, 1, 0), reason = NULL
            WHERE hash > $1::bytea AND hash <= $2::bytea AND scope = $3::text
            RETURNING 1

-- forget: entries_page
            SELECT hash, CAST(CASE WHEN scope = $2::text THEN 1 ELSE 0 END AS bigint) FROM "idem_entries"
            WHERE hash > $1::bytea ORDER BY hash LIMIT $3::bigint

-- forget: blank_entries
            WITH RECURSIVE posting AS (
                SELECT account, seq, next_account, next_seq FROM "idem_entries"
                WHERE hash > $1::bytea AND hash <= $2::bytea AND scope = $3::text AND seq IS NOT NULL
                UNION
                SELECT e.account, e.seq, e.next_account, e.next_seq
                FROM posting p
                CROSS JOIN LATERAL (
                    SELECT * FROM "idem_entries" WHERE account = p.next_account AND seq = p.next_seq LIMIT 1
                ) e
                WHERE e.scope = $3::text)
            INSERT INTO "idem_entries" AS e (account, seq, delta, at, kind)
            SELECT account, seq, 0, 0, '' FROM posting
            ON CONFLICT (account, seq) DO UPDATE SET scope = '', key = '', metadata = substr(e.metadata, 1, 0)
            RETURNING 1

-- forget: blank_refusals
            UPDATE "idem_entries"  SET scope = '', key = '', outcome = substr(outcome, 1, 0)
            WHERE hash > $1::bytea AND hash <= $2::bytea AND scope = $3::text AND seq IS NULL
            RETURNING 1

-- forget: verdicts_page
            SELECT hash, CAST(max(CASE WHEN scope = $2::text THEN 1 ELSE 0 END) AS bigint) FROM "idem_verdicts"
            WHERE hash > $1::bytea GROUP BY hash ORDER BY hash LIMIT $3::bigint

-- forget: blank_verdicts
            UPDATE "idem_verdicts"  SET scope = '', correlation = NULL
            WHERE hash > $1::bytea AND hash <= $2::bytea AND scope = $3::text
            RETURNING 1

-- sweep: claims
            WITH claims_deleted AS (
                DELETE FROM "idem_claims" WHERE ctid = ANY (ARRAY(
                    SELECT ctid FROM "idem_claims" WHERE expires_at <= (extract(epoch FROM statement_timestamp()) * 1000000)::bigint
                    ORDER BY expires_at LIMIT $1::bigint FOR UPDATE SKIP LOCKED))
                RETURNING epoch),
            floor_raised AS (
                UPDATE "idem_installation" SET epoch_floor = d.epoch FROM (SELECT max(epoch) AS epoch FROM claims_deleted) d
                WHERE d.epoch > epoch_floor)
            SELECT 1 FROM claims_deleted

-- sweep: alias_keys
            DELETE FROM "idem_transitions" WHERE ctid = ANY (ARRAY(
                SELECT ctid FROM "idem_transitions" WHERE expires_at <= (extract(epoch FROM statement_timestamp()) * 1000000)::bigint
                ORDER BY expires_at LIMIT $1::bigint FOR UPDATE SKIP LOCKED))
            RETURNING 1

-- sweep: fences
            DELETE FROM "idem_fences" WHERE ctid = ANY (ARRAY(
                SELECT ctid FROM "idem_fences" WHERE at <= (extract(epoch FROM statement_timestamp()) * 1000000)::bigint - $2::bigint
                ORDER BY at LIMIT $1::bigint FOR UPDATE SKIP LOCKED))
            RETURNING 1

-- claims: claim
            INSERT INTO "idem_claims" AS c (hash, surface, scope, fingerprint, state, epoch, owner, until, attempts, at)
            SELECT $1::bytea, $2::text, $3::text, $4::bytea, 1,
                CASE WHEN one.epoch >= (extract(epoch FROM statement_timestamp()) * 1000000)::bigint THEN one.epoch + 1 ELSE (extract(epoch FROM statement_timestamp()) * 1000000)::bigint END, $5::bigint, (extract(epoch FROM statement_timestamp()) * 1000000)::bigint + $6::bigint, 1, (extract(epoch FROM statement_timestamp()) * 1000000)::bigint
            FROM (SELECT coalesce(max(epoch_floor), 0) AS epoch FROM "idem_installation") one
            WHERE coalesce((extract(epoch FROM statement_timestamp()) * 1000000)::bigint <= $8::bigint, true) AND set_config('lock_timeout', $9::text, true) IS NOT NULL
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
                    AND (c.owner = excluded.owner OR $7::bigint = 1 AND c.until <= excluded.at)
            RETURNING epoch, attempts, checkpoint

-- claims: recall
            SELECT (extract(epoch FROM statement_timestamp()) * 1000000)::bigint, c.fingerprint, c.state, c.epoch, c.owner, c.until, c.attempts, c.outcome, c.checkpoint, c.at, c.expires_at, c.scope, (m.version > c.seq)::int::bigint
            FROM (SELECT 1) AS one
            LEFT JOIN LATERAL (SELECT * FROM "idem_claims" WHERE hash = $1::bytea LIMIT 1) c ON true
            LEFT JOIN LATERAL (SELECT version FROM "idem_machines" WHERE machine = c.machine AND id = c.id LIMIT 1) m ON true

-- claims: renew
            UPDATE "idem_claims" AS c SET until = (extract(epoch FROM statement_timestamp()) * 1000000)::bigint + w.lease
            FROM (
                SELECT f.place, w.lease FROM unnest((SELECT $1::bytea[]), (SELECT $2::bigint[]), (SELECT $3::bigint[]))
                    AS w (hash, epoch, lease)
                CROSS JOIN LATERAL (
                    SELECT ctid AS place FROM "idem_claims" WHERE hash = w.hash AND epoch = w.epoch AND state = 1
                    LIMIT 1 FOR NO KEY UPDATE SKIP LOCKED
                ) f
            ) w
            WHERE c.ctid = w.place
            RETURNING c.hash

-- claims: complete
            UPDATE "idem_claims" SET state = 2, outcome = $3::bytea, checkpoint = NULL, at = (extract(epoch FROM statement_timestamp()) * 1000000)::bigint, expires_at = (extract(epoch FROM statement_timestamp()) * 1000000)::bigint + $4::bigint
            WHERE hash = $1::bytea AND epoch = $2::bigint AND state = 1 AND set_config('lock_timeout', $5::text, true) IS NOT NULL
            RETURNING at

-- claims: release
            UPDATE "idem_claims" SET state = 3, checkpoint = NULL, at = (extract(epoch FROM statement_timestamp()) * 1000000)::bigint, expires_at = (extract(epoch FROM statement_timestamp()) * 1000000)::bigint
            WHERE hash = $1::bytea AND epoch = $2::bigint AND state = 1 AND set_config('lock_timeout', $3::text, true) IS NOT NULL
            RETURNING 1

-- claims: abandon
            UPDATE "idem_claims" SET until = CASE WHEN until > (extract(epoch FROM statement_timestamp()) * 1000000)::bigint THEN (extract(epoch FROM statement_timestamp()) * 1000000)::bigint ELSE until END
            WHERE hash = $1::bytea AND epoch = $2::bigint AND state = 1 AND set_config('lock_timeout', $3::text, true) IS NOT NULL
            RETURNING 1

-- claims: disown
            UPDATE "idem_claims" SET state = CASE WHEN attempts > 1 THEN 1 ELSE 3 END, until = (extract(epoch FROM statement_timestamp()) * 1000000)::bigint,
                checkpoint = CASE WHEN attempts > 1 THEN checkpoint END, at = CASE WHEN attempts > 1 THEN at ELSE (extract(epoch FROM statement_timestamp()) * 1000000)::bigint END,
                expires_at = CASE WHEN attempts > 1 THEN NULL ELSE (extract(epoch FROM statement_timestamp()) * 1000000)::bigint END
            WHERE hash = $1::bytea AND owner = $2::bigint AND state = 1 AND set_config('lock_timeout', $3::text, true) IS NOT NULL
            RETURNING 1

-- claims: save
            UPDATE "idem_claims" SET checkpoint = $3::bytea
            WHERE hash = $1::bytea AND epoch = $2::bigint AND state = 1 AND set_config('lock_timeout', $4::text, true) IS NOT NULL
            RETURNING 1

-- claims: lost
            SELECT hash, scope, epoch, attempts, until, at FROM "idem_claims"
            WHERE surface = $1::text AND state = 1 AND until <= (extract(epoch FROM statement_timestamp()) * 1000000)::bigint ORDER BY until, hash LIMIT $2::bigint

-- claims: resolve
            UPDATE "idem_claims" SET state = $3::bigint, epoch = CASE WHEN epoch >= (extract(epoch FROM statement_timestamp()) * 1000000)::bigint THEN epoch + 1 ELSE (extract(epoch FROM statement_timestamp()) * 1000000)::bigint END,
                outcome = $4::bytea, checkpoint = NULL, at = (extract(epoch FROM statement_timestamp()) * 1000000)::bigint, expires_at = (extract(epoch FROM statement_timestamp()) * 1000000)::bigint + $5::bigint, reason = $6::text
            WHERE hash = (
                SELECT hash FROM "idem_claims"
                WHERE hash = $1::bytea AND epoch = $2::bigint AND state = 1 AND until <= (extract(epoch FROM statement_timestamp()) * 1000000)::bigint AND set_config('lock_timeout', $7::text, true) IS NOT NULL FOR UPDATE)
            RETURNING 1

-- claims: put
            INSERT INTO "idem_claims" AS c (hash, surface, scope, fingerprint, state, outcome, at, expires_at, machine, id, seq)
            SELECT $1::bytea, $2::text, $3::text, $4::bytea, 2, $5::bytea, (extract(epoch FROM statement_timestamp()) * 1000000)::bigint, (extract(epoch FROM statement_timestamp()) * 1000000)::bigint + $6::bigint, $7::text, $8::text, $9::bigint
            WHERE (CASE WHEN current_setting('idem.transaction', true) = 'open' THEN 'true' ELSE 'idem: the transaction has ended' END)::boolean
            ON CONFLICT (hash) DO UPDATE SET
                hash = excluded.hash, surface = excluded.surface, scope = excluded.scope, fingerprint = excluded.fingerprint, state = 2,
                owner = NULL, until = NULL, attempts = 0, outcome = excluded.outcome, checkpoint = NULL,
                at = excluded.at, expires_at = excluded.expires_at,
                machine = excluded.machine, id = excluded.id, seq = excluded.seq, reason = NULL
            WHERE c.state = 3 OR c.state <> 1 AND c.expires_at <= excluded.at
            RETURNING at

-- claims: put_outcome
            UPDATE "idem_claims" SET outcome = $2::bytea, machine = $3::text, id = $4::text, seq = $5::bigint WHERE hash = $1::bytea
            RETURNING at

-- claims: fence
SELECT 1 FROM "idem_claims" WHERE hash = $1::bytea AND epoch = $2::bigint AND state = 1 AND (CASE WHEN current_setting('idem.transaction', true) = 'open' THEN 'true' ELSE 'idem: the transaction has ended' END)::boolean FOR KEY SHARE

-- claims: mark
            INSERT INTO "idem_fences" AS f (name, epoch, at) SELECT $1::text, $2::bigint, (extract(epoch FROM statement_timestamp()) * 1000000)::bigint WHERE (CASE WHEN current_setting('idem.transaction', true) = 'open' THEN 'true' ELSE 'idem: the transaction has ended' END)::boolean
            ON CONFLICT (name) DO UPDATE SET epoch = excluded.epoch, at = excluded.at WHERE f.epoch <= excluded.epoch
            RETURNING 1

-- claims: epoch
SELECT epoch FROM "idem_claims" WHERE hash = $1::bytea

-- claims: marked
SELECT epoch FROM "idem_fences" WHERE name = $1::text

-- claims: installation
SELECT max(id) FROM "idem_installation"

-- claims: renew_installation
UPDATE "idem_installation" SET id = $1::text, at = (extract(epoch FROM statement_timestamp()) * 1000000)::bigint

-- verdicts: add
            INSERT INTO "idem_verdicts" (at, namespace, operation, hash, verdict, scope, correlation)
            SELECT (extract(epoch FROM statement_timestamp()) * 1000000)::bigint, w.* FROM unnest((SELECT $1::text[]), (SELECT $2::text[]), (SELECT $3::bytea[]), (SELECT $4::text[]),
                (SELECT $5::text[]), (SELECT $6::text[])) AS w (namespace, operation, hash, verdict, scope, correlation)

-- verdicts: trim
            DELETE FROM "idem_verdicts" WHERE position = ANY (ARRAY(
                SELECT position FROM "idem_verdicts" WHERE position <= (SELECT max(position) FROM "idem_verdicts") - $1::bigint
                ORDER BY position LIMIT $2::bigint))

-- verdicts: of_key
            SELECT d.at, d.namespace, d.operation, d.verdict, d.correlation FROM (
                SELECT * FROM "idem_verdicts" WHERE hash = $1::bytea ORDER BY position DESC LIMIT $2::bigint
            ) d ORDER BY d.position

-- outbox: next_number
            INSERT INTO "idem_sequences" AS s (name, number) VALUES ($1::text, 1)
            ON CONFLICT (name) DO UPDATE SET number = s.number + 1
            RETURNING number

-- outbox: add
            WITH begun AS MATERIALIZED (SELECT pg_current_xact_id() AS xid)
            INSERT INTO "idem_outbox" (message_id, ordered, number, topic, key, headers, payload, correlation, at)
            SELECT $1::text, $2::text, $3::bigint, $4::text, $5::text, $6::bytea, $7::bytea, $8::text, (extract(epoch FROM statement_timestamp()) * 1000000)::bigint
            FROM begun WHERE xid IS NOT NULL

-- outbox: load
            SELECT d.position, d.lane, d.machine, d.id, d.seq, d.entry_no, d.message_id, d.number, d.topic, d.key, d.headers, d.payload, d.correlation, d.at
            FROM (
                SELECT d.*, sum(octet_length(d.payload)) OVER (ORDER BY d.position) AS bytes
                FROM (
                    SELECT o.* FROM (
                        SELECT position, machine, id, seq, entry_no, message_id, number, topic, coalesce(key, id, ordered) AS key, headers, payload,
                            correlation, at,
                            CASE WHEN seq IS NOT NULL THEN machine || chr(31) || id WHEN ordered IS NOT NULL THEN chr(31) || ordered
                                ELSE chr(31) || chr(31) || message_id END AS lane
                        FROM "idem_outbox" WHERE position > $1::bigint
                    ) o
                    WHERE o.lane <> ALL ($2::text[])
                        AND NOT EXISTS (SELECT 1 FROM "idem_parked" p WHERE p.holds AND p.lane = o.lane OFFSET 0)
                    ORDER BY o.position LIMIT $3::bigint
                ) d
            ) d
            WHERE d.bytes - octet_length(d.payload) < $4::bigint ORDER BY d.position

-- outbox: mark
            SELECT pg_snapshot_xmin(pg_current_snapshot())::text::bigint,
                (SELECT min(position) FROM "idem_outbox" WHERE position > $1::bigint)

-- outbox: new_id
SELECT pg_current_xact_id()::text::bigint

-- outbox: delete
            DELETE FROM "idem_outbox" WHERE ctid = ANY (ARRAY(
                SELECT (SELECT ctid FROM "idem_outbox" WHERE position = w.position LIMIT 1) FROM unnest($1::bigint[]) AS w (position)))

-- outbox: park
            INSERT INTO "idem_parked" (position, lane, holds, message_id, source, number, topic, key, headers, payload, correlation, at, attempts,
                reason, parked_at)
            SELECT position, $2::text, $3::bigint = 1, $4::text, $5::text, number, topic, coalesce(key, id, ordered), headers, payload,
                correlation, at, $6::bigint, $7::text, (extract(epoch FROM statement_timestamp()) * 1000000)::bigint
            FROM "idem_outbox" WHERE position = $1::bigint

-- outbox: take_out
DELETE FROM "idem_outbox" WHERE position = $1::bigint

-- outbox: due
            SELECT p.position, p.lane, p.message_id, p.source, p.attempts, p.reason, p.parked_at, p.due_at, p.number, p.topic, p.key, p.headers, p.payload, p.correlation, p.at
            FROM "idem_parked" p  WHERE p.due_at IS NOT NULL ORDER BY p.position LIMIT $1::bigint

-- outbox: delivered
DELETE FROM "idem_parked" WHERE position = $1::bigint AND due_at IS NOT NULL

-- outbox: park_again
            UPDATE "idem_parked" SET due_at = NULL, attempts = $2::bigint, reason = $3::text, parked_at = (extract(epoch FROM statement_timestamp()) * 1000000)::bigint
            WHERE position = $1::bigint AND due_at IS NOT NULL

-- outbox: parked
            SELECT p.position, p.lane, p.message_id, p.source, p.attempts, p.reason, p.parked_at, p.due_at, p.number, p.topic, p.key, p.headers, p.payload, p.correlation, p.at
            FROM "idem_parked" p WHERE p.position > $1::bigint ORDER BY p.position LIMIT $2::bigint

-- outbox: release
UPDATE "idem_parked" SET due_at = (extract(epoch FROM statement_timestamp()) * 1000000)::bigint WHERE message_id = $1::text RETURNING 1

-- outbox: drop_parked
DELETE FROM "idem_parked" WHERE message_id = $1::text RETURNING 1

-- outbox: waiting
SELECT topic, count(*) AS count, min(at) AS oldest FROM "idem_outbox" GROUP BY topic ORDER BY topic

-- outbox: oldest
SELECT (SELECT at FROM "idem_outbox" WHERE position = (SELECT min(position) FROM "idem_outbox")), (extract(epoch FROM statement_timestamp()) * 1000000)::bigint

-- outbox: monotonic
            SELECT (count(*) FILTER (WHERE seqincrement > 0 AND seqcache = 1 AND NOT seqcycle))::bigint
            FROM pg_sequence WHERE seqrelid = pg_get_serial_sequence('"idem_outbox"', 'position')::regclass

-- probes: wait
            SELECT 1 FROM pg_sleep(greatest(0, $1::bigint - extract(epoch FROM clock_timestamp()) * 1000000 + 1000)
                / 1000000)

-- probes: put_update_key
            INSERT INTO "idem_claims" (hash, surface, scope, fingerprint, state, at) VALUES ($1, '', '', '', 0, 0)
            ON CONFLICT (hash) DO UPDATE SET at = 0 WHERE false

-- probes: put_transition_key
            INSERT INTO "idem_transitions" (machine, id, fingerprint, at, hash) VALUES ('', '', '', 0, $1)
            ON CONFLICT (hash) WHERE hash IS NOT NULL DO UPDATE SET at = 0 WHERE false

-- probes: put_entry_key
            INSERT INTO "idem_entries" (account, delta, at, kind, hash) VALUES ('', 0, 0, '', $1)
            ON CONFLICT (hash) WHERE hash IS NOT NULL DO UPDATE SET at = 0 WHERE false

-- probes: put_transition
            INSERT INTO "idem_transitions" (machine, id, seq, fingerprint, at) VALUES ($1, $2, $3, '', 0)
            ON CONFLICT (machine, id, seq) DO UPDATE SET at = 0 WHERE false

-- probes: update_key
            SELECT 1 FROM "idem_claims"
            WHERE hash = $1::bytea AND coalesce(at = $2::bigint, expires_at IS NULL OR expires_at > (extract(epoch FROM statement_timestamp()) * 1000000)::bigint)

-- probes: transition_key
            SELECT 1 FROM "idem_transitions"
            WHERE hash = $1::bytea AND coalesce(at = $2::bigint, expires_at IS NULL OR expires_at > (extract(epoch FROM statement_timestamp()) * 1000000)::bigint)

-- probes: entry_key
SELECT 1 FROM "idem_entries" WHERE hash = $1::bytea AND coalesce(at = $2::bigint, true)

-- probes: transition
            SELECT 1 FROM "idem_transitions"
            WHERE machine = $1::text AND id = $2::text AND seq = $3::bigint AND at = $4::bigint
                AND fingerprint = $5::bytea AND coalesce(hash, fingerprint) = $6::bytea

-- write: one entry under one key
WITH begun AS MATERIALIZED (
            SELECT set_config('lock_timeout', $1::text, true) IS NOT NULL AS ok, (extract(epoch FROM statement_timestamp()) * 1000000)::bigint AS now, $2::bigint AS until),
        keys_known AS MATERIALIZED (SELECT * FROM "idem_entries" WHERE hash = $9::bytea),
        accounts_written AS (
            INSERT INTO "idem_accounts" AS a (account, balance, seq, at, unit)
            SELECT $4::text, $5::bigint, 1, now, $3::text FROM begun
            WHERE NOT EXISTS (SELECT 1 FROM keys_known)
                AND ($3::text IS NULL OR EXISTS (SELECT 1 FROM "idem_accounts" WHERE account = $4::text))
            ON CONFLICT (account) DO UPDATE SET balance = a.balance + excluded.balance, seq = a.seq + 1,
                at = greatest(a.at, excluded.at)
            WHERE a.closed_at IS NULL AND NOT a.tally AND a.unit IS NOT DISTINCT FROM excluded.unit
                AND a.balance - a.held + excluded.balance >= coalesce(a.floor, a.balance - a.held + excluded.balance)
                AND a.balance + excluded.balance <= coalesce(a.ceiling, a.balance + excluded.balance)
            RETURNING balance, seq, at),
        entries_written AS (
            INSERT INTO "idem_entries" (account, delta, kind, scope, key, hash, fingerprint, metadata, seq, balance, at)
            SELECT $4::text, $5::bigint, $6::text, $7::text, $8::text, $9::bytea, $10::bytea, $11::bytea, seq, balance, at FROM accounts_written
            RETURNING 1)
        SELECT balance, seq, (CASE WHEN true AND (SELECT count(*) FROM entries_written) >= 0 THEN CASE WHEN (extract(epoch FROM clock_timestamp()) * 1000000)::bigint > until THEN 'idem: the time is up' ELSE (at)::text END ELSE (at)::text END)::bigint, NULL::bytea, NULL::bigint, NULL::bytea, NULL::bigint, NULL::text, NULL::bigint, NULL::bigint, NULL::bigint, NULL::text, NULL::text, NULL::bigint, NULL::text, NULL::text, NULL::text, NULL::text, NULL::bigint, NULL::text, NULL::bigint, NULL::bytea FROM accounts_written, begun
        UNION ALL
        SELECT NULL, NULL, NULL, k.fingerprint, k.at, k.outcome, k.seq, k.account, k.delta, k.balance, k.at, k.kind, k.hold, k.reserved, k.scope, k.key, k.machine, k.id, k.machine_seq, k.next_account, k.next_seq, k.metadata FROM keys_known k

-- write: undo the key of an update
DELETE FROM "idem_claims" WHERE hash = $1::bytea

-- write: undo machines
WITH rows_deleted AS (DELETE FROM "idem_machines" WHERE ctid = $1::text::tid RETURNING 1)
        SELECT (CASE WHEN count(*) = 1 THEN 'true' ELSE 'idem: a row that was added is not there any more' END)::boolean FROM rows_deleted

-- write: undo transitions
WITH rows_deleted AS (DELETE FROM "idem_transitions" WHERE ctid = $1::text::tid RETURNING 1)
        SELECT (CASE WHEN count(*) = 1 THEN 'true' ELSE 'idem: a row that was added is not there any more' END)::boolean FROM rows_deleted

-- write: undo entries
WITH rows_deleted AS (DELETE FROM "idem_entries" WHERE ctid = $1::text::tid RETURNING 1)
        SELECT (CASE WHEN count(*) = 1 THEN 'true' ELSE 'idem: a row that was added is not there any more' END)::boolean FROM rows_deleted

-- write: undo tails
WITH rows_deleted AS (DELETE FROM "idem_tails" WHERE ctid = $1::text::tid RETURNING 1)
        SELECT (CASE WHEN count(*) = 1 THEN 'true' ELSE 'idem: a row that was added is not there any more' END)::boolean FROM rows_deleted

-- write: an alias alone
WITH begun AS MATERIALIZED (
    SELECT set_config('lock_timeout', $1::text, true) IS NOT NULL AS ok, coalesce($2::bigint, (extract(epoch FROM statement_timestamp()) * 1000000)::bigint) AS now,
        $3::bigint AS until),
transitions_written AS (
                INSERT INTO "idem_transitions" (machine, id, seq, command, from_state, state, body, payload, outcome, fingerprint, from_visit, visit, at, correlation, emitted, scope, key, hash, alias_of, rejection, expires_at) SELECT * FROM unnest((SELECT $4::text[]), (SELECT $5::text[]), (SELECT $6::bigint[]), (SELECT $7::text[]), (SELECT $8::text[]), (SELECT $9::text[]), (SELECT $10::bytea[]), (SELECT $11::bytea[]), (SELECT $12::bytea[]), (SELECT $13::bytea[]), (SELECT $14::bigint[]), (SELECT $15::bigint[]), (SELECT $16::bigint[]), (SELECT $17::text[]), (SELECT $18::bigint[]), (SELECT $19::text[]), (SELECT $20::text[]), (SELECT $21::bytea[]), (SELECT $22::bigint[]), (SELECT $23::bytea[]), (SELECT $24::bigint[])) WHERE (SELECT ok FROM begun) RETURNING 1)
SELECT g.ok, (CASE WHEN g.ok AND (SELECT count(*) FROM transitions_written) >= 0 THEN CASE WHEN (extract(epoch FROM clock_timestamp()) * 1000000)::bigint > b.until THEN 'idem: the time is up' ELSE (b.now)::text END ELSE (b.now)::text END)::bigint FROM begun g CROSS JOIN begun b

-- write: an alias joined
WITH begun AS MATERIALIZED (SELECT (CASE WHEN current_setting('idem.transaction', true) = 'open' THEN 'true' ELSE 'idem: the transaction has ended' END)::boolean AS ok, $1::bigint AS now),
transitions_written AS (
                INSERT INTO "idem_transitions" (machine, id, seq, command, from_state, state, body, payload, outcome, fingerprint, from_visit, visit, at, correlation, emitted, scope, key, hash, alias_of, rejection, expires_at) SELECT * FROM unnest((SELECT $2::text[]), (SELECT $3::text[]), (SELECT $4::bigint[]), (SELECT $5::text[]), (SELECT $6::text[]), (SELECT $7::text[]), (SELECT $8::bytea[]), (SELECT $9::bytea[]), (SELECT $10::bytea[]), (SELECT $11::bytea[]), (SELECT $12::bigint[]), (SELECT $13::bigint[]), (SELECT $14::bigint[]), (SELECT $15::text[]), (SELECT $16::bigint[]), (SELECT $17::text[]), (SELECT $18::text[]), (SELECT $19::bytea[]), (SELECT $20::bigint[]), (SELECT $21::bytea[]), (SELECT $22::bigint[])) WHERE (SELECT ok FROM begun) ON CONFLICT DO NOTHING RETURNING ctid),
            all_transitions_written AS MATERIALIZED (SELECT ok AND (SELECT count(*) FROM transitions_written) = cardinality($2::text[]) AS ok FROM begun)
SELECT ok, ARRAY(SELECT ctid::text FROM transitions_written) FROM all_transitions_written

-- write: start alone, natural
WITH begun AS MATERIALIZED (
    SELECT set_config('lock_timeout', $1::text, true) IS NOT NULL AS ok, coalesce($2::bigint, (extract(epoch FROM statement_timestamp()) * 1000000)::bigint) AS now,
        $3::bigint AS until),
machines_opened AS (
            INSERT INTO "idem_machines" (machine, id, state, body, last_by_command, version, visit, entered_at, emitted)
            SELECT $4::text, $5::text, $6::text, $7::bytea, $8::bytea, $10::bigint, $11::bigint, $12::bigint, $13::bigint WHERE $9::bigint = 0 AND (SELECT ok FROM begun)
            ON CONFLICT (machine, id) DO NOTHING
            RETURNING ctid),
        machines_written AS MATERIALIZED (SELECT count(*) = 1 AS ok FROM machines_opened),
transitions_written AS (
                INSERT INTO "idem_transitions" (machine, id, seq, command, from_state, state, body, payload, outcome, fingerprint, from_visit, visit, at, correlation, emitted) SELECT $14::text, $15::text, $16::bigint, $17::text, $18::text, $19::text, $20::bytea, $21::bytea, $22::bytea, $23::bytea, $24::bigint, $25::bigint, $26::bigint, $27::text, $28::bigint WHERE (SELECT ok FROM machines_written) RETURNING 1)
SELECT g.ok, (CASE WHEN g.ok AND (SELECT count(*) FROM transitions_written) >= 0 THEN CASE WHEN (extract(epoch FROM clock_timestamp()) * 1000000)::bigint > b.until THEN 'idem: the time is up' ELSE (b.now)::text END ELSE (b.now)::text END)::bigint FROM machines_written g CROSS JOIN begun b

-- write: start alone, keyed
WITH begun AS MATERIALIZED (
    SELECT set_config('lock_timeout', $1::text, true) IS NOT NULL AS ok, coalesce($2::bigint, (extract(epoch FROM statement_timestamp()) * 1000000)::bigint) AS now,
        $3::bigint AS until),
machines_opened AS (
            INSERT INTO "idem_machines" (machine, id, state, body, last_by_command, version, visit, entered_at, emitted)
            SELECT $4::text, $5::text, $6::text, $7::bytea, $8::bytea, $10::bigint, $11::bigint, $12::bigint, $13::bigint WHERE $9::bigint = 0 AND (SELECT ok FROM begun)
            ON CONFLICT (machine, id) DO NOTHING
            RETURNING ctid),
        machines_written AS MATERIALIZED (SELECT count(*) = 1 AS ok FROM machines_opened),
transitions_written AS (
                INSERT INTO "idem_transitions" (machine, id, seq, command, from_state, state, body, payload, outcome, fingerprint, from_visit, visit, at, correlation, emitted, scope, key, hash) SELECT $14::text, $15::text, $16::bigint, $17::text, $18::text, $19::text, $20::bytea, $21::bytea, $22::bytea, $23::bytea, $24::bigint, $25::bigint, $26::bigint, $27::text, $28::bigint, $29::text, $30::text, $31::bytea WHERE (SELECT ok FROM machines_written) RETURNING 1)
SELECT g.ok, (CASE WHEN g.ok AND (SELECT count(*) FROM transitions_written) >= 0 THEN CASE WHEN (extract(epoch FROM clock_timestamp()) * 1000000)::bigint > b.until THEN 'idem: the time is up' ELSE (b.now)::text END ELSE (b.now)::text END)::bigint FROM machines_written g CROSS JOIN begun b

-- write: start alone, with money and messages
WITH begun AS MATERIALIZED (
    SELECT set_config('lock_timeout', $1::text, true) IS NOT NULL AS ok, coalesce($2::bigint, (extract(epoch FROM statement_timestamp()) * 1000000)::bigint) AS now,
        $3::bigint AS until),
machines_opened AS (
            INSERT INTO "idem_machines" (machine, id, state, body, last_by_command, version, visit, entered_at, emitted)
            SELECT $4::text, $5::text, $6::text, $7::bytea, $8::bytea, $10::bigint, $11::bigint, $12::bigint, $13::bigint WHERE $9::bigint = 0 AND (SELECT ok FROM begun)
            ON CONFLICT (machine, id) DO NOTHING
            RETURNING ctid),
        machines_written AS MATERIALIZED (SELECT count(*) = 1 AS ok FROM machines_opened),
accounts_locked AS MATERIALIZED (
                SELECT d.place, d.name, a.account IS NOT NULL AS found, coalesce(a.seq, 0) + d.entries AS seq,
                    coalesce(a.held, 0) + d.reserved AS held,
                    CASE WHEN d.entries > 0 THEN greatest(a.at, (SELECT now FROM begun)) ELSE coalesce(a.at, 0) END AS at,
                    CASE WHEN NOT coalesce(a.tally OR a.closed_at IS NOT NULL, false) AND a.unit IS NOT DISTINCT FROM d.unit
                        AND coalesce(a.seq, 0) = coalesce(d.expected, a.seq, 0)
                        AND coalesce(a.balance - a.held, 0) + d.lowest
                            >= coalesce(a.floor, a.balance - a.held + d.lowest, d.lowest)
                        AND coalesce(a.balance, 0) + d.highest <= coalesce(a.ceiling, a.balance + d.highest, d.highest)
                        THEN coalesce(a.balance, 0) + d.delta END AS balance
                FROM unnest((SELECT $14::text[]), (SELECT $15::bigint[]), (SELECT $16::bigint[]), (SELECT $17::bigint[]), (SELECT $18::bigint[]), (SELECT $19::bigint[]), (SELECT $20::bigint[]), (SELECT $21::text[])) WITH ORDINALITY AS d (name, delta, reserved, lowest, highest, entries, expected, unit, place)
                LEFT JOIN LATERAL (
                    SELECT * FROM "idem_accounts" WHERE account = d.name LIMIT 1 FOR NO KEY UPDATE
                ) a ON true
                WHERE (SELECT ok FROM machines_written)),
            accounts_planned AS MATERIALIZED (
                SELECT array_agg(balance) AS balances, array_agg(seq) AS seqs, array_agg(at) AS ats
                FROM (SELECT * FROM accounts_locked ORDER BY place) l),
accounts_opened AS (
                INSERT INTO "idem_accounts" (account, balance, seq, held, at)
                SELECT name, balance, seq, held, at FROM accounts_locked WHERE NOT found AND (SELECT ok FROM machines_written)
                RETURNING 1),
            accounts_updated AS (
                INSERT INTO "idem_accounts" (account, balance, seq, held, at)
                SELECT name, balance, seq, held, at FROM accounts_locked WHERE found AND (SELECT ok FROM machines_written)
                ON CONFLICT (account) DO UPDATE SET balance = excluded.balance, seq = excluded.seq, held = excluded.held,
                    at = excluded.at
                RETURNING 1),
            accounts_written AS MATERIALIZED (
                SELECT ok AND (SELECT count(*) FROM accounts_opened) >= 0 AND (SELECT count(*) FROM accounts_updated) >= 0 AS ok
                FROM machines_written),
transitions_written AS (
                INSERT INTO "idem_transitions" (machine, id, seq, command, from_state, state, body, payload, outcome, fingerprint, from_visit, visit, at, correlation, emitted, scope, key, hash) SELECT $22::text, $23::text, $24::bigint, $25::text, $26::text, $27::text, $28::bytea, $29::bytea, $30::bytea, $31::bytea, $32::bigint, $33::bigint, $34::bigint, $35::text, $36::bigint, $37::text, $38::text, $39::bytea WHERE (SELECT ok FROM accounts_written) RETURNING 1),
entries_written AS (
                INSERT INTO "idem_entries" (account, delta, kind, machine, id, machine_seq, entry_no, seq, balance, at, next_seq)
                SELECT e.account, e.delta, e.kind, e.machine, e.id, e.machine_seq, e.entry_no, f.seqs[e.place] - e.back, f.balances[e.place] - e.below, coalesce(f.ats[e.place], begun.now), NULL
                FROM begun, accounts_planned f, unnest((SELECT $40::text[]), (SELECT $41::bigint[]), (SELECT $42::text[]), (SELECT $43::bigint[]), (SELECT $44::bigint[]), (SELECT $45::bigint[]), (SELECT $46::text[]), (SELECT $47::text[]), (SELECT $48::bigint[]), (SELECT $49::bigint[])) AS e (account, delta, kind, place, back, below, machine, id, machine_seq, entry_no)
                WHERE (SELECT ok FROM accounts_written) RETURNING 1),
outbox_written AS (
                INSERT INTO "idem_outbox" (machine, id, seq, entry_no, number, topic, key, headers, payload, correlation, at) SELECT * FROM unnest((SELECT $50::text[]), (SELECT $51::text[]), (SELECT $52::bigint[]), (SELECT $53::bigint[]), (SELECT $54::bigint[]), (SELECT $55::text[]), (SELECT $56::text[]), (SELECT $57::bytea[]), (SELECT $58::bytea[]), (SELECT $59::text[]), (SELECT $60::bigint[])) WHERE (SELECT ok FROM accounts_written))
SELECT g.ok, (CASE WHEN g.ok AND (SELECT count(*) FROM transitions_written) >= 0 THEN CASE WHEN (extract(epoch FROM clock_timestamp()) * 1000000)::bigint > b.until THEN 'idem: the time is up' ELSE (b.now)::text END ELSE (b.now)::text END)::bigint, (SELECT balances FROM accounts_planned), (SELECT seqs FROM accounts_planned), (SELECT ats FROM accounts_planned) FROM accounts_written g CROSS JOIN begun b

-- write: move alone, natural
WITH begun AS MATERIALIZED (
    SELECT set_config('lock_timeout', $1::text, true) IS NOT NULL AS ok, coalesce($2::bigint, (extract(epoch FROM statement_timestamp()) * 1000000)::bigint) AS now,
        $3::bigint AS until),
machines_updated AS (
            UPDATE "idem_machines" SET state = $6::text, body = $7::bytea, last_by_command = $8::bytea, version = $10::bigint, visit = $11::bigint, entered_at = $12::bigint, emitted = $13::bigint
            WHERE machine = $4::text AND id = $5::text AND version = $9::bigint AND (SELECT ok FROM begun)
            RETURNING 1),
        machines_written AS MATERIALIZED (SELECT count(*) = 1 AS ok FROM machines_updated),
transitions_written AS (
                INSERT INTO "idem_transitions" (machine, id, seq, command, from_state, state, body, payload, outcome, fingerprint, from_visit, visit, at, correlation, emitted) SELECT $14::text, $15::text, $16::bigint, $17::text, $18::text, $19::text, $20::bytea, $21::bytea, $22::bytea, $23::bytea, $24::bigint, $25::bigint, $26::bigint, $27::text, $28::bigint WHERE (SELECT ok FROM machines_written) RETURNING 1)
SELECT g.ok, (CASE WHEN g.ok AND (SELECT count(*) FROM transitions_written) >= 0 THEN CASE WHEN (extract(epoch FROM clock_timestamp()) * 1000000)::bigint > b.until THEN 'idem: the time is up' ELSE (b.now)::text END ELSE (b.now)::text END)::bigint FROM machines_written g CROSS JOIN begun b

-- write: move alone, keyed
WITH begun AS MATERIALIZED (
    SELECT set_config('lock_timeout', $1::text, true) IS NOT NULL AS ok, coalesce($2::bigint, (extract(epoch FROM statement_timestamp()) * 1000000)::bigint) AS now,
        $3::bigint AS until),
machines_updated AS (
            UPDATE "idem_machines" SET state = $6::text, body = $7::bytea, last_by_command = $8::bytea, version = $10::bigint, visit = $11::bigint, entered_at = $12::bigint, emitted = $13::bigint
            WHERE machine = $4::text AND id = $5::text AND version = $9::bigint AND (SELECT ok FROM begun)
            RETURNING 1),
        machines_written AS MATERIALIZED (SELECT count(*) = 1 AS ok FROM machines_updated),
transitions_written AS (
                INSERT INTO "idem_transitions" (machine, id, seq, command, from_state, state, body, payload, outcome, fingerprint, from_visit, visit, at, correlation, emitted, scope, key, hash) SELECT $14::text, $15::text, $16::bigint, $17::text, $18::text, $19::text, $20::bytea, $21::bytea, $22::bytea, $23::bytea, $24::bigint, $25::bigint, $26::bigint, $27::text, $28::bigint, $29::text, $30::text, $31::bytea WHERE (SELECT ok FROM machines_written) RETURNING 1)
SELECT g.ok, (CASE WHEN g.ok AND (SELECT count(*) FROM transitions_written) >= 0 THEN CASE WHEN (extract(epoch FROM clock_timestamp()) * 1000000)::bigint > b.until THEN 'idem: the time is up' ELSE (b.now)::text END ELSE (b.now)::text END)::bigint FROM machines_written g CROSS JOIN begun b

-- write: move alone, with money and messages
WITH begun AS MATERIALIZED (
    SELECT set_config('lock_timeout', $1::text, true) IS NOT NULL AS ok, coalesce($2::bigint, (extract(epoch FROM statement_timestamp()) * 1000000)::bigint) AS now,
        $3::bigint AS until),
machines_updated AS (
            UPDATE "idem_machines" SET state = $6::text, body = $7::bytea, last_by_command = $8::bytea, version = $10::bigint, visit = $11::bigint, entered_at = $12::bigint, emitted = $13::bigint
            WHERE machine = $4::text AND id = $5::text AND version = $9::bigint AND (SELECT ok FROM begun)
            RETURNING 1),
        machines_written AS MATERIALIZED (SELECT count(*) = 1 AS ok FROM machines_updated),
accounts_locked AS MATERIALIZED (
                SELECT d.place, d.name, a.account IS NOT NULL AS found, coalesce(a.seq, 0) + d.entries AS seq,
                    coalesce(a.held, 0) + d.reserved AS held,
                    CASE WHEN d.entries > 0 THEN greatest(a.at, (SELECT now FROM begun)) ELSE coalesce(a.at, 0) END AS at,
                    CASE WHEN NOT coalesce(a.tally OR a.closed_at IS NOT NULL, false) AND a.unit IS NOT DISTINCT FROM d.unit
                        AND coalesce(a.seq, 0) = coalesce(d.expected, a.seq, 0)
                        AND coalesce(a.balance - a.held, 0) + d.lowest
                            >= coalesce(a.floor, a.balance - a.held + d.lowest, d.lowest)
                        AND coalesce(a.balance, 0) + d.highest <= coalesce(a.ceiling, a.balance + d.highest, d.highest)
                        THEN coalesce(a.balance, 0) + d.delta END AS balance
                FROM unnest((SELECT $14::text[]), (SELECT $15::bigint[]), (SELECT $16::bigint[]), (SELECT $17::bigint[]), (SELECT $18::bigint[]), (SELECT $19::bigint[]), (SELECT $20::bigint[]), (SELECT $21::text[])) WITH ORDINALITY AS d (name, delta, reserved, lowest, highest, entries, expected, unit, place)
                LEFT JOIN LATERAL (
                    SELECT * FROM "idem_accounts" WHERE account = d.name LIMIT 1 FOR NO KEY UPDATE
                ) a ON true
                WHERE (SELECT ok FROM machines_written)),
            accounts_planned AS MATERIALIZED (
                SELECT array_agg(balance) AS balances, array_agg(seq) AS seqs, array_agg(at) AS ats
                FROM (SELECT * FROM accounts_locked ORDER BY place) l),
accounts_opened AS (
                INSERT INTO "idem_accounts" (account, balance, seq, held, at)
                SELECT name, balance, seq, held, at FROM accounts_locked WHERE NOT found AND (SELECT ok FROM machines_written)
                RETURNING 1),
            accounts_updated AS (
                INSERT INTO "idem_accounts" (account, balance, seq, held, at)
                SELECT name, balance, seq, held, at FROM accounts_locked WHERE found AND (SELECT ok FROM machines_written)
                ON CONFLICT (account) DO UPDATE SET balance = excluded.balance, seq = excluded.seq, held = excluded.held,
                    at = excluded.at
                RETURNING 1),
            accounts_written AS MATERIALIZED (
                SELECT ok AND (SELECT count(*) FROM accounts_opened) >= 0 AND (SELECT count(*) FROM accounts_updated) >= 0 AS ok
                FROM machines_written),
transitions_written AS (
                INSERT INTO "idem_transitions" (machine, id, seq, command, from_state, state, body, payload, outcome, fingerprint, from_visit, visit, at, correlation, emitted, scope, key, hash) SELECT $22::text, $23::text, $24::bigint, $25::text, $26::text, $27::text, $28::bytea, $29::bytea, $30::bytea, $31::bytea, $32::bigint, $33::bigint, $34::bigint, $35::text, $36::bigint, $37::text, $38::text, $39::bytea WHERE (SELECT ok FROM accounts_written) RETURNING 1),
entries_written AS (
                INSERT INTO "idem_entries" (account, delta, kind, machine, id, machine_seq, entry_no, seq, balance, at, next_seq)
                SELECT e.account, e.delta, e.kind, e.machine, e.id, e.machine_seq, e.entry_no, f.seqs[e.place] - e.back, f.balances[e.place] - e.below, coalesce(f.ats[e.place], begun.now), NULL
                FROM begun, accounts_planned f, unnest((SELECT $40::text[]), (SELECT $41::bigint[]), (SELECT $42::text[]), (SELECT $43::bigint[]), (SELECT $44::bigint[]), (SELECT $45::bigint[]), (SELECT $46::text[]), (SELECT $47::text[]), (SELECT $48::bigint[]), (SELECT $49::bigint[])) AS e (account, delta, kind, place, back, below, machine, id, machine_seq, entry_no)
                WHERE (SELECT ok FROM accounts_written) RETURNING 1),
outbox_written AS (
                INSERT INTO "idem_outbox" (machine, id, seq, entry_no, number, topic, key, headers, payload, correlation, at) SELECT * FROM unnest((SELECT $50::text[]), (SELECT $51::text[]), (SELECT $52::bigint[]), (SELECT $53::bigint[]), (SELECT $54::bigint[]), (SELECT $55::text[]), (SELECT $56::text[]), (SELECT $57::bytea[]), (SELECT $58::bytea[]), (SELECT $59::text[]), (SELECT $60::bigint[])) WHERE (SELECT ok FROM accounts_written))
SELECT g.ok, (CASE WHEN g.ok AND (SELECT count(*) FROM transitions_written) >= 0 THEN CASE WHEN (extract(epoch FROM clock_timestamp()) * 1000000)::bigint > b.until THEN 'idem: the time is up' ELSE (b.now)::text END ELSE (b.now)::text END)::bigint, (SELECT balances FROM accounts_planned), (SELECT seqs FROM accounts_planned), (SELECT ats FROM accounts_planned) FROM accounts_written g CROSS JOIN begun b

-- write: start joined, natural
WITH begun AS MATERIALIZED (SELECT (CASE WHEN current_setting('idem.transaction', true) = 'open' THEN 'true' ELSE 'idem: the transaction has ended' END)::boolean AS ok, $1::bigint AS now),
machines_opened AS (
            INSERT INTO "idem_machines" (machine, id, state, body, last_by_command, version, visit, entered_at, emitted)
            SELECT $2::text, $3::text, $4::text, $5::bytea, $6::bytea, $8::bigint, $9::bigint, $10::bigint, $11::bigint WHERE $7::bigint = 0 AND (SELECT ok FROM begun)
            ON CONFLICT (machine, id) DO NOTHING
            RETURNING ctid),
        machines_written AS MATERIALIZED (SELECT count(*) = 1 AS ok FROM machines_opened),
transitions_written AS (
                INSERT INTO "idem_transitions" (machine, id, seq, command, from_state, state, body, payload, outcome, fingerprint, from_visit, visit, at, correlation, emitted) SELECT $12::text, $13::text, $14::bigint, $15::text, $16::text, $17::text, $18::bytea, $19::bytea, $20::bytea, $21::bytea, $22::bigint, $23::bigint, $24::bigint, $25::text, $26::bigint WHERE (SELECT ok FROM machines_written) ON CONFLICT DO NOTHING RETURNING ctid),
            all_transitions_written AS MATERIALIZED (SELECT ok AND (SELECT count(*) FROM transitions_written) = 1 AS ok FROM machines_written)
SELECT ok, ARRAY(SELECT ctid::text FROM machines_opened), ARRAY(SELECT ctid::text FROM transitions_written) FROM all_transitions_written

-- write: start joined, keyed
WITH begun AS MATERIALIZED (SELECT (CASE WHEN current_setting('idem.transaction', true) = 'open' THEN 'true' ELSE 'idem: the transaction has ended' END)::boolean AS ok, $1::bigint AS now),
machines_opened AS (
            INSERT INTO "idem_machines" (machine, id, state, body, last_by_command, version, visit, entered_at, emitted)
            SELECT $2::text, $3::text, $4::text, $5::bytea, $6::bytea, $8::bigint, $9::bigint, $10::bigint, $11::bigint WHERE $7::bigint = 0 AND (SELECT ok FROM begun)
            ON CONFLICT (machine, id) DO NOTHING
            RETURNING ctid),
        machines_written AS MATERIALIZED (SELECT count(*) = 1 AS ok FROM machines_opened),
transitions_written AS (
                INSERT INTO "idem_transitions" (machine, id, seq, command, from_state, state, body, payload, outcome, fingerprint, from_visit, visit, at, correlation, emitted, scope, key, hash) SELECT $12::text, $13::text, $14::bigint, $15::text, $16::text, $17::text, $18::bytea, $19::bytea, $20::bytea, $21::bytea, $22::bigint, $23::bigint, $24::bigint, $25::text, $26::bigint, $27::text, $28::text, $29::bytea WHERE (SELECT ok FROM machines_written) ON CONFLICT DO NOTHING RETURNING ctid),
            all_transitions_written AS MATERIALIZED (SELECT ok AND (SELECT count(*) FROM transitions_written) = 1 AS ok FROM machines_written)
SELECT ok, ARRAY(SELECT ctid::text FROM machines_opened), ARRAY(SELECT ctid::text FROM transitions_written) FROM all_transitions_written

-- write: start joined, with money and messages
WITH begun AS MATERIALIZED (SELECT (CASE WHEN current_setting('idem.transaction', true) = 'open' THEN 'true' ELSE 'idem: the transaction has ended' END)::boolean AS ok, $1::bigint AS now),
machines_opened AS (
            INSERT INTO "idem_machines" (machine, id, state, body, last_by_command, version, visit, entered_at, emitted)
            SELECT $2::text, $3::text, $4::text, $5::bytea, $6::bytea, $8::bigint, $9::bigint, $10::bigint, $11::bigint WHERE $7::bigint = 0 AND (SELECT ok FROM begun)
            ON CONFLICT (machine, id) DO NOTHING
            RETURNING ctid),
        machines_written AS MATERIALIZED (SELECT count(*) = 1 AS ok FROM machines_opened),
accounts_locked AS MATERIALIZED (
                SELECT d.place, d.name, a.account IS NOT NULL AS found, coalesce(a.seq, 0) + d.entries AS seq,
                    coalesce(a.held, 0) + d.reserved AS held,
                    CASE WHEN d.entries > 0 THEN greatest(a.at, (SELECT now FROM begun)) ELSE coalesce(a.at, 0) END AS at,
                    CASE WHEN NOT coalesce(a.tally OR a.closed_at IS NOT NULL, false) AND a.unit IS NOT DISTINCT FROM d.unit
                        AND coalesce(a.seq, 0) = coalesce(d.expected, a.seq, 0)
                        AND coalesce(a.balance - a.held, 0) + d.lowest
                            >= coalesce(a.floor, a.balance - a.held + d.lowest, d.lowest)
                        AND coalesce(a.balance, 0) + d.highest <= coalesce(a.ceiling, a.balance + d.highest, d.highest)
                        THEN coalesce(a.balance, 0) + d.delta END AS balance
                FROM unnest((SELECT $12::text[]), (SELECT $13::bigint[]), (SELECT $14::bigint[]), (SELECT $15::bigint[]), (SELECT $16::bigint[]), (SELECT $17::bigint[]), (SELECT $18::bigint[]), (SELECT $19::text[])) WITH ORDINALITY AS d (name, delta, reserved, lowest, highest, entries, expected, unit, place)
                LEFT JOIN LATERAL (
                    SELECT * FROM "idem_accounts" WHERE account = d.name LIMIT 1 FOR NO KEY UPDATE
                ) a ON true
                WHERE (SELECT ok FROM machines_written)),
            accounts_planned AS MATERIALIZED (
                SELECT array_agg(balance) AS balances, array_agg(seq) AS seqs, array_agg(at) AS ats
                FROM (SELECT * FROM accounts_locked ORDER BY place) l),
transitions_written AS (
                INSERT INTO "idem_transitions" (machine, id, seq, command, from_state, state, body, payload, outcome, fingerprint, from_visit, visit, at, correlation, emitted, scope, key, hash) SELECT $20::text, $21::text, $22::bigint, $23::text, $24::text, $25::text, $26::bytea, $27::bytea, $28::bytea, $29::bytea, $30::bigint, $31::bigint, $32::bigint, $33::text, $34::bigint, $35::text, $36::text, $37::bytea WHERE (SELECT ok FROM machines_written) ON CONFLICT DO NOTHING RETURNING ctid),
            all_transitions_written AS MATERIALIZED (SELECT ok AND (SELECT count(*) FROM transitions_written) = 1 AS ok FROM machines_written),
entries_written AS (
                INSERT INTO "idem_entries" (account, delta, kind, machine, id, machine_seq, entry_no, seq, balance, at, next_seq)
                SELECT e.account, e.delta, e.kind, e.machine, e.id, e.machine_seq, e.entry_no, f.seqs[e.place] - e.back, f.balances[e.place] - e.below, coalesce(f.ats[e.place], begun.now), NULL
                FROM begun, accounts_planned f, unnest((SELECT $38::text[]), (SELECT $39::bigint[]), (SELECT $40::text[]), (SELECT $41::bigint[]), (SELECT $42::bigint[]), (SELECT $43::bigint[]), (SELECT $44::text[]), (SELECT $45::text[]), (SELECT $46::bigint[]), (SELECT $47::bigint[])) AS e (account, delta, kind, place, back, below, machine, id, machine_seq, entry_no)
                WHERE (SELECT ok FROM all_transitions_written) ON CONFLICT DO NOTHING RETURNING ctid),
            all_entries_written AS MATERIALIZED (SELECT ok AND (SELECT count(*) FROM entries_written) = cardinality($38::text[]) AS ok FROM all_transitions_written),
accounts_opened AS (
                INSERT INTO "idem_accounts" (account, balance, seq, held, at)
                SELECT name, balance, seq, held, at FROM accounts_locked WHERE NOT found AND (SELECT ok FROM all_entries_written)
                RETURNING 1),
            accounts_updated AS (
                INSERT INTO "idem_accounts" (account, balance, seq, held, at)
                SELECT name, balance, seq, held, at FROM accounts_locked WHERE found AND (SELECT ok FROM all_entries_written)
                ON CONFLICT (account) DO UPDATE SET balance = excluded.balance, seq = excluded.seq, held = excluded.held,
                    at = excluded.at
                RETURNING 1),
            accounts_written AS MATERIALIZED (
                SELECT ok AND (SELECT count(*) FROM accounts_opened) >= 0 AND (SELECT count(*) FROM accounts_updated) >= 0 AS ok
                FROM all_entries_written),
outbox_written AS (
                INSERT INTO "idem_outbox" (machine, id, seq, entry_no, number, topic, key, headers, payload, correlation, at) SELECT * FROM unnest((SELECT $48::text[]), (SELECT $49::text[]), (SELECT $50::bigint[]), (SELECT $51::bigint[]), (SELECT $52::bigint[]), (SELECT $53::text[]), (SELECT $54::text[]), (SELECT $55::bytea[]), (SELECT $56::bytea[]), (SELECT $57::text[]), (SELECT $58::bigint[])) WHERE (SELECT ok FROM accounts_written))
SELECT ok, ARRAY(SELECT ctid::text FROM machines_opened), ARRAY(SELECT ctid::text FROM transitions_written), ARRAY(SELECT ctid::text FROM entries_written) FROM accounts_written

-- write: move joined, natural
WITH begun AS MATERIALIZED (SELECT (CASE WHEN current_setting('idem.transaction', true) = 'open' THEN 'true' ELSE 'idem: the transaction has ended' END)::boolean AS ok, $1::bigint AS now),
transitions_written AS (
                INSERT INTO "idem_transitions" (machine, id, seq, command, from_state, state, body, payload, outcome, fingerprint, from_visit, visit, at, correlation, emitted) SELECT $2::text, $3::text, $4::bigint, $5::text, $6::text, $7::text, $8::bytea, $9::bytea, $10::bytea, $11::bytea, $12::bigint, $13::bigint, $14::bigint, $15::text, $16::bigint WHERE (SELECT ok FROM begun) ON CONFLICT DO NOTHING RETURNING ctid),
            all_transitions_written AS MATERIALIZED (SELECT ok AND (SELECT count(*) FROM transitions_written) = 1 AS ok FROM begun),
machines_updated AS (
            UPDATE "idem_machines" SET state = $19::text, body = $20::bytea, last_by_command = $21::bytea, version = $23::bigint, visit = $24::bigint, entered_at = $25::bigint, emitted = $26::bigint
            WHERE machine = $17::text AND id = $18::text AND version = $22::bigint AND (SELECT ok FROM all_transitions_written)
            RETURNING 1),
        machines_written AS MATERIALIZED (SELECT count(*) = 1 AS ok FROM machines_updated)
SELECT ok, ARRAY(SELECT ctid::text FROM transitions_written) FROM machines_written

-- write: move joined, keyed
WITH begun AS MATERIALIZED (SELECT (CASE WHEN current_setting('idem.transaction', true) = 'open' THEN 'true' ELSE 'idem: the transaction has ended' END)::boolean AS ok, $1::bigint AS now),
transitions_written AS (
                INSERT INTO "idem_transitions" (machine, id, seq, command, from_state, state, body, payload, outcome, fingerprint, from_visit, visit, at, correlation, emitted, scope, key, hash) SELECT $2::text, $3::text, $4::bigint, $5::text, $6::text, $7::text, $8::bytea, $9::bytea, $10::bytea, $11::bytea, $12::bigint, $13::bigint, $14::bigint, $15::text, $16::bigint, $17::text, $18::text, $19::bytea WHERE (SELECT ok FROM begun) ON CONFLICT DO NOTHING RETURNING ctid),
            all_transitions_written AS MATERIALIZED (SELECT ok AND (SELECT count(*) FROM transitions_written) = 1 AS ok FROM begun),
machines_updated AS (
            UPDATE "idem_machines" SET state = $22::text, body = $23::bytea, last_by_command = $24::bytea, version = $26::bigint, visit = $27::bigint, entered_at = $28::bigint, emitted = $29::bigint
            WHERE machine = $20::text AND id = $21::text AND version = $25::bigint AND (SELECT ok FROM all_transitions_written)
            RETURNING 1),
        machines_written AS MATERIALIZED (SELECT count(*) = 1 AS ok FROM machines_updated)
SELECT ok, ARRAY(SELECT ctid::text FROM transitions_written) FROM machines_written

-- write: move joined, with money and messages
WITH begun AS MATERIALIZED (SELECT (CASE WHEN current_setting('idem.transaction', true) = 'open' THEN 'true' ELSE 'idem: the transaction has ended' END)::boolean AS ok, $1::bigint AS now),
accounts_locked AS MATERIALIZED (
                SELECT d.place, d.name, a.account IS NOT NULL AS found, coalesce(a.seq, 0) + d.entries AS seq,
                    coalesce(a.held, 0) + d.reserved AS held,
                    CASE WHEN d.entries > 0 THEN greatest(a.at, (SELECT now FROM begun)) ELSE coalesce(a.at, 0) END AS at,
                    CASE WHEN NOT coalesce(a.tally OR a.closed_at IS NOT NULL, false) AND a.unit IS NOT DISTINCT FROM d.unit
                        AND coalesce(a.seq, 0) = coalesce(d.expected, a.seq, 0)
                        AND coalesce(a.balance - a.held, 0) + d.lowest
                            >= coalesce(a.floor, a.balance - a.held + d.lowest, d.lowest)
                        AND coalesce(a.balance, 0) + d.highest <= coalesce(a.ceiling, a.balance + d.highest, d.highest)
                        THEN coalesce(a.balance, 0) + d.delta END AS balance
                FROM unnest((SELECT $2::text[]), (SELECT $3::bigint[]), (SELECT $4::bigint[]), (SELECT $5::bigint[]), (SELECT $6::bigint[]), (SELECT $7::bigint[]), (SELECT $8::bigint[]), (SELECT $9::text[])) WITH ORDINALITY AS d (name, delta, reserved, lowest, highest, entries, expected, unit, place)
                LEFT JOIN LATERAL (
                    SELECT * FROM "idem_accounts" WHERE account = d.name LIMIT 1 FOR NO KEY UPDATE
                ) a ON true
                WHERE (SELECT ok FROM begun)),
            accounts_planned AS MATERIALIZED (
                SELECT array_agg(balance) AS balances, array_agg(seq) AS seqs, array_agg(at) AS ats
                FROM (SELECT * FROM accounts_locked ORDER BY place) l),
transitions_written AS (
                INSERT INTO "idem_transitions" (machine, id, seq, command, from_state, state, body, payload, outcome, fingerprint, from_visit, visit, at, correlation, emitted, scope, key, hash) SELECT $10::text, $11::text, $12::bigint, $13::text, $14::text, $15::text, $16::bytea, $17::bytea, $18::bytea, $19::bytea, $20::bigint, $21::bigint, $22::bigint, $23::text, $24::bigint, $25::text, $26::text, $27::bytea WHERE (SELECT ok FROM begun) ON CONFLICT DO NOTHING RETURNING ctid),
            all_transitions_written AS MATERIALIZED (SELECT ok AND (SELECT count(*) FROM transitions_written) = 1 AS ok FROM begun),
entries_written AS (
                INSERT INTO "idem_entries" (account, delta, kind, machine, id, machine_seq, entry_no, seq, balance, at, next_seq)
                SELECT e.account, e.delta, e.kind, e.machine, e.id, e.machine_seq, e.entry_no, f.seqs[e.place] - e.back, f.balances[e.place] - e.below, coalesce(f.ats[e.place], begun.now), NULL
                FROM begun, accounts_planned f, unnest((SELECT $28::text[]), (SELECT $29::bigint[]), (SELECT $30::text[]), (SELECT $31::bigint[]), (SELECT $32::bigint[]), (SELECT $33::bigint[]), (SELECT $34::text[]), (SELECT $35::text[]), (SELECT $36::bigint[]), (SELECT $37::bigint[])) AS e (account, delta, kind, place, back, below, machine, id, machine_seq, entry_no)
                WHERE (SELECT ok FROM all_transitions_written) ON CONFLICT DO NOTHING RETURNING ctid),
            all_entries_written AS MATERIALIZED (SELECT ok AND (SELECT count(*) FROM entries_written) = cardinality($28::text[]) AS ok FROM all_transitions_written),
machines_updated AS (
            UPDATE "idem_machines" SET state = $40::text, body = $41::bytea, last_by_command = $42::bytea, version = $44::bigint, visit = $45::bigint, entered_at = $46::bigint, emitted = $47::bigint
            WHERE machine = $38::text AND id = $39::text AND version = $43::bigint AND (SELECT ok FROM all_entries_written)
            RETURNING 1),
        machines_written AS MATERIALIZED (SELECT count(*) = 1 AS ok FROM machines_updated),
accounts_opened AS (
                INSERT INTO "idem_accounts" (account, balance, seq, held, at)
                SELECT name, balance, seq, held, at FROM accounts_locked WHERE NOT found AND (SELECT ok FROM machines_written)
                RETURNING 1),
            accounts_updated AS (
                INSERT INTO "idem_accounts" (account, balance, seq, held, at)
                SELECT name, balance, seq, held, at FROM accounts_locked WHERE found AND (SELECT ok FROM machines_written)
                ON CONFLICT (account) DO UPDATE SET balance = excluded.balance, seq = excluded.seq, held = excluded.held,
                    at = excluded.at
                RETURNING 1),
            accounts_written AS MATERIALIZED (
                SELECT ok AND (SELECT count(*) FROM accounts_opened) >= 0 AND (SELECT count(*) FROM accounts_updated) >= 0 AS ok
                FROM machines_written),
outbox_written AS (
                INSERT INTO "idem_outbox" (machine, id, seq, entry_no, number, topic, key, headers, payload, correlation, at) SELECT * FROM unnest((SELECT $48::text[]), (SELECT $49::text[]), (SELECT $50::bigint[]), (SELECT $51::bigint[]), (SELECT $52::bigint[]), (SELECT $53::text[]), (SELECT $54::text[]), (SELECT $55::bytea[]), (SELECT $56::bytea[]), (SELECT $57::text[]), (SELECT $58::bigint[])) WHERE (SELECT ok FROM accounts_written))
SELECT ok, ARRAY(SELECT ctid::text FROM transitions_written), ARRAY(SELECT ctid::text FROM entries_written) FROM accounts_written

-- write: a fenced move
WITH begun AS MATERIALIZED (
    SELECT set_config('lock_timeout', $1::text, true) IS NOT NULL AS ok, coalesce($2::bigint, (extract(epoch FROM statement_timestamp()) * 1000000)::bigint) AS now,
        $3::bigint AS until),
claim_held AS MATERIALIZED (SELECT EXISTS (SELECT 1 FROM "idem_claims" WHERE hash = $4::bytea AND epoch = $5::bigint AND state = 1 AND (SELECT ok FROM begun) FOR KEY SHARE) AS ok),
machines_updated AS (
            UPDATE "idem_machines" SET state = $8::text, body = $9::bytea, last_by_command = $10::bytea, version = $12::bigint, visit = $13::bigint, entered_at = $14::bigint, emitted = $15::bigint
            WHERE machine = $6::text AND id = $7::text AND version = $11::bigint AND (SELECT ok FROM claim_held)
            RETURNING 1),
        machines_written AS MATERIALIZED (SELECT count(*) = 1 AS ok FROM machines_updated),
transitions_written AS (
                INSERT INTO "idem_transitions" (machine, id, seq, command, from_state, state, body, payload, outcome, fingerprint, from_visit, visit, at, correlation, emitted, scope, key, hash) SELECT $16::text, $17::text, $18::bigint, $19::text, $20::text, $21::text, $22::bytea, $23::bytea, $24::bytea, $25::bytea, $26::bigint, $27::bigint, $28::bigint, $29::text, $30::bigint, $31::text, $32::text, $33::bytea WHERE (SELECT ok FROM machines_written) RETURNING 1)
SELECT g.ok, (CASE WHEN g.ok AND (SELECT count(*) FROM transitions_written) >= 0 THEN CASE WHEN (extract(epoch FROM clock_timestamp()) * 1000000)::bigint > b.until THEN 'idem: the time is up' ELSE (b.now)::text END ELSE (b.now)::text END)::bigint FROM machines_written g CROSS JOIN begun b

-- write: a fenced change of the ledger
WITH begun AS MATERIALIZED (
    SELECT set_config('lock_timeout', $1::text, true) IS NOT NULL AS ok, coalesce($2::bigint, (extract(epoch FROM statement_timestamp()) * 1000000)::bigint) AS now,
        $3::bigint AS until),
claim_held AS MATERIALIZED (SELECT EXISTS (SELECT 1 FROM "idem_claims" WHERE hash = $4::bytea AND epoch = $5::bigint AND state = 1 AND (SELECT ok FROM begun) FOR KEY SHARE) AS ok),
accounts_locked AS MATERIALIZED (
                SELECT d.place, d.name, a.account IS NOT NULL AS found, coalesce(a.seq, 0) + d.entries AS seq,
                    coalesce(a.held, 0) + d.reserved AS held,
                    CASE WHEN d.entries > 0 THEN greatest(a.at, (SELECT now FROM begun)) ELSE coalesce(a.at, 0) END AS at,
                    CASE WHEN NOT coalesce(a.tally OR a.closed_at IS NOT NULL, false) AND a.unit IS NOT DISTINCT FROM d.unit
                        AND coalesce(a.seq, 0) = coalesce(d.expected, a.seq, 0)
                        AND coalesce(a.balance - a.held, 0) + d.lowest
                            >= coalesce(a.floor, a.balance - a.held + d.lowest, d.lowest)
                        AND coalesce(a.balance, 0) + d.highest <= coalesce(a.ceiling, a.balance + d.highest, d.highest)
                        THEN coalesce(a.balance, 0) + d.delta END AS balance
                FROM unnest((SELECT $6::text[]), (SELECT $7::bigint[]), (SELECT $8::bigint[]), (SELECT $9::bigint[]), (SELECT $10::bigint[]), (SELECT $11::bigint[]), (SELECT $12::bigint[]), (SELECT $13::text[])) WITH ORDINALITY AS d (name, delta, reserved, lowest, highest, entries, expected, unit, place)
                LEFT JOIN LATERAL (
                    SELECT * FROM "idem_accounts" WHERE account = d.name LIMIT 1 FOR NO KEY UPDATE
                ) a ON true
                WHERE (SELECT ok FROM claim_held)),
            accounts_planned AS MATERIALIZED (
                SELECT array_agg(balance) AS balances, array_agg(seq) AS seqs, array_agg(at) AS ats
                FROM (SELECT * FROM accounts_locked ORDER BY place) l),
accounts_opened AS (
                INSERT INTO "idem_accounts" (account, balance, seq, held, at)
                SELECT name, balance, seq, held, at FROM accounts_locked WHERE NOT found AND (SELECT ok FROM claim_held)
                RETURNING 1),
            accounts_updated AS (
                INSERT INTO "idem_accounts" (account, balance, seq, held, at)
                SELECT name, balance, seq, held, at FROM accounts_locked WHERE found AND (SELECT ok FROM claim_held)
                ON CONFLICT (account) DO UPDATE SET balance = excluded.balance, seq = excluded.seq, held = excluded.held,
                    at = excluded.at
                RETURNING 1),
            accounts_written AS MATERIALIZED (
                SELECT ok AND (SELECT count(*) FROM accounts_opened) >= 0 AND (SELECT count(*) FROM accounts_updated) >= 0 AS ok
                FROM claim_held),
entries_written AS (
                INSERT INTO "idem_entries" (account, delta, kind, scope, key, hash, fingerprint, seq, balance, at, next_seq)
                SELECT e.account, e.delta, e.kind, e.scope, e.key, e.hash, e.fingerprint, f.seqs[e.place] - e.back, f.balances[e.place] - e.below, coalesce(f.ats[e.place], begun.now), NULL
                FROM begun, accounts_planned f, unnest((SELECT $14::text[]), (SELECT $15::bigint[]), (SELECT $16::text[]), (SELECT $17::bigint[]), (SELECT $18::bigint[]), (SELECT $19::bigint[]), (SELECT $20::text[]), (SELECT $21::text[]), (SELECT $22::bytea[]), (SELECT $23::bytea[])) AS e (account, delta, kind, place, back, below, scope, key, hash, fingerprint)
                WHERE (SELECT ok FROM accounts_written) RETURNING 1)
SELECT g.ok, (CASE WHEN g.ok AND (SELECT count(*) FROM entries_written) >= 0 THEN CASE WHEN (extract(epoch FROM clock_timestamp()) * 1000000)::bigint > b.until THEN 'idem: the time is up' ELSE (b.now)::text END ELSE (b.now)::text END)::bigint, (SELECT balances FROM accounts_planned), (SELECT seqs FROM accounts_planned), (SELECT ats FROM accounts_planned) FROM accounts_written g CROSS JOIN begun b

-- write: entries 0100010
WITH begun AS MATERIALIZED (
    SELECT set_config('lock_timeout', $1::text, true) IS NOT NULL AS ok, coalesce($2::bigint, (extract(epoch FROM statement_timestamp()) * 1000000)::bigint) AS now,
        $3::bigint AS until),
accounts_locked AS MATERIALIZED (
                SELECT d.place, d.name, a.account IS NOT NULL AS found, coalesce(a.seq, 0) + d.entries AS seq,
                    coalesce(a.held, 0) + d.reserved AS held,
                    CASE WHEN d.entries > 0 THEN greatest(a.at, (SELECT now FROM begun)) ELSE coalesce(a.at, 0) END AS at,
                    CASE WHEN NOT coalesce(a.tally OR a.closed_at IS NOT NULL, false) AND a.unit IS NOT DISTINCT FROM d.unit
                        AND coalesce(a.seq, 0) = coalesce(d.expected, a.seq, 0)
                        AND coalesce(a.balance - a.held, 0) + d.lowest
                            >= coalesce(a.floor, a.balance - a.held + d.lowest, d.lowest)
                        AND coalesce(a.balance, 0) + d.highest <= coalesce(a.ceiling, a.balance + d.highest, d.highest)
                        THEN coalesce(a.balance, 0) + d.delta END AS balance
                FROM unnest((SELECT $4::text[]), (SELECT $5::bigint[]), (SELECT $6::bigint[]), (SELECT $7::bigint[]), (SELECT $8::bigint[]), (SELECT $9::bigint[]), (SELECT $10::bigint[]), (SELECT $11::text[])) WITH ORDINALITY AS d (name, delta, reserved, lowest, highest, entries, expected, unit, place)
                LEFT JOIN LATERAL (
                    SELECT * FROM "idem_accounts" WHERE account = d.name LIMIT 1 FOR NO KEY UPDATE
                ) a ON true
                WHERE (SELECT ok FROM begun)),
            accounts_planned AS MATERIALIZED (
                SELECT array_agg(balance) AS balances, array_agg(seq) AS seqs, array_agg(at) AS ats
                FROM (SELECT * FROM accounts_locked ORDER BY place) l),
accounts_opened AS (
                INSERT INTO "idem_accounts" (account, balance, seq, held, at)
                SELECT name, balance, seq, held, at FROM accounts_locked WHERE NOT found AND (SELECT ok FROM begun)
                RETURNING 1),
            accounts_updated AS (
                INSERT INTO "idem_accounts" (account, balance, seq, held, at)
                SELECT name, balance, seq, held, at FROM accounts_locked WHERE found AND (SELECT ok FROM begun)
                ON CONFLICT (account) DO UPDATE SET balance = excluded.balance, seq = excluded.seq, held = excluded.held,
                    at = excluded.at
                RETURNING 1),
            accounts_written AS MATERIALIZED (
                SELECT ok AND (SELECT count(*) FROM accounts_opened) >= 0 AND (SELECT count(*) FROM accounts_updated) >= 0 AS ok
                FROM begun),
entries_written AS (
                INSERT INTO "idem_entries" (account, delta, kind, scope, key, hash, fingerprint, seq, balance, at, next_seq)
                SELECT e.account, e.delta, e.kind, e.scope, e.key, e.hash, e.fingerprint, f.seqs[e.place] - e.back, f.balances[e.place] - e.below, coalesce(f.ats[e.place], begun.now), NULL
                FROM begun, accounts_planned f, unnest((SELECT $12::text[]), (SELECT $13::bigint[]), (SELECT $14::text[]), (SELECT $15::bigint[]), (SELECT $16::bigint[]), (SELECT $17::bigint[]), (SELECT $18::text[]), (SELECT $19::text[]), (SELECT $20::bytea[]), (SELECT $21::bytea[])) AS e (account, delta, kind, place, back, below, scope, key, hash, fingerprint)
                WHERE (SELECT ok FROM accounts_written) RETURNING 1)
SELECT g.ok, (CASE WHEN g.ok AND (SELECT count(*) FROM entries_written) >= 0 THEN CASE WHEN (extract(epoch FROM clock_timestamp()) * 1000000)::bigint > b.until THEN 'idem: the time is up' ELSE (b.now)::text END ELSE (b.now)::text END)::bigint, (SELECT balances FROM accounts_planned), (SELECT seqs FROM accounts_planned), (SELECT ats FROM accounts_planned) FROM accounts_written g CROSS JOIN begun b

-- write: entries 0101010
WITH begun AS MATERIALIZED (
    SELECT set_config('lock_timeout', $1::text, true) IS NOT NULL AS ok, coalesce($2::bigint, (extract(epoch FROM statement_timestamp()) * 1000000)::bigint) AS now,
        $3::bigint AS until),
accounts_locked AS MATERIALIZED (
                SELECT d.place, d.name, a.account IS NOT NULL AS found, coalesce(a.seq, 0) + d.entries AS seq,
                    coalesce(a.held, 0) + d.reserved AS held,
                    CASE WHEN d.entries > 0 THEN greatest(a.at, (SELECT now FROM begun)) ELSE coalesce(a.at, 0) END AS at,
                    CASE WHEN NOT coalesce(a.tally OR a.closed_at IS NOT NULL, false) AND a.unit IS NOT DISTINCT FROM d.unit
                        AND coalesce(a.seq, 0) = coalesce(d.expected, a.seq, 0)
                        AND coalesce(a.balance - a.held, 0) + d.lowest
                            >= coalesce(a.floor, a.balance - a.held + d.lowest, d.lowest)
                        AND coalesce(a.balance, 0) + d.highest <= coalesce(a.ceiling, a.balance + d.highest, d.highest)
                        THEN coalesce(a.balance, 0) + d.delta END AS balance
                FROM unnest((SELECT $4::text[]), (SELECT $5::bigint[]), (SELECT $6::bigint[]), (SELECT $7::bigint[]), (SELECT $8::bigint[]), (SELECT $9::bigint[]), (SELECT $10::bigint[]), (SELECT $11::text[])) WITH ORDINALITY AS d (name, delta, reserved, lowest, highest, entries, expected, unit, place)
                LEFT JOIN LATERAL (
                    SELECT * FROM "idem_accounts" WHERE account = d.name LIMIT 1 FOR NO KEY UPDATE
                ) a ON true
                WHERE (SELECT ok FROM begun)),
            accounts_planned AS MATERIALIZED (
                SELECT array_agg(balance) AS balances, array_agg(seq) AS seqs, array_agg(at) AS ats
                FROM (SELECT * FROM accounts_locked ORDER BY place) l),
accounts_opened AS (
                INSERT INTO "idem_accounts" (account, balance, seq, held, at)
                SELECT name, balance, seq, held, at FROM accounts_locked WHERE NOT found AND (SELECT ok FROM begun)
                RETURNING 1),
            accounts_updated AS (
                INSERT INTO "idem_accounts" (account, balance, seq, held, at)
                SELECT name, balance, seq, held, at FROM accounts_locked WHERE found AND (SELECT ok FROM begun)
                ON CONFLICT (account) DO UPDATE SET balance = excluded.balance, seq = excluded.seq, held = excluded.held,
                    at = excluded.at
                RETURNING 1),
            accounts_written AS MATERIALIZED (
                SELECT ok AND (SELECT count(*) FROM accounts_opened) >= 0 AND (SELECT count(*) FROM accounts_updated) >= 0 AS ok
                FROM begun),
entries_written AS (
                INSERT INTO "idem_entries" (account, delta, kind, scope, key, hash, fingerprint, next_account, seq, balance, at, next_seq)
                SELECT e.account, e.delta, e.kind, e.scope, e.key, e.hash, e.fingerprint, e.next_account, f.seqs[e.place] - e.back, f.balances[e.place] - e.below, coalesce(f.ats[e.place], begun.now), f.seqs[e.next_place] - e.next_back
                FROM begun, accounts_planned f, unnest((SELECT $12::text[]), (SELECT $13::bigint[]), (SELECT $14::text[]), (SELECT $15::bigint[]), (SELECT $16::bigint[]), (SELECT $17::bigint[]), (SELECT $18::text[]), (SELECT $19::text[]), (SELECT $20::bytea[]), (SELECT $21::bytea[]), (SELECT $22::text[]), (SELECT $23::bigint[]), (SELECT $24::bigint[])) AS e (account, delta, kind, place, back, below, scope, key, hash, fingerprint, next_account, next_place, next_back)
                WHERE (SELECT ok FROM accounts_written) RETURNING 1)
SELECT g.ok, (CASE WHEN g.ok AND (SELECT count(*) FROM entries_written) >= 0 THEN CASE WHEN (extract(epoch FROM clock_timestamp()) * 1000000)::bigint > b.until THEN 'idem: the time is up' ELSE (b.now)::text END ELSE (b.now)::text END)::bigint, (SELECT balances FROM accounts_planned), (SELECT seqs FROM accounts_planned), (SELECT ats FROM accounts_planned) FROM accounts_written g CROSS JOIN begun b

-- write: entries 0100011
WITH begun AS MATERIALIZED (
    SELECT set_config('lock_timeout', $1::text, true) IS NOT NULL AS ok, coalesce($2::bigint, (extract(epoch FROM statement_timestamp()) * 1000000)::bigint) AS now,
        $3::bigint AS until),
accounts_locked AS MATERIALIZED (
                SELECT d.place, d.name, a.account IS NOT NULL AS found, coalesce(a.seq, 0) + d.entries AS seq,
                    coalesce(a.held, 0) + d.reserved AS held,
                    CASE WHEN d.entries > 0 THEN greatest(a.at, (SELECT now FROM begun)) ELSE coalesce(a.at, 0) END AS at,
                    CASE WHEN NOT coalesce(a.tally OR a.closed_at IS NOT NULL, false) AND a.unit IS NOT DISTINCT FROM d.unit
                        AND coalesce(a.seq, 0) = coalesce(d.expected, a.seq, 0)
                        AND coalesce(a.balance - a.held, 0) + d.lowest
                            >= coalesce(a.floor, a.balance - a.held + d.lowest, d.lowest)
                        AND coalesce(a.balance, 0) + d.highest <= coalesce(a.ceiling, a.balance + d.highest, d.highest)
                        THEN coalesce(a.balance, 0) + d.delta END AS balance
                FROM unnest((SELECT $4::text[]), (SELECT $5::bigint[]), (SELECT $6::bigint[]), (SELECT $7::bigint[]), (SELECT $8::bigint[]), (SELECT $9::bigint[]), (SELECT $10::bigint[]), (SELECT $11::text[])) WITH ORDINALITY AS d (name, delta, reserved, lowest, highest, entries, expected, unit, place)
                LEFT JOIN LATERAL (
                    SELECT * FROM "idem_accounts" WHERE account = d.name LIMIT 1 FOR NO KEY UPDATE
                ) a ON true
                WHERE (SELECT ok FROM begun)),
            accounts_planned AS MATERIALIZED (
                SELECT array_agg(balance) AS balances, array_agg(seq) AS seqs, array_agg(at) AS ats
                FROM (SELECT * FROM accounts_locked ORDER BY place) l),
accounts_opened AS (
                INSERT INTO "idem_accounts" (account, balance, seq, held, at)
                SELECT name, balance, seq, held, at FROM accounts_locked WHERE NOT found AND (SELECT ok FROM begun)
                RETURNING 1),
            accounts_updated AS (
                INSERT INTO "idem_accounts" (account, balance, seq, held, at)
                SELECT name, balance, seq, held, at FROM accounts_locked WHERE found AND (SELECT ok FROM begun)
                ON CONFLICT (account) DO UPDATE SET balance = excluded.balance, seq = excluded.seq, held = excluded.held,
                    at = excluded.at
                RETURNING 1),
            accounts_written AS MATERIALIZED (
                SELECT ok AND (SELECT count(*) FROM accounts_opened) >= 0 AND (SELECT count(*) FROM accounts_updated) >= 0 AS ok
                FROM begun),
holds_locked AS MATERIALIZED (
                SELECT w.*, CASE WHEN h.remaining IS NOT DISTINCT FROM w.expected THEN w.remaining END AS rest
                FROM unnest((SELECT $12::text[]), (SELECT $13::text[]), (SELECT $14::bigint[]), (SELECT $15::bigint[]), (SELECT $16::bigint[]), (SELECT $17::bigint[])) AS w (hold, account, amount, expected, remaining, expires_at)
                LEFT JOIN LATERAL (SELECT remaining FROM "idem_holds" WHERE hold = w.hold LIMIT 1 FOR NO KEY UPDATE) h ON true
                WHERE (SELECT ok FROM accounts_written)),
            holds_opened AS (
                INSERT INTO "idem_holds" (hold, account, amount, expires_at, remaining)
                SELECT hold, account, amount, expires_at, rest FROM holds_locked WHERE expected IS NULL),
            holds_updated AS (
                INSERT INTO "idem_holds" (hold, account, amount, expires_at, remaining)
                SELECT hold, account, amount, expires_at, rest FROM holds_locked WHERE expected IS NOT NULL
                ON CONFLICT (hold) DO UPDATE SET remaining = excluded.remaining),
entries_written AS (
                INSERT INTO "idem_entries" (account, delta, kind, hold, reserved, scope, key, hash, fingerprint, seq, balance, at, next_seq)
                SELECT e.account, e.delta, e.kind, e.hold, e.reserved, e.scope, e.key, e.hash, e.fingerprint, f.seqs[e.place] - e.back, f.balances[e.place] - e.below, coalesce(f.ats[e.place], begun.now), NULL
                FROM begun, accounts_planned f, unnest((SELECT $18::text[]), (SELECT $19::bigint[]), (SELECT $20::text[]), (SELECT $21::bigint[]), (SELECT $22::bigint[]), (SELECT $23::bigint[]), (SELECT $24::text[]), (SELECT $25::bigint[]), (SELECT $26::text[]), (SELECT $27::text[]), (SELECT $28::bytea[]), (SELECT $29::bytea[])) AS e (account, delta, kind, place, back, below, hold, reserved, scope, key, hash, fingerprint)
                WHERE (SELECT ok FROM accounts_written) RETURNING 1)
SELECT g.ok, (CASE WHEN g.ok AND (SELECT count(*) FROM entries_written) >= 0 THEN CASE WHEN (extract(epoch FROM clock_timestamp()) * 1000000)::bigint > b.until THEN 'idem: the time is up' ELSE (b.now)::text END ELSE (b.now)::text END)::bigint, (SELECT balances FROM accounts_planned), (SELECT seqs FROM accounts_planned), (SELECT ats FROM accounts_planned) FROM accounts_written g CROSS JOIN begun b

-- write: entries 0101011
WITH begun AS MATERIALIZED (
    SELECT set_config('lock_timeout', $1::text, true) IS NOT NULL AS ok, coalesce($2::bigint, (extract(epoch FROM statement_timestamp()) * 1000000)::bigint) AS now,
        $3::bigint AS until),
accounts_locked AS MATERIALIZED (
                SELECT d.place, d.name, a.account IS NOT NULL AS found, coalesce(a.seq, 0) + d.entries AS seq,
                    coalesce(a.held, 0) + d.reserved AS held,
                    CASE WHEN d.entries > 0 THEN greatest(a.at, (SELECT now FROM begun)) ELSE coalesce(a.at, 0) END AS at,
                    CASE WHEN NOT coalesce(a.tally OR a.closed_at IS NOT NULL, false) AND a.unit IS NOT DISTINCT FROM d.unit
                        AND coalesce(a.seq, 0) = coalesce(d.expected, a.seq, 0)
                        AND coalesce(a.balance - a.held, 0) + d.lowest
                            >= coalesce(a.floor, a.balance - a.held + d.lowest, d.lowest)
                        AND coalesce(a.balance, 0) + d.highest <= coalesce(a.ceiling, a.balance + d.highest, d.highest)
                        THEN coalesce(a.balance, 0) + d.delta END AS balance
                FROM unnest((SELECT $4::text[]), (SELECT $5::bigint[]), (SELECT $6::bigint[]), (SELECT $7::bigint[]), (SELECT $8::bigint[]), (SELECT $9::bigint[]), (SELECT $10::bigint[]), (SELECT $11::text[])) WITH ORDINALITY AS d (name, delta, reserved, lowest, highest, entries, expected, unit, place)
                LEFT JOIN LATERAL (
                    SELECT * FROM "idem_accounts" WHERE account = d.name LIMIT 1 FOR NO KEY UPDATE
                ) a ON true
                WHERE (SELECT ok FROM begun)),
            accounts_planned AS MATERIALIZED (
                SELECT array_agg(balance) AS balances, array_agg(seq) AS seqs, array_agg(at) AS ats
                FROM (SELECT * FROM accounts_locked ORDER BY place) l),
accounts_opened AS (
                INSERT INTO "idem_accounts" (account, balance, seq, held, at)
                SELECT name, balance, seq, held, at FROM accounts_locked WHERE NOT found AND (SELECT ok FROM begun)
                RETURNING 1),
            accounts_updated AS (
                INSERT INTO "idem_accounts" (account, balance, seq, held, at)
                SELECT name, balance, seq, held, at FROM accounts_locked WHERE found AND (SELECT ok FROM begun)
                ON CONFLICT (account) DO UPDATE SET balance = excluded.balance, seq = excluded.seq, held = excluded.held,
                    at = excluded.at
                RETURNING 1),
            accounts_written AS MATERIALIZED (
                SELECT ok AND (SELECT count(*) FROM accounts_opened) >= 0 AND (SELECT count(*) FROM accounts_updated) >= 0 AS ok
                FROM begun),
holds_locked AS MATERIALIZED (
                SELECT w.*, CASE WHEN h.remaining IS NOT DISTINCT FROM w.expected THEN w.remaining END AS rest
                FROM unnest((SELECT $12::text[]), (SELECT $13::text[]), (SELECT $14::bigint[]), (SELECT $15::bigint[]), (SELECT $16::bigint[]), (SELECT $17::bigint[])) AS w (hold, account, amount, expected, remaining, expires_at)
                LEFT JOIN LATERAL (SELECT remaining FROM "idem_holds" WHERE hold = w.hold LIMIT 1 FOR NO KEY UPDATE) h ON true
                WHERE (SELECT ok FROM accounts_written)),
            holds_opened AS (
                INSERT INTO "idem_holds" (hold, account, amount, expires_at, remaining)
                SELECT hold, account, amount, expires_at, rest FROM holds_locked WHERE expected IS NULL),
            holds_updated AS (
                INSERT INTO "idem_holds" (hold, account, amount, expires_at, remaining)
                SELECT hold, account, amount, expires_at, rest FROM holds_locked WHERE expected IS NOT NULL
                ON CONFLICT (hold) DO UPDATE SET remaining = excluded.remaining),
entries_written AS (
                INSERT INTO "idem_entries" (account, delta, kind, hold, reserved, scope, key, hash, fingerprint, next_account, seq, balance, at, next_seq)
                SELECT e.account, e.delta, e.kind, e.hold, e.reserved, e.scope, e.key, e.hash, e.fingerprint, e.next_account, f.seqs[e.place] - e.back, f.balances[e.place] - e.below, coalesce(f.ats[e.place], begun.now), f.seqs[e.next_place] - e.next_back
                FROM begun, accounts_planned f, unnest((SELECT $18::text[]), (SELECT $19::bigint[]), (SELECT $20::text[]), (SELECT $21::bigint[]), (SELECT $22::bigint[]), (SELECT $23::bigint[]), (SELECT $24::text[]), (SELECT $25::bigint[]), (SELECT $26::text[]), (SELECT $27::text[]), (SELECT $28::bytea[]), (SELECT $29::bytea[]), (SELECT $30::text[]), (SELECT $31::bigint[]), (SELECT $32::bigint[])) AS e (account, delta, kind, place, back, below, hold, reserved, scope, key, hash, fingerprint, next_account, next_place, next_back)
                WHERE (SELECT ok FROM accounts_written) RETURNING 1)
SELECT g.ok, (CASE WHEN g.ok AND (SELECT count(*) FROM entries_written) >= 0 THEN CASE WHEN (extract(epoch FROM clock_timestamp()) * 1000000)::bigint > b.until THEN 'idem: the time is up' ELSE (b.now)::text END ELSE (b.now)::text END)::bigint, (SELECT balances FROM accounts_planned), (SELECT seqs FROM accounts_planned), (SELECT ats FROM accounts_planned) FROM accounts_written g CROSS JOIN begun b

-- write: entries 0010010
WITH begun AS MATERIALIZED (
    SELECT set_config('lock_timeout', $1::text, true) IS NOT NULL AS ok, coalesce($2::bigint, (extract(epoch FROM statement_timestamp()) * 1000000)::bigint) AS now,
        $3::bigint AS until),
tallies_checked AS MATERIALIZED (
                SELECT (SELECT ok FROM begun)
                    AND bool_and(coalesce(a.tally AND a.balance BETWEEN -4611686018427387904 AND 4611686018427387904, false)
                        AND a.unit IS NOT DISTINCT FROM t.unit) AS ok
                FROM unnest((SELECT $4::text[]), (SELECT $5::text[])) AS t (name, unit)
                LEFT JOIN LATERAL (SELECT tally, unit, balance FROM "idem_accounts" WHERE account = t.name LIMIT 1) a ON true),
entries_written AS (
                INSERT INTO "idem_entries" (account, delta, kind, scope, key, hash, fingerprint, seq, balance, at, next_seq)
                SELECT e.account, e.delta, e.kind, e.scope, e.key, e.hash, e.fingerprint, e.seq, NULL::bigint, begun.now, NULL
                FROM begun, unnest((SELECT $6::text[]), (SELECT $7::bigint[]), (SELECT $8::text[]), (SELECT $9::text[]), (SELECT $10::text[]), (SELECT $11::bytea[]), (SELECT $12::bytea[]), (SELECT $13::bigint[])) AS e (account, delta, kind, scope, key, hash, fingerprint, seq)
                WHERE (SELECT ok FROM tallies_checked) RETURNING 1), tails_written AS (
                INSERT INTO "idem_tails" (account, seq, delta)
                SELECT t.* FROM unnest((SELECT $14::text[]), (SELECT $15::bigint[]), (SELECT $16::bigint[])) t WHERE (SELECT ok FROM tallies_checked) RETURNING ctid)
SELECT g.ok, (CASE WHEN g.ok AND (SELECT count(*) FROM entries_written) >= 0 THEN CASE WHEN (extract(epoch FROM clock_timestamp()) * 1000000)::bigint > b.until THEN 'idem: the time is up' ELSE (b.now)::text END ELSE (b.now)::text END)::bigint FROM tallies_checked g CROSS JOIN begun b

-- write: entries 0011010
WITH begun AS MATERIALIZED (
    SELECT set_config('lock_timeout', $1::text, true) IS NOT NULL AS ok, coalesce($2::bigint, (extract(epoch FROM statement_timestamp()) * 1000000)::bigint) AS now,
        $3::bigint AS until),
tallies_checked AS MATERIALIZED (
                SELECT (SELECT ok FROM begun)
                    AND bool_and(coalesce(a.tally AND a.balance BETWEEN -4611686018427387904 AND 4611686018427387904, false)
                        AND a.unit IS NOT DISTINCT FROM t.unit) AS ok
                FROM unnest((SELECT $4::text[]), (SELECT $5::text[])) AS t (name, unit)
                LEFT JOIN LATERAL (SELECT tally, unit, balance FROM "idem_accounts" WHERE account = t.name LIMIT 1) a ON true),
entries_written AS (
                INSERT INTO "idem_entries" (account, delta, kind, scope, key, hash, fingerprint, next_account, seq, balance, at, next_seq)
                SELECT e.account, e.delta, e.kind, e.scope, e.key, e.hash, e.fingerprint, e.next_account, e.seq, NULL::bigint, begun.now, e.next_seq
                FROM begun, unnest((SELECT $6::text[]), (SELECT $7::bigint[]), (SELECT $8::text[]), (SELECT $9::text[]), (SELECT $10::text[]), (SELECT $11::bytea[]), (SELECT $12::bytea[]), (SELECT $13::text[]), (SELECT $14::bigint[]), (SELECT $15::bigint[])) AS e (account, delta, kind, scope, key, hash, fingerprint, next_account, seq, next_seq)
                WHERE (SELECT ok FROM tallies_checked) RETURNING 1), tails_written AS (
                INSERT INTO "idem_tails" (account, seq, delta)
                SELECT t.* FROM unnest((SELECT $16::text[]), (SELECT $17::bigint[]), (SELECT $18::bigint[])) t WHERE (SELECT ok FROM tallies_checked) RETURNING ctid)
SELECT g.ok, (CASE WHEN g.ok AND (SELECT count(*) FROM entries_written) >= 0 THEN CASE WHEN (extract(epoch FROM clock_timestamp()) * 1000000)::bigint > b.until THEN 'idem: the time is up' ELSE (b.now)::text END ELSE (b.now)::text END)::bigint FROM tallies_checked g CROSS JOIN begun b

-- write: entries 0111010
WITH begun AS MATERIALIZED (
    SELECT set_config('lock_timeout', $1::text, true) IS NOT NULL AS ok, coalesce($2::bigint, (extract(epoch FROM statement_timestamp()) * 1000000)::bigint) AS now,
        $3::bigint AS until),
tallies_checked AS MATERIALIZED (
                SELECT (SELECT ok FROM begun)
                    AND bool_and(coalesce(a.tally AND a.balance BETWEEN -4611686018427387904 AND 4611686018427387904, false)
                        AND a.unit IS NOT DISTINCT FROM t.unit) AS ok
                FROM unnest((SELECT $4::text[]), (SELECT $5::text[])) AS t (name, unit)
                LEFT JOIN LATERAL (SELECT tally, unit, balance FROM "idem_accounts" WHERE account = t.name LIMIT 1) a ON true),
accounts_locked AS MATERIALIZED (
                SELECT d.place, d.name, a.account IS NOT NULL AS found, coalesce(a.seq, 0) + d.entries AS seq,
                    coalesce(a.held, 0) + d.reserved AS held,
                    CASE WHEN d.entries > 0 THEN greatest(a.at, (SELECT now FROM begun)) ELSE coalesce(a.at, 0) END AS at,
                    CASE WHEN NOT coalesce(a.tally OR a.closed_at IS NOT NULL, false) AND a.unit IS NOT DISTINCT FROM d.unit
                        AND coalesce(a.seq, 0) = coalesce(d.expected, a.seq, 0)
                        AND coalesce(a.balance - a.held, 0) + d.lowest
                            >= coalesce(a.floor, a.balance - a.held + d.lowest, d.lowest)
                        AND coalesce(a.balance, 0) + d.highest <= coalesce(a.ceiling, a.balance + d.highest, d.highest)
                        THEN coalesce(a.balance, 0) + d.delta END AS balance
                FROM unnest((SELECT $6::text[]), (SELECT $7::bigint[]), (SELECT $8::bigint[]), (SELECT $9::bigint[]), (SELECT $10::bigint[]), (SELECT $11::bigint[]), (SELECT $12::bigint[]), (SELECT $13::text[])) WITH ORDINALITY AS d (name, delta, reserved, lowest, highest, entries, expected, unit, place)
                LEFT JOIN LATERAL (
                    SELECT * FROM "idem_accounts" WHERE account = d.name LIMIT 1 FOR NO KEY UPDATE
                ) a ON true
                WHERE (SELECT ok FROM tallies_checked)),
            accounts_planned AS MATERIALIZED (
                SELECT array_agg(balance) AS balances, array_agg(seq) AS seqs, array_agg(at) AS ats
                FROM (SELECT * FROM accounts_locked ORDER BY place) l),
accounts_opened AS (
                INSERT INTO "idem_accounts" (account, balance, seq, held, at)
                SELECT name, balance, seq, held, at FROM accounts_locked WHERE NOT found AND (SELECT ok FROM tallies_checked)
                RETURNING 1),
            accounts_updated AS (
                INSERT INTO "idem_accounts" (account, balance, seq, held, at)
                SELECT name, balance, seq, held, at FROM accounts_locked WHERE found AND (SELECT ok FROM tallies_checked)
                ON CONFLICT (account) DO UPDATE SET balance = excluded.balance, seq = excluded.seq, held = excluded.held,
                    at = excluded.at
                RETURNING 1),
            accounts_written AS MATERIALIZED (
                SELECT ok AND (SELECT count(*) FROM accounts_opened) >= 0 AND (SELECT count(*) FROM accounts_updated) >= 0 AS ok
                FROM tallies_checked),
entries_written AS (
                INSERT INTO "idem_entries" (account, delta, kind, scope, key, hash, fingerprint, next_account, seq, balance, at, next_seq)
                SELECT e.account, e.delta, e.kind, e.scope, e.key, e.hash, e.fingerprint, e.next_account, coalesce(f.seqs[e.place] - e.back, e.seq), f.balances[e.place] - e.below, coalesce(f.ats[e.place], begun.now), coalesce(f.seqs[e.next_place] - e.next_back, e.next_seq)
                FROM begun, accounts_planned f, unnest((SELECT $14::text[]), (SELECT $15::bigint[]), (SELECT $16::text[]), (SELECT $17::bigint[]), (SELECT $18::bigint[]), (SELECT $19::bigint[]), (SELECT $20::text[]), (SELECT $21::text[]), (SELECT $22::bytea[]), (SELECT $23::bytea[]), (SELECT $24::text[]), (SELECT $25::bigint[]), (SELECT $26::bigint[]), (SELECT $27::bigint[]), (SELECT $28::bigint[])) AS e (account, delta, kind, place, back, below, scope, key, hash, fingerprint, next_account, seq, next_place, next_back, next_seq)
                WHERE (SELECT ok FROM accounts_written) RETURNING 1), tails_written AS (
                INSERT INTO "idem_tails" (account, seq, delta)
                SELECT t.* FROM unnest((SELECT $29::text[]), (SELECT $30::bigint[]), (SELECT $31::bigint[])) t WHERE (SELECT ok FROM accounts_written) RETURNING ctid)
SELECT g.ok, (CASE WHEN g.ok AND (SELECT count(*) FROM entries_written) >= 0 THEN CASE WHEN (extract(epoch FROM clock_timestamp()) * 1000000)::bigint > b.until THEN 'idem: the time is up' ELSE (b.now)::text END ELSE (b.now)::text END)::bigint, (SELECT balances FROM accounts_planned), (SELECT seqs FROM accounts_planned), (SELECT ats FROM accounts_planned) FROM accounts_written g CROSS JOIN begun b

-- write: entries 0100100
WITH begun AS MATERIALIZED (
    SELECT set_config('lock_timeout', $1::text, true) IS NOT NULL AS ok, coalesce($2::bigint, (extract(epoch FROM statement_timestamp()) * 1000000)::bigint) AS now,
        $3::bigint AS until),
accounts_locked AS MATERIALIZED (
                SELECT d.place, d.name, a.account IS NOT NULL AS found, coalesce(a.seq, 0) + d.entries AS seq,
                    coalesce(a.held, 0) + d.reserved AS held,
                    CASE WHEN d.entries > 0 THEN greatest(a.at, (SELECT now FROM begun)) ELSE coalesce(a.at, 0) END AS at,
                    CASE WHEN NOT coalesce(a.tally OR a.closed_at IS NOT NULL, false) AND a.unit IS NOT DISTINCT FROM d.unit
                        AND coalesce(a.seq, 0) = coalesce(d.expected, a.seq, 0)
                        AND coalesce(a.balance - a.held, 0) + d.lowest
                            >= coalesce(a.floor, a.balance - a.held + d.lowest, d.lowest)
                        AND coalesce(a.balance, 0) + d.highest <= coalesce(a.ceiling, a.balance + d.highest, d.highest)
                        THEN coalesce(a.balance, 0) + d.delta END AS balance
                FROM unnest((SELECT $4::text[]), (SELECT $5::bigint[]), (SELECT $6::bigint[]), (SELECT $7::bigint[]), (SELECT $8::bigint[]), (SELECT $9::bigint[]), (SELECT $10::bigint[]), (SELECT $11::text[])) WITH ORDINALITY AS d (name, delta, reserved, lowest, highest, entries, expected, unit, place)
                LEFT JOIN LATERAL (
                    SELECT * FROM "idem_accounts" WHERE account = d.name LIMIT 1 FOR NO KEY UPDATE
                ) a ON true
                WHERE (SELECT ok FROM begun)),
            accounts_planned AS MATERIALIZED (
                SELECT array_agg(balance) AS balances, array_agg(seq) AS seqs, array_agg(at) AS ats
                FROM (SELECT * FROM accounts_locked ORDER BY place) l),
accounts_opened AS (
                INSERT INTO "idem_accounts" (account, balance, seq, held, at)
                SELECT name, balance, seq, held, at FROM accounts_locked WHERE NOT found AND (SELECT ok FROM begun)
                RETURNING 1),
            accounts_updated AS (
                INSERT INTO "idem_accounts" (account, balance, seq, held, at)
                SELECT name, balance, seq, held, at FROM accounts_locked WHERE found AND (SELECT ok FROM begun)
                ON CONFLICT (account) DO UPDATE SET balance = excluded.balance, seq = excluded.seq, held = excluded.held,
                    at = excluded.at
                RETURNING 1),
            accounts_written AS MATERIALIZED (
                SELECT ok AND (SELECT count(*) FROM accounts_opened) >= 0 AND (SELECT count(*) FROM accounts_updated) >= 0 AS ok
                FROM begun),
entries_written AS (
                INSERT INTO "idem_entries" (account, delta, kind, machine, id, machine_seq, entry_no, seq, balance, at, next_seq)
                SELECT e.account, e.delta, e.kind, e.machine, e.id, e.machine_seq, e.entry_no, f.seqs[e.place] - e.back, f.balances[e.place] - e.below, coalesce(f.ats[e.place], begun.now), NULL
                FROM begun, accounts_planned f, unnest((SELECT $12::text[]), (SELECT $13::bigint[]), (SELECT $14::text[]), (SELECT $15::bigint[]), (SELECT $16::bigint[]), (SELECT $17::bigint[]), (SELECT $18::text[]), (SELECT $19::text[]), (SELECT $20::bigint[]), (SELECT $21::bigint[])) AS e (account, delta, kind, place, back, below, machine, id, machine_seq, entry_no)
                WHERE (SELECT ok FROM accounts_written) RETURNING 1)
SELECT g.ok, (CASE WHEN g.ok AND (SELECT count(*) FROM entries_written) >= 0 THEN CASE WHEN (extract(epoch FROM clock_timestamp()) * 1000000)::bigint > b.until THEN 'idem: the time is up' ELSE (b.now)::text END ELSE (b.now)::text END)::bigint, (SELECT balances FROM accounts_planned), (SELECT seqs FROM accounts_planned), (SELECT ats FROM accounts_planned) FROM accounts_written g CROSS JOIN begun b

-- write: entries 0101100
WITH begun AS MATERIALIZED (
    SELECT set_config('lock_timeout', $1::text, true) IS NOT NULL AS ok, coalesce($2::bigint, (extract(epoch FROM statement_timestamp()) * 1000000)::bigint) AS now,
        $3::bigint AS until),
accounts_locked AS MATERIALIZED (
                SELECT d.place, d.name, a.account IS NOT NULL AS found, coalesce(a.seq, 0) + d.entries AS seq,
                    coalesce(a.held, 0) + d.reserved AS held,
                    CASE WHEN d.entries > 0 THEN greatest(a.at, (SELECT now FROM begun)) ELSE coalesce(a.at, 0) END AS at,
                    CASE WHEN NOT coalesce(a.tally OR a.closed_at IS NOT NULL, false) AND a.unit IS NOT DISTINCT FROM d.unit
                        AND coalesce(a.seq, 0) = coalesce(d.expected, a.seq, 0)
                        AND coalesce(a.balance - a.held, 0) + d.lowest
                            >= coalesce(a.floor, a.balance - a.held + d.lowest, d.lowest)
                        AND coalesce(a.balance, 0) + d.highest <= coalesce(a.ceiling, a.balance + d.highest, d.highest)
                        THEN coalesce(a.balance, 0) + d.delta END AS balance
                FROM unnest((SELECT $4::text[]), (SELECT $5::bigint[]), (SELECT $6::bigint[]), (SELECT $7::bigint[]), (SELECT $8::bigint[]), (SELECT $9::bigint[]), (SELECT $10::bigint[]), (SELECT $11::text[])) WITH ORDINALITY AS d (name, delta, reserved, lowest, highest, entries, expected, unit, place)
                LEFT JOIN LATERAL (
                    SELECT * FROM "idem_accounts" WHERE account = d.name LIMIT 1 FOR NO KEY UPDATE
                ) a ON true
                WHERE (SELECT ok FROM begun)),
            accounts_planned AS MATERIALIZED (
                SELECT array_agg(balance) AS balances, array_agg(seq) AS seqs, array_agg(at) AS ats
                FROM (SELECT * FROM accounts_locked ORDER BY place) l),
accounts_opened AS (
                INSERT INTO "idem_accounts" (account, balance, seq, held, at)
                SELECT name, balance, seq, held, at FROM accounts_locked WHERE NOT found AND (SELECT ok FROM begun)
                RETURNING 1),
            accounts_updated AS (
                INSERT INTO "idem_accounts" (account, balance, seq, held, at)
                SELECT name, balance, seq, held, at FROM accounts_locked WHERE found AND (SELECT ok FROM begun)
                ON CONFLICT (account) DO UPDATE SET balance = excluded.balance, seq = excluded.seq, held = excluded.held,
                    at = excluded.at
                RETURNING 1),
            accounts_written AS MATERIALIZED (
                SELECT ok AND (SELECT count(*) FROM accounts_opened) >= 0 AND (SELECT count(*) FROM accounts_updated) >= 0 AS ok
                FROM begun),
entries_written AS (
                INSERT INTO "idem_entries" (account, delta, kind, machine, id, machine_seq, entry_no, next_account, seq, balance, at, next_seq)
                SELECT e.account, e.delta, e.kind, e.machine, e.id, e.machine_seq, e.entry_no, e.next_account, f.seqs[e.place] - e.back, f.balances[e.place] - e.below, coalesce(f.ats[e.place], begun.now), f.seqs[e.next_place] - e.next_back
                FROM begun, accounts_planned f, unnest((SELECT $12::text[]), (SELECT $13::bigint[]), (SELECT $14::text[]), (SELECT $15::bigint[]), (SELECT $16::bigint[]), (SELECT $17::bigint[]), (SELECT $18::text[]), (SELECT $19::text[]), (SELECT $20::bigint[]), (SELECT $21::bigint[]), (SELECT $22::text[]), (SELECT $23::bigint[]), (SELECT $24::bigint[])) AS e (account, delta, kind, place, back, below, machine, id, machine_seq, entry_no, next_account, next_place, next_back)
                WHERE (SELECT ok FROM accounts_written) RETURNING 1)
SELECT g.ok, (CASE WHEN g.ok AND (SELECT count(*) FROM entries_written) >= 0 THEN CASE WHEN (extract(epoch FROM clock_timestamp()) * 1000000)::bigint > b.until THEN 'idem: the time is up' ELSE (b.now)::text END ELSE (b.now)::text END)::bigint, (SELECT balances FROM accounts_planned), (SELECT seqs FROM accounts_planned), (SELECT ats FROM accounts_planned) FROM accounts_written g CROSS JOIN begun b

-- write: entries 10100010
WITH begun AS MATERIALIZED (
    SELECT set_config('lock_timeout', $1::text, true) IS NOT NULL AS ok, coalesce($2::bigint, (extract(epoch FROM statement_timestamp()) * 1000000)::bigint) AS now,
        $3::bigint AS until),
accounts_locked AS MATERIALIZED (
                SELECT d.place, d.name, a.account IS NOT NULL AS found, coalesce(a.seq, 0) + d.entries AS seq,
                    coalesce(a.held, 0) + d.reserved AS held,
                    CASE WHEN d.entries > 0 THEN greatest(a.at, (SELECT now FROM begun)) ELSE coalesce(a.at, 0) END AS at,
                    CASE WHEN NOT coalesce(a.tally OR a.closed_at IS NOT NULL, false) AND a.unit IS NOT DISTINCT FROM d.unit
                        AND coalesce(a.seq, 0) = coalesce(d.expected, a.seq, 0)
                        AND coalesce(a.balance - a.held, 0) + d.lowest
                            >= coalesce(a.floor, a.balance - a.held + d.lowest, d.lowest)
                        AND coalesce(a.balance, 0) + d.highest <= coalesce(a.ceiling, a.balance + d.highest, d.highest)
                        THEN coalesce(a.balance, 0) + d.delta END AS balance
                FROM unnest((SELECT $4::text[]), (SELECT $5::bigint[]), (SELECT $6::bigint[]), (SELECT $7::bigint[]), (SELECT $8::bigint[]), (SELECT $9::bigint[]), (SELECT $10::bigint[]), (SELECT $11::text[])) WITH ORDINALITY AS d (name, delta, reserved, lowest, highest, entries, expected, unit, place)
                LEFT JOIN LATERAL (
                    SELECT * FROM "idem_accounts" WHERE account = d.name LIMIT 1 FOR NO KEY UPDATE
                ) a ON true
                WHERE (SELECT ok FROM begun)),
            accounts_planned AS MATERIALIZED (
                SELECT array_agg(balance) AS balances, array_agg(seq) AS seqs, array_agg(at) AS ats
                FROM (SELECT * FROM accounts_locked ORDER BY place) l),
accounts_opened AS (
                INSERT INTO "idem_accounts" (account, balance, seq, held, at)
                SELECT name, balance, seq, held, at FROM accounts_locked WHERE NOT found AND (SELECT ok FROM begun)
                RETURNING 1),
            accounts_updated AS (
                INSERT INTO "idem_accounts" (account, balance, seq, held, at)
                SELECT name, balance, seq, held, at FROM accounts_locked WHERE found AND (SELECT ok FROM begun)
                ON CONFLICT (account) DO UPDATE SET balance = excluded.balance, seq = excluded.seq, held = excluded.held,
                    at = excluded.at
                RETURNING 1),
            accounts_written AS MATERIALIZED (
                SELECT ok AND (SELECT count(*) FROM accounts_opened) >= 0 AND (SELECT count(*) FROM accounts_updated) >= 0 AS ok
                FROM begun),
entries_written AS (
                INSERT INTO "idem_entries" (account, delta, kind, scope, key, hash, fingerprint, metadata, seq, balance, at, next_seq)
                SELECT e.account, e.delta, e.kind, e.scope, e.key, e.hash, e.fingerprint, e.metadata, f.seqs[e.place] - e.back, f.balances[e.place] - e.below, coalesce(f.ats[e.place], begun.now), NULL
                FROM begun, accounts_planned f, unnest((SELECT $12::text[]), (SELECT $13::bigint[]), (SELECT $14::text[]), (SELECT $15::bigint[]), (SELECT $16::bigint[]), (SELECT $17::bigint[]), (SELECT $18::text[]), (SELECT $19::text[]), (SELECT $20::bytea[]), (SELECT $21::bytea[]), (SELECT $22::bytea[])) AS e (account, delta, kind, place, back, below, scope, key, hash, fingerprint, metadata)
                WHERE (SELECT ok FROM accounts_written) RETURNING 1)
SELECT g.ok, (CASE WHEN g.ok AND (SELECT count(*) FROM entries_written) >= 0 THEN CASE WHEN (extract(epoch FROM clock_timestamp()) * 1000000)::bigint > b.until THEN 'idem: the time is up' ELSE (b.now)::text END ELSE (b.now)::text END)::bigint, (SELECT balances FROM accounts_planned), (SELECT seqs FROM accounts_planned), (SELECT ats FROM accounts_planned) FROM accounts_written g CROSS JOIN begun b

-- write: entries 1000010
WITH begun AS MATERIALIZED (
    SELECT set_config('lock_timeout', $1::text, true) IS NOT NULL AS ok, coalesce($2::bigint, (extract(epoch FROM statement_timestamp()) * 1000000)::bigint) AS now,
        $3::bigint AS until),
entries_written AS (
                INSERT INTO "idem_entries" (account, delta, kind, scope, key, hash, fingerprint, outcome, seq, balance, at, next_seq)
                SELECT e.account, e.delta, e.kind, e.scope, e.key, e.hash, e.fingerprint, e.outcome, NULL, NULL::bigint, begun.now, NULL
                FROM begun, unnest((SELECT $4::text[]), (SELECT $5::bigint[]), (SELECT $6::text[]), (SELECT $7::text[]), (SELECT $8::text[]), (SELECT $9::bytea[]), (SELECT $10::bytea[]), (SELECT $11::bytea[])) AS e (account, delta, kind, scope, key, hash, fingerprint, outcome)
                WHERE (SELECT ok FROM begun) RETURNING 1)
SELECT g.ok, (CASE WHEN g.ok AND (SELECT count(*) FROM entries_written) >= 0 THEN CASE WHEN (extract(epoch FROM clock_timestamp()) * 1000000)::bigint > b.until THEN 'idem: the time is up' ELSE (b.now)::text END ELSE (b.now)::text END)::bigint FROM begun g CROSS JOIN begun b

-- write: entries 1000011
WITH begun AS MATERIALIZED (
    SELECT set_config('lock_timeout', $1::text, true) IS NOT NULL AS ok, coalesce($2::bigint, (extract(epoch FROM statement_timestamp()) * 1000000)::bigint) AS now,
        $3::bigint AS until),
holds_locked AS MATERIALIZED (
                SELECT w.*, CASE WHEN h.remaining IS NOT DISTINCT FROM w.expected THEN w.remaining END AS rest
                FROM unnest((SELECT $4::text[]), (SELECT $5::text[]), (SELECT $6::bigint[]), (SELECT $7::bigint[]), (SELECT $8::bigint[]), (SELECT $9::bigint[])) AS w (hold, account, amount, expected, remaining, expires_at)
                LEFT JOIN LATERAL (SELECT remaining FROM "idem_holds" WHERE hold = w.hold LIMIT 1 FOR NO KEY UPDATE) h ON true
                WHERE (SELECT ok FROM begun)),
            holds_opened AS (
                INSERT INTO "idem_holds" (hold, account, amount, expires_at, remaining)
                SELECT hold, account, amount, expires_at, rest FROM holds_locked WHERE expected IS NULL),
            holds_updated AS (
                INSERT INTO "idem_holds" (hold, account, amount, expires_at, remaining)
                SELECT hold, account, amount, expires_at, rest FROM holds_locked WHERE expected IS NOT NULL
                ON CONFLICT (hold) DO UPDATE SET remaining = excluded.remaining),
entries_written AS (
                INSERT INTO "idem_entries" (account, delta, kind, hold, reserved, scope, key, hash, fingerprint, outcome, seq, balance, at, next_seq)
                SELECT e.account, e.delta, e.kind, e.hold, e.reserved, e.scope, e.key, e.hash, e.fingerprint, e.outcome, NULL, NULL::bigint, begun.now, NULL
                FROM begun, unnest((SELECT $10::text[]), (SELECT $11::bigint[]), (SELECT $12::text[]), (SELECT $13::text[]), (SELECT $14::bigint[]), (SELECT $15::text[]), (SELECT $16::text[]), (SELECT $17::bytea[]), (SELECT $18::bytea[]), (SELECT $19::bytea[])) AS e (account, delta, kind, hold, reserved, scope, key, hash, fingerprint, outcome)
                WHERE (SELECT ok FROM begun) RETURNING 1)
SELECT g.ok, (CASE WHEN g.ok AND (SELECT count(*) FROM entries_written) >= 0 THEN CASE WHEN (extract(epoch FROM clock_timestamp()) * 1000000)::bigint > b.until THEN 'idem: the time is up' ELSE (b.now)::text END ELSE (b.now)::text END)::bigint FROM begun g CROSS JOIN begun b

-- write: entries 0111111
WITH begun AS MATERIALIZED (
    SELECT set_config('lock_timeout', $1::text, true) IS NOT NULL AS ok, coalesce($2::bigint, (extract(epoch FROM statement_timestamp()) * 1000000)::bigint) AS now,
        $3::bigint AS until),
tallies_checked AS MATERIALIZED (
                SELECT (SELECT ok FROM begun)
                    AND bool_and(coalesce(a.tally AND a.balance BETWEEN -4611686018427387904 AND 4611686018427387904, false)
                        AND a.unit IS NOT DISTINCT FROM t.unit) AS ok
                FROM unnest((SELECT $4::text[]), (SELECT $5::text[])) AS t (name, unit)
                LEFT JOIN LATERAL (SELECT tally, unit, balance FROM "idem_accounts" WHERE account = t.name LIMIT 1) a ON true),
accounts_locked AS MATERIALIZED (
                SELECT d.place, d.name, a.account IS NOT NULL AS found, coalesce(a.seq, 0) + d.entries AS seq,
                    coalesce(a.held, 0) + d.reserved AS held,
                    CASE WHEN d.entries > 0 THEN greatest(a.at, (SELECT now FROM begun)) ELSE coalesce(a.at, 0) END AS at,
                    CASE WHEN NOT coalesce(a.tally OR a.closed_at IS NOT NULL, false) AND a.unit IS NOT DISTINCT FROM d.unit
                        AND coalesce(a.seq, 0) = coalesce(d.expected, a.seq, 0)
                        AND coalesce(a.balance - a.held, 0) + d.lowest
                            >= coalesce(a.floor, a.balance - a.held + d.lowest, d.lowest)
                        AND coalesce(a.balance, 0) + d.highest <= coalesce(a.ceiling, a.balance + d.highest, d.highest)
                        THEN coalesce(a.balance, 0) + d.delta END AS balance
                FROM unnest((SELECT $6::text[]), (SELECT $7::bigint[]), (SELECT $8::bigint[]), (SELECT $9::bigint[]), (SELECT $10::bigint[]), (SELECT $11::bigint[]), (SELECT $12::bigint[]), (SELECT $13::text[])) WITH ORDINALITY AS d (name, delta, reserved, lowest, highest, entries, expected, unit, place)
                LEFT JOIN LATERAL (
                    SELECT * FROM "idem_accounts" WHERE account = d.name LIMIT 1 FOR NO KEY UPDATE
                ) a ON true
                WHERE (SELECT ok FROM tallies_checked)),
            accounts_planned AS MATERIALIZED (
                SELECT array_agg(balance) AS balances, array_agg(seq) AS seqs, array_agg(at) AS ats
                FROM (SELECT * FROM accounts_locked ORDER BY place) l),
accounts_opened AS (
                INSERT INTO "idem_accounts" (account, balance, seq, held, at)
                SELECT name, balance, seq, held, at FROM accounts_locked WHERE NOT found AND (SELECT ok FROM tallies_checked)
                RETURNING 1),
            accounts_updated AS (
                INSERT INTO "idem_accounts" (account, balance, seq, held, at)
                SELECT name, balance, seq, held, at FROM accounts_locked WHERE found AND (SELECT ok FROM tallies_checked)
                ON CONFLICT (account) DO UPDATE SET balance = excluded.balance, seq = excluded.seq, held = excluded.held,
                    at = excluded.at
                RETURNING 1),
            accounts_written AS MATERIALIZED (
                SELECT ok AND (SELECT count(*) FROM accounts_opened) >= 0 AND (SELECT count(*) FROM accounts_updated) >= 0 AS ok
                FROM tallies_checked),
holds_locked AS MATERIALIZED (
                SELECT w.*, CASE WHEN h.remaining IS NOT DISTINCT FROM w.expected THEN w.remaining END AS rest
                FROM unnest((SELECT $14::text[]), (SELECT $15::text[]), (SELECT $16::bigint[]), (SELECT $17::bigint[]), (SELECT $18::bigint[]), (SELECT $19::bigint[])) AS w (hold, account, amount, expected, remaining, expires_at)
                LEFT JOIN LATERAL (SELECT remaining FROM "idem_holds" WHERE hold = w.hold LIMIT 1 FOR NO KEY UPDATE) h ON true
                WHERE (SELECT ok FROM accounts_written)),
            holds_opened AS (
                INSERT INTO "idem_holds" (hold, account, amount, expires_at, remaining)
                SELECT hold, account, amount, expires_at, rest FROM holds_locked WHERE expected IS NULL),
            holds_updated AS (
                INSERT INTO "idem_holds" (hold, account, amount, expires_at, remaining)
                SELECT hold, account, amount, expires_at, rest FROM holds_locked WHERE expected IS NOT NULL
                ON CONFLICT (hold) DO UPDATE SET remaining = excluded.remaining),
entries_written AS (
                INSERT INTO "idem_entries" (account, delta, kind, hold, reserved, scope, key, hash, fingerprint, machine, id, machine_seq, entry_no, next_account, seq, balance, at, next_seq)
                SELECT e.account, e.delta, e.kind, e.hold, e.reserved, e.scope, e.key, e.hash, e.fingerprint, e.machine, e.id, e.machine_seq, e.entry_no, e.next_account, coalesce(f.seqs[e.place] - e.back, e.seq), f.balances[e.place] - e.below, coalesce(f.ats[e.place], begun.now), coalesce(f.seqs[e.next_place] - e.next_back, e.next_seq)
                FROM begun, accounts_planned f, unnest((SELECT $20::text[]), (SELECT $21::bigint[]), (SELECT $22::text[]), (SELECT $23::bigint[]), (SELECT $24::bigint[]), (SELECT $25::bigint[]), (SELECT $26::text[]), (SELECT $27::bigint[]), (SELECT $28::text[]), (SELECT $29::text[]), (SELECT $30::bytea[]), (SELECT $31::bytea[]), (SELECT $32::text[]), (SELECT $33::text[]), (SELECT $34::bigint[]), (SELECT $35::bigint[]), (SELECT $36::text[]), (SELECT $37::bigint[]), (SELECT $38::bigint[]), (SELECT $39::bigint[]), (SELECT $40::bigint[])) AS e (account, delta, kind, place, back, below, hold, reserved, scope, key, hash, fingerprint, machine, id, machine_seq, entry_no, next_account, seq, next_place, next_back, next_seq)
                WHERE (SELECT ok FROM accounts_written) RETURNING 1), tails_written AS (
                INSERT INTO "idem_tails" (account, seq, delta)
                SELECT t.* FROM unnest((SELECT $41::text[]), (SELECT $42::bigint[]), (SELECT $43::bigint[])) t WHERE (SELECT ok FROM accounts_written) RETURNING ctid)
SELECT g.ok, (CASE WHEN g.ok AND (SELECT count(*) FROM entries_written) >= 0 THEN CASE WHEN (extract(epoch FROM clock_timestamp()) * 1000000)::bigint > b.until THEN 'idem: the time is up' ELSE (b.now)::text END ELSE (b.now)::text END)::bigint, (SELECT balances FROM accounts_planned), (SELECT seqs FROM accounts_planned), (SELECT ats FROM accounts_planned) FROM accounts_written g CROSS JOIN begun b

-- write: entries 1111111
WITH begun AS MATERIALIZED (
    SELECT set_config('lock_timeout', $1::text, true) IS NOT NULL AS ok, coalesce($2::bigint, (extract(epoch FROM statement_timestamp()) * 1000000)::bigint) AS now,
        $3::bigint AS until),
tallies_checked AS MATERIALIZED (
                SELECT (SELECT ok FROM begun)
                    AND bool_and(coalesce(a.tally AND a.balance BETWEEN -4611686018427387904 AND 4611686018427387904, false)
                        AND a.unit IS NOT DISTINCT FROM t.unit) AS ok
                FROM unnest((SELECT $4::text[]), (SELECT $5::text[])) AS t (name, unit)
                LEFT JOIN LATERAL (SELECT tally, unit, balance FROM "idem_accounts" WHERE account = t.name LIMIT 1) a ON true),
accounts_locked AS MATERIALIZED (
                SELECT d.place, d.name, a.account IS NOT NULL AS found, coalesce(a.seq, 0) + d.entries AS seq,
                    coalesce(a.held, 0) + d.reserved AS held,
                    CASE WHEN d.entries > 0 THEN greatest(a.at, (SELECT now FROM begun)) ELSE coalesce(a.at, 0) END AS at,
                    CASE WHEN NOT coalesce(a.tally OR a.closed_at IS NOT NULL, false) AND a.unit IS NOT DISTINCT FROM d.unit
                        AND coalesce(a.seq, 0) = coalesce(d.expected, a.seq, 0)
                        AND coalesce(a.balance - a.held, 0) + d.lowest
                            >= coalesce(a.floor, a.balance - a.held + d.lowest, d.lowest)
                        AND coalesce(a.balance, 0) + d.highest <= coalesce(a.ceiling, a.balance + d.highest, d.highest)
                        THEN coalesce(a.balance, 0) + d.delta END AS balance
                FROM unnest((SELECT $6::text[]), (SELECT $7::bigint[]), (SELECT $8::bigint[]), (SELECT $9::bigint[]), (SELECT $10::bigint[]), (SELECT $11::bigint[]), (SELECT $12::bigint[]), (SELECT $13::text[])) WITH ORDINALITY AS d (name, delta, reserved, lowest, highest, entries, expected, unit, place)
                LEFT JOIN LATERAL (
                    SELECT * FROM "idem_accounts" WHERE account = d.name LIMIT 1 FOR NO KEY UPDATE
                ) a ON true
                WHERE (SELECT ok FROM tallies_checked)),
            accounts_planned AS MATERIALIZED (
                SELECT array_agg(balance) AS balances, array_agg(seq) AS seqs, array_agg(at) AS ats
                FROM (SELECT * FROM accounts_locked ORDER BY place) l),
accounts_opened AS (
                INSERT INTO "idem_accounts" (account, balance, seq, held, at)
                SELECT name, balance, seq, held, at FROM accounts_locked WHERE NOT found AND (SELECT ok FROM tallies_checked)
                RETURNING 1),
            accounts_updated AS (
                INSERT INTO "idem_accounts" (account, balance, seq, held, at)
                SELECT name, balance, seq, held, at FROM accounts_locked WHERE found AND (SELECT ok FROM tallies_checked)
                ON CONFLICT (account) DO UPDATE SET balance = excluded.balance, seq = excluded.seq, held = excluded.held,
                    at = excluded.at
                RETURNING 1),
            accounts_written AS MATERIALIZED (
                SELECT ok AND (SELECT count(*) FROM accounts_opened) >= 0 AND (SELECT count(*) FROM accounts_updated) >= 0 AS ok
                FROM tallies_checked),
holds_locked AS MATERIALIZED (
                SELECT w.*, CASE WHEN h.remaining IS NOT DISTINCT FROM w.expected THEN w.remaining END AS rest
                FROM unnest((SELECT $14::text[]), (SELECT $15::text[]), (SELECT $16::bigint[]), (SELECT $17::bigint[]), (SELECT $18::bigint[]), (SELECT $19::bigint[])) AS w (hold, account, amount, expected, remaining, expires_at)
                LEFT JOIN LATERAL (SELECT remaining FROM "idem_holds" WHERE hold = w.hold LIMIT 1 FOR NO KEY UPDATE) h ON true
                WHERE (SELECT ok FROM accounts_written)),
            holds_opened AS (
                INSERT INTO "idem_holds" (hold, account, amount, expires_at, remaining)
                SELECT hold, account, amount, expires_at, rest FROM holds_locked WHERE expected IS NULL),
            holds_updated AS (
                INSERT INTO "idem_holds" (hold, account, amount, expires_at, remaining)
                SELECT hold, account, amount, expires_at, rest FROM holds_locked WHERE expected IS NOT NULL
                ON CONFLICT (hold) DO UPDATE SET remaining = excluded.remaining),
entries_written AS (
                INSERT INTO "idem_entries" (account, delta, kind, hold, reserved, scope, key, hash, fingerprint, outcome, machine, id, machine_seq, entry_no, next_account, seq, balance, at, next_seq)
                SELECT e.account, e.delta, e.kind, e.hold, e.reserved, e.scope, e.key, e.hash, e.fingerprint, e.outcome, e.machine, e.id, e.machine_seq, e.entry_no, e.next_account, coalesce(f.seqs[e.place] - e.back, e.seq), f.balances[e.place] - e.below, coalesce(f.ats[e.place], begun.now), coalesce(f.seqs[e.next_place] - e.next_back, e.next_seq)
                FROM begun, accounts_planned f, unnest((SELECT $20::text[]), (SELECT $21::bigint[]), (SELECT $22::text[]), (SELECT $23::bigint[]), (SELECT $24::bigint[]), (SELECT $25::bigint[]), (SELECT $26::text[]), (SELECT $27::bigint[]), (SELECT $28::text[]), (SELECT $29::text[]), (SELECT $30::bytea[]), (SELECT $31::bytea[]), (SELECT $32::bytea[]), (SELECT $33::text[]), (SELECT $34::text[]), (SELECT $35::bigint[]), (SELECT $36::bigint[]), (SELECT $37::text[]), (SELECT $38::bigint[]), (SELECT $39::bigint[]), (SELECT $40::bigint[]), (SELECT $41::bigint[])) AS e (account, delta, kind, place, back, below, hold, reserved, scope, key, hash, fingerprint, outcome, machine, id, machine_seq, entry_no, next_account, seq, next_place, next_back, next_seq)
                WHERE (SELECT ok FROM accounts_written) RETURNING 1), tails_written AS (
                INSERT INTO "idem_tails" (account, seq, delta)
                SELECT t.* FROM unnest((SELECT $42::text[]), (SELECT $43::bigint[]), (SELECT $44::bigint[])) t WHERE (SELECT ok FROM accounts_written) RETURNING ctid)
SELECT g.ok, (CASE WHEN g.ok AND (SELECT count(*) FROM entries_written) >= 0 THEN CASE WHEN (extract(epoch FROM clock_timestamp()) * 1000000)::bigint > b.until THEN 'idem: the time is up' ELSE (b.now)::text END ELSE (b.now)::text END)::bigint, (SELECT balances FROM accounts_planned), (SELECT seqs FROM accounts_planned), (SELECT ats FROM accounts_planned) FROM accounts_written g CROSS JOIN begun b

-- write: entries 11111111
WITH begun AS MATERIALIZED (
    SELECT set_config('lock_timeout', $1::text, true) IS NOT NULL AS ok, coalesce($2::bigint, (extract(epoch FROM statement_timestamp()) * 1000000)::bigint) AS now,
        $3::bigint AS until),
tallies_checked AS MATERIALIZED (
                SELECT (SELECT ok FROM begun)
                    AND bool_and(coalesce(a.tally AND a.balance BETWEEN -4611686018427387904 AND 4611686018427387904, false)
                        AND a.unit IS NOT DISTINCT FROM t.unit) AS ok
                FROM unnest((SELECT $4::text[]), (SELECT $5::text[])) AS t (name, unit)
                LEFT JOIN LATERAL (SELECT tally, unit, balance FROM "idem_accounts" WHERE account = t.name LIMIT 1) a ON true),
accounts_locked AS MATERIALIZED (
                SELECT d.place, d.name, a.account IS NOT NULL AS found, coalesce(a.seq, 0) + d.entries AS seq,
                    coalesce(a.held, 0) + d.reserved AS held,
                    CASE WHEN d.entries > 0 THEN greatest(a.at, (SELECT now FROM begun)) ELSE coalesce(a.at, 0) END AS at,
                    CASE WHEN NOT coalesce(a.tally OR a.closed_at IS NOT NULL, false) AND a.unit IS NOT DISTINCT FROM d.unit
                        AND coalesce(a.seq, 0) = coalesce(d.expected, a.seq, 0)
                        AND coalesce(a.balance - a.held, 0) + d.lowest
                            >= coalesce(a.floor, a.balance - a.held + d.lowest, d.lowest)
                        AND coalesce(a.balance, 0) + d.highest <= coalesce(a.ceiling, a.balance + d.highest, d.highest)
                        THEN coalesce(a.balance, 0) + d.delta END AS balance
                FROM unnest((SELECT $6::text[]), (SELECT $7::bigint[]), (SELECT $8::bigint[]), (SELECT $9::bigint[]), (SELECT $10::bigint[]), (SELECT $11::bigint[]), (SELECT $12::bigint[]), (SELECT $13::text[])) WITH ORDINALITY AS d (name, delta, reserved, lowest, highest, entries, expected, unit, place)
                LEFT JOIN LATERAL (
                    SELECT * FROM "idem_accounts" WHERE account = d.name LIMIT 1 FOR NO KEY UPDATE
                ) a ON true
                WHERE (SELECT ok FROM tallies_checked)),
            accounts_planned AS MATERIALIZED (
                SELECT array_agg(balance) AS balances, array_agg(seq) AS seqs, array_agg(at) AS ats
                FROM (SELECT * FROM accounts_locked ORDER BY place) l),
accounts_opened AS (
                INSERT INTO "idem_accounts" (account, balance, seq, held, at)
                SELECT name, balance, seq, held, at FROM accounts_locked WHERE NOT found AND (SELECT ok FROM tallies_checked)
                RETURNING 1),
            accounts_updated AS (
                INSERT INTO "idem_accounts" (account, balance, seq, held, at)
                SELECT name, balance, seq, held, at FROM accounts_locked WHERE found AND (SELECT ok FROM tallies_checked)
                ON CONFLICT (account) DO UPDATE SET balance = excluded.balance, seq = excluded.seq, held = excluded.held,
                    at = excluded.at
                RETURNING 1),
            accounts_written AS MATERIALIZED (
                SELECT ok AND (SELECT count(*) FROM accounts_opened) >= 0 AND (SELECT count(*) FROM accounts_updated) >= 0 AS ok
                FROM tallies_checked),
holds_locked AS MATERIALIZED (
                SELECT w.*, CASE WHEN h.remaining IS NOT DISTINCT FROM w.expected THEN w.remaining END AS rest
                FROM unnest((SELECT $14::text[]), (SELECT $15::text[]), (SELECT $16::bigint[]), (SELECT $17::bigint[]), (SELECT $18::bigint[]), (SELECT $19::bigint[])) AS w (hold, account, amount, expected, remaining, expires_at)
                LEFT JOIN LATERAL (SELECT remaining FROM "idem_holds" WHERE hold = w.hold LIMIT 1 FOR NO KEY UPDATE) h ON true
                WHERE (SELECT ok FROM accounts_written)),
            holds_opened AS (
                INSERT INTO "idem_holds" (hold, account, amount, expires_at, remaining)
                SELECT hold, account, amount, expires_at, rest FROM holds_locked WHERE expected IS NULL),
            holds_updated AS (
                INSERT INTO "idem_holds" (hold, account, amount, expires_at, remaining)
                SELECT hold, account, amount, expires_at, rest FROM holds_locked WHERE expected IS NOT NULL
                ON CONFLICT (hold) DO UPDATE SET remaining = excluded.remaining),
entries_written AS (
                INSERT INTO "idem_entries" (account, delta, kind, hold, reserved, scope, key, hash, fingerprint, metadata, outcome, machine, id, machine_seq, entry_no, next_account, seq, balance, at, next_seq)
                SELECT e.account, e.delta, e.kind, e.hold, e.reserved, e.scope, e.key, e.hash, e.fingerprint, e.metadata, e.outcome, e.machine, e.id, e.machine_seq, e.entry_no, e.next_account, coalesce(f.seqs[e.place] - e.back, e.seq), f.balances[e.place] - e.below, coalesce(f.ats[e.place], begun.now), coalesce(f.seqs[e.next_place] - e.next_back, e.next_seq)
                FROM begun, accounts_planned f, unnest((SELECT $20::text[]), (SELECT $21::bigint[]), (SELECT $22::text[]), (SELECT $23::bigint[]), (SELECT $24::bigint[]), (SELECT $25::bigint[]), (SELECT $26::text[]), (SELECT $27::bigint[]), (SELECT $28::text[]), (SELECT $29::text[]), (SELECT $30::bytea[]), (SELECT $31::bytea[]), (SELECT $32::bytea[]), (SELECT $33::bytea[]), (SELECT $34::text[]), (SELECT $35::text[]), (SELECT $36::bigint[]), (SELECT $37::bigint[]), (SELECT $38::text[]), (SELECT $39::bigint[]), (SELECT $40::bigint[]), (SELECT $41::bigint[]), (SELECT $42::bigint[])) AS e (account, delta, kind, place, back, below, hold, reserved, scope, key, hash, fingerprint, metadata, outcome, machine, id, machine_seq, entry_no, next_account, seq, next_place, next_back, next_seq)
                WHERE (SELECT ok FROM accounts_written) RETURNING 1), tails_written AS (
                INSERT INTO "idem_tails" (account, seq, delta)
                SELECT t.* FROM unnest((SELECT $43::text[]), (SELECT $44::bigint[]), (SELECT $45::bigint[])) t WHERE (SELECT ok FROM accounts_written) RETURNING ctid)
SELECT g.ok, (CASE WHEN g.ok AND (SELECT count(*) FROM entries_written) >= 0 THEN CASE WHEN (extract(epoch FROM clock_timestamp()) * 1000000)::bigint > b.until THEN 'idem: the time is up' ELSE (b.now)::text END ELSE (b.now)::text END)::bigint, (SELECT balances FROM accounts_planned), (SELECT seqs FROM accounts_planned), (SELECT ats FROM accounts_planned) FROM accounts_written g CROSS JOIN begun b

-- write: a tally near the edge, alone
WITH begun AS MATERIALIZED (
    SELECT set_config('lock_timeout', $1::text, true) IS NOT NULL AS ok, coalesce($2::bigint, (extract(epoch FROM statement_timestamp()) * 1000000)::bigint) AS now,
        $3::bigint AS until),
accounts_locked AS MATERIALIZED (
                SELECT d.place, d.name, a.account IS NOT NULL AS found, coalesce(a.seq, 0) + d.entries AS seq,
                    coalesce(a.held, 0) + d.reserved AS held,
                    CASE WHEN d.entries > 0 THEN greatest(a.at, (SELECT now FROM begun)) ELSE coalesce(a.at, 0) END AS at,
                    CASE WHEN a.closed_at IS NULL AND coalesce(a.tally, false) = (d.tallied IS NOT NULL)
                        AND coalesce(a.balance = d.tallied, true) AND a.unit IS NOT DISTINCT FROM d.unit
                        AND coalesce(a.seq, 0) = coalesce(d.expected, a.seq, 0)
                        AND coalesce(a.balance - a.held, 0) + d.lowest
                            >= coalesce(a.floor, a.balance - a.held + d.lowest, d.lowest)
                        AND coalesce(a.balance, 0) + d.highest <= coalesce(a.ceiling, a.balance + d.highest, d.highest)
                        THEN coalesce(a.balance, 0) + d.delta END AS balance
                FROM unnest((SELECT $4::text[]), (SELECT $5::bigint[]), (SELECT $6::bigint[]), (SELECT $7::bigint[]), (SELECT $8::bigint[]), (SELECT $9::bigint[]), (SELECT $10::bigint[]), (SELECT $11::text[]), (SELECT $12::bigint[])) WITH ORDINALITY AS d (name, delta, reserved, lowest, highest, entries, expected, unit, tallied, place)
                LEFT JOIN LATERAL (
                    SELECT * FROM "idem_accounts" WHERE account = d.name LIMIT 1 FOR NO KEY UPDATE
                ) a ON true
                WHERE (SELECT ok FROM begun)),
            accounts_planned AS MATERIALIZED (
                SELECT array_agg(balance) AS balances, array_agg(seq) AS seqs, array_agg(at) AS ats
                FROM (SELECT * FROM accounts_locked ORDER BY place) l),
accounts_opened AS (
                INSERT INTO "idem_accounts" (account, balance, seq, held, at)
                SELECT name, balance, seq, held, at FROM accounts_locked WHERE NOT found AND (SELECT ok FROM begun)
                RETURNING 1),
            accounts_updated AS (
                INSERT INTO "idem_accounts" (account, balance, seq, held, at)
                SELECT name, balance, seq, held, at FROM accounts_locked WHERE found AND (SELECT ok FROM begun)
                ON CONFLICT (account) DO UPDATE SET balance = excluded.balance, seq = excluded.seq, held = excluded.held,
                    at = excluded.at
                RETURNING 1),
            accounts_written AS MATERIALIZED (
                SELECT ok AND (SELECT count(*) FROM accounts_opened) >= 0 AND (SELECT count(*) FROM accounts_updated) >= 0 AS ok
                FROM begun),
entries_written AS (
                INSERT INTO "idem_entries" (account, delta, kind, scope, key, hash, fingerprint, next_account, seq, balance, at, next_seq)
                SELECT e.account, e.delta, e.kind, e.scope, e.key, e.hash, e.fingerprint, e.next_account, coalesce(f.seqs[e.place] - e.back, e.seq), f.balances[e.place] - e.below, coalesce(f.ats[e.place], begun.now), coalesce(f.seqs[e.next_place] - e.next_back, e.next_seq)
                FROM begun, accounts_planned f, unnest((SELECT $13::text[]), (SELECT $14::bigint[]), (SELECT $15::text[]), (SELECT $16::bigint[]), (SELECT $17::bigint[]), (SELECT $18::bigint[]), (SELECT $19::text[]), (SELECT $20::text[]), (SELECT $21::bytea[]), (SELECT $22::bytea[]), (SELECT $23::text[]), (SELECT $24::bigint[]), (SELECT $25::bigint[]), (SELECT $26::bigint[]), (SELECT $27::bigint[])) AS e (account, delta, kind, place, back, below, scope, key, hash, fingerprint, next_account, seq, next_place, next_back, next_seq)
                WHERE (SELECT ok FROM accounts_written) RETURNING 1), tails_written AS (
                INSERT INTO "idem_tails" (account, seq, delta)
                SELECT t.* FROM unnest((SELECT $28::text[]), (SELECT $29::bigint[]), (SELECT $30::bigint[])) t WHERE (SELECT ok FROM accounts_written) RETURNING ctid)
SELECT g.ok, (CASE WHEN g.ok AND (SELECT count(*) FROM entries_written) >= 0 THEN CASE WHEN (extract(epoch FROM clock_timestamp()) * 1000000)::bigint > b.until THEN 'idem: the time is up' ELSE (b.now)::text END ELSE (b.now)::text END)::bigint, (SELECT balances FROM accounts_planned), (SELECT seqs FROM accounts_planned), (SELECT ats FROM accounts_planned) FROM accounts_written g CROSS JOIN begun b

-- write: everything alone
WITH begun AS MATERIALIZED (
    SELECT set_config('lock_timeout', $1::text, true) IS NOT NULL AS ok, coalesce($2::bigint, (extract(epoch FROM statement_timestamp()) * 1000000)::bigint) AS now,
        $3::bigint AS until),
tallies_checked AS MATERIALIZED (
                SELECT (SELECT ok FROM begun)
                    AND bool_and(coalesce(a.tally AND a.balance BETWEEN -4611686018427387904 AND 4611686018427387904, false)
                        AND a.unit IS NOT DISTINCT FROM t.unit) AS ok
                FROM unnest((SELECT $4::text[]), (SELECT $5::text[])) AS t (name, unit)
                LEFT JOIN LATERAL (SELECT tally, unit, balance FROM "idem_accounts" WHERE account = t.name LIMIT 1) a ON true),
machines_locked AS MATERIALIZED (
            SELECT w.*, m.version AS found
            FROM unnest((SELECT $6::text[]), (SELECT $7::text[]), (SELECT $8::text[]), (SELECT $9::bytea[]), (SELECT $10::bytea[]), (SELECT $11::bigint[]), (SELECT $12::bigint[]), (SELECT $13::bigint[]), (SELECT $14::bigint[]), (SELECT $15::bigint[])) WITH ORDINALITY AS w (machine, id, state, body, last_by_command, expected, version, visit, entered_at, emitted, place)
            LEFT JOIN LATERAL (
                SELECT version FROM "idem_machines" WHERE machine = w.machine AND id = w.id LIMIT 1 FOR NO KEY UPDATE
            ) m ON true
            WHERE (SELECT ok FROM tallies_checked)),
        machines_checked AS MATERIALIZED (
            SELECT (SELECT ok FROM tallies_checked) AND coalesce(bool_and(coalesce(found, 0) = expected), true) AS ok
            FROM machines_locked),
accounts_locked AS MATERIALIZED (
                SELECT d.place, d.name, a.account IS NOT NULL AS found, coalesce(a.seq, 0) + d.entries AS seq,
                    coalesce(a.held, 0) + d.reserved AS held,
                    CASE WHEN d.entries > 0 THEN greatest(a.at, (SELECT now FROM begun)) ELSE coalesce(a.at, 0) END AS at,
                    CASE WHEN NOT coalesce(a.tally OR a.closed_at IS NOT NULL, false) AND a.unit IS NOT DISTINCT FROM d.unit
                        AND coalesce(a.seq, 0) = coalesce(d.expected, a.seq, 0)
                        AND coalesce(a.balance - a.held, 0) + d.lowest
                            >= coalesce(a.floor, a.balance - a.held + d.lowest, d.lowest)
                        AND coalesce(a.balance, 0) + d.highest <= coalesce(a.ceiling, a.balance + d.highest, d.highest)
                        THEN coalesce(a.balance, 0) + d.delta END AS balance
                FROM unnest((SELECT $16::text[]), (SELECT $17::bigint[]), (SELECT $18::bigint[]), (SELECT $19::bigint[]), (SELECT $20::bigint[]), (SELECT $21::bigint[]), (SELECT $22::bigint[]), (SELECT $23::text[])) WITH ORDINALITY AS d (name, delta, reserved, lowest, highest, entries, expected, unit, place)
                LEFT JOIN LATERAL (
                    SELECT * FROM "idem_accounts" WHERE account = d.name LIMIT 1 FOR NO KEY UPDATE
                ) a ON true
                WHERE (SELECT ok FROM machines_checked)),
            accounts_planned AS MATERIALIZED (
                SELECT array_agg(balance) AS balances, array_agg(seq) AS seqs, array_agg(at) AS ats
                FROM (SELECT * FROM accounts_locked ORDER BY place) l),
machines_opened AS (
            INSERT INTO "idem_machines" (machine, id, state, body, last_by_command, version, visit, entered_at, emitted)
            SELECT machine, id, state, body, last_by_command, version, visit, entered_at, emitted FROM machines_locked WHERE expected = 0 AND (SELECT ok FROM machines_checked)
            RETURNING ctid),
        all_machines_opened AS MATERIALIZED (
            SELECT g.ok AND (SELECT count(*) FROM machines_opened)
                = (SELECT count(*) FROM machines_locked WHERE expected = 0) AS ok FROM machines_checked g),
        machines_updated AS (
            INSERT INTO "idem_machines" (machine, id, state, body, last_by_command, version, visit, entered_at, emitted)
            SELECT machine, id, state, body, last_by_command, version, visit, entered_at, emitted FROM machines_locked WHERE expected > 0 AND (SELECT ok FROM all_machines_opened)
            ON CONFLICT (machine, id) DO UPDATE SET state = excluded.state, body = excluded.body, last_by_command = excluded.last_by_command, version = excluded.version, visit = excluded.visit, entered_at = excluded.entered_at, emitted = excluded.emitted
            RETURNING 1),
        machines_written AS MATERIALIZED (
            SELECT ok AND (SELECT count(*) FROM machines_updated) >= 0 AS ok FROM all_machines_opened),
accounts_opened AS (
                INSERT INTO "idem_accounts" (account, balance, seq, held, at)
                SELECT name, balance, seq, held, at FROM accounts_locked WHERE NOT found AND (SELECT ok FROM machines_written)
                RETURNING 1),
            accounts_updated AS (
                INSERT INTO "idem_accounts" (account, balance, seq, held, at)
                SELECT name, balance, seq, held, at FROM accounts_locked WHERE found AND (SELECT ok FROM machines_written)
                ON CONFLICT (account) DO UPDATE SET balance = excluded.balance, seq = excluded.seq, held = excluded.held,
                    at = excluded.at
                RETURNING 1),
            accounts_written AS MATERIALIZED (
                SELECT ok AND (SELECT count(*) FROM accounts_opened) >= 0 AND (SELECT count(*) FROM accounts_updated) >= 0 AS ok
                FROM machines_written),
holds_locked AS MATERIALIZED (
                SELECT w.*, CASE WHEN h.remaining IS NOT DISTINCT FROM w.expected THEN w.remaining END AS rest
                FROM unnest((SELECT $24::text[]), (SELECT $25::text[]), (SELECT $26::bigint[]), (SELECT $27::bigint[]), (SELECT $28::bigint[]), (SELECT $29::bigint[])) AS w (hold, account, amount, expected, remaining, expires_at)
                LEFT JOIN LATERAL (SELECT remaining FROM "idem_holds" WHERE hold = w.hold LIMIT 1 FOR NO KEY UPDATE) h ON true
                WHERE (SELECT ok FROM accounts_written)),
            holds_opened AS (
                INSERT INTO "idem_holds" (hold, account, amount, expires_at, remaining)
                SELECT hold, account, amount, expires_at, rest FROM holds_locked WHERE expected IS NULL),
            holds_updated AS (
                INSERT INTO "idem_holds" (hold, account, amount, expires_at, remaining)
                SELECT hold, account, amount, expires_at, rest FROM holds_locked WHERE expected IS NOT NULL
                ON CONFLICT (hold) DO UPDATE SET remaining = excluded.remaining),
transitions_written AS (
                INSERT INTO "idem_transitions" (machine, id, seq, command, from_state, state, body, payload, outcome, fingerprint, from_visit, visit, at, correlation, emitted, scope, key, hash, alias_of, rejection, expires_at) SELECT * FROM unnest((SELECT $30::text[]), (SELECT $31::text[]), (SELECT $32::bigint[]), (SELECT $33::text[]), (SELECT $34::text[]), (SELECT $35::text[]), (SELECT $36::bytea[]), (SELECT $37::bytea[]), (SELECT $38::bytea[]), (SELECT $39::bytea[]), (SELECT $40::bigint[]), (SELECT $41::bigint[]), (SELECT $42::bigint[]), (SELECT $43::text[]), (SELECT $44::bigint[]), (SELECT $45::text[]), (SELECT $46::text[]), (SELECT $47::bytea[]), (SELECT $48::bigint[]), (SELECT $49::bytea[]), (SELECT $50::bigint[])) WHERE (SELECT ok FROM accounts_written) RETURNING 1),
entries_written AS (
                INSERT INTO "idem_entries" (account, delta, kind, hold, reserved, scope, key, hash, fingerprint, outcome, machine, id, machine_seq, entry_no, next_account, seq, balance, at, next_seq)
                SELECT e.account, e.delta, e.kind, e.hold, e.reserved, e.scope, e.key, e.hash, e.fingerprint, e.outcome, e.machine, e.id, e.machine_seq, e.entry_no, e.next_account, coalesce(f.seqs[e.place] - e.back, e.seq), f.balances[e.place] - e.below, coalesce(f.ats[e.place], begun.now), coalesce(f.seqs[e.next_place] - e.next_back, e.next_seq)
                FROM begun, accounts_planned f, unnest((SELECT $51::text[]), (SELECT $52::bigint[]), (SELECT $53::text[]), (SELECT $54::bigint[]), (SELECT $55::bigint[]), (SELECT $56::bigint[]), (SELECT $57::text[]), (SELECT $58::bigint[]), (SELECT $59::text[]), (SELECT $60::text[]), (SELECT $61::bytea[]), (SELECT $62::bytea[]), (SELECT $63::bytea[]), (SELECT $64::text[]), (SELECT $65::text[]), (SELECT $66::bigint[]), (SELECT $67::bigint[]), (SELECT $68::text[]), (SELECT $69::bigint[]), (SELECT $70::bigint[]), (SELECT $71::bigint[]), (SELECT $72::bigint[])) AS e (account, delta, kind, place, back, below, hold, reserved, scope, key, hash, fingerprint, outcome, machine, id, machine_seq, entry_no, next_account, seq, next_place, next_back, next_seq)
                WHERE (SELECT ok FROM accounts_written) RETURNING 1), tails_written AS (
                INSERT INTO "idem_tails" (account, seq, delta)
                SELECT t.* FROM unnest((SELECT $73::text[]), (SELECT $74::bigint[]), (SELECT $75::bigint[])) t WHERE (SELECT ok FROM accounts_written) RETURNING ctid),
outbox_written AS (
                INSERT INTO "idem_outbox" (machine, id, seq, entry_no, number, topic, key, headers, payload, correlation, at) SELECT * FROM unnest((SELECT $76::text[]), (SELECT $77::text[]), (SELECT $78::bigint[]), (SELECT $79::bigint[]), (SELECT $80::bigint[]), (SELECT $81::text[]), (SELECT $82::text[]), (SELECT $83::bytea[]), (SELECT $84::bytea[]), (SELECT $85::text[]), (SELECT $86::bigint[])) WHERE (SELECT ok FROM accounts_written))
SELECT g.ok, (CASE WHEN g.ok AND (SELECT count(*) FROM transitions_written) >= 0 THEN CASE WHEN (extract(epoch FROM clock_timestamp()) * 1000000)::bigint > b.until THEN 'idem: the time is up' ELSE (b.now)::text END ELSE (b.now)::text END)::bigint, (SELECT balances FROM accounts_planned), (SELECT seqs FROM accounts_planned), (SELECT ats FROM accounts_planned) FROM accounts_written g CROSS JOIN begun b

-- write: a tally near the edge, in a group
WITH begun AS MATERIALIZED (
    SELECT set_config('lock_timeout', $1::text, true) IS NOT NULL AS ok, coalesce($2::bigint, (extract(epoch FROM statement_timestamp()) * 1000000)::bigint) AS now,
        $3::bigint AS until),
accounts_locked AS MATERIALIZED (
                SELECT d.place, d.name, a.account IS NOT NULL AS found, coalesce(a.seq, 0) + d.entries AS seq,
                    coalesce(a.held, 0) + d.reserved AS held,
                    CASE WHEN d.entries > 0 THEN greatest(a.at, (SELECT now FROM begun)) ELSE coalesce(a.at, 0) END AS at,
                    CASE WHEN a.closed_at IS NULL AND coalesce(a.tally, false) = (d.tallied IS NOT NULL)
                        AND coalesce(a.balance = d.tallied, true) AND a.unit IS NOT DISTINCT FROM d.unit
                        AND coalesce(a.seq, 0) = coalesce(d.expected, a.seq, 0)
                        AND coalesce(a.balance - a.held, 0) + d.lowest
                            >= coalesce(a.floor, a.balance - a.held + d.lowest, d.lowest)
                        AND coalesce(a.balance, 0) + d.highest <= coalesce(a.ceiling, a.balance + d.highest, d.highest)
                        THEN coalesce(a.balance, 0) + d.delta END AS balance
                FROM unnest((SELECT $4::text[]), (SELECT $5::bigint[]), (SELECT $6::bigint[]), (SELECT $7::bigint[]), (SELECT $8::bigint[]), (SELECT $9::bigint[]), (SELECT $10::bigint[]), (SELECT $11::text[]), (SELECT $12::bigint[])) WITH ORDINALITY AS d (name, delta, reserved, lowest, highest, entries, expected, unit, tallied, place)
                LEFT JOIN LATERAL (
                    SELECT * FROM "idem_accounts" WHERE account = d.name LIMIT 1 FOR NO KEY UPDATE SKIP LOCKED
                ) a ON true
                WHERE (SELECT ok FROM begun)),
            accounts_planned AS MATERIALIZED (
                SELECT array_agg(balance) AS balances, array_agg(seq) AS seqs, array_agg(at) AS ats
                FROM (SELECT * FROM accounts_locked ORDER BY place) l),
            accounts_busy AS MATERIALIZED (
                SELECT l.name FROM accounts_locked l
                CROSS JOIN LATERAL (SELECT 1 FROM "idem_accounts" WHERE account = l.name LIMIT 1) there
                WHERE NOT l.found),
            accounts_obtained AS MATERIALIZED (
                SELECT (SELECT ok FROM begun) AND NOT EXISTS (SELECT 1 FROM accounts_busy) AS ok),
accounts_opened AS (
                INSERT INTO "idem_accounts" (account, balance, seq, held, at)
                SELECT name, balance, seq, held, at FROM accounts_locked WHERE NOT found AND (SELECT ok FROM accounts_obtained)
                RETURNING 1),
            accounts_updated AS (
                INSERT INTO "idem_accounts" (account, balance, seq, held, at)
                SELECT name, balance, seq, held, at FROM accounts_locked WHERE found AND (SELECT ok FROM accounts_obtained)
                ON CONFLICT (account) DO UPDATE SET balance = excluded.balance, seq = excluded.seq, held = excluded.held,
                    at = excluded.at
                RETURNING 1),
            accounts_written AS MATERIALIZED (
                SELECT ok AND (SELECT count(*) FROM accounts_opened) >= 0 AND (SELECT count(*) FROM accounts_updated) >= 0 AS ok
                FROM accounts_obtained),
entries_written AS (
                INSERT INTO "idem_entries" (account, delta, kind, scope, key, hash, fingerprint, next_account, seq, balance, at, next_seq)
                SELECT e.account, e.delta, e.kind, e.scope, e.key, e.hash, e.fingerprint, e.next_account, coalesce(f.seqs[e.place] - e.back, e.seq), f.balances[e.place] - e.below, coalesce(f.ats[e.place], begun.now), coalesce(f.seqs[e.next_place] - e.next_back, e.next_seq)
                FROM begun, accounts_planned f, unnest((SELECT $13::text[]), (SELECT $14::bigint[]), (SELECT $15::text[]), (SELECT $16::bigint[]), (SELECT $17::bigint[]), (SELECT $18::bigint[]), (SELECT $19::text[]), (SELECT $20::text[]), (SELECT $21::bytea[]), (SELECT $22::bytea[]), (SELECT $23::text[]), (SELECT $24::bigint[]), (SELECT $25::bigint[]), (SELECT $26::bigint[]), (SELECT $27::bigint[])) AS e (account, delta, kind, place, back, below, scope, key, hash, fingerprint, next_account, seq, next_place, next_back, next_seq)
                WHERE (SELECT ok FROM accounts_written) RETURNING 1), tails_written AS (
                INSERT INTO "idem_tails" (account, seq, delta)
                SELECT t.* FROM unnest((SELECT $28::text[]), (SELECT $29::bigint[]), (SELECT $30::bigint[])) t WHERE (SELECT ok FROM accounts_written) RETURNING ctid)
SELECT g.ok, (CASE WHEN g.ok AND (SELECT count(*) FROM entries_written) >= 0 THEN CASE WHEN (extract(epoch FROM clock_timestamp()) * 1000000)::bigint > b.until THEN 'idem: the time is up' ELSE (b.now)::text END ELSE (b.now)::text END)::bigint, ARRAY(SELECT name FROM accounts_busy), (SELECT balances FROM accounts_planned), (SELECT seqs FROM accounts_planned), (SELECT ats FROM accounts_planned) FROM accounts_written g CROSS JOIN begun b

-- write: everything in a group
WITH begun AS MATERIALIZED (
    SELECT set_config('lock_timeout', $1::text, true) IS NOT NULL AS ok, coalesce($2::bigint, (extract(epoch FROM statement_timestamp()) * 1000000)::bigint) AS now,
        $3::bigint AS until),
tallies_checked AS MATERIALIZED (
                SELECT (SELECT ok FROM begun)
                    AND bool_and(coalesce(a.tally AND a.balance BETWEEN -4611686018427387904 AND 4611686018427387904, false)
                        AND a.unit IS NOT DISTINCT FROM t.unit) AS ok
                FROM unnest((SELECT $4::text[]), (SELECT $5::text[])) AS t (name, unit)
                LEFT JOIN LATERAL (SELECT tally, unit, balance FROM "idem_accounts" WHERE account = t.name LIMIT 1) a ON true),
machines_locked AS MATERIALIZED (
            SELECT w.*, m.version AS found
            FROM unnest((SELECT $6::text[]), (SELECT $7::text[]), (SELECT $8::text[]), (SELECT $9::bytea[]), (SELECT $10::bytea[]), (SELECT $11::bigint[]), (SELECT $12::bigint[]), (SELECT $13::bigint[]), (SELECT $14::bigint[]), (SELECT $15::bigint[])) WITH ORDINALITY AS w (machine, id, state, body, last_by_command, expected, version, visit, entered_at, emitted, place)
            LEFT JOIN LATERAL (
                SELECT version FROM "idem_machines" WHERE machine = w.machine AND id = w.id LIMIT 1 FOR NO KEY UPDATE SKIP LOCKED
            ) m ON true
            WHERE (SELECT ok FROM tallies_checked)),
        machines_checked AS MATERIALIZED (
            SELECT (SELECT ok FROM tallies_checked) AND coalesce(bool_and(coalesce(found, 0) = expected), true) AS ok
            FROM machines_locked),
accounts_locked AS MATERIALIZED (
                SELECT d.place, d.name, a.account IS NOT NULL AS found, coalesce(a.seq, 0) + d.entries AS seq,
                    coalesce(a.held, 0) + d.reserved AS held,
                    CASE WHEN d.entries > 0 THEN greatest(a.at, (SELECT now FROM begun)) ELSE coalesce(a.at, 0) END AS at,
                    CASE WHEN NOT coalesce(a.tally OR a.closed_at IS NOT NULL, false) AND a.unit IS NOT DISTINCT FROM d.unit
                        AND coalesce(a.seq, 0) = coalesce(d.expected, a.seq, 0)
                        AND coalesce(a.balance - a.held, 0) + d.lowest
                            >= coalesce(a.floor, a.balance - a.held + d.lowest, d.lowest)
                        AND coalesce(a.balance, 0) + d.highest <= coalesce(a.ceiling, a.balance + d.highest, d.highest)
                        THEN coalesce(a.balance, 0) + d.delta END AS balance
                FROM unnest((SELECT $16::text[]), (SELECT $17::bigint[]), (SELECT $18::bigint[]), (SELECT $19::bigint[]), (SELECT $20::bigint[]), (SELECT $21::bigint[]), (SELECT $22::bigint[]), (SELECT $23::text[])) WITH ORDINALITY AS d (name, delta, reserved, lowest, highest, entries, expected, unit, place)
                LEFT JOIN LATERAL (
                    SELECT * FROM "idem_accounts" WHERE account = d.name LIMIT 1 FOR NO KEY UPDATE SKIP LOCKED
                ) a ON true
                WHERE (SELECT ok FROM machines_checked)),
            accounts_planned AS MATERIALIZED (
                SELECT array_agg(balance) AS balances, array_agg(seq) AS seqs, array_agg(at) AS ats
                FROM (SELECT * FROM accounts_locked ORDER BY place) l),
            accounts_busy AS MATERIALIZED (
                SELECT l.name FROM accounts_locked l
                CROSS JOIN LATERAL (SELECT 1 FROM "idem_accounts" WHERE account = l.name LIMIT 1) there
                WHERE NOT l.found),
            accounts_obtained AS MATERIALIZED (
                SELECT (SELECT ok FROM machines_checked) AND NOT EXISTS (SELECT 1 FROM accounts_busy) AS ok),
machines_opened AS (
            INSERT INTO "idem_machines" (machine, id, state, body, last_by_command, version, visit, entered_at, emitted)
            SELECT machine, id, state, body, last_by_command, version, visit, entered_at, emitted FROM machines_locked WHERE expected = 0 AND (SELECT ok FROM accounts_obtained)
            RETURNING ctid),
        all_machines_opened AS MATERIALIZED (
            SELECT g.ok AND (SELECT count(*) FROM machines_opened)
                = (SELECT count(*) FROM machines_locked WHERE expected = 0) AS ok FROM accounts_obtained g),
        machines_updated AS (
            INSERT INTO "idem_machines" (machine, id, state, body, last_by_command, version, visit, entered_at, emitted)
            SELECT machine, id, state, body, last_by_command, version, visit, entered_at, emitted FROM machines_locked WHERE expected > 0 AND (SELECT ok FROM all_machines_opened)
            ON CONFLICT (machine, id) DO UPDATE SET state = excluded.state, body = excluded.body, last_by_command = excluded.last_by_command, version = excluded.version, visit = excluded.visit, entered_at = excluded.entered_at, emitted = excluded.emitted
            RETURNING 1),
        machines_written AS MATERIALIZED (
            SELECT ok AND (SELECT count(*) FROM machines_updated) >= 0 AS ok FROM all_machines_opened),
accounts_opened AS (
                INSERT INTO "idem_accounts" (account, balance, seq, held, at)
                SELECT name, balance, seq, held, at FROM accounts_locked WHERE NOT found AND (SELECT ok FROM machines_written)
                RETURNING 1),
            accounts_updated AS (
                INSERT INTO "idem_accounts" (account, balance, seq, held, at)
                SELECT name, balance, seq, held, at FROM accounts_locked WHERE found AND (SELECT ok FROM machines_written)
                ON CONFLICT (account) DO UPDATE SET balance = excluded.balance, seq = excluded.seq, held = excluded.held,
                    at = excluded.at
                RETURNING 1),
            accounts_written AS MATERIALIZED (
                SELECT ok AND (SELECT count(*) FROM accounts_opened) >= 0 AND (SELECT count(*) FROM accounts_updated) >= 0 AS ok
                FROM machines_written),
holds_locked AS MATERIALIZED (
                SELECT w.*, CASE WHEN h.remaining IS NOT DISTINCT FROM w.expected THEN w.remaining END AS rest
                FROM unnest((SELECT $24::text[]), (SELECT $25::text[]), (SELECT $26::bigint[]), (SELECT $27::bigint[]), (SELECT $28::bigint[]), (SELECT $29::bigint[])) AS w (hold, account, amount, expected, remaining, expires_at)
                LEFT JOIN LATERAL (SELECT remaining FROM "idem_holds" WHERE hold = w.hold LIMIT 1 FOR NO KEY UPDATE) h ON true
                WHERE (SELECT ok FROM accounts_written)),
            holds_opened AS (
                INSERT INTO "idem_holds" (hold, account, amount, expires_at, remaining)
                SELECT hold, account, amount, expires_at, rest FROM holds_locked WHERE expected IS NULL),
            holds_updated AS (
                INSERT INTO "idem_holds" (hold, account, amount, expires_at, remaining)
                SELECT hold, account, amount, expires_at, rest FROM holds_locked WHERE expected IS NOT NULL
                ON CONFLICT (hold) DO UPDATE SET remaining = excluded.remaining),
transitions_written AS (
                INSERT INTO "idem_transitions" (machine, id, seq, command, from_state, state, body, payload, outcome, fingerprint, from_visit, visit, at, correlation, emitted, scope, key, hash, alias_of, rejection, expires_at) SELECT * FROM unnest((SELECT $30::text[]), (SELECT $31::text[]), (SELECT $32::bigint[]), (SELECT $33::text[]), (SELECT $34::text[]), (SELECT $35::text[]), (SELECT $36::bytea[]), (SELECT $37::bytea[]), (SELECT $38::bytea[]), (SELECT $39::bytea[]), (SELECT $40::bigint[]), (SELECT $41::bigint[]), (SELECT $42::bigint[]), (SELECT $43::text[]), (SELECT $44::bigint[]), (SELECT $45::text[]), (SELECT $46::text[]), (SELECT $47::bytea[]), (SELECT $48::bigint[]), (SELECT $49::bytea[]), (SELECT $50::bigint[])) WHERE (SELECT ok FROM accounts_written) RETURNING 1),
entries_written AS (
                INSERT INTO "idem_entries" (account, delta, kind, hold, reserved, scope, key, hash, fingerprint, outcome, machine, id, machine_seq, entry_no, next_account, seq, balance, at, next_seq)
                SELECT e.account, e.delta, e.kind, e.hold, e.reserved, e.scope, e.key, e.hash, e.fingerprint, e.outcome, e.machine, e.id, e.machine_seq, e.entry_no, e.next_account, coalesce(f.seqs[e.place] - e.back, e.seq), f.balances[e.place] - e.below, coalesce(f.ats[e.place], begun.now), coalesce(f.seqs[e.next_place] - e.next_back, e.next_seq)
                FROM begun, accounts_planned f, unnest((SELECT $51::text[]), (SELECT $52::bigint[]), (SELECT $53::text[]), (SELECT $54::bigint[]), (SELECT $55::bigint[]), (SELECT $56::bigint[]), (SELECT $57::text[]), (SELECT $58::bigint[]), (SELECT $59::text[]), (SELECT $60::text[]), (SELECT $61::bytea[]), (SELECT $62::bytea[]), (SELECT $63::bytea[]), (SELECT $64::text[]), (SELECT $65::text[]), (SELECT $66::bigint[]), (SELECT $67::bigint[]), (SELECT $68::text[]), (SELECT $69::bigint[]), (SELECT $70::bigint[]), (SELECT $71::bigint[]), (SELECT $72::bigint[])) AS e (account, delta, kind, place, back, below, hold, reserved, scope, key, hash, fingerprint, outcome, machine, id, machine_seq, entry_no, next_account, seq, next_place, next_back, next_seq)
                WHERE (SELECT ok FROM accounts_written) RETURNING 1), tails_written AS (
                INSERT INTO "idem_tails" (account, seq, delta)
                SELECT t.* FROM unnest((SELECT $73::text[]), (SELECT $74::bigint[]), (SELECT $75::bigint[])) t WHERE (SELECT ok FROM accounts_written) RETURNING ctid),
outbox_written AS (
                INSERT INTO "idem_outbox" (machine, id, seq, entry_no, number, topic, key, headers, payload, correlation, at) SELECT * FROM unnest((SELECT $76::text[]), (SELECT $77::text[]), (SELECT $78::bigint[]), (SELECT $79::bigint[]), (SELECT $80::bigint[]), (SELECT $81::text[]), (SELECT $82::text[]), (SELECT $83::bytea[]), (SELECT $84::bytea[]), (SELECT $85::text[]), (SELECT $86::bigint[])) WHERE (SELECT ok FROM accounts_written))
SELECT g.ok, (CASE WHEN g.ok AND (SELECT count(*) FROM transitions_written) >= 0 THEN CASE WHEN (extract(epoch FROM clock_timestamp()) * 1000000)::bigint > b.until THEN 'idem: the time is up' ELSE (b.now)::text END ELSE (b.now)::text END)::bigint, ARRAY(SELECT place FROM machines_locked WHERE coalesce(found, 0) <> expected), ARRAY(SELECT name FROM accounts_busy), (SELECT balances FROM accounts_planned), (SELECT seqs FROM accounts_planned), (SELECT ats FROM accounts_planned) FROM accounts_written g CROSS JOIN begun b

-- write: a tally near the edge, joined
WITH begun AS MATERIALIZED (SELECT (CASE WHEN current_setting('idem.transaction', true) = 'open' THEN 'true' ELSE 'idem: the transaction has ended' END)::boolean AS ok, $1::bigint AS now),
accounts_locked AS MATERIALIZED (
                SELECT d.place, d.name, a.account IS NOT NULL AS found, coalesce(a.seq, 0) + d.entries AS seq,
                    coalesce(a.held, 0) + d.reserved AS held,
                    CASE WHEN d.entries > 0 THEN greatest(a.at, (SELECT now FROM begun)) ELSE coalesce(a.at, 0) END AS at,
                    CASE WHEN a.closed_at IS NULL AND coalesce(a.tally, false) = (d.tallied IS NOT NULL)
                        AND coalesce(a.balance = d.tallied, true) AND a.unit IS NOT DISTINCT FROM d.unit
                        AND coalesce(a.seq, 0) = coalesce(d.expected, a.seq, 0)
                        AND coalesce(a.balance - a.held, 0) + d.lowest
                            >= coalesce(a.floor, a.balance - a.held + d.lowest, d.lowest)
                        AND coalesce(a.balance, 0) + d.highest <= coalesce(a.ceiling, a.balance + d.highest, d.highest)
                        THEN coalesce(a.balance, 0) + d.delta END AS balance
                FROM unnest((SELECT $2::text[]), (SELECT $3::bigint[]), (SELECT $4::bigint[]), (SELECT $5::bigint[]), (SELECT $6::bigint[]), (SELECT $7::bigint[]), (SELECT $8::bigint[]), (SELECT $9::text[]), (SELECT $10::bigint[])) WITH ORDINALITY AS d (name, delta, reserved, lowest, highest, entries, expected, unit, tallied, place)
                LEFT JOIN LATERAL (
                    SELECT * FROM "idem_accounts" WHERE account = d.name LIMIT 1 FOR NO KEY UPDATE
                ) a ON true
                WHERE (SELECT ok FROM begun)),
            accounts_planned AS MATERIALIZED (
                SELECT array_agg(balance) AS balances, array_agg(seq) AS seqs, array_agg(at) AS ats
                FROM (SELECT * FROM accounts_locked ORDER BY place) l),
entries_written AS (
                INSERT INTO "idem_entries" (account, delta, kind, scope, key, hash, fingerprint, next_account, seq, balance, at, next_seq)
                SELECT e.account, e.delta, e.kind, e.scope, e.key, e.hash, e.fingerprint, e.next_account, coalesce(f.seqs[e.place] - e.back, e.seq), f.balances[e.place] - e.below, coalesce(f.ats[e.place], begun.now), coalesce(f.seqs[e.next_place] - e.next_back, e.next_seq)
                FROM begun, accounts_planned f, unnest((SELECT $11::text[]), (SELECT $12::bigint[]), (SELECT $13::text[]), (SELECT $14::bigint[]), (SELECT $15::bigint[]), (SELECT $16::bigint[]), (SELECT $17::text[]), (SELECT $18::text[]), (SELECT $19::bytea[]), (SELECT $20::bytea[]), (SELECT $21::text[]), (SELECT $22::bigint[]), (SELECT $23::bigint[]), (SELECT $24::bigint[]), (SELECT $25::bigint[])) AS e (account, delta, kind, place, back, below, scope, key, hash, fingerprint, next_account, seq, next_place, next_back, next_seq)
                WHERE (SELECT ok FROM begun) ON CONFLICT DO NOTHING RETURNING ctid),
            all_entries_written AS MATERIALIZED (SELECT ok AND (SELECT count(*) FROM entries_written) = cardinality($11::text[]) AS ok FROM begun), tails_written AS (
                INSERT INTO "idem_tails" (account, seq, delta)
                SELECT t.* FROM unnest((SELECT $26::text[]), (SELECT $27::bigint[]), (SELECT $28::bigint[])) t WHERE (SELECT ok FROM all_entries_written) RETURNING ctid),
accounts_opened AS (
                INSERT INTO "idem_accounts" (account, balance, seq, held, at)
                SELECT name, balance, seq, held, at FROM accounts_locked WHERE NOT found AND (SELECT ok FROM all_entries_written)
                RETURNING 1),
            accounts_updated AS (
                INSERT INTO "idem_accounts" (account, balance, seq, held, at)
                SELECT name, balance, seq, held, at FROM accounts_locked WHERE found AND (SELECT ok FROM all_entries_written)
                ON CONFLICT (account) DO UPDATE SET balance = excluded.balance, seq = excluded.seq, held = excluded.held,
                    at = excluded.at
                RETURNING 1),
            accounts_written AS MATERIALIZED (
                SELECT ok AND (SELECT count(*) FROM accounts_opened) >= 0 AND (SELECT count(*) FROM accounts_updated) >= 0 AS ok
                FROM all_entries_written)
SELECT ok, ARRAY(SELECT ctid::text FROM entries_written), ARRAY(SELECT ctid::text FROM tails_written) FROM accounts_written

-- write: everything joined
WITH begun AS MATERIALIZED (SELECT (CASE WHEN current_setting('idem.transaction', true) = 'open' THEN 'true' ELSE 'idem: the transaction has ended' END)::boolean AS ok, $1::bigint AS now),
tallies_checked AS MATERIALIZED (
                SELECT (SELECT ok FROM begun)
                    AND bool_and(coalesce(a.tally AND a.balance BETWEEN -4611686018427387904 AND 4611686018427387904, false)
                        AND a.unit IS NOT DISTINCT FROM t.unit) AS ok
                FROM unnest((SELECT $2::text[]), (SELECT $3::text[])) AS t (name, unit)
                LEFT JOIN LATERAL (SELECT tally, unit, balance FROM "idem_accounts" WHERE account = t.name LIMIT 1) a ON true),
machines_locked AS MATERIALIZED (
            SELECT w.*, m.version AS found
            FROM unnest((SELECT $4::text[]), (SELECT $5::text[]), (SELECT $6::text[]), (SELECT $7::bytea[]), (SELECT $8::bytea[]), (SELECT $9::bigint[]), (SELECT $10::bigint[]), (SELECT $11::bigint[]), (SELECT $12::bigint[]), (SELECT $13::bigint[])) WITH ORDINALITY AS w (machine, id, state, body, last_by_command, expected, version, visit, entered_at, emitted, place)
            LEFT JOIN LATERAL (
                SELECT version FROM "idem_machines" WHERE machine = w.machine AND id = w.id LIMIT 1 FOR NO KEY UPDATE
            ) m ON true
            WHERE (SELECT ok FROM tallies_checked)),
        machines_checked AS MATERIALIZED (
            SELECT (SELECT ok FROM tallies_checked) AND coalesce(bool_and(coalesce(found, 0) = expected), true) AS ok
            FROM machines_locked),
        machines_opened AS (
            INSERT INTO "idem_machines" (machine, id, state, body, last_by_command, version, visit, entered_at, emitted)
            SELECT machine, id, state, body, last_by_command, version, visit, entered_at, emitted FROM machines_locked WHERE expected = 0 AND (SELECT ok FROM machines_checked)
            ON CONFLICT (machine, id) DO NOTHING
            RETURNING ctid),
        all_machines_opened AS MATERIALIZED (
            SELECT g.ok AND (SELECT count(*) FROM machines_opened)
                = (SELECT count(*) FROM machines_locked WHERE expected = 0) AS ok FROM machines_checked g),
accounts_locked AS MATERIALIZED (
                SELECT d.place, d.name, a.account IS NOT NULL AS found, coalesce(a.seq, 0) + d.entries AS seq,
                    coalesce(a.held, 0) + d.reserved AS held,
                    CASE WHEN d.entries > 0 THEN greatest(a.at, (SELECT now FROM begun)) ELSE coalesce(a.at, 0) END AS at,
                    CASE WHEN NOT coalesce(a.tally OR a.closed_at IS NOT NULL, false) AND a.unit IS NOT DISTINCT FROM d.unit
                        AND coalesce(a.seq, 0) = coalesce(d.expected, a.seq, 0)
                        AND coalesce(a.balance - a.held, 0) + d.lowest
                            >= coalesce(a.floor, a.balance - a.held + d.lowest, d.lowest)
                        AND coalesce(a.balance, 0) + d.highest <= coalesce(a.ceiling, a.balance + d.highest, d.highest)
                        THEN coalesce(a.balance, 0) + d.delta END AS balance
                FROM unnest((SELECT $14::text[]), (SELECT $15::bigint[]), (SELECT $16::bigint[]), (SELECT $17::bigint[]), (SELECT $18::bigint[]), (SELECT $19::bigint[]), (SELECT $20::bigint[]), (SELECT $21::text[])) WITH ORDINALITY AS d (name, delta, reserved, lowest, highest, entries, expected, unit, place)
                LEFT JOIN LATERAL (
                    SELECT * FROM "idem_accounts" WHERE account = d.name LIMIT 1 FOR NO KEY UPDATE
                ) a ON true
                WHERE (SELECT ok FROM all_machines_opened)),
            accounts_planned AS MATERIALIZED (
                SELECT array_agg(balance) AS balances, array_agg(seq) AS seqs, array_agg(at) AS ats
                FROM (SELECT * FROM accounts_locked ORDER BY place) l),
transitions_written AS (
                INSERT INTO "idem_transitions" (machine, id, seq, command, from_state, state, body, payload, outcome, fingerprint, from_visit, visit, at, correlation, emitted, scope, key, hash, alias_of, rejection, expires_at) SELECT * FROM unnest((SELECT $22::text[]), (SELECT $23::text[]), (SELECT $24::bigint[]), (SELECT $25::text[]), (SELECT $26::text[]), (SELECT $27::text[]), (SELECT $28::bytea[]), (SELECT $29::bytea[]), (SELECT $30::bytea[]), (SELECT $31::bytea[]), (SELECT $32::bigint[]), (SELECT $33::bigint[]), (SELECT $34::bigint[]), (SELECT $35::text[]), (SELECT $36::bigint[]), (SELECT $37::text[]), (SELECT $38::text[]), (SELECT $39::bytea[]), (SELECT $40::bigint[]), (SELECT $41::bytea[]), (SELECT $42::bigint[])) WHERE (SELECT ok FROM all_machines_opened) ON CONFLICT DO NOTHING RETURNING ctid),
            all_transitions_written AS MATERIALIZED (SELECT ok AND (SELECT count(*) FROM transitions_written) = cardinality($22::text[]) AS ok FROM all_machines_opened),
entries_written AS (
                INSERT INTO "idem_entries" (account, delta, kind, hold, reserved, scope, key, hash, fingerprint, outcome, machine, id, machine_seq, entry_no, next_account, seq, balance, at, next_seq)
                SELECT e.account, e.delta, e.kind, e.hold, e.reserved, e.scope, e.key, e.hash, e.fingerprint, e.outcome, e.machine, e.id, e.machine_seq, e.entry_no, e.next_account, coalesce(f.seqs[e.place] - e.back, e.seq), f.balances[e.place] - e.below, coalesce(f.ats[e.place], begun.now), coalesce(f.seqs[e.next_place] - e.next_back, e.next_seq)
                FROM begun, accounts_planned f, unnest((SELECT $43::text[]), (SELECT $44::bigint[]), (SELECT $45::text[]), (SELECT $46::bigint[]), (SELECT $47::bigint[]), (SELECT $48::bigint[]), (SELECT $49::text[]), (SELECT $50::bigint[]), (SELECT $51::text[]), (SELECT $52::text[]), (SELECT $53::bytea[]), (SELECT $54::bytea[]), (SELECT $55::bytea[]), (SELECT $56::text[]), (SELECT $57::text[]), (SELECT $58::bigint[]), (SELECT $59::bigint[]), (SELECT $60::text[]), (SELECT $61::bigint[]), (SELECT $62::bigint[]), (SELECT $63::bigint[]), (SELECT $64::bigint[])) AS e (account, delta, kind, place, back, below, hold, reserved, scope, key, hash, fingerprint, outcome, machine, id, machine_seq, entry_no, next_account, seq, next_place, next_back, next_seq)
                WHERE (SELECT ok FROM all_transitions_written) ON CONFLICT DO NOTHING RETURNING ctid),
            all_entries_written AS MATERIALIZED (SELECT ok AND (SELECT count(*) FROM entries_written) = cardinality($43::text[]) AS ok FROM all_transitions_written), tails_written AS (
                INSERT INTO "idem_tails" (account, seq, delta)
                SELECT t.* FROM unnest((SELECT $65::text[]), (SELECT $66::bigint[]), (SELECT $67::bigint[])) t WHERE (SELECT ok FROM all_entries_written) RETURNING ctid),
machines_updated AS (
            INSERT INTO "idem_machines" (machine, id, state, body, last_by_command, version, visit, entered_at, emitted)
            SELECT machine, id, state, body, last_by_command, version, visit, entered_at, emitted FROM machines_locked WHERE expected > 0 AND (SELECT ok FROM all_entries_written)
            ON CONFLICT (machine, id) DO UPDATE SET state = excluded.state, body = excluded.body, last_by_command = excluded.last_by_command, version = excluded.version, visit = excluded.visit, entered_at = excluded.entered_at, emitted = excluded.emitted
            RETURNING 1),
        machines_written AS MATERIALIZED (
            SELECT ok AND (SELECT count(*) FROM machines_updated) >= 0 AS ok FROM all_entries_written),
accounts_opened AS (
                INSERT INTO "idem_accounts" (account, balance, seq, held, at)
                SELECT name, balance, seq, held, at FROM accounts_locked WHERE NOT found AND (SELECT ok FROM machines_written)
                RETURNING 1),
            accounts_updated AS (
                INSERT INTO "idem_accounts" (account, balance, seq, held, at)
                SELECT name, balance, seq, held, at FROM accounts_locked WHERE found AND (SELECT ok FROM machines_written)
                ON CONFLICT (account) DO UPDATE SET balance = excluded.balance, seq = excluded.seq, held = excluded.held,
                    at = excluded.at
                RETURNING 1),
            accounts_written AS MATERIALIZED (
                SELECT ok AND (SELECT count(*) FROM accounts_opened) >= 0 AND (SELECT count(*) FROM accounts_updated) >= 0 AS ok
                FROM machines_written),
holds_locked AS MATERIALIZED (
                SELECT w.*, CASE WHEN h.remaining IS NOT DISTINCT FROM w.expected THEN w.remaining END AS rest
                FROM unnest((SELECT $68::text[]), (SELECT $69::text[]), (SELECT $70::bigint[]), (SELECT $71::bigint[]), (SELECT $72::bigint[]), (SELECT $73::bigint[])) AS w (hold, account, amount, expected, remaining, expires_at)
                LEFT JOIN LATERAL (SELECT remaining FROM "idem_holds" WHERE hold = w.hold LIMIT 1 FOR NO KEY UPDATE) h ON true
                WHERE (SELECT ok FROM accounts_written)),
            holds_opened AS (
                INSERT INTO "idem_holds" (hold, account, amount, expires_at, remaining)
                SELECT hold, account, amount, expires_at, rest FROM holds_locked WHERE expected IS NULL),
            holds_updated AS (
                INSERT INTO "idem_holds" (hold, account, amount, expires_at, remaining)
                SELECT hold, account, amount, expires_at, rest FROM holds_locked WHERE expected IS NOT NULL
                ON CONFLICT (hold) DO UPDATE SET remaining = excluded.remaining),
outbox_written AS (
                INSERT INTO "idem_outbox" (machine, id, seq, entry_no, number, topic, key, headers, payload, correlation, at) SELECT * FROM unnest((SELECT $74::text[]), (SELECT $75::text[]), (SELECT $76::bigint[]), (SELECT $77::bigint[]), (SELECT $78::bigint[]), (SELECT $79::text[]), (SELECT $80::text[]), (SELECT $81::bytea[]), (SELECT $82::bytea[]), (SELECT $83::text[]), (SELECT $84::bigint[])) WHERE (SELECT ok FROM accounts_written))
SELECT ok, ARRAY(SELECT ctid::text FROM machines_opened), ARRAY(SELECT ctid::text FROM transitions_written), ARRAY(SELECT ctid::text FROM entries_written), ARRAY(SELECT ctid::text FROM tails_written) FROM accounts_written

-- row
DELETE FROM ONLY "pages" AS t WHERE t."name" = $1::text::text AND t."tenant" = $2::text::bigint AND coalesce(t."version", 0) = $3::bigint AND t."body" IS NOT DISTINCT FROM $4::text::text AND (SELECT 1 FROM ONLY "pages" AS s WHERE s."name" = $1::text::text AND s."tenant" = $2::text::bigint LIMIT 1 OFFSET 1) IS NULL AND pg_typeof((NULL::"pages")."body") = 25::oid AND pg_typeof((NULL::"pages")."name") = 25::oid AND pg_typeof((NULL::"pages")."tenant") = 20::oid AND pg_typeof((NULL::"pages")."version") = 20::oid AND (CASE WHEN current_setting('idem.transaction', true) = 'open' THEN 'true' ELSE 'idem: the transaction has ended' END)::boolean RETURNING CAST(coalesce("version", 0) AS bigint) AS version, (extract(epoch FROM statement_timestamp()) * 1000000)::bigint AS at

-- row
DELETE FROM ONLY "pages" AS t WHERE t."name" = $2::text::text AND t."tenant" = $3::text::bigint AND coalesce(t."version", 0) = $4::bigint AND t."body" IS NOT DISTINCT FROM $5::text::text AND (SELECT 1 FROM ONLY "pages" AS s WHERE s."name" = $2::text::text AND s."tenant" = $3::text::bigint LIMIT 1 OFFSET 1) IS NULL AND pg_typeof((NULL::"pages")."body") = 25::oid AND pg_typeof((NULL::"pages")."name") = 25::oid AND pg_typeof((NULL::"pages")."tenant") = 20::oid AND pg_typeof((NULL::"pages")."version") = 20::oid AND set_config('lock_timeout', $1::text, true) IS NOT NULL RETURNING CAST(coalesce("version", 0) AS bigint) AS version, (extract(epoch FROM statement_timestamp()) * 1000000)::bigint AS at

-- row
DELETE FROM ONLY "pages" AS t WHERE t."name" = $4::text::text AND t."tenant" = $5::text::bigint AND coalesce(t."version", 0) = $6::bigint AND t."body" IS NOT DISTINCT FROM $7::text::text AND (SELECT 1 FROM ONLY "pages" AS s WHERE s."name" = $4::text::text AND s."tenant" = $5::text::bigint LIMIT 1 OFFSET 1) IS NULL AND pg_typeof((NULL::"pages")."body") = 25::oid AND pg_typeof((NULL::"pages")."name") = 25::oid AND pg_typeof((NULL::"pages")."tenant") = 20::oid AND pg_typeof((NULL::"pages")."version") = 20::oid AND (CASE WHEN EXISTS (SELECT 1 FROM "idem_claims" WHERE hash = $2::bytea AND epoch = $3::bigint AND state = 1 AND set_config('lock_timeout', $1::text, true) IS NOT NULL FOR KEY SHARE) THEN 'true' ELSE 'idem: another owner has the claim' END)::boolean RETURNING CAST(coalesce("version", 0) AS bigint) AS version, (extract(epoch FROM statement_timestamp()) * 1000000)::bigint AS at

-- row
INSERT INTO "pages" AS t ("name", "tenant", "body", "version") SELECT $1::text::text, $2::text::bigint, $3::text::text, 1 WHERE pg_typeof((NULL::"pages")."body") = 25::oid AND pg_typeof((NULL::"pages")."name") = 25::oid AND pg_typeof((NULL::"pages")."tenant") = 20::oid AND pg_typeof((NULL::"pages")."version") = 20::oid AND (CASE WHEN current_setting('idem.transaction', true) = 'open' THEN 'true' ELSE 'idem: the transaction has ended' END)::boolean ON CONFLICT ("name", "tenant") DO NOTHING RETURNING CAST(coalesce("version", 0) AS bigint) AS version, (extract(epoch FROM statement_timestamp()) * 1000000)::bigint AS at

-- row
INSERT INTO "pages" AS t ("name", "tenant", "body", "version") SELECT $1::text::text, $2::text::bigint, $3::text::text, 1 WHERE pg_typeof((NULL::"pages")."body") = 25::oid AND pg_typeof((NULL::"pages")."name") = 25::oid AND pg_typeof((NULL::"pages")."tenant") = 20::oid AND pg_typeof((NULL::"pages")."version") = 20::oid AND (CASE WHEN current_setting('idem.transaction', true) = 'open' THEN 'true' ELSE 'idem: the transaction has ended' END)::boolean ON CONFLICT ("name", "tenant") DO UPDATE SET "body" = excluded."body", "version" = coalesce(t."version", 0) + 1 WHERE coalesce(t."version", 0) < 9223372036854775807 RETURNING CAST(coalesce("version", 0) AS bigint) AS version, (extract(epoch FROM statement_timestamp()) * 1000000)::bigint AS at

-- row
INSERT INTO "pages" AS t ("name", "tenant", "body", "version") SELECT $2::text::text, $3::text::bigint, $4::text::text, 1 WHERE pg_typeof((NULL::"pages")."body") = 25::oid AND pg_typeof((NULL::"pages")."name") = 25::oid AND pg_typeof((NULL::"pages")."tenant") = 20::oid AND pg_typeof((NULL::"pages")."version") = 20::oid AND set_config('lock_timeout', $1::text, true) IS NOT NULL ON CONFLICT ("name", "tenant") DO NOTHING RETURNING CAST(coalesce("version", 0) AS bigint) AS version, (extract(epoch FROM statement_timestamp()) * 1000000)::bigint AS at

-- row
INSERT INTO "pages" AS t ("name", "tenant", "body", "version") SELECT $2::text::text, $3::text::bigint, $4::text::text, 1 WHERE pg_typeof((NULL::"pages")."body") = 25::oid AND pg_typeof((NULL::"pages")."name") = 25::oid AND pg_typeof((NULL::"pages")."tenant") = 20::oid AND pg_typeof((NULL::"pages")."version") = 20::oid AND set_config('lock_timeout', $1::text, true) IS NOT NULL ON CONFLICT ("name", "tenant") DO UPDATE SET "body" = excluded."body", "version" = coalesce(t."version", 0) + 1 WHERE coalesce(t."version", 0) < 9223372036854775807 RETURNING CAST(coalesce("version", 0) AS bigint) AS version, (extract(epoch FROM statement_timestamp()) * 1000000)::bigint AS at

-- row
INSERT INTO "pages" AS t ("name", "tenant", "body", "version") SELECT $4::text::text, $5::text::bigint, $6::text::text, 1 WHERE pg_typeof((NULL::"pages")."body") = 25::oid AND pg_typeof((NULL::"pages")."name") = 25::oid AND pg_typeof((NULL::"pages")."tenant") = 20::oid AND pg_typeof((NULL::"pages")."version") = 20::oid AND (CASE WHEN EXISTS (SELECT 1 FROM "idem_claims" WHERE hash = $2::bytea AND epoch = $3::bigint AND state = 1 AND set_config('lock_timeout', $1::text, true) IS NOT NULL FOR KEY SHARE) THEN 'true' ELSE 'idem: another owner has the claim' END)::boolean ON CONFLICT ("name", "tenant") DO NOTHING RETURNING CAST(coalesce("version", 0) AS bigint) AS version, (extract(epoch FROM statement_timestamp()) * 1000000)::bigint AS at

-- row
INSERT INTO "pages" AS t ("name", "tenant", "body", "version") SELECT $4::text::text, $5::text::bigint, $6::text::text, 1 WHERE pg_typeof((NULL::"pages")."body") = 25::oid AND pg_typeof((NULL::"pages")."name") = 25::oid AND pg_typeof((NULL::"pages")."tenant") = 20::oid AND pg_typeof((NULL::"pages")."version") = 20::oid AND (CASE WHEN EXISTS (SELECT 1 FROM "idem_claims" WHERE hash = $2::bytea AND epoch = $3::bigint AND state = 1 AND set_config('lock_timeout', $1::text, true) IS NOT NULL FOR KEY SHARE) THEN 'true' ELSE 'idem: another owner has the claim' END)::boolean ON CONFLICT ("name", "tenant") DO UPDATE SET "body" = excluded."body", "version" = coalesce(t."version", 0) + 1 WHERE coalesce(t."version", 0) < 9223372036854775807 RETURNING CAST(coalesce("version", 0) AS bigint) AS version, (extract(epoch FROM statement_timestamp()) * 1000000)::bigint AS at

-- row
SELECT (extract(epoch FROM statement_timestamp()) * 1000000)::bigint, ((SELECT c.relkind NOT IN ('p', 'v', 'f') FROM pg_class c WHERE c.oid = '"pages"'::regclass) AND pg_typeof((NULL::"pages")."body") = 25::oid AND pg_typeof((NULL::"pages")."name") = 25::oid AND pg_typeof((NULL::"pages")."tenant") = 20::oid AND pg_typeof((NULL::"pages")."version") = 20::oid)::integer::bigint AS described, k.fingerprint, k.id, k.seq, k.at, k.expires_at, r.* FROM (SELECT 1) AS one LEFT JOIN "idem_claims" k ON k.hash = $1::bytea LEFT JOIN (SELECT CAST(1 AS bigint) AS there, CAST(t."version" AS bigint) AS version, CAST(NULL AS text) AS stamp FROM ONLY "pages" AS t WHERE t."name" = $2::text::text AND t."tenant" = $3::text::bigint LIMIT 2) r ON true

-- row
SELECT (extract(epoch FROM statement_timestamp()) * 1000000)::bigint, ((SELECT c.relkind NOT IN ('p', 'v', 'f') FROM pg_class c WHERE c.oid = '"pages"'::regclass) AND pg_typeof((NULL::"pages")."body") = 25::oid AND pg_typeof((NULL::"pages")."name") = 25::oid AND pg_typeof((NULL::"pages")."tenant") = 20::oid AND pg_typeof((NULL::"pages")."version") = 20::oid)::integer::bigint AS described, k.fingerprint, k.id, k.seq, k.at, k.expires_at, r.* FROM (SELECT 1) AS one LEFT JOIN "idem_claims" k ON k.hash = $1::bytea LEFT JOIN (SELECT CAST(1 AS bigint) AS there, CAST(t."version" AS bigint) AS version, CAST(NULL AS text) AS stamp FROM ONLY "pages" AS t WHERE t."name" = $2::text::text AND t."tenant" = $3::text::bigint LIMIT 2) r ON true

-- row
SELECT (extract(epoch FROM statement_timestamp()) * 1000000)::bigint, ((SELECT c.relkind NOT IN ('p', 'v', 'f') FROM pg_class c WHERE c.oid = '"pages"'::regclass) AND pg_typeof((NULL::"pages")."body") = 25::oid AND pg_typeof((NULL::"pages")."name") = 25::oid AND pg_typeof((NULL::"pages")."tenant") = 20::oid AND pg_typeof((NULL::"pages")."version") = 20::oid)::integer::bigint AS described, k.fingerprint, k.id, k.seq, k.at, k.expires_at, r.* FROM (SELECT 1) AS one LEFT JOIN "idem_claims" k ON k.hash = $1::bytea LEFT JOIN (SELECT CAST(1 AS bigint) AS there, CAST(t."version" AS bigint) AS version, CAST(NULL AS text) AS stamp FROM ONLY "pages" AS t WHERE t."name" = $2::text::text AND t."tenant" = $3::text::bigint LIMIT 2) r ON true

-- row
SELECT (extract(epoch FROM statement_timestamp()) * 1000000)::bigint, ((SELECT c.relkind NOT IN ('p', 'v', 'f') FROM pg_class c WHERE c.oid = '"pages"'::regclass) AND pg_typeof((NULL::"pages")."body") = 25::oid AND pg_typeof((NULL::"pages")."name") = 25::oid AND pg_typeof((NULL::"pages")."tenant") = 20::oid AND pg_typeof((NULL::"pages")."version") = 20::oid)::integer::bigint AS described, k.fingerprint, k.id, k.seq, k.at, k.expires_at, r.* FROM (SELECT 1) AS one LEFT JOIN "idem_claims" k ON k.hash = $1::bytea LEFT JOIN (SELECT CAST(1 AS bigint) AS there, CAST(t."version" AS bigint) AS version, CAST(NULL AS text) AS stamp FROM ONLY "pages" AS t WHERE t."name" = $2::text::text AND t."tenant" = $3::text::bigint LIMIT 2) r ON true

-- row
SELECT (extract(epoch FROM statement_timestamp()) * 1000000)::bigint, ((SELECT c.relkind NOT IN ('p', 'v', 'f') FROM pg_class c WHERE c.oid = '"pages"'::regclass) AND pg_typeof((NULL::"pages")."body") = 25::oid AND pg_typeof((NULL::"pages")."name") = 25::oid AND pg_typeof((NULL::"pages")."tenant") = 20::oid AND pg_typeof((NULL::"pages")."version") = 20::oid)::integer::bigint AS described, k.fingerprint, k.id, k.seq, k.at, k.expires_at, r.* FROM (SELECT 1) AS one LEFT JOIN "idem_claims" k ON k.hash = $1::bytea LEFT JOIN (SELECT CAST(1 AS bigint) AS there, CAST(t."version" AS bigint) AS version, CAST(NULL AS text) AS stamp, (t."body" IS NOT DISTINCT FROM $2::text::text)::integer::bigint AS met_0 FROM ONLY "pages" AS t WHERE t."name" = $3::text::text AND t."tenant" = $4::text::bigint LIMIT 2) r ON true

-- row
SELECT (extract(epoch FROM statement_timestamp()) * 1000000)::bigint, ((SELECT c.relkind NOT IN ('p', 'v', 'f') FROM pg_class c WHERE c.oid = '"pages"'::regclass) AND pg_typeof((NULL::"pages")."body") = 25::oid AND pg_typeof((NULL::"pages")."name") = 25::oid AND pg_typeof((NULL::"pages")."tenant") = 20::oid AND pg_typeof((NULL::"pages")."version") = 20::oid)::integer::bigint AS described, k.fingerprint, k.id, k.seq, k.at, k.expires_at, r.* FROM (SELECT 1) AS one LEFT JOIN "idem_claims" k ON k.hash = $1::bytea LEFT JOIN (SELECT CAST(1 AS bigint) AS there, CAST(t."version" AS bigint) AS version, CAST(NULL AS text) AS stamp, (t."body" IS NOT DISTINCT FROM $2::text::text)::integer::bigint AS met_0 FROM ONLY "pages" AS t WHERE t."name" = $3::text::text AND t."tenant" = $4::text::bigint LIMIT 2) r ON true

-- row
SELECT (extract(epoch FROM statement_timestamp()) * 1000000)::bigint, ((SELECT c.relkind NOT IN ('p', 'v', 'f') FROM pg_class c WHERE c.oid = '"pages"'::regclass) AND pg_typeof((NULL::"pages")."body") = 25::oid AND pg_typeof((NULL::"pages")."name") = 25::oid AND pg_typeof((NULL::"pages")."tenant") = 20::oid AND pg_typeof((NULL::"pages")."version") = 20::oid)::integer::bigint AS described, k.fingerprint, k.id, k.seq, k.at, k.expires_at, r.* FROM (SELECT 1) AS one LEFT JOIN "idem_claims" k ON k.hash = $1::bytea LEFT JOIN (SELECT CAST(1 AS bigint) AS there, CAST(t."version" AS bigint) AS version, CAST(NULL AS text) AS stamp, (t."body" IS NOT DISTINCT FROM $2::text::text)::integer::bigint AS met_0 FROM ONLY "pages" AS t WHERE t."name" = $3::text::text AND t."tenant" = $4::text::bigint LIMIT 2) r ON true

-- row
SELECT (extract(epoch FROM statement_timestamp()) * 1000000)::bigint, ((SELECT c.relkind NOT IN ('p', 'v', 'f') FROM pg_class c WHERE c.oid = '"pages"'::regclass) AND pg_typeof((NULL::"pages")."body") = 25::oid AND pg_typeof((NULL::"pages")."name") = 25::oid AND pg_typeof((NULL::"pages")."tenant") = 20::oid AND pg_typeof((NULL::"pages")."version") = 20::oid)::integer::bigint AS described, k.fingerprint, k.id, k.seq, k.at, k.expires_at, r.* FROM (SELECT 1) AS one LEFT JOIN "idem_claims" k ON k.hash = $1::bytea LEFT JOIN (SELECT CAST(1 AS bigint) AS there, CAST(t."version" AS bigint) AS version, CAST(NULL AS text) AS stamp, (t."body" IS NOT DISTINCT FROM $2::text::text)::integer::bigint AS met_0 FROM ONLY "pages" AS t WHERE t."name" = $3::text::text AND t."tenant" = $4::text::bigint LIMIT 2) r ON true

-- row
UPDATE ONLY "pages" AS t SET "body" = $5::text::text, "version" = coalesce(t."version", 0) + 1 WHERE t."name" = $1::text::text AND t."tenant" = $2::text::bigint AND coalesce(t."version", 0) < 9223372036854775807 AND coalesce(t."version", 0) = $3::bigint AND t."body" IS NOT DISTINCT FROM $4::text::text AND (SELECT 1 FROM ONLY "pages" AS s WHERE s."name" = $1::text::text AND s."tenant" = $2::text::bigint LIMIT 1 OFFSET 1) IS NULL AND pg_typeof((NULL::"pages")."body") = 25::oid AND pg_typeof((NULL::"pages")."name") = 25::oid AND pg_typeof((NULL::"pages")."tenant") = 20::oid AND pg_typeof((NULL::"pages")."version") = 20::oid AND (CASE WHEN current_setting('idem.transaction', true) = 'open' THEN 'true' ELSE 'idem: the transaction has ended' END)::boolean RETURNING CAST(coalesce("version", 0) AS bigint) AS version, (extract(epoch FROM statement_timestamp()) * 1000000)::bigint AS at

-- row
UPDATE ONLY "pages" AS t SET "body" = $6::text::text, "version" = coalesce(t."version", 0) + 1 WHERE t."name" = $2::text::text AND t."tenant" = $3::text::bigint AND coalesce(t."version", 0) < 9223372036854775807 AND coalesce(t."version", 0) = $4::bigint AND t."body" IS NOT DISTINCT FROM $5::text::text AND (SELECT 1 FROM ONLY "pages" AS s WHERE s."name" = $2::text::text AND s."tenant" = $3::text::bigint LIMIT 1 OFFSET 1) IS NULL AND pg_typeof((NULL::"pages")."body") = 25::oid AND pg_typeof((NULL::"pages")."name") = 25::oid AND pg_typeof((NULL::"pages")."tenant") = 20::oid AND pg_typeof((NULL::"pages")."version") = 20::oid AND set_config('lock_timeout', $1::text, true) IS NOT NULL RETURNING CAST(coalesce("version", 0) AS bigint) AS version, (extract(epoch FROM statement_timestamp()) * 1000000)::bigint AS at

-- row
UPDATE ONLY "pages" AS t SET "body" = $8::text::text, "version" = coalesce(t."version", 0) + 1 WHERE t."name" = $4::text::text AND t."tenant" = $5::text::bigint AND coalesce(t."version", 0) < 9223372036854775807 AND coalesce(t."version", 0) = $6::bigint AND t."body" IS NOT DISTINCT FROM $7::text::text AND (SELECT 1 FROM ONLY "pages" AS s WHERE s."name" = $4::text::text AND s."tenant" = $5::text::bigint LIMIT 1 OFFSET 1) IS NULL AND pg_typeof((NULL::"pages")."body") = 25::oid AND pg_typeof((NULL::"pages")."name") = 25::oid AND pg_typeof((NULL::"pages")."tenant") = 20::oid AND pg_typeof((NULL::"pages")."version") = 20::oid AND (CASE WHEN EXISTS (SELECT 1 FROM "idem_claims" WHERE hash = $2::bytea AND epoch = $3::bigint AND state = 1 AND set_config('lock_timeout', $1::text, true) IS NOT NULL FOR KEY SHARE) THEN 'true' ELSE 'idem: another owner has the claim' END)::boolean RETURNING CAST(coalesce("version", 0) AS bigint) AS version, (extract(epoch FROM statement_timestamp()) * 1000000)::bigint AS at

-- row
WITH keys_claimed AS (INSERT INTO "idem_claims" AS k (hash, surface, scope, fingerprint, state, at, expires_at, id, seq) SELECT $3::bytea, '@update', $4::text, $2::bytea, 2, (extract(epoch FROM statement_timestamp()) * 1000000)::bigint, (extract(epoch FROM statement_timestamp()) * 1000000)::bigint + $6::bigint, $5::text, $1::bigint WHERE (CASE WHEN current_setting('idem.transaction', true) = 'open' THEN 'true' ELSE 'idem: the transaction has ended' END)::boolean ON CONFLICT (hash) DO UPDATE SET scope = excluded.scope, at = excluded.at, expires_at = excluded.expires_at, id = excluded.id, seq = excluded.seq, fingerprint = excluded.fingerprint WHERE k.expires_at <= excluded.at RETURNING 1), row_written AS (DELETE FROM ONLY "pages" AS t WHERE t."name" = $7::text::text AND t."tenant" = $8::text::bigint AND coalesce(t."version", 0) = $9::bigint AND t."body" IS NOT DISTINCT FROM $10::text::text AND (SELECT 1 FROM ONLY "pages" AS s WHERE s."name" = $7::text::text AND s."tenant" = $8::text::bigint LIMIT 1 OFFSET 1) IS NULL AND pg_typeof((NULL::"pages")."body") = 25::oid AND pg_typeof((NULL::"pages")."name") = 25::oid AND pg_typeof((NULL::"pages")."tenant") = 20::oid AND pg_typeof((NULL::"pages")."version") = 20::oid AND EXISTS (SELECT 1 FROM keys_claimed) RETURNING CAST(coalesce("version", 0) AS bigint) AS version, (extract(epoch FROM statement_timestamp()) * 1000000)::bigint AS at) SELECT (SELECT max(version) FROM row_written), (extract(epoch FROM statement_timestamp()) * 1000000)::bigint, (SELECT count(*) FROM keys_claimed)

-- row
WITH keys_claimed AS (INSERT INTO "idem_claims" AS k (hash, surface, scope, fingerprint, state, at, expires_at, id, seq) SELECT $3::bytea, '@update', $4::text, $2::bytea, 2, (extract(epoch FROM statement_timestamp()) * 1000000)::bigint, (extract(epoch FROM statement_timestamp()) * 1000000)::bigint + $6::bigint, $5::text, $1::bigint WHERE (CASE WHEN current_setting('idem.transaction', true) = 'open' THEN 'true' ELSE 'idem: the transaction has ended' END)::boolean ON CONFLICT (hash) DO UPDATE SET scope = excluded.scope, at = excluded.at, expires_at = excluded.expires_at, id = excluded.id, seq = excluded.seq, fingerprint = excluded.fingerprint WHERE k.expires_at <= excluded.at RETURNING 1), row_written AS (INSERT INTO "pages" AS t ("name", "tenant", "body", "version") SELECT $7::text::text, $8::text::bigint, $9::text::text, 1 WHERE pg_typeof((NULL::"pages")."body") = 25::oid AND pg_typeof((NULL::"pages")."name") = 25::oid AND pg_typeof((NULL::"pages")."tenant") = 20::oid AND pg_typeof((NULL::"pages")."version") = 20::oid AND EXISTS (SELECT 1 FROM keys_claimed) ON CONFLICT ("name", "tenant") DO NOTHING RETURNING CAST(coalesce("version", 0) AS bigint) AS version, (extract(epoch FROM statement_timestamp()) * 1000000)::bigint AS at) SELECT (SELECT max(version) FROM row_written), (extract(epoch FROM statement_timestamp()) * 1000000)::bigint, (SELECT count(*) FROM keys_claimed)

-- row
WITH keys_claimed AS (INSERT INTO "idem_claims" AS k (hash, surface, scope, fingerprint, state, at, expires_at, id, seq) SELECT $3::bytea, '@update', $4::text, $2::bytea, 2, (extract(epoch FROM statement_timestamp()) * 1000000)::bigint, (extract(epoch FROM statement_timestamp()) * 1000000)::bigint + $6::bigint, $5::text, $1::bigint WHERE (CASE WHEN current_setting('idem.transaction', true) = 'open' THEN 'true' ELSE 'idem: the transaction has ended' END)::boolean ON CONFLICT (hash) DO UPDATE SET scope = excluded.scope, at = excluded.at, expires_at = excluded.expires_at, id = excluded.id, seq = excluded.seq, fingerprint = excluded.fingerprint WHERE k.expires_at <= excluded.at RETURNING 1), row_written AS (INSERT INTO "pages" AS t ("name", "tenant", "body", "version") SELECT $7::text::text, $8::text::bigint, $9::text::text, 1 WHERE pg_typeof((NULL::"pages")."body") = 25::oid AND pg_typeof((NULL::"pages")."name") = 25::oid AND pg_typeof((NULL::"pages")."tenant") = 20::oid AND pg_typeof((NULL::"pages")."version") = 20::oid AND EXISTS (SELECT 1 FROM keys_claimed) ON CONFLICT ("name", "tenant") DO UPDATE SET "body" = excluded."body", "version" = coalesce(t."version", 0) + 1 WHERE coalesce(t."version", 0) < 9223372036854775807 RETURNING CAST(coalesce("version", 0) AS bigint) AS version, (extract(epoch FROM statement_timestamp()) * 1000000)::bigint AS at) SELECT (SELECT max(version) FROM row_written), (extract(epoch FROM statement_timestamp()) * 1000000)::bigint, (SELECT count(*) FROM keys_claimed)

-- row
WITH keys_claimed AS (INSERT INTO "idem_claims" AS k (hash, surface, scope, fingerprint, state, at, expires_at, id, seq) SELECT $3::bytea, '@update', $4::text, $2::bytea, 2, (extract(epoch FROM statement_timestamp()) * 1000000)::bigint, (extract(epoch FROM statement_timestamp()) * 1000000)::bigint + $6::bigint, $5::text, $1::bigint WHERE (CASE WHEN current_setting('idem.transaction', true) = 'open' THEN 'true' ELSE 'idem: the transaction has ended' END)::boolean ON CONFLICT (hash) DO UPDATE SET scope = excluded.scope, at = excluded.at, expires_at = excluded.expires_at, id = excluded.id, seq = excluded.seq, fingerprint = excluded.fingerprint WHERE k.expires_at <= excluded.at RETURNING 1), row_written AS (UPDATE ONLY "pages" AS t SET "body" = $11::text::text, "version" = coalesce(t."version", 0) + 1 WHERE t."name" = $7::text::text AND t."tenant" = $8::text::bigint AND coalesce(t."version", 0) < 9223372036854775807 AND coalesce(t."version", 0) = $9::bigint AND t."body" IS NOT DISTINCT FROM $10::text::text AND (SELECT 1 FROM ONLY "pages" AS s WHERE s."name" = $7::text::text AND s."tenant" = $8::text::bigint LIMIT 1 OFFSET 1) IS NULL AND pg_typeof((NULL::"pages")."body") = 25::oid AND pg_typeof((NULL::"pages")."name") = 25::oid AND pg_typeof((NULL::"pages")."tenant") = 20::oid AND pg_typeof((NULL::"pages")."version") = 20::oid AND EXISTS (SELECT 1 FROM keys_claimed) RETURNING CAST(coalesce("version", 0) AS bigint) AS version, (extract(epoch FROM statement_timestamp()) * 1000000)::bigint AS at) SELECT (SELECT max(version) FROM row_written), (extract(epoch FROM statement_timestamp()) * 1000000)::bigint, (SELECT count(*) FROM keys_claimed)

-- row
WITH row_written AS (DELETE FROM ONLY "pages" AS t WHERE t."name" = $2::text::text AND t."tenant" = $3::text::bigint AND coalesce(t."version", 0) = $4::bigint AND t."body" IS NOT DISTINCT FROM $5::text::text AND (SELECT 1 FROM ONLY "pages" AS s WHERE s."name" = $2::text::text AND s."tenant" = $3::text::bigint LIMIT 1 OFFSET 1) IS NULL AND pg_typeof((NULL::"pages")."body") = 25::oid AND pg_typeof((NULL::"pages")."name") = 25::oid AND pg_typeof((NULL::"pages")."tenant") = 20::oid AND pg_typeof((NULL::"pages")."version") = 20::oid AND set_config('lock_timeout', $1::text, true) IS NOT NULL RETURNING CAST(coalesce("version", 0) AS bigint) AS version, (extract(epoch FROM statement_timestamp()) * 1000000)::bigint AS at), keys_written AS (INSERT INTO "idem_claims" AS k (hash, surface, scope, fingerprint, state, at, expires_at, id, seq) SELECT $7::bytea, '@update', $8::text, $6::bytea, 2, (extract(epoch FROM statement_timestamp()) * 1000000)::bigint, (extract(epoch FROM statement_timestamp()) * 1000000)::bigint + $10::bigint, $9::text, version FROM row_written ON CONFLICT (hash) DO UPDATE SET scope = excluded.scope, at = excluded.at, expires_at = excluded.expires_at, id = excluded.id, seq = excluded.seq, fingerprint = CASE WHEN k.expires_at <= excluded.at THEN excluded.fingerprint END RETURNING 1) SELECT (CASE WHEN true AND (SELECT count(*) FROM keys_written) >= 0 THEN CASE WHEN (extract(epoch FROM clock_timestamp()) * 1000000)::bigint > $11::bigint THEN 'idem: the time is up' ELSE (version)::text END ELSE (version)::text END)::bigint, at FROM row_written

-- row
WITH row_written AS (DELETE FROM ONLY "pages" AS t WHERE t."name" = $4::text::text AND t."tenant" = $5::text::bigint AND coalesce(t."version", 0) = $6::bigint AND t."body" IS NOT DISTINCT FROM $7::text::text AND (SELECT 1 FROM ONLY "pages" AS s WHERE s."name" = $4::text::text AND s."tenant" = $5::text::bigint LIMIT 1 OFFSET 1) IS NULL AND pg_typeof((NULL::"pages")."body") = 25::oid AND pg_typeof((NULL::"pages")."name") = 25::oid AND pg_typeof((NULL::"pages")."tenant") = 20::oid AND pg_typeof((NULL::"pages")."version") = 20::oid AND (CASE WHEN EXISTS (SELECT 1 FROM "idem_claims" WHERE hash = $2::bytea AND epoch = $3::bigint AND state = 1 AND set_config('lock_timeout', $1::text, true) IS NOT NULL FOR KEY SHARE) THEN 'true' ELSE 'idem: another owner has the claim' END)::boolean RETURNING CAST(coalesce("version", 0) AS bigint) AS version, (extract(epoch FROM statement_timestamp()) * 1000000)::bigint AS at), keys_written AS (INSERT INTO "idem_claims" AS k (hash, surface, scope, fingerprint, state, at, expires_at, id, seq) SELECT $9::bytea, '@update', $10::text, $8::bytea, 2, (extract(epoch FROM statement_timestamp()) * 1000000)::bigint, (extract(epoch FROM statement_timestamp()) * 1000000)::bigint + $12::bigint, $11::text, version FROM row_written ON CONFLICT (hash) DO UPDATE SET scope = excluded.scope, at = excluded.at, expires_at = excluded.expires_at, id = excluded.id, seq = excluded.seq, fingerprint = CASE WHEN k.expires_at <= excluded.at THEN excluded.fingerprint END RETURNING 1) SELECT (CASE WHEN true AND (SELECT count(*) FROM keys_written) >= 0 THEN CASE WHEN (extract(epoch FROM clock_timestamp()) * 1000000)::bigint > $13::bigint THEN 'idem: the time is up' ELSE (version)::text END ELSE (version)::text END)::bigint, at FROM row_written

-- row
WITH row_written AS (INSERT INTO "pages" AS t ("name", "tenant", "body", "version") SELECT $2::text::text, $3::text::bigint, $4::text::text, 1 WHERE pg_typeof((NULL::"pages")."body") = 25::oid AND pg_typeof((NULL::"pages")."name") = 25::oid AND pg_typeof((NULL::"pages")."tenant") = 20::oid AND pg_typeof((NULL::"pages")."version") = 20::oid AND set_config('lock_timeout', $1::text, true) IS NOT NULL ON CONFLICT ("name", "tenant") DO NOTHING RETURNING CAST(coalesce("version", 0) AS bigint) AS version, (extract(epoch FROM statement_timestamp()) * 1000000)::bigint AS at), keys_written AS (INSERT INTO "idem_claims" AS k (hash, surface, scope, fingerprint, state, at, expires_at, id, seq) SELECT $6::bytea, '@update', $7::text, $5::bytea, 2, (extract(epoch FROM statement_timestamp()) * 1000000)::bigint, (extract(epoch FROM statement_timestamp()) * 1000000)::bigint + $9::bigint, $8::text, version FROM row_written ON CONFLICT (hash) DO UPDATE SET scope = excluded.scope, at = excluded.at, expires_at = excluded.expires_at, id = excluded.id, seq = excluded.seq, fingerprint = CASE WHEN k.expires_at <= excluded.at THEN excluded.fingerprint END RETURNING 1) SELECT (CASE WHEN true AND (SELECT count(*) FROM keys_written) >= 0 THEN CASE WHEN (extract(epoch FROM clock_timestamp()) * 1000000)::bigint > $10::bigint THEN 'idem: the time is up' ELSE (version)::text END ELSE (version)::text END)::bigint, at FROM row_written

-- row
WITH row_written AS (INSERT INTO "pages" AS t ("name", "tenant", "body", "version") SELECT $2::text::text, $3::text::bigint, $4::text::text, 1 WHERE pg_typeof((NULL::"pages")."body") = 25::oid AND pg_typeof((NULL::"pages")."name") = 25::oid AND pg_typeof((NULL::"pages")."tenant") = 20::oid AND pg_typeof((NULL::"pages")."version") = 20::oid AND set_config('lock_timeout', $1::text, true) IS NOT NULL ON CONFLICT ("name", "tenant") DO UPDATE SET "body" = excluded."body", "version" = coalesce(t."version", 0) + 1 WHERE coalesce(t."version", 0) < 9223372036854775807 RETURNING CAST(coalesce("version", 0) AS bigint) AS version, (extract(epoch FROM statement_timestamp()) * 1000000)::bigint AS at), keys_written AS (INSERT INTO "idem_claims" AS k (hash, surface, scope, fingerprint, state, at, expires_at, id, seq) SELECT $6::bytea, '@update', $7::text, $5::bytea, 2, (extract(epoch FROM statement_timestamp()) * 1000000)::bigint, (extract(epoch FROM statement_timestamp()) * 1000000)::bigint + $9::bigint, $8::text, version FROM row_written ON CONFLICT (hash) DO UPDATE SET scope = excluded.scope, at = excluded.at, expires_at = excluded.expires_at, id = excluded.id, seq = excluded.seq, fingerprint = CASE WHEN k.expires_at <= excluded.at THEN excluded.fingerprint END RETURNING 1) SELECT (CASE WHEN true AND (SELECT count(*) FROM keys_written) >= 0 THEN CASE WHEN (extract(epoch FROM clock_timestamp()) * 1000000)::bigint > $10::bigint THEN 'idem: the time is up' ELSE (version)::text END ELSE (version)::text END)::bigint, at FROM row_written

-- row
WITH row_written AS (INSERT INTO "pages" AS t ("name", "tenant", "body", "version") SELECT $4::text::text, $5::text::bigint, $6::text::text, 1 WHERE pg_typeof((NULL::"pages")."body") = 25::oid AND pg_typeof((NULL::"pages")."name") = 25::oid AND pg_typeof((NULL::"pages")."tenant") = 20::oid AND pg_typeof((NULL::"pages")."version") = 20::oid AND (CASE WHEN EXISTS (SELECT 1 FROM "idem_claims" WHERE hash = $2::bytea AND epoch = $3::bigint AND state = 1 AND set_config('lock_timeout', $1::text, true) IS NOT NULL FOR KEY SHARE) THEN 'true' ELSE 'idem: another owner has the claim' END)::boolean ON CONFLICT ("name", "tenant") DO NOTHING RETURNING CAST(coalesce("version", 0) AS bigint) AS version, (extract(epoch FROM statement_timestamp()) * 1000000)::bigint AS at), keys_written AS (INSERT INTO "idem_claims" AS k (hash, surface, scope, fingerprint, state, at, expires_at, id, seq) SELECT $8::bytea, '@update', $9::text, $7::bytea, 2, (extract(epoch FROM statement_timestamp()) * 1000000)::bigint, (extract(epoch FROM statement_timestamp()) * 1000000)::bigint + $11::bigint, $10::text, version FROM row_written ON CONFLICT (hash) DO UPDATE SET scope = excluded.scope, at = excluded.at, expires_at = excluded.expires_at, id = excluded.id, seq = excluded.seq, fingerprint = CASE WHEN k.expires_at <= excluded.at THEN excluded.fingerprint END RETURNING 1) SELECT (CASE WHEN true AND (SELECT count(*) FROM keys_written) >= 0 THEN CASE WHEN (extract(epoch FROM clock_timestamp()) * 1000000)::bigint > $12::bigint THEN 'idem: the time is up' ELSE (version)::text END ELSE (version)::text END)::bigint, at FROM row_written

-- row
WITH row_written AS (INSERT INTO "pages" AS t ("name", "tenant", "body", "version") SELECT $4::text::text, $5::text::bigint, $6::text::text, 1 WHERE pg_typeof((NULL::"pages")."body") = 25::oid AND pg_typeof((NULL::"pages")."name") = 25::oid AND pg_typeof((NULL::"pages")."tenant") = 20::oid AND pg_typeof((NULL::"pages")."version") = 20::oid AND (CASE WHEN EXISTS (SELECT 1 FROM "idem_claims" WHERE hash = $2::bytea AND epoch = $3::bigint AND state = 1 AND set_config('lock_timeout', $1::text, true) IS NOT NULL FOR KEY SHARE) THEN 'true' ELSE 'idem: another owner has the claim' END)::boolean ON CONFLICT ("name", "tenant") DO UPDATE SET "body" = excluded."body", "version" = coalesce(t."version", 0) + 1 WHERE coalesce(t."version", 0) < 9223372036854775807 RETURNING CAST(coalesce("version", 0) AS bigint) AS version, (extract(epoch FROM statement_timestamp()) * 1000000)::bigint AS at), keys_written AS (INSERT INTO "idem_claims" AS k (hash, surface, scope, fingerprint, state, at, expires_at, id, seq) SELECT $8::bytea, '@update', $9::text, $7::bytea, 2, (extract(epoch FROM statement_timestamp()) * 1000000)::bigint, (extract(epoch FROM statement_timestamp()) * 1000000)::bigint + $11::bigint, $10::text, version FROM row_written ON CONFLICT (hash) DO UPDATE SET scope = excluded.scope, at = excluded.at, expires_at = excluded.expires_at, id = excluded.id, seq = excluded.seq, fingerprint = CASE WHEN k.expires_at <= excluded.at THEN excluded.fingerprint END RETURNING 1) SELECT (CASE WHEN true AND (SELECT count(*) FROM keys_written) >= 0 THEN CASE WHEN (extract(epoch FROM clock_timestamp()) * 1000000)::bigint > $12::bigint THEN 'idem: the time is up' ELSE (version)::text END ELSE (version)::text END)::bigint, at FROM row_written

-- row
WITH row_written AS (UPDATE ONLY "pages" AS t SET "body" = $6::text::text, "version" = coalesce(t."version", 0) + 1 WHERE t."name" = $2::text::text AND t."tenant" = $3::text::bigint AND coalesce(t."version", 0) < 9223372036854775807 AND coalesce(t."version", 0) = $4::bigint AND t."body" IS NOT DISTINCT FROM $5::text::text AND (SELECT 1 FROM ONLY "pages" AS s WHERE s."name" = $2::text::text AND s."tenant" = $3::text::bigint LIMIT 1 OFFSET 1) IS NULL AND pg_typeof((NULL::"pages")."body") = 25::oid AND pg_typeof((NULL::"pages")."name") = 25::oid AND pg_typeof((NULL::"pages")."tenant") = 20::oid AND pg_typeof((NULL::"pages")."version") = 20::oid AND set_config('lock_timeout', $1::text, true) IS NOT NULL RETURNING CAST(coalesce("version", 0) AS bigint) AS version, (extract(epoch FROM statement_timestamp()) * 1000000)::bigint AS at), keys_written AS (INSERT INTO "idem_claims" AS k (hash, surface, scope, fingerprint, state, at, expires_at, id, seq) SELECT $8::bytea, '@update', $9::text, $7::bytea, 2, (extract(epoch FROM statement_timestamp()) * 1000000)::bigint, (extract(epoch FROM statement_timestamp()) * 1000000)::bigint + $11::bigint, $10::text, version FROM row_written ON CONFLICT (hash) DO UPDATE SET scope = excluded.scope, at = excluded.at, expires_at = excluded.expires_at, id = excluded.id, seq = excluded.seq, fingerprint = CASE WHEN k.expires_at <= excluded.at THEN excluded.fingerprint END RETURNING 1) SELECT (CASE WHEN true AND (SELECT count(*) FROM keys_written) >= 0 THEN CASE WHEN (extract(epoch FROM clock_timestamp()) * 1000000)::bigint > $12::bigint THEN 'idem: the time is up' ELSE (version)::text END ELSE (version)::text END)::bigint, at FROM row_written

-- row
WITH row_written AS (UPDATE ONLY "pages" AS t SET "body" = $8::text::text, "version" = coalesce(t."version", 0) + 1 WHERE t."name" = $4::text::text AND t."tenant" = $5::text::bigint AND coalesce(t."version", 0) < 9223372036854775807 AND coalesce(t."version", 0) = $6::bigint AND t."body" IS NOT DISTINCT FROM $7::text::text AND (SELECT 1 FROM ONLY "pages" AS s WHERE s."name" = $4::text::text AND s."tenant" = $5::text::bigint LIMIT 1 OFFSET 1) IS NULL AND pg_typeof((NULL::"pages")."body") = 25::oid AND pg_typeof((NULL::"pages")."name") = 25::oid AND pg_typeof((NULL::"pages")."tenant") = 20::oid AND pg_typeof((NULL::"pages")."version") = 20::oid AND (CASE WHEN EXISTS (SELECT 1 FROM "idem_claims" WHERE hash = $2::bytea AND epoch = $3::bigint AND state = 1 AND set_config('lock_timeout', $1::text, true) IS NOT NULL FOR KEY SHARE) THEN 'true' ELSE 'idem: another owner has the claim' END)::boolean RETURNING CAST(coalesce("version", 0) AS bigint) AS version, (extract(epoch FROM statement_timestamp()) * 1000000)::bigint AS at), keys_written AS (INSERT INTO "idem_claims" AS k (hash, surface, scope, fingerprint, state, at, expires_at, id, seq) SELECT $10::bytea, '@update', $11::text, $9::bytea, 2, (extract(epoch FROM statement_timestamp()) * 1000000)::bigint, (extract(epoch FROM statement_timestamp()) * 1000000)::bigint + $13::bigint, $12::text, version FROM row_written ON CONFLICT (hash) DO UPDATE SET scope = excluded.scope, at = excluded.at, expires_at = excluded.expires_at, id = excluded.id, seq = excluded.seq, fingerprint = CASE WHEN k.expires_at <= excluded.at THEN excluded.fingerprint END RETURNING 1) SELECT (CASE WHEN true AND (SELECT count(*) FROM keys_written) >= 0 THEN CASE WHEN (extract(epoch FROM clock_timestamp()) * 1000000)::bigint > $14::bigint THEN 'idem: the time is up' ELSE (version)::text END ELSE (version)::text END)::bigint, at FROM row_written

-- migrate: create_table
            CREATE TABLE IF NOT EXISTS "idem_migrations" (
                version bigint PRIMARY KEY,
                name text NOT NULL,
                at bigint NOT NULL
            )

-- migrate: find_table
SELECT (to_regclass('"idem_migrations"') IS NOT NULL)::int::bigint

-- migrate: version
SELECT max(version), (extract(epoch FROM statement_timestamp()) * 1000000)::bigint FROM "idem_migrations"

-- migrate: now
SELECT (extract(epoch FROM statement_timestamp()) * 1000000)::bigint

-- migrate: put_version
INSERT INTO "idem_migrations" (version, name, at) VALUES ($1, $2, (extract(epoch FROM statement_timestamp()) * 1000000)::bigint)

-- migrate: begin
BEGIN ISOLATION LEVEL READ COMMITTED; SET LOCAL lock_timeout = '60s'; SET LOCAL statement_timeout = 0

-- migrate: lock
SELECT pg_advisory_xact_lock(hashtextextended('idem migrates "idem_migrations"', 0))

-- migrate: schema_is_missing
SELECT (NOT EXISTS (SELECT FROM pg_namespace WHERE nspname = $1::text))::int::bigint

