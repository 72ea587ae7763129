//! Tasks update a few rows at random, with duplicates, upserts and transactions that are rolled back. Afterwards the
//! acknowledged versions of each row are unique and dense, each followed the one it was decided on, and the row is what the
//! highest of them made it.

use std::collections::BTreeMap;

use fastrand::Rng;
use idem_core::update::{ConditionalUpdate, Upsert, Version};
use idem_core::{Error, Idem, Key, Outcome};
use tests::{Backend, Place as _, Seed, scale};

const ROWS: i64 = 3;
const TASKS: u64 = 8;

const TABLE: &str = "CREATE TABLE documents (id bigint PRIMARY KEY, body text NOT NULL, version bigint NOT NULL)";

#[tokio::test(flavor = "multi_thread")]
async fn acknowledged_update_versions_are_unique_and_dense_sqlite() {
    check::<sqlx::Sqlite>().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn acknowledged_update_versions_are_unique_and_dense_postgres() {
    check::<sqlx::Postgres>().await;
}

/// An effect that was acknowledged.
#[derive(Debug, Clone)]
struct Ack {
    row: i64,
    version: i64,
    body: String,
    /// What the row was expected to hold before.
    after: After,
}

#[derive(Debug, Clone)]
enum After {
    Anything,
    Version(i64),
    Body(String),
}

async fn check<DB: Backend>() {
    let seed = Seed::new();
    let Some(place) = DB::fresh().await else { return };
    let patience = std::time::Duration::from_secs(20);
    let builder = Idem::<DB>::builder().max_connections(8).lock_wait(patience).acquire_timeout(patience);
    let idem = builder.open(&place.address()).await.unwrap();
    let mut conn = DB::connect(&place.address()).await;
    DB::script(&mut conn, TABLE).await.unwrap();
    let mut tasks = tokio::task::JoinSet::new();
    for task in 0..TASKS {
        let writer = Writer {
            idem: idem.clone(),
            rng: seed.rng(task),
            task,
            made: 0,
            refused: 0,
            seen: BTreeMap::new(),
            acks: Vec::new(),
        };
        tasks.spawn(writer.run(scale(150, 2_000)));
    }
    let (mut acks, mut refused) = (Vec::new(), 0);
    while let Some(done) = tasks.join_next().await {
        let writer = done.unwrap();
        acks.extend(writer.acks);
        refused += writer.refused;
    }
    assert!(refused > 0, "nobody was ever too late, so nothing was tested");
    for row in 1..=ROWS {
        let stored = DB::ask(&mut conn, &format!("SELECT body, version FROM documents WHERE id = {row}")).await;
        let acks: Vec<_> = acks.iter().filter(|ack| ack.row == row).collect();
        judge(&acks, stored.first().expect("every row was written"));
    }
}

fn judge(acks: &[&Ack], (body, version): &(String, i64)) {
    let mut history = BTreeMap::new();
    for &ack in acks {
        let twice = history.insert(ack.version, ack);
        assert!(twice.is_none(), "two effects are acknowledged as one version: {ack:?}, {twice:?}");
    }
    assert!(history.keys().copied().eq(1..=*version), "up to {version} there is a gap in {:?}", history.keys());
    assert_eq!(&history[version].body, body, "the row is what its highest version made it");
    for (&version, ack) in &history {
        match &ack.after {
            After::Anything => {}
            After::Version(before) => assert_eq!(version - 1, *before, "{ack:?}"),
            After::Body(before) => assert_eq!(&history[&(version - 1)].body, before, "{ack:?}"),
        }
    }
}

/// A task: what it has seen of each row is what it decides on.
struct Writer<DB: Backend> {
    idem: Idem<DB>,
    rng: Rng,
    task: u64,
    made: u64,
    /// How often a row was not as expected.
    refused: u64,
    /// The newest version and body that this task knows of.
    seen: BTreeMap<i64, (i64, String)>,
    acks: Vec<Ack>,
}

impl<DB: Backend> Writer<DB> {
    async fn run(mut self, updates: u64) -> Self {
        while self.made < updates {
            let made = match self.rng.u8(..) % 4 {
                0 => self.in_a_transaction().await,
                1 => self.several_times_at_once().await,
                _ => self.alone().await,
            };
            for ack in &made {
                self.seen.insert(ack.row, (ack.version, ack.body.clone()));
            }
            self.acks.extend(made);
        }
        self
    }

    async fn alone(&mut self) -> Vec<Ack> {
        let change = self.next();
        let answer = change.run(&self.idem).await;
        self.learn(&change, answer).into_iter().collect()
    }

    /// Copies of one keyed update: one of them is fresh, if it is not stale, and the others are told the same.
    async fn several_times_at_once(&mut self) -> Vec<Ack> {
        let mut change = self.next();
        change.key = Some(Key::new("model", format!("{}-{}", self.task, self.made)).unwrap());
        let mut copies = tokio::task::JoinSet::new();
        for _ in 0..3 {
            let (change, idem) = (change.clone(), self.idem.clone());
            copies.spawn(async move { change.run(&idem).await });
        }
        let (mut fresh, mut versions) = (0, Vec::new());
        while let Some(answer) = copies.join_next().await {
            match answer.unwrap() {
                Ok(updated) => {
                    fresh += u32::from(updated.is_fresh());
                    versions.push(updated.get());
                }
                Err(error) => drop(self.learn(&change, Err(error))),
            }
        }
        let Some(version) = versions.first().copied() else { return Vec::new() };
        assert!(
            fresh == 1 && versions.iter().all(|other| *other == version),
            "{change:?}: {fresh} fresh, {versions:?}"
        );
        vec![change.ack(version)]
    }

    /// Two updates that commit together or not at all.
    async fn in_a_transaction(&mut self) -> Vec<Ack> {
        let mut tx = self.idem.begin().await.unwrap();
        let mut acks = Vec::new();
        for _ in 0..2 {
            let change = self.next();
            let answer = change.run(&mut tx).await;
            if matches!(answer, Err(Error::Contention { .. })) {
                // A deadlock of rows that two transactions took in different orders.
                tx.rollback().await;
                return Vec::new();
            }
            if let Some(ack) = self.learn(&change, answer) {
                acks.push(ack);
            }
        }
        if self.rng.bool() {
            tx.commit().await.unwrap();
            return acks;
        }
        tx.rollback().await;
        // What it saw of its own was never there.
        for ack in acks {
            self.seen.remove(&ack.row);
        }
        Vec::new()
    }

    fn next(&mut self) -> Change {
        self.made += 1;
        let row = self.rng.i64(1..=ROWS);
        let after = match (self.seen.get(&row), self.rng.u8(..) % 3) {
            (Some((version, _)), 0) => After::Version(*version),
            (Some((_, body)), 1) => After::Body(body.clone()),
            _ => After::Anything,
        };
        let key = self.rng.bool().then(|| Key::new("model", format!("{}-{}", self.task, self.made)).unwrap());
        Change { row, body: format!("{}/{}", self.task, self.made), after, key }
    }

    /// The effect of an answer; of a refusal, what it tells.
    fn learn(&mut self, change: &Change, answer: Result<Outcome<Version>, Error>) -> Option<Ack> {
        match answer {
            Ok(updated) => {
                assert!(updated.is_fresh(), "{change:?} was never sent before");
                Some(change.ack(updated.get()))
            }
            Err(Error::Stale { found: Some(found), .. }) => {
                self.refused += 1;
                self.seen.insert(change.row, (found, "another's".to_owned()));
                None
            }
            Err(Error::Missing { .. }) => {
                self.seen.remove(&change.row);
                None
            }
            Err(error) => panic!("{change:?}: {error}"),
        }
    }
}

/// An update that a task decided on.
#[derive(Debug, Clone)]
struct Change {
    row: i64,
    body: String,
    after: After,
    key: Option<Key>,
}

impl Change {
    async fn run(&self, on: impl idem_core::update::Executor) -> Result<Outcome<Version>, Error> {
        let update = ConditionalUpdate::table("documents").key("id", self.row).set("body", &self.body);
        let update = match &self.after {
            After::Version(version) => update.expect_version(*version),
            After::Body(body) => update.expect("body", body),
            After::Anything => {
                let upsert = Upsert::table("documents").key("id", self.row).set("body", &self.body);
                return match &self.key {
                    Some(key) => upsert.once(key).execute(on).await,
                    None => upsert.execute(on).await,
                };
            }
        };
        match &self.key {
            Some(key) => update.once(key).execute(on).await,
            None => update.execute(on).await,
        }
    }

    fn ack(&self, version: i64) -> Ack {
        Ack { row: self.row, version, body: self.body.clone(), after: self.after.clone() }
    }
}
