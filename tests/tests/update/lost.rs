//! Connections to PostgreSQL that are lost before or after an update reached it: with a key the call finds out what became
//! of it, without one it says that it does not know.

use std::time::Duration;

use idem_core::update::{ConditionalUpdate, Upsert, Version};
use idem_core::{Effect, Error, ErrorKind, Idem, Key, Outcome};
use tests::{At, Cut, Hangup, Postgres, Proxy, Report, scale};

const WRITE: &str = "UPDATE ONLY \"documents\"";

const CUTS: [Cut; 6] = [
    Cut::LoseReply(Hangup::Reset),
    Cut::LoseReply(Hangup::Close),
    Cut::LoseReply(Hangup::BlackHole),
    Cut::Before(Hangup::Reset),
    Cut::Before(Hangup::Close),
    Cut::Before(Hangup::BlackHole),
];

/// What is struck.
#[derive(Debug, Clone, Copy)]
enum Point {
    Keyed,
    Unkeyed,
    CommitKeyed,
    CommitUnkeyed,
}

#[tokio::test]
async fn update_with_lost_connection_answers_true_effect() {
    let times = scale(5, 50);
    let mut report = Report::new("connection lost at a conditional update", times);
    for cut in CUTS {
        for point in [Point::Keyed, Point::Unkeyed, Point::CommitKeyed, Point::CommitUnkeyed] {
            let Some(mut rig) = Rig::new().await else { return report.skip() };
            for _ in 0..times {
                rig.strike(point, cut).await;
                report.strike(format!("{cut:?}: {point:?}"));
            }
        }
    }
    report.finish(24 * times);
}

/// However short a key is to be remembered: as long as the call that uses it asks what became of it.
#[tokio::test]
async fn update_key_is_remembered_for_whole_call() {
    let Some(rig) = Rig::new().await else { return };
    for attempt in 0..scale(5, 50) {
        let key = Key::new("short", format!("{attempt}")).unwrap();
        let write = Upsert::table("documents").key("id", 1).set("body", "x").once(&key).remember_for(Duration::ZERO);
        // Describes the table, so that the write is what is struck.
        Upsert::table("documents").key("id", 2).set("body", "x").execute(&rig.idem).await.unwrap();
        let before = rig.stored().await.1;
        rig.proxy.arm(At::Statement("INSERT INTO \"documents\"".to_owned()), Cut::LoseReply(Hangup::Reset));
        let written = write.execute(&rig.idem).await.unwrap();
        assert!(rig.proxy.disarm(), "struck");
        assert_eq!((written.get(), rig.stored().await.1), (before + 1, before + 1));
    }
}

/// A document behind a proxy.
struct Rig {
    /// By way of the proxy.
    idem: Idem<sqlx::Postgres>,
    /// Past it.
    direct: Idem<sqlx::Postgres>,
    proxy: Proxy,
    version: i64,
    made: u64,
    _database: Postgres,
}

impl Rig {
    async fn new() -> Option<Self> {
        let database = Postgres::fresh().await?;
        let proxy = Proxy::start(database.url());
        let wait = Duration::from_millis(100);
        let builder = Idem::<sqlx::Postgres>::builder().lock_wait(wait).reply_timeout(2 * wait);
        let builder = builder.acquire_timeout(Duration::from_secs(20));
        let direct = builder.clone().open(&database.url().to_string()).await.unwrap();
        let idem = builder.open(&database.url().through(proxy.address()).to_string()).await.unwrap();
        let script = "CREATE TABLE documents (id bigint PRIMARY KEY, body text, version bigint);
            INSERT INTO documents VALUES (1, 'draft', 1)";
        sqlx::raw_sql(script).execute(direct.pool()).await.unwrap();
        Some(Self { idem, direct, proxy, version: 1, made: 0, _database: database })
    }

    async fn strike(&mut self, point: Point, cut: Cut) {
        self.made += 1;
        let keyed = matches!(point, Point::Keyed | Point::CommitKeyed);
        let update = ConditionalUpdate::table("documents").key("id", 1).set("body", format!("{}", self.made));
        let update = update.expect_version(self.version);
        let update = if keyed { update.once(&Key::new("lost", format!("{}", self.made)).unwrap()) } else { update };
        // Describes the table, so that the write is what is struck.
        let nobody = ConditionalUpdate::table("documents").key("id", 2).set("body", "x").expect_version(1);
        nobody.execute(&self.idem).await.unwrap_err();
        let answer = match point {
            Point::Keyed | Point::Unkeyed => {
                self.proxy.arm(At::Statement(WRITE.to_owned()), cut);
                update.clone().execute(&self.idem).await
            }
            Point::CommitKeyed | Point::CommitUnkeyed => {
                let mut tx = self.idem.begin().await.unwrap();
                let updated = update.clone().execute(&mut tx).await.unwrap();
                self.proxy.arm(At::Commit, cut);
                tx.commit().await.map(|()| updated)
            }
        };
        assert!(self.proxy.disarm(), "{cut:?} at {point:?} struck nothing");
        let after = format!("{cut:?} at {point:?}: {answer:?}");
        let applied = self.stored().await == (self.made.to_string(), self.version + 1);
        assert!(applied || self.stored().await.1 == self.version, "{after}");
        self.settle(keyed, update, answer, applied, &after).await;
    }

    async fn settle(
        &mut self,
        keyed: bool,
        update: ConditionalUpdate,
        answer: Result<Outcome<Version>, Error>,
        applied: bool,
        after: &str,
    ) {
        match &answer {
            Ok(updated) => assert!(applied && updated.get() == self.version + 1, "{after}"),
            Err(error) if error.effect() == Effect::NotApplied => assert!(!applied, "{after}"),
            Err(error) => assert!(!keyed && error.kind() == ErrorKind::Indeterminate, "{after}"),
        }
        let again = update.execute(&self.direct).await;
        self.version += 1;
        match again {
            Ok(updated) => {
                assert!(*updated == self.version && updated.is_fresh() != applied, "{after}, then {updated:?}");
            }
            Err(Error::Stale { found, .. }) => assert!(!keyed && applied && found == Some(self.version), "{after}"),
            Err(error) => panic!("{after}, then {error}"),
        }
        assert_eq!(self.stored().await, (self.made.to_string(), self.version), "{after}");
    }

    async fn stored(&self) -> (String, i64) {
        let stored = "SELECT body, version FROM documents WHERE id = 1";
        sqlx::query_as(stored).fetch_one(self.direct.pool()).await.unwrap()
    }
}
