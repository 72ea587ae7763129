//! The proxy before a real server: what was cut is cut, and what was forwarded is durable.

use std::env;

use sqlx::ConnectOptions;
use sqlx::postgres::{PgConnection, PgPoolOptions};
use tests::{At, Cut, Hangup, PgUrl, Postgres, Proxy, Report};

const HANGUPS: [Hangup; 3] = [Hangup::Reset, Hangup::Close, Hangup::BlackHole];

#[tokio::test]
async fn proxy_cuts_commit_before_or_after_it_is_durable() {
    let Some(rig) = Rig::new().await else { return };
    let mut report = Report::new("support: connection lost at COMMIT", 2);
    for prepared in [false, true] {
        for hangup in HANGUPS {
            for (cut, durable) in [(Cut::Before(hangup), 0), (Cut::LoseReply(hangup), 1)] {
                let before = rig.rows().await;
                let mut connection = rig.url.connect().await;
                sqlx::raw_sql("BEGIN; INSERT INTO work DEFAULT VALUES").execute(&mut connection).await.unwrap();
                rig.proxy.arm(At::Commit, cut);
                rig.expect_strike(async {
                    if prepared {
                        sqlx::query("COMMIT").execute(&mut connection).await
                    } else {
                        sqlx::raw_sql("COMMIT").execute(&mut connection).await
                    }
                })
                .await;
                drop(connection);
                assert_eq!(rig.rows().await - before, durable, "{cut:?}, prepared: {prepared}");
                report.strike(format!("{cut:?}"));
            }
        }
    }
    report.finish(12);
}

#[tokio::test]
async fn proxy_finds_statement_by_text_and_by_number() {
    let Some(rig) = Rig::new().await else { return };
    for at in [At::Statement("/* here */".into()), At::Execution(3)] {
        let mut connection = rig.url.connect().await;
        rig.proxy.arm(at, Cut::LoseReply(Hangup::Close));
        for _ in 0..2 {
            sqlx::query("INSERT INTO work DEFAULT VALUES").execute(&mut connection).await.unwrap();
        }
        let before = rig.rows().await;
        rig.expect_strike(sqlx::query("INSERT INTO work DEFAULT VALUES /* here */").execute(&mut connection)).await;
        assert_eq!(rig.rows().await - before, 1);

        let mut connection = rig.url.connect().await;
        sqlx::query("SELECT 1 /* here */").execute(&mut connection).await.expect("a strike disarms the proxy");
    }
}

#[tokio::test]
async fn retry_with_key_after_any_lost_message_leaves_one_row() {
    let Some(rig) = Rig::new().await else { return };
    let forget_the_key = env::var("IDEM_SEEDED_BUG").is_ok_and(|bug| bug == "support_retry_without_key");
    let insert = async |message| {
        let mut connection = rig.url.options().connect().await?;
        let message = if forget_the_key { None } else { Some(message) };
        sqlx::query("INSERT INTO work (key) VALUES ($1) ON CONFLICT DO NOTHING")
            .bind(message)
            .execute(&mut connection)
            .await
    };

    let mut report = Report::new("support: connection lost at each message", 5);
    for hangup in [Hangup::Reset, Hangup::Close] {
        for cut in [Cut::Before(hangup), Cut::LoseReply(hangup)] {
            sqlx::query("TRUNCATE work").execute(&mut rig.database.url().connect().await).await.unwrap();
            let struck = rig
                .proxy
                .sweep(cut, async |message| {
                    let message = i64::try_from(message).unwrap();
                    let before = rig.rows().await;
                    if insert(message).await.is_err() {
                        insert(message).await.expect("the proxy strikes once");
                    }
                    assert_eq!(rig.rows().await - before, 1, "{cut:?} at message {message}");
                })
                .await;
            report.add(format!("{cut:?}"), struck);
        }
    }
    report.finish(20);
}

#[tokio::test]
async fn proxy_armed_for_good_strikes_until_disarmed() {
    let Some(rig) = Rig::new().await else { return };
    rig.proxy.arm_for_good(At::Execution(2), Cut::Before(Hangup::Reset));
    let mut connection = rig.url.connect().await;
    let select = async |connection: &mut PgConnection| sqlx::raw_sql("SELECT 1").execute(connection).await;
    select(&mut connection).await.unwrap();
    for _ in 0..3 {
        assert!(select(&mut rig.url.connect().await).await.is_err());
    }
    assert_eq!(rig.proxy.strikes(), 3);
    assert!(rig.proxy.disarm());
    select(&mut connection).await.expect("a connection that was not struck");
}

#[tokio::test]
async fn proxy_refuses_connections_until_it_accepts_again() {
    let Some(rig) = Rig::new().await else { return };
    rig.proxy.refuse_connections(true);
    assert!(rig.url.options().connect().await.is_err());
    rig.proxy.refuse_connections(false);
    let pool = PgPoolOptions::new().connect_with(rig.url.options()).await.unwrap();
    assert_eq!(sqlx::query_scalar::<_, i32>("SELECT 1").fetch_one(&pool).await.unwrap(), 1);
}

/// A database with one table, and a proxy before it.
struct Rig {
    database: Postgres,
    proxy: Proxy,
    url: PgUrl,
}

impl Rig {
    async fn new() -> Option<Self> {
        let database = Postgres::fresh().await?;
        let table = "CREATE TABLE work (id bigint GENERATED ALWAYS AS IDENTITY, key bigint UNIQUE)";
        sqlx::query(table).execute(&mut database.url().connect().await).await.unwrap();
        let proxy = Proxy::start(database.url());
        let url = database.url().through(proxy.address());
        Some(Self { database, proxy, url })
    }

    /// The rows in the table, counted without the proxy.
    async fn rows(&self) -> i64 {
        let mut connection: PgConnection = self.database.url().connect().await;
        sqlx::query_scalar("SELECT count(*) FROM work").fetch_one(&mut connection).await.unwrap()
    }

    /// Drives `request` until the proxy strikes; a client may only see an error, or nothing at all.
    async fn expect_strike<T: std::fmt::Debug>(&self, request: impl Future<Output = Result<T, sqlx::Error>>) {
        let struck = self.proxy.wait_for_strikes(self.proxy.strikes() + 1);
        tokio::select! {
            answer = request => { answer.expect_err("the answer is lost"); }
            () = struck => {}
        }
    }
}
