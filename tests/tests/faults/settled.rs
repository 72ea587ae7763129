//! Writes whose replies were lost, and of which it is found out later that they happened: the call is told what they were, nothing
//! is done twice, and nobody who shared them is told otherwise.

use std::time::Duration;

use idem_core::ledger::Bounds;
use idem_core::machine::Item;
use idem_core::{Effect, Error, GroupCommit, Natural, RetryPolicy};
use sqlx::{AssertSqlSafe, Postgres};
use tests::conformance::machines::{Shop, Subscription, subscription};
use tests::lane::Lane;
use tests::shop::{Wallet, wallet};
use tests::{At, Backend, Cut, Hangup, Report, scale};
use tokio::task::JoinHandle;

use crate::ground::Ground;
use crate::lost::Rig;

/// Only the write of a group has it.
const GROUP_WRITE: &str = "accounts_locked";
const TRANSITIONS: &str = "transitions_written";
/// A connection's last statement, when it has read what accounts hold; and when it was asked what became of a write.
const LOADED: &str = "%RECURSIVE named%";
const ASKED: &str = "%SELECT 1 FROM %WHERE%";

/// Nothing but its own answer tells that a command without a key ran: the state is another one by then, or the same again.
#[tokio::test]
async fn committed_command_without_key_and_with_lost_reply_runs_once() {
    let mut report = Report::new("committed without a key, the reply lost", 5);
    let Some(mut rig) = Rig::new().await else { return report.skip() };
    let (ours, theirs) =
        (Subscription::stored(&rig.idem, Shop), Subscription::stored(&rig.ground.lane("subscription").idem, Shop));
    let pauses = "SELECT '', coalesce(max(balance), 0) FROM idem_accounts WHERE account = 'pauses'";
    ours.at("warm").pause(Natural, subscription::Pause { by: "warm".into() }).await.unwrap();
    for attempt in 0..scale(5, 50) {
        for others in ["resumed", "resumed, and paused again"] {
            let (id, before) = (format!("{others} {attempt}"), Postgres::ask(&mut rig.ground.conn, pauses).await[0].1);
            ours.at(&*id).start(Natural, subscription::Active).await.unwrap();
            let strikes = rig.proxy.strikes();
            rig.proxy.arm(At::Statement(TRANSITIONS.into()), Cut::LoseReply(Hangup::Reset));
            let pause = |by: &str| subscription::Pause { by: by.into() };
            let call = tokio::spawn({
                let subscription = ours.at(&*id);
                async move { subscription.pause(Natural, pause("ours")).await }
            });
            rig.proxy.wait_for_strikes(strikes + 1).await;
            rig.proxy.refuse_connections(true);
            let (subscription, mut times) = (theirs.at(&*id), 1);
            let resume = rig.ground.lane("subscription").key(&format!("resume {id}"));
            while subscription.resume(&resume).await.is_err() {}
            if others != "resumed" {
                subscription.pause(Natural, pause("theirs")).await.unwrap();
                times += 1;
            }
            rig.proxy.refuse_connections(false);
            let told = call.await.unwrap();
            let after = Postgres::ask(&mut rig.ground.conn, pauses).await[0].1;
            assert_eq!(after - before, times, "{others}: {told:?}");
            match told {
                Ok(told) => assert!(told.is_fresh() && told.seq() == 2, "{others}: {told:?}"),
                Err(error) => assert_eq!(error.effect(), Effect::Unknown, "{others}: {error}"),
            }
            report.strike(others);
        }
        let id = format!("all {attempt}");
        ours.at(&*id).start(Natural, subscription::Active).await.unwrap();
        rig.proxy.arm(At::Statement(TRANSITIONS.into()), Cut::LoseReply(Hangup::Reset));
        let resume = rig.ground.lane("subscription").key(&id);
        let pause = Item::new(&*id, Natural, subscription::Pause { by: "all".into() });
        let told = ours.apply_all([pause, Item::new(&*id, &resume, subscription::Resume)]).await;
        assert!(rig.proxy.disarm(), "struck");
        assert!(told.iter().all(|told| told.as_ref().is_ok_and(idem_core::Outcome::is_fresh)), "{told:?}");
        let transitions = format!("SELECT '', count(*) FROM idem_transitions WHERE id = '{id}'");
        assert_eq!(Postgres::ask(&mut rig.ground.conn, &transitions).await[0].1, 3, "started, paused, resumed");
        report.strike("several at once");
    }
    report.finish(15);
}

/// A write comes after it was asked for, and a command in it has no key, so it is waited for. All that it did not refuse is answered
/// as it was decided.
#[tokio::test]
async fn late_write_keeps_answers_of_calls_beside_command_without_key() {
    let mut report = Report::new("decided beside a command without a key", 5).expecting(["rounds"]);
    for attempt in 0..scale(5, 50) {
        let Some(mut rig) = Rig::new().await else { return report.skip() };
        let (subscriptions, lane) = (Subscription::stored(&rig.idem, Shop), rig.ground.lane("subscription"));
        let [a, b, warm] = ["a", "b", "warm"].map(|subscription| format!("{subscription} {attempt}"));
        let pause = |by: &str| subscription::Command::Pause(subscription::Pause { by: by.into() });
        let [old, new] = ["old", "new"].map(|key| lane.key(&format!("{key} {attempt}")));
        for id in [&a, &b] {
            subscriptions.at(&**id).start(Natural, subscription::Active).await.unwrap();
        }
        subscriptions.at(&*warm).pause(&old, subscription::Pause { by: "old".into() }).await.unwrap();
        let (strikes, since) = (rig.proxy.strikes(), rig.now().await);
        rig.proxy.arm(At::Statement(TRANSITIONS.into()), Cut::Delay(Hangup::Reset));
        let calls = [
            Item::new(a.clone(), Natural, pause("ours")),
            Item::new(b.clone(), &new, pause("new")),
            Item::new(b.clone(), &new, pause("new")),
            Item::new(a, Natural, pause("ours")),
            Item::new(warm, &old, pause("old")),
            Item::new(b.clone(), &lane.key(&format!("start {attempt}")), pause("again")),
        ];
        let call = tokio::spawn(async move { subscriptions.apply_all(calls).await });
        rig.proxy.wait_for_strikes(strikes + 1).await;
        rig.wait_for_silence(since, ASKED, std::slice::from_ref(&call)).await;
        rig.proxy.deliver().await;
        let told = call.await.unwrap();
        let told: Vec<_> = told.iter().map(|told| told.as_ref().map(idem_core::Outcome::is_fresh).ok()).collect();
        assert_eq!(told[..5], [Some(true), Some(true), Some(false), Some(false), Some(false)]);
        let transitions = format!("SELECT '', count(*) FROM idem_transitions WHERE id IN ('a {attempt}', '{b}')");
        let expected = 4 + i64::from(told[5] == Some(true));
        assert_eq!(Postgres::ask(&mut rig.ground.conn, &transitions).await[0].1, expected, "{told:?}");
        report.strike("rounds");
    }
    report.finish(5);
}

/// A refusal that was to be remembered was lost, and the key is used by another before that is found out.
#[tokio::test]
async fn lost_refusal_whose_key_was_used_is_answered_by_that_use() {
    let mut report = Report::new("refusal lost, its key used by another", 5).expecting(["rounds"]);
    for attempt in 0..scale(5, 50) {
        let Some(rig) = Rig::new().await else { return report.skip() };
        let (name, key) = (format!("refused-{attempt}"), rig.ground.lane("refused").key(&format!("{attempt}")));
        let (ours, theirs) = (rig.idem.ledger().account(&name), rig.ground.lane(&name).idem.ledger().account(&name));
        theirs.open(Bounds::at_least(0)).await.unwrap();
        let strikes = rig.proxy.strikes();
        rig.proxy.arm(At::Statement("fingerprint, outcome, seq".into()), Cut::Before(Hangup::Reset));
        let call = tokio::spawn({
            let (ours, key) = (ours.clone(), key.clone());
            async move { ours.apply_delta(&key, -5).remember_refusal().await }
        });
        rig.proxy.refuse_connections(true);
        rig.proxy.wait_for_strikes(strikes + 1).await;
        theirs.apply_delta(&rig.ground.lane("refused").key(&format!("fund {attempt}")), 100).await.unwrap();
        assert!(theirs.apply_delta(&key, -5).remember_refusal().await.unwrap().is_fresh());
        rig.proxy.refuse_connections(false);
        let told = call.await.unwrap();
        assert!(told.as_ref().is_ok_and(|told| !told.is_fresh()), "{told:?}");
        report.strike("rounds");
    }
    report.finish(5);
}

/// A machine was written while the clock was ahead, so whoever writes it next does so at one and the same time. A write that was lost
/// is not taken for that of another.
#[tokio::test]
async fn lost_write_is_not_proved_by_other_write_of_same_time() {
    let mut report = Report::new("another's write at the time of a lost one", 5).expecting(["rounds"]);
    for attempt in 0..scale(5, 50) {
        let Some(mut rig) = Rig::new().await else { return report.skip() };
        rig.ground.has_clock(3600).await;
        let (ours, theirs) = (Lane::new(&rig.anew().await, "clock"), rig.ground.lane("clock"));
        ours.wallet().start(Natural, wallet::Open { total: 0 }).await.unwrap();
        rig.ground.set_clock(0).await;
        let strikes = rig.proxy.strikes();
        rig.proxy.arm(At::Statement(TRANSITIONS.into()), Cut::Before(Hangup::Reset));
        let call = tokio::spawn({
            let (wallet, key) = (ours.wallet(), ours.key(&format!("ours {attempt}")));
            async move { wallet.add(&key, wallet::Add { by: 1000 }).await }
        });
        rig.proxy.wait_for_strikes(strikes + 1).await;
        rig.proxy.refuse_connections(true);
        let their_key = theirs.key(&format!("theirs {attempt}"));
        let told = theirs.wallet().add(&their_key, wallet::Add { by: 1 }).await.unwrap();
        rig.proxy.refuse_connections(false);
        call.await.unwrap().unwrap();
        let stored = theirs.wallet().get().await.unwrap().unwrap();
        assert_eq!(stored.state(), &Wallet::Open { total: 1001 }, "theirs was {}", told.seq());
        report.strike("rounds");
    }
    report.finish(5);
}

/// The first write of a group is held back on its way, the second is lost as well, and then the first one comes.
#[tokio::test]
async fn group_that_loses_two_writes_answers_true_effects() {
    const CALLS: usize = 14;
    let mut report = Report::new("a group that lost two writes", 1).expecting(["rounds"]);
    for attempt in 0..scale(1, 10) {
        let Some(mut rig) = Rig::with(GroupCommit::default()).await else { return report.skip() };
        let name = format!("twice-{attempt}");
        let (ground, account) = (rig.ground.lane(&name), rig.idem.ledger().account(format!("{name}/a")));
        let theirs = ground.idem.ledger().account(format!("{name}/a"));
        theirs.open(Bounds::at_least(0)).await.unwrap();
        theirs.apply_delta(&ground.key("put"), 100).await.unwrap();
        let floor = |floor: &str| format!("UPDATE idem_accounts SET floor = {floor} WHERE account = '{name}/a'");
        rig.idem.ledger().account("warm").apply_delta(&ground.key("warm"), 1).await.unwrap();
        let strikes = rig.proxy.strikes();
        rig.proxy.arm(At::Statement(GROUP_WRITE.into()), Cut::Delay(Hangup::Reset));
        let call = |nth| {
            let (account, key) = (account.clone(), ground.key(&format!("spend {nth}")));
            tokio::spawn(async move { account.apply_delta(&key, -5).await })
        };
        let calls: Vec<_> = (0..CALLS).map(call).collect();
        rig.proxy.wait_for_strikes(strikes + 1).await;
        rig.proxy.arm(At::Statement(GROUP_WRITE.into()), Cut::Before(Hangup::Reset));
        rig.proxy.wait_for_strikes(strikes + 2).await;
        // What is tried next is refused, and the first write would not be.
        let since = rig.now().await;
        Postgres::script(&mut rig.ground.conn, &floor("balance - 4")).await.unwrap();
        rig.wait_for_silence(since, LOADED, &calls).await;
        Postgres::script(&mut rig.ground.conn, &floor("0")).await.unwrap();
        rig.proxy.deliver().await;
        rig.are_told_the_truth(&name, calls).await;
        rig.ground.check(&name, "a group that lost two writes").await;
        report.strike("rounds");
    }
    report.finish(1);
}

/// A unit that the caller's own COMMIT has ended, and whose connection is gone before `commit` can look: it is not denied, and it
/// does not run again.
#[tokio::test]
async fn transaction_committed_by_statement_is_unknown_without_connection() {
    const PID: &str = "SELECT pg_backend_pid()";
    let mut report = Report::new("committed by a statement, the connection lost", 3);
    for attempt in 0..scale(3, 20) {
        let Some(mut rig) = Rig::new().await else { return report.skip() };
        Postgres::script(&mut rig.ground.conn, "CREATE TABLE leaflets (body text)").await.unwrap();
        let lane = rig.ground.lane(&format!("ended-{attempt}"));
        let account = lane.idem.ledger().account("ended");
        for way in ["begun", "adopted"] {
            let mut tx = match way {
                "begun" => lane.idem.begin().await.unwrap(),
                _ => lane.idem.adopt_tx(lane.idem.pool().begin().await.unwrap()),
            };
            let pid: i32 = sqlx::query_scalar(PID).fetch_one(tx.conn()).await.unwrap();
            account.within(&mut tx).apply_delta(&lane.key(way), 1).await.unwrap();
            sqlx::query("COMMIT").execute(tx.conn()).await.unwrap();
            ended(&mut rig, pid).await;
            let told = tx.commit().await.map_err(|error| error.effect());
            assert_eq!(told, Err(Effect::Unknown), "{way}");
            report.strike(way);
        }
        let mut runs = 0;
        let (work, ends) = (lane.key("unit"), rig.ground.url());
        let told: Result<(), Error> = lane
            .idem
            .transaction(|mut tx| {
                let (account, key, url, first) = (account.clone(), work.clone(), ends.clone(), runs == 0);
                runs += 1;
                async move {
                    let pid: i32 = sqlx::query_scalar(PID).fetch_one(tx.conn()).await.unwrap();
                    account.within(&mut tx).apply_delta(&key, 1).await?;
                    sqlx::query("INSERT INTO leaflets VALUES ('unit')").execute(tx.conn()).await.unwrap();
                    if first {
                        sqlx::query("COMMIT").execute(tx.conn()).await.unwrap();
                        let mut conn = Postgres::connect(&url).await;
                        terminate(&mut conn, pid).await;
                    }
                    Ok(())
                }
            })
            .await;
        assert_eq!(told.map_err(|error| error.effect()), Err(Effect::Unknown));
        assert_eq!(Postgres::ask(&mut rig.ground.conn, "SELECT '', count(*) FROM leaflets").await[0].1, 1);
        report.strike("a unit");
    }
    report.finish(9);
}

/// The same with its connection, where the statement fails that comes after it.
#[tokio::test]
async fn transaction_committed_by_statement_does_not_run_again() {
    const FAIL: &str = "DO $$ BEGIN RAISE EXCEPTION 'later' USING ERRCODE = '40001'; END $$";
    let Some(ground) = Ground::<Postgres>::fresh().await else { return };
    let lane = ground.lane("committed");
    for end in ["COMMIT", "COMMIT AND CHAIN", "COMMIT; BEGIN"] {
        let (mut runs, key) = (0, lane.key(end));
        let told: Result<(), Box<dyn std::error::Error + Send + Sync>> = lane
            .idem
            .transaction_with(RetryPolicy::default().attempts(3), |mut tx| {
                let (account, key) = (lane.idem.ledger().account("ended"), key.clone());
                runs += 1;
                async move {
                    account.within(&mut tx).apply_delta(&key, 1).await?;
                    sqlx::raw_sql(end).execute(tx.conn()).await?;
                    sqlx::raw_sql(FAIL).execute(tx.conn()).await?;
                    Ok(())
                }
            })
            .await;
        assert_eq!((told.unwrap_err().to_string().contains("later"), runs), (true, 1), "{end}");
    }
}

async fn ended(rig: &mut Rig, pid: i32) {
    terminate(&mut rig.ground.conn, pid).await;
}

/// Ends a session of the server's, and returns when it is gone.
async fn terminate(conn: &mut sqlx::PgConnection, pid: i32) {
    Postgres::script(conn, &format!("SELECT pg_terminate_backend({pid})")).await.unwrap();
    let there = format!("SELECT count(*) FROM pg_stat_activity WHERE pid = {pid}");
    while sqlx::query_scalar::<_, i64>(AssertSqlSafe(&*there)).fetch_one(&mut *conn).await.unwrap() > 0 {
        tokio::time::sleep(Duration::from_millis(1)).await;
    }
}

/// Of the calls of one group on two accounts, each account's are settled for themselves. Those that are asked for first find that
/// the lost write happened; the others hear the same.
#[tokio::test]
async fn calls_of_one_lost_group_write_answer_true_effects() {
    const CALLS: usize = 12;
    let mut report = Report::new("settled for each account", 1).expecting(["rounds"]);
    for attempt in 0..scale(1, 10) {
        let Some(mut rig) = Rig::with(GroupCommit::default()).await else { return report.skip() };
        let name = format!("both-{attempt}");
        let (ground, ledger) = (rig.ground.lane(&name), rig.idem.ledger());
        let accounts = ["x", "y"].map(|account| format!("{name}/{account}"));
        for account in &accounts {
            let theirs = ground.idem.ledger().account(account);
            theirs.open(Bounds::at_least(0)).await.unwrap();
            theirs.apply_delta(&ground.key(account), 100).await.unwrap();
        }
        let floors = |floor: &str| format!("UPDATE idem_accounts SET floor = {floor} WHERE account LIKE '{name}/%'");
        ledger.account("warm").apply_delta(&ground.key("warm"), 1).await.unwrap();
        // A transfer has both, and waits: the others come together after it.
        let mut held = Postgres::connect(&rig.ground.url()).await;
        let row = format!("BEGIN; SELECT FROM idem_accounts WHERE account = '{}' FOR UPDATE", accounts[0]);
        Postgres::script(&mut held, &row).await.unwrap();
        let transfer = tokio::spawn({
            let (ledger, key, [from, to]) = (ledger.clone(), ground.key("first"), accounts.clone());
            async move { ledger.transfer(&key, from, to, 1).await }
        });
        let waits =
            "SELECT '', count(*) FROM pg_stat_activity WHERE datname = current_database() AND wait_event_type = 'Lock'";
        while Postgres::ask(&mut rig.ground.conn, waits).await[0].1 == 0 {}
        let call = |nth: usize| {
            let (account, key) = (ledger.account(&accounts[nth % 2]), ground.key(&format!("spend {nth}")));
            tokio::spawn(async move { account.apply_delta(&key, -5).deadline(Duration::from_secs(2)).await })
        };
        let calls: Vec<_> = (0..CALLS).map(call).collect();
        let (strikes, since) = (rig.proxy.strikes(), rig.now().await);
        rig.proxy.arm(At::Statement(GROUP_WRITE.into()), Cut::Delay(Hangup::Reset));
        Postgres::script(&mut held, "COMMIT").await.unwrap();
        rig.proxy.wait_for_strikes(strikes + 1).await;
        Postgres::script(&mut rig.ground.conn, &floors("balance - 4")).await.unwrap();
        // What one of them reads next is not answered.
        rig.proxy.arm_after(1, At::Statement("RECURSIVE named".into()), Cut::LoseReply(Hangup::BlackHole));
        while rig.proxy.strikes() < strikes + 2 && !are_finished(&calls) {
            tokio::time::sleep(Duration::from_millis(1)).await;
        }
        rig.wait_for_silence(since, LOADED, &calls).await;
        Postgres::script(&mut rig.ground.conn, &floors("0")).await.unwrap();
        rig.proxy.deliver().await;
        transfer.await.unwrap().unwrap();
        rig.are_told_the_truth(&name, calls).await;
        rig.ground.check(&name, "settled for each account").await;
        report.strike("rounds");
    }
    report.finish(1);
}

fn are_finished<T>(calls: &[JoinHandle<T>]) -> bool {
    calls.iter().all(JoinHandle::is_finished)
}

impl Rig {
    async fn now(&mut self) -> i64 {
        const NOW: &str = "SELECT '', (extract(epoch FROM clock_timestamp()) * 1000000)::bigint";
        Postgres::ask(&mut self.ground.conn, NOW).await[0].1
    }

    /// Waits until a statement like this was run since, and not for a while: those who are in doubt wait for what may still come.
    async fn wait_for_silence<T>(&mut self, since: i64, like: &str, calls: &[JoinHandle<T>]) {
        let read = format!(
            "SELECT '', (coalesce(max(query_start) < clock_timestamp() - interval '250 milliseconds', false))::int::bigint
            FROM pg_stat_activity WHERE datname = current_database() AND pid <> pg_backend_pid()
                AND query LIKE '{like}' AND extract(epoch FROM query_start) * 1000000 > {since}"
        );
        while Postgres::ask(&mut self.ground.conn, &read).await[0].1 == 0 && !are_finished(calls) {}
    }

    /// Each call `spend 0`, `spend 1`, …: who is told "not applied" has no effect, and whose call is answered has one.
    async fn are_told_the_truth<T>(&mut self, lane: &str, calls: Vec<JoinHandle<Result<T, Error>>>) {
        for (nth, call) in calls.into_iter().enumerate() {
            let (answer, key) = (call.await.unwrap(), format!("spend {nth}"));
            let effects = self.ground.effects(lane, &key).await;
            match answer {
                Ok(_) => assert_eq!(effects, 1, "{key}: told that it is there"),
                Err(error) => assert!(error.effect() == Effect::Unknown || effects == 0, "{key}: there, and {error}"),
            }
        }
    }
}
