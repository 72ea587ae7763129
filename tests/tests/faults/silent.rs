//! A connection that goes silent or is lost at the rarer calls: each ends within the library's bound, and says what it knows.

use std::future::IntoFuture;
use std::time::Duration;

use idem_core::{CommandError, Effect, Error, Natural};
use tests::conformance::machines::{Shop, Subscription, subscription};
use tests::lane::{Lane, Step};
use tests::shop::wallet;
use tests::{At, Backend, Cut, Hangup, Report, scale};

use crate::lost::{CUTS, JOINED_WRITE, Rig};

/// Far beyond every bound of the library: what is not answered by then never is.
const FOR_EVER: Duration = Duration::from_mins(2);

async fn answered<T>(what: &str, call: impl IntoFuture<Output = T>) -> T {
    let answer = tokio::time::timeout(FOR_EVER, call.into_future()).await;
    answer.unwrap_or_else(|_| panic!("{what} waits for ever"))
}

/// The database's clock is set back before it can be asked what became of a write: the time until which it may come never passes.
#[tokio::test]
async fn lost_write_with_clock_set_back_is_unknown_within_bound() {
    let Some(mut rig) = Rig::new().await else { return };
    rig.ground.has_clock(0).await;
    let idem = rig.anew().await;
    let subscriptions = Subscription::stored(&idem, Shop);
    subscriptions.at("a").start(Natural, subscription::Active).await.unwrap();
    let (mut tx, spare) = (idem.begin().await.unwrap(), idem.begin().await.unwrap());
    spare.rollback().await;
    rig.proxy.refuse_connections(true);
    rig.proxy.arm(At::Statement("transitions_written".into()), Cut::Before(Hangup::Reset));
    let call = tokio::spawn({
        let subscription = subscriptions.at("a");
        async move { subscription.pause(Natural, subscription::Pause { by: "once".into() }).await }
    });
    rig.proxy.wait_for_strikes(1).await;
    rig.ground.set_clock(-3600).await;
    subscriptions.at("b").within(&mut tx).start(Natural, subscription::Active).await.unwrap();
    rig.proxy.refuse_connections(false);
    let told = answered("a write from before the clock was set", call).await.unwrap();
    assert_eq!(told.map_err(|error| error.effect()).map(drop), Err(Effect::Unknown));
}

/// The write is silent, and so is the question what became of it.
#[tokio::test]
async fn silent_probe_for_lost_commit_ends_as_indeterminate() {
    let Some(mut rig) = Rig::new().await else { return };
    let mut report = Report::new("silence at a write and at the question what became of it", 1);
    for attempt in 0..scale(1, 10) {
        let (name, point) = (format!("silent-{attempt}"), "own write and probe");
        let (lane, ground) = (rig.lane(&name), rig.ground.lane(&name));
        ground.insist(Step::StartWallet).await.unwrap();
        rig.proxy
            .arm_for_good(At::Statement("INSERT INTO \"idem_transitions\"".into()), Cut::Before(Hangup::BlackHole));
        let answer = answered(point, lane.wallet().add(&lane.key("add"), wallet::Add { by: 1 })).await;
        assert!(rig.proxy.disarm(), "struck");
        assert!(matches!(answer, Err(CommandError::Failed(Error::Indeterminate { .. }))), "{answer:?}");
        assert!(ground.insist(Step::Add).await.unwrap().iter().all(|ack| ack.fresh), "it had not happened");
        rig.ground.check(&name, point).await;
        report.strike(point);
    }
    report.finish(1);
}

/// Nobody knows whether the row was mended; to say that nothing happened would be a guess.
#[tokio::test]
async fn rebuild_with_lost_commit_reply_is_indeterminate() {
    let Some(mut rig) = Rig::new().await else { return };
    let mut report = Report::new("connection lost at a rebuild", 1);
    for (attempt, cut) in CUTS.into_iter().cycle().take(CUTS.len() * usize::try_from(scale(1, 20)).unwrap()).enumerate()
    {
        let (name, point) = (format!("rebuilt-{attempt}"), format!("{cut:?}"));
        let (lane, ground) = (rig.lane(&name), rig.ground.lane(&name));
        for step in [Step::Start, Step::Pay] {
            ground.insist(step).await.unwrap();
        }
        let damage = format!("UPDATE idem_machines SET visit = 99 WHERE id = '{name}'");
        sqlx::Postgres::script(&mut rig.ground.conn, &damage).await.unwrap();
        rig.proxy.arm(At::Commit, cut);
        let answer = answered(&point, lane.order().rebuild()).await;
        assert!(rig.proxy.disarm(), "struck");
        let error = answer.expect_err("the reply was lost");
        assert!(matches!(error, Error::Indeterminate { .. }), "{cut:?}: {error:?}");
        ground.order().rebuild().await.unwrap();
        // What is lost before the COMMIT did not happen, and is tried again: its write, and a read that is not answered.
        let read = At::Statement("FROM \"idem_transitions\"".into());
        for (at, cut) in [(At::Statement(JOINED_WRITE.into()), cut), (read, Cut::Before(Hangup::BlackHole))] {
            sqlx::Postgres::script(&mut rig.ground.conn, &damage).await.unwrap();
            rig.proxy.arm(at, cut);
            let answer = answered(&point, lane.order().rebuild()).await;
            assert!(rig.proxy.disarm(), "struck");
            assert!(answer.is_ok_and(|mended| mended), "{cut:?}");
        }
        rig.ground.check(&name, &point).await;
        report.strike(point);
    }
    report.finish(6);
}

#[tokio::test]
async fn silent_read_in_transaction_breaks_it() {
    let Some(mut rig) = Rig::new().await else { return };
    let (lane, ground) = (rig.lane("read"), rig.ground.lane("read"));
    ground.insist(Step::Start).await.unwrap();
    for text in ["FOR NO KEY UPDATE", "LEFT JOIN \"idem_machines\""] {
        let mut tx = rig.idem.begin().await.unwrap();
        rig.proxy.arm(At::Statement(text.into()), Cut::Before(Hangup::BlackHole));
        let answer = answered(text, lane.order().within(&mut tx).get()).await;
        assert!(rig.proxy.disarm(), "{text}: struck");
        assert!(answer.is_err_and(|error| error.effect() == Effect::NotApplied), "{text}");
        let committed = answered(text, tx.commit()).await;
        assert!(matches!(committed, Err(Error::Interrupted)), "{text}: {committed:?}");
    }
    rig.ground.check("read", "a silence at a read within a transaction").await;
}

/// The first call of a process compares the machine with the stored one.
#[tokio::test]
async fn silent_graph_comparison_ends_as_retryable_error() {
    let Some(mut rig) = Rig::new().await else { return };
    for (text, stored) in [("SELECT hash, names", true), ("INSERT INTO \"idem_graphs\"", false)] {
        let name = format!("compared-{stored}");
        if !stored {
            sqlx::Postgres::script(&mut rig.ground.conn, "DELETE FROM idem_graphs").await.unwrap();
        }
        let idem = rig.anew().await;
        let lane = Lane::new(&idem, &*name);
        rig.proxy.arm(At::Statement(text.into()), Cut::Before(Hangup::BlackHole));
        let answer = answered(text, Box::pin(lane.call(Step::Start))).await;
        assert!(rig.proxy.disarm(), "{text}: struck");
        let failure = answer.expect_err("the comparison was silent");
        assert!(failure.effect() == Effect::NotApplied && failure.is_retryable(), "{text}: {failure}");
        assert!(lane.call(Step::Start).await.unwrap().iter().all(|ack| ack.fresh), "{text}");
        rig.ground.check(&name, text).await;
    }
}
