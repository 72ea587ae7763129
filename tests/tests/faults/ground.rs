//! A fresh database, and the ways to it that no fault touches.

use std::time::Duration;

use idem_core::Idem;
use tests::lane::{Ack, Lane};
use tests::{Backend, Place as _};

use crate::invariants;

/// A database of a test's own.
pub(crate) struct Ground<DB: Backend> {
    /// A connection of its own for the checks.
    pub(crate) conn: DB::Connection,

    lane: Lane<DB>,
    pub(crate) place: DB::Place,
}

impl<DB: Backend> Ground<DB> {
    /// A database with the library's tables and the caller's, or `None` where the test is skipped.
    pub(crate) async fn fresh() -> Option<Self> {
        Some(Self::at(DB::fresh().await?).await)
    }

    /// The same where others may have been before.
    pub(crate) async fn at(place: DB::Place) -> Self {
        let idem = Self::open(&place.address()).await;
        DB::prepare(&place.address()).await;
        let conn = DB::connect(&place.address()).await;
        let lane = Lane::new(&idem, "ground");
        Self { conn, lane, place }
    }

    async fn open(url: &str) -> Idem<DB> {
        let wait = Duration::from_secs(20);
        let builder = Idem::<DB>::builder().max_connections(4).lock_wait(wait).acquire_timeout(wait);
        builder.open(url).await.expect("a fresh database opens")
    }

    pub(crate) fn url(&self) -> String {
        self.place.address()
    }

    /// A lane by the way that no fault touches.
    pub(crate) fn lane(&self, name: &str) -> Lane<DB> {
        self.lane.renamed(name)
    }

    /// Everything that holds after every strike.
    pub(crate) async fn check(&mut self, lane: &str, after: &str) {
        invariants::nobody_idle_in_transaction::<DB>(&mut self.conn, after).await;
        invariants::check::<DB>(&mut self.conn, after).await;
        let audit = self.lane.idem.ledger().audit().await.expect("the ledger can be audited");
        assert!(audit.is_sound(), "after {after}: {:?}", audit.findings);
        invariants::verify(&mut self.conn, &self.lane.renamed(lane), after).await;
    }

    /// How often the calls of `lane` under `key` had their effect.
    pub(crate) async fn effects(&mut self, lane: &str, key: &str) -> i64 {
        let count = format!(
            "SELECT '', (SELECT count(seq) FROM idem_transitions WHERE scope = '{lane}' AND key = '{key}')
                + (SELECT count(hash) FROM idem_entries WHERE scope = '{lane}' AND key = '{key}' AND seq IS NOT NULL)"
        );
        DB::ask(&mut self.conn, &count).await.first().expect("a count is one row").1
    }
}

/// No call had its effect for both.
pub(crate) fn one_fresh(one: &[Ack], other: &[Ack], after: &str) {
    for ack in one.iter().filter(|ack| ack.fresh) {
        let twice = other.iter().find(|twin| twin.fresh && twin.call == ack.call);
        assert!(twice.is_none(), "after {after}: {ack} had its effect twice");
    }
}

/// What was acknowledged before is answered again, the same, and by nobody as fresh.
pub(crate) fn replayed(before: &[Ack], again: &[Ack], after: &str) {
    for old in before {
        let new = again.iter().find(|new| new.call == old.call);
        let new = new.unwrap_or_else(|| panic!("after {after}: {old} is not answered again"));
        assert_eq!(new.answer, old.answer, "after {after}: {} is answered otherwise", old.call);
        assert!(!new.fresh, "after {after}: {old} had its effect again");
    }
}

impl Ground<sqlx::Postgres> {
    /// New sessions read their time from a clock that can be set; it is ahead by so many seconds.
    pub(crate) async fn has_clock(&mut self, ahead: i64) {
        const CLOCK: &str =
            "CREATE SCHEMA clock; CREATE TABLE clock.ahead (seconds bigint); INSERT INTO clock.ahead VALUES (0);
            CREATE FUNCTION clock.statement_timestamp() RETURNS timestamptz STABLE LANGUAGE sql AS
                'SELECT pg_catalog.statement_timestamp() + seconds * interval ''1 second'' FROM clock.ahead';
            CREATE FUNCTION clock.clock_timestamp() RETURNS timestamptz LANGUAGE sql AS
                'SELECT pg_catalog.clock_timestamp() + seconds * interval ''1 second'' FROM clock.ahead';
            DO $$ BEGIN
                EXECUTE format('ALTER DATABASE %I SET search_path = public, clock, pg_catalog', current_database());
            END $$";
        sqlx::Postgres::script(&mut self.conn, CLOCK).await.unwrap();
        self.set_clock(ahead).await;
    }

    pub(crate) async fn set_clock(&mut self, ahead: i64) {
        let set = format!("UPDATE clock.ahead SET seconds = {ahead}");
        sqlx::Postgres::script(&mut self.conn, &set).await.unwrap();
    }
}
