//! By hand on PostgreSQL: one acquired connection, one load statement, one write statement.

use std::time::Duration;

use sqlx::postgres::{PgConnectOptions, PgPoolOptions};
use sqlx::{PgConnection, PgPool};

use super::kept::Kept;
use super::{ATTEMPTS, Decided, PREFIX, Prepared, audit};
use crate::Failure;
use crate::contender::{Answer, Contender};
use crate::workload::{COMMAND, MACHINE, Request, SCOPE};

/// The machine, the key with its transition, and the time; no lock.
pub(crate) const LOAD: &str = "\
    SELECT (extract(epoch FROM clock_timestamp()) * 1000000)::bigint AS now, \
           m.body, m.version, m.visit, k.fingerprint, t.outcome \
    FROM (SELECT 1) one \
    LEFT JOIN hand_machines m ON m.machine = $1::text AND m.id = $2::text \
    LEFT JOIN hand_keys k ON k.hash = $3::bytea \
    LEFT JOIN hand_transitions t ON t.machine = k.namespace AND t.id = k.target AND t.seq = k.seq";

/// Everything, if the version still is the one that was loaded. A key that came in between is a unique violation.
pub(crate) const WRITE: &str = "\
    WITH moved AS ( \
        UPDATE hand_machines SET state = $4::text, body = $5::bytea, version = version + 1, visit = version + 1, \
               entered_at = $6::bigint \
        WHERE machine = $1::text AND id = $2::text AND version = $3::bigint RETURNING version), \
    named AS ( \
        INSERT INTO hand_keys (hash, namespace, target, seq, fingerprint, at) \
        SELECT $7::bytea, $1::text, $2::text, version, $8::bytea, $6::bigint FROM moved RETURNING seq) \
    INSERT INTO hand_transitions (machine, id, seq, command, from_state, state, body, payload, outcome, fingerprint, \
                                  scope, key, from_visit, visit, at) \
    SELECT $1::text, $2::text, seq, $9::text, $10::text, $4::text, $5::bytea, $11::bytea, $12::bytea, $8::bytea, \
           $13::text, $14::text, $15::bigint, seq, $6::bigint FROM named";

/// The columns of [`LOAD`].
type Loaded = (i64, Option<Vec<u8>>, Option<i64>, Option<i64>, Option<Vec<u8>>, Option<Vec<u8>>);

/// The contender.
pub(crate) struct ByHand {
    connections: Connections,
}

/// Where its connections come from.
enum Connections {
    Pool(PgPool),
    Kept(Box<Kept<PgConnection>>),
}

/// At most so many connections.
const MOST: u32 = 32;

impl ByHand {
    /// On sqlx's pool as one would configure it: no ping when a connection is acquired.
    pub(crate) async fn on_pool(options: PgConnectOptions) -> Result<Self, Failure> {
        let pool = PgPoolOptions::new()
            .max_connections(MOST)
            .acquire_timeout(Duration::from_secs(2))
            .test_before_acquire(false)
            .connect_with(bounded(options))
            .await?;
        Ok(Self { connections: Connections::Pool(pool) })
    }

    /// On connections that it keeps by itself.
    pub(crate) fn on_kept(options: PgConnectOptions) -> Result<Self, Failure> {
        Ok(Self { connections: Connections::Kept(Box::new(Kept::new(bounded(options), usize::try_from(MOST)?))) })
    }

    async fn decide(conn: &mut PgConnection, request: &Request) -> Result<Answer, Failure> {
        let prepared = Prepared::new(request)?;
        for _ in 0..ATTEMPTS {
            if let Some(answer) = Self::attempt(conn, &prepared).await? {
                return Ok(answer);
            }
        }
        Err("lost every race".into())
    }

    /// One attempt; `None` if another call was first.
    async fn attempt(conn: &mut PgConnection, prepared: &Prepared<'_>) -> Result<Option<Answer>, Failure> {
        let request = prepared.request;
        let (now, body, version, visit, fingerprint, outcome) = sqlx::query_as::<_, Loaded>(LOAD)
            .bind(MACHINE)
            .bind(&request.machine)
            .bind(&prepared.hash)
            .fetch_one(&mut *conn)
            .await?;
        if let Some(fingerprint) = fingerprint {
            return prepared.replay(&fingerprint, outcome.as_deref()).map(Some);
        }
        let decided = Decided::new(&body.ok_or("no such machine")?, request)?;
        let written = sqlx::query(WRITE)
            .bind(MACHINE)
            .bind(&request.machine)
            .bind(version)
            .bind(decided.to)
            .bind(&decided.body)
            .bind(now)
            .bind(&prepared.hash)
            .bind(&prepared.fingerprint)
            .bind(COMMAND)
            .bind(decided.from)
            .bind(&prepared.payload)
            .bind(&decided.outcome)
            .bind(SCOPE)
            .bind(&request.key)
            .bind(visit)
            .execute(conn)
            .await;
        match written {
            Ok(written) if written.rows_affected() == 1 => Ok(Some(Answer { receipt: decided.receipt, fresh: true })),
            Ok(_) => Ok(None),
            Err(sqlx::Error::Database(error)) if error.is_unique_violation() => Ok(None),
            Err(error) => Err(error.into()),
        }
    }
}

/// With every lock wait bounded.
fn bounded(options: PgConnectOptions) -> PgConnectOptions {
    options.options([("lock_timeout", "2s")])
}

impl Contender for ByHand {
    async fn apply(&self, request: &Request) -> Result<Answer, Failure> {
        match &self.connections {
            Connections::Pool(pool) => Self::decide(&mut *pool.acquire().await?, request).await,
            Connections::Kept(kept) => {
                let mut lent = kept.lend().await?;
                let answer = Self::decide(&mut lent.conn, request).await?;
                lent.give_back();
                Ok(answer)
            }
        }
    }

    async fn audit(&self) -> Result<u64, Failure> {
        let transitions: i64 = match &self.connections {
            Connections::Pool(pool) => sqlx::query_scalar(audit(PREFIX)).fetch_one(pool).await?,
            Connections::Kept(kept) => {
                sqlx::query_scalar(audit(PREFIX)).fetch_one(&mut kept.lend().await?.conn).await?
            }
        };
        Ok(u64::try_from(transitions)?)
    }
}
