//! Connections lost before and after a message reached PostgreSQL: the call answers right, or says that it does not know.

use std::time::Duration;

use idem_core::ledger::Bounds;
use idem_core::update::Upsert;
use idem_core::{Effect, Error, GroupCommit, Idem, Natural};
use sqlx::Postgres;
use tests::lane::{Ack, Failure, Lane, Step};
use tests::shop::wallet;
use tests::{At, Backend, Cut, Hangup, Proxy, Report, scale};

use crate::ground::{Ground, replayed};

/// What the engine's statements begin with: a write in a transaction of its own, and one in a transaction that is open.
pub(crate) const OWN_WRITE: &str = "::text, true) IS NOT NULL";
pub(crate) const JOINED_WRITE: &str = "WITH begun AS MATERIALIZED (SELECT (CASE WHEN current_setting";
/// Only the write of a group passes by what others hold.
const GROUP_WRITE: &str = "SKIP LOCKED";

pub(crate) const CUTS: [Cut; 6] = [
    Cut::LoseReply(Hangup::Reset),
    Cut::LoseReply(Hangup::Close),
    Cut::LoseReply(Hangup::BlackHole),
    Cut::Before(Hangup::Reset),
    Cut::Before(Hangup::Close),
    Cut::Before(Hangup::BlackHole),
];

#[tokio::test]
async fn connection_lost_at_write_or_commit_keeps_each_effect_once() {
    let points = [
        ("own write", Step::Add, At::Statement(OWN_WRITE.into())),
        ("retry under a lock: write", Step::AddAtOnce, At::Statement(JOINED_WRITE.into())),
        ("retry under a lock: COMMIT", Step::AddAtOnce, At::Commit),
        ("begin … commit: write", Step::Unit, At::Statement(JOINED_WRITE.into())),
        ("begin … commit: COMMIT", Step::Unit, At::Commit),
        ("adopted: COMMIT", Step::Adopted, At::Commit),
        ("transaction(): COMMIT", Step::Whole, At::Commit),
    ];
    let times = scale(8, 400);
    let mut report = Report::new("connection lost at a write or a commit", times);
    for cut in CUTS {
        // A new database for each keeps the checks of all of it fast.
        let Some(mut rig) = Rig::new().await else { return report.skip() };
        for (name, step, at) in &points {
            // The connection is the caller's, and only its own timeouts end a silence.
            if *step == Step::Adopted && is_silent(cut) {
                continue;
            }
            let point = format!("{cut:?}: {name}");
            let mut struck = 0;
            for attempt in 0.. {
                let lane = format!("{cut:?}-{step:?}-{}-{attempt}", matches!(at, At::Commit)).replace(['(', ')'], "-");
                rig.proxy.arm(at.clone(), cut);
                let answer = if attempt % 50 == 0 {
                    rig.until_answered(&lane, *step).await
                } else {
                    rig.until_struck(&lane, *step, cut).await
                };
                let hit = rig.proxy.disarm();
                rig.settle(&lane, *step, answer, &point).await;
                struck += u64::from(hit);
                if struck == times {
                    break;
                }
                assert!(attempt < 10 * times, "{point} is hardly ever passed");
            }
            report.add(point, struck);
        }
    }
    report.finish(6 * 6 * times);
}

#[tokio::test]
async fn connection_lost_at_each_message_keeps_each_effect_once() {
    let mut report = Report::new("connection lost at each message", 5);
    for round in 0..scale(1, 20) {
        for (offset, cut) in (0..).zip(CUTS) {
            let Some(mut rig) = Rig::new().await else { return report.skip() };
            for step in [Step::Start, Step::Pay, Step::AddAtOnce, Step::ApplyAll, Step::Unit, Step::Whole] {
                // Each message is struck in two of the six ways.
                let stride = scale(3, 1);
                for message in (1..).skip(offset % stride).step_by(stride) {
                    let lane = format!("{cut:?}-{step:?}-{round}-{message}").replace(['(', ')'], "-");
                    let after = format!("{cut:?} at message {message} of {step:?}");
                    for needed in step.needs() {
                        rig.ground.lane(&lane).insist(*needed).await.unwrap();
                    }
                    rig.proxy.arm(At::Message(message), cut);
                    let answer = rig.until_struck(&lane, step, cut).await;
                    let hit = rig.proxy.disarm();
                    rig.settle(&lane, step, answer, &after).await;
                    if !hit {
                        break;
                    }
                    report.strike(format!("{cut:?}"));
                }
            }
        }
    }
    report.finish(300);
}

/// Calls that shared a transaction: what each of them is told is true.
#[tokio::test]
async fn connection_lost_at_group_write_answers_true_effects() {
    let mut report = Report::new("connection lost at the write of a group", 5);
    for cut in CUTS {
        let Some(mut rig) = Rig::with(GroupCommit::default()).await else { return report.skip() };
        // A silence takes as long as the library's own bound.
        let times = if is_silent(cut) { scale(5, 50) } else { scale(8, 400) };
        let (point, mut struck) = (format!("{cut:?}"), 0);
        for attempt in 0.. {
            let lane = format!("{cut:?}-{attempt}").replace(['(', ')'], "-");
            rig.ground.lane(&lane).insist(Step::StartWallet).await.unwrap();
            // The first ones are alone, the later writes are of all others.
            rig.proxy.arm_after(attempt % 4, At::Statement(OWN_WRITE.into()), cut);
            let answers = rig.lane(&lane).crowd().await;
            struck += u64::from(rig.proxy.disarm());
            for (call, answer) in answers {
                rig.is_true(&lane, &call, answer, &point).await;
            }
            rig.ground.lane(&lane).insist(Step::Crowd).await.unwrap();
            rig.ground.check(&lane, &point).await;
            if struck == times {
                break;
            }
            assert!(attempt < 10 * times, "{point} is hardly ever passed");
        }
        report.add(point, struck);
    }
    report.finish(6 * 5);
}

/// A group that was committed, whose reply was lost, and whose answers cannot be read again: who had an effect in it is not
/// told otherwise, and who was refused in it is not told that nobody knows.
#[tokio::test]
async fn committed_group_with_lost_reply_is_not_denied() {
    const CALLS: usize = 8;
    const REFUSED: usize = 4;
    let Some(mut rig) = Rig::with(GroupCommit::default()).await else { return };
    let mut report = Report::new("calls of a group that was committed and could not be read again", 5);
    for attempt in 0..scale(3, 30) {
        let (name, after) = (format!("denied-{attempt}"), "a group that was committed");
        let (ground, strikes) = (rig.ground.lane(&name), rig.proxy.strikes());
        let account = format!("{name}/a");
        ground.idem.ledger().account(&account).open(Bounds::at_least(0)).await.unwrap();
        rig.proxy.arm(At::Statement(GROUP_WRITE.into()), Cut::LoseReply(Hangup::Reset));
        // The first is alone, all others wait for it, one of them with more than there is.
        let call = |nth| {
            let (account, key) = (rig.idem.ledger().account(&account), ground.key(&format!("call {nth}")));
            tokio::spawn(async move {
                match nth {
                    REFUSED => account.hold(&key, 1_000).await.map(|held| Ack::of("held", &held)),
                    _ => account.apply_delta(&key, 1).await.map(|entry| Ack::of(format!("call {nth}"), &entry)),
                }
            })
        };
        let calls: Vec<_> = (0..CALLS).map(call).collect();
        // What became of it can be asked by the connections that there are; the one that groups are read by is gone.
        rig.proxy.wait_for_strikes(strikes + 1).await;
        rig.proxy.refuse_connections(true);
        for (nth, answer) in calls.into_iter().enumerate() {
            let (call, answer) = (format!("call {nth}"), answer.await.unwrap().map_err(Failure::from));
            if nth == REFUSED {
                let refused = answer.unwrap_err();
                assert_eq!(refused.effect(), Effect::NotApplied, "{refused}");
                continue;
            }
            report.add("told that nobody knows", u64::from(answer.as_ref().is_err_and(is_unknown)));
            rig.is_true(&name, &call, answer, after).await;
        }
        rig.proxy.refuse_connections(false);
        assert!(rig.proxy.disarm(), "struck");
        rig.ground.check(&name, after).await;
    }
    report.finish(5);
}

fn is_unknown(failure: &Failure) -> bool {
    failure.effect() == Effect::Unknown
}

/// The place of what was lost is taken by another before the database can be asked: that is no proof of a commit.
#[tokio::test]
async fn lost_commit_is_not_proved_by_row_of_other_call() {
    let Some(mut rig) = Rig::new().await else { return };
    let mut report = Report::new("place taken by another while the commit was resolved", 5);
    for attempt in 0..scale(5, 50) {
        for (step, at, wallet) in [
            (Step::Add, At::Statement(OWN_WRITE.into()), true),
            (Step::Unit, At::Commit, false),
            (Step::Whole, At::Commit, false),
        ] {
            let (lane, point) = (format!("{step:?}-{attempt}").to_lowercase(), format!("{step:?}"));
            let (struck, ground) = (rig.lane(&lane), rig.ground.lane(&lane));
            ground.call(Step::StartWallet).await.unwrap();
            let strikes = rig.proxy.strikes();
            rig.proxy.arm(at, Cut::Before(Hangup::Reset));
            let competitor = async {
                rig.proxy.wait_for_strikes(strikes + 1).await;
                if wallet {
                    let key = ground.key("competitor");
                    ground.wallet().add(&key, wallet::Add { by: 1 }).await.unwrap();
                } else {
                    let order = ground.orders().at(format!("{lane}/{}", format!("{step:?}").to_lowercase()));
                    order.start(Natural, tests::shop::order::Pending { total: tests::lane::PRICE }).await.unwrap();
                    let key = ground.key("competitor");
                    order.cancel(&key, tests::shop::order::Cancel { reason: "first".into() }).await.unwrap();
                }
                rig.proxy.refuse_connections(false);
            };
            // From here on there is the connection that this used, and no other.
            rig.idem.check().await.unwrap();
            rig.proxy.refuse_connections(true);
            let (answer, ()) = tokio::join!(struck.call(step), competitor);
            assert!(rig.proxy.disarm(), "{point}: struck");
            let key = if wallet { "add" } else { &*point.to_lowercase() };
            let effects = rig.ground.effects(&lane, key).await;
            match &answer {
                Ok(acks) => {
                    assert_eq!(effects, 1, "{point}: acknowledged, and not there");
                    assert!(acks.iter().any(|ack| ack.fresh), "{point}: nobody else had this effect: {acks:?}");
                }
                Err(failure) => assert!(failure.effect() != Effect::NotApplied || effects == 0, "{point}: {failure}"),
            }
            rig.ground.check(&lane, &point).await;
            report.strike(point);
        }
    }
    report.finish(15);
}

/// A caller's savepoint has undone a part of what was to prove the commit: what is left proves it.
#[tokio::test]
async fn lost_commit_after_savepoint_rollback_is_proved_by_remaining_rows() {
    let Some(mut rig) = Rig::new().await else { return };
    let mut report = Report::new("reply to a COMMIT lost after a rollback to a savepoint", 5);
    for attempt in 0..scale(3, 30) {
        for (kept, then) in [(true, false), (false, true), (true, true)] {
            for cut in [Cut::LoseReply(Hangup::Reset), Cut::Before(Hangup::Reset)] {
                let lane = rig.lane(&format!("saved-{attempt}-{kept}-{then}-{}", matches!(cut, Cut::Before(_))));
                let account = lane.idem.ledger().account(lane.name());
                let mut tx = rig.idem.begin().await.unwrap();
                if kept {
                    account.within(&mut tx).apply_delta(&lane.key("kept"), 1).await.unwrap();
                }
                Postgres::script(tx.bare().await.unwrap(), "SAVEPOINT mine").await.unwrap();
                account.within(&mut tx).apply_delta(&lane.key("undone"), 10).await.unwrap();
                Postgres::script(tx.bare().await.unwrap(), "ROLLBACK TO mine").await.unwrap();
                if then {
                    account.within(&mut tx).apply_delta(&lane.key("then"), 100).await.unwrap();
                    Postgres::script(tx.bare().await.unwrap(), "SAVEPOINT other").await.unwrap();
                    account.within(&mut tx).apply_delta(&lane.key("undone too"), 1000).await.unwrap();
                    Postgres::script(tx.bare().await.unwrap(), "ROLLBACK TO other").await.unwrap();
                }
                rig.proxy.arm(At::Commit, cut);
                let committed = tx.commit().await;
                assert!(rig.proxy.disarm(), "struck");
                let point = format!("{cut:?}");
                let there = account.get().await.unwrap().map_or(0, |account| account.balance);
                match committed {
                    Ok(()) => assert_eq!(there, i64::from(kept) + 100 * i64::from(then), "{point}"),
                    Err(error) => assert_eq!((error.effect(), there), (Effect::NotApplied, 0), "{point}: {error}"),
                }
                rig.ground.check(lane.name(), &point).await;
                report.strike(point);
            }
        }
    }
    report.finish(18);
}

/// What is written after a rollback to a savepoint has no row that proves it: what was to prove the commit was undone before.
#[tokio::test]
async fn lost_commit_with_proof_undone_by_savepoint_is_not_denied() {
    let Some(mut rig) = Rig::new().await else { return };
    let mut report = Report::new("reply to a COMMIT lost, its proof undone before", 5);
    let table =
        "CREATE TABLE sheets (id bigint PRIMARY KEY, body text, version bigint); INSERT INTO sheets VALUES (1, '', 1)";
    Postgres::script(&mut rig.ground.conn, table).await.unwrap();
    for attempt in 0..scale(3, 30) {
        for update in [false, true] {
            for cut in [Cut::LoseReply(Hangup::Reset), Cut::Before(Hangup::Reset)] {
                let lane = rig.lane(&format!("denied-{attempt}-{update}-{}", matches!(cut, Cut::Before(_))));
                let account = lane.idem.ledger().account(lane.name());
                let mut tx = rig.idem.begin().await.unwrap();
                Postgres::script(tx.bare().await.unwrap(), "SAVEPOINT mine").await.unwrap();
                account.within(&mut tx).apply_delta(&lane.key("undone"), 10).await.unwrap();
                Postgres::script(tx.bare().await.unwrap(), "ROLLBACK TO mine").await.unwrap();
                Postgres::note(tx.conn(), lane.name(), "mine").await.unwrap();
                if update {
                    Upsert::table("sheets").key("id", 1).set("body", "x").execute(&mut tx).await.unwrap();
                } else {
                    account.within(&mut tx).open(Bounds::none()).await.unwrap();
                }
                rig.proxy.arm(At::Commit, cut);
                let committed = tx.commit().await;
                assert!(rig.proxy.disarm(), "struck");
                let rows = format!("SELECT '', count(*) FROM notes WHERE lane = '{}'", lane.name());
                let there = Postgres::ask(&mut rig.ground.conn, &rows).await[0].1;
                let told = committed.as_ref().map_or_else(Error::effect, |()| Effect::Applied);
                assert!(told != Effect::NotApplied || there == 0, "{cut:?}, {update}: {committed:?}");
                report.strike(format!("{cut:?}"));
            }
        }
    }
    report.finish(12);
}

/// Where only the caller wrote, the database cannot be asked for anything.
#[tokio::test]
async fn lost_commit_of_rows_of_caller_alone_is_indeterminate() {
    let Some(rig) = Rig::new().await else { return };
    for (cut, rows) in [(Cut::Before(Hangup::Reset), 0), (Cut::LoseReply(Hangup::Reset), 1)] {
        let mut tx = rig.idem.begin().await.unwrap();
        Postgres::note(tx.conn(), &format!("{cut:?}"), "borrower").await.unwrap();
        rig.proxy.arm(At::Commit, cut);
        let committed = tx.commit().await;
        assert!(matches!(committed, Err(Error::Indeterminate { .. })), "{cut:?}: {committed:?}");
        let mut conn = Postgres::connect(&rig.ground.url()).await;
        let found = Postgres::ask(&mut conn, &format!("SELECT '', count(*) FROM notes WHERE lane = '{cut:?}'")).await;
        assert_eq!(found[0].1, rows, "{cut:?}");
    }
}

fn is_silent(cut: Cut) -> bool {
    matches!(cut, Cut::Before(Hangup::BlackHole) | Cut::LoseReply(Hangup::BlackHole))
}

/// Whether a call of a crowd changes an account.
fn is_change(call: &str) -> bool {
    call.ends_with(['1', '3', '5', '7', '9'])
}

/// A database behind a proxy.
pub(crate) struct Rig {
    pub(crate) ground: Ground<Postgres>,
    pub(crate) proxy: Proxy,
    /// The library by way of the proxy.
    pub(crate) idem: Idem<Postgres>,
    lane: Lane<Postgres>,
}

fn url(ground: &Ground<Postgres>, proxy: &Proxy) -> String {
    ground.place.url().through(proxy.address()).to_string()
}

async fn open(ground: &Ground<Postgres>, proxy: &Proxy, grouping: GroupCommit) -> Idem<Postgres> {
    let url = url(ground, proxy);
    // A lock that a silent connection holds is waited for less long than the reply of the one that waits for it.
    let builder = Idem::<Postgres>::builder().max_connections(4).group_commit(grouping);
    let builder = builder.lock_wait(Duration::from_millis(500)).reply_timeout(Duration::from_secs(2));
    builder.open(&url).await.unwrap()
}

impl Rig {
    /// The library by way of the proxy, as a process has it that has just started.
    pub(crate) async fn anew(&self) -> Idem<Postgres> {
        open(&self.ground, &self.proxy, GroupCommit::off()).await
    }

    /// Each call has a transaction of its own, so that those that come at once race, and lock what they lost.
    pub(crate) async fn new() -> Option<Self> {
        Self::with(GroupCommit::off()).await
    }

    pub(crate) async fn with(grouping: GroupCommit) -> Option<Self> {
        let ground = Ground::<Postgres>::fresh().await?;
        let proxy = Proxy::start(ground.place.url());
        let idem = open(&ground, &proxy, grouping).await;
        let lane = Lane::new(&idem, "struck");
        // The names of the machines are compared once; no strike below is meant for that.
        for step in [Step::Start, Step::StartWallet] {
            lane.call(step).await.unwrap();
        }
        Some(Self { ground, proxy, idem, lane })
    }

    /// The database by way of the proxy.
    pub(crate) fn url(&self) -> String {
        url(&self.ground, &self.proxy)
    }

    pub(crate) fn lane(&self, name: &str) -> Lane<Postgres> {
        self.lane.renamed(name)
    }

    /// Calls a step, and waits for the library's own bound where the connection goes silent.
    async fn until_answered(&self, name: &str, step: Step) -> Option<Result<Vec<Ack>, Failure>> {
        for needed in step.needs() {
            self.ground.lane(name).insist(*needed).await.unwrap();
        }
        Some(self.lane(name).call(step).await)
    }

    /// Calls a step. Where the connection goes silent the caller gives up at once: `None`.
    async fn until_struck(&self, name: &str, step: Step, cut: Cut) -> Option<Result<Vec<Ack>, Failure>> {
        if !is_silent(cut) {
            return self.until_answered(name, step).await;
        }
        for needed in step.needs() {
            self.ground.lane(name).insist(*needed).await.unwrap();
        }
        let (lane, struck) = (self.lane(name), self.proxy.wait_for_strikes(self.proxy.strikes() + 1));
        tokio::select! {
            answer = lane.call(step) => Some(answer),
            () = struck => None,
        }
    }

    /// Holds what one call was told against the database.
    async fn is_true(&mut self, lane: &str, call: &str, answer: Result<Ack, Failure>, after: &str) {
        let effects = self.ground.effects(lane, call).await;
        match answer {
            Ok(ack) => {
                assert_eq!(effects, 1, "after {after}: {ack}");
                // A change of an account may have been sent without a load, and then its reply is all that tells whose it was.
                assert!(ack.fresh || is_change(call), "after {after}: nobody else had it: {ack}");
            }
            Err(failure) => {
                assert!(failure.is_retryable(), "after {after}: {call}: {failure}");
                assert!(failure.effect() != Effect::NotApplied || effects == 0, "after {after}: {call}: {failure}");
            }
        }
    }

    /// Holds the answer against the database, and calls again by a way without the proxy.
    async fn settle(&mut self, name: &str, step: Step, answer: Option<Result<Vec<Ack>, Failure>>, after: &str) {
        let acks = match answer {
            Some(Ok(acks)) => {
                let fresh = acks.iter().all(|ack| ack.fresh);
                assert!(fresh, "after {after}: nobody else had these effects: {acks:?}");
                acks
            }
            Some(Err(failure)) => {
                assert!(failure.is_retryable(), "after {after}: {failure}");
                let key = match step {
                    Step::Add => "add",
                    Step::Pay => "pay",
                    Step::Unit => "unit",
                    Step::Adopted => "adopted",
                    Step::Whole => "whole",
                    _ => "none",
                };
                if failure.effect() == Effect::NotApplied {
                    assert_eq!(self.ground.effects(name, key).await, 0, "after {after}: there, and {failure}");
                }
                Vec::new()
            }
            None => Vec::new(),
        };
        let again = self.ground.lane(name).insist(step).await.unwrap_or_else(|error| panic!("after {after}: {error}"));
        replayed(&acks, &again, after);
        self.ground.check(name, after).await;
    }
}
