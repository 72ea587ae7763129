//! Futures dropped at every poll of every public call: what was dropped happened whole or not at all, the next call finds
//! out which, and the next borrower of the connection finds it clean.

use std::time::Duration;

use idem_core::{CommandError, Effect, Error, Idem, Natural, Tx};
use sqlx::pool::PoolOptions;
use tests::lane::{Ack, Failure, Lane, MERCHANT, PRICE, Step};
use tests::shop::{order, wallet};
use tests::{Backend, PollLimit, Report, scale};

use crate::ground::{Ground, replayed};
use crate::invariants;

#[tokio::test]
async fn call_dropped_at_each_poll_has_whole_effect_or_none_sqlite() {
    calls::<sqlx::Sqlite>().await;
}

#[tokio::test]
async fn call_dropped_at_each_poll_has_whole_effect_or_none_postgres() {
    calls::<sqlx::Postgres>().await;
}

#[tokio::test]
async fn call_dropped_in_transaction_breaks_it_or_has_no_effect_sqlite() {
    joined::<sqlx::Sqlite>().await;
}

#[tokio::test]
async fn call_dropped_in_transaction_breaks_it_or_has_no_effect_postgres() {
    joined::<sqlx::Postgres>().await;
}

/// A call has few polls, and how many varies: how many attempts in a row complete before the next call's turn.
const COMPLETED_IN_A_ROW: usize = 2;

/// What is dropped.
#[derive(Debug, Clone, Copy)]
enum Call {
    Step(Step),
    Get,
    History,
    Verify,
    InState,
    CountByState,
    Rebuild,
    Rollback,
    Check,
    Migrate,
}

impl Call {
    /// All but those in an adopted transaction: sqlx's own `begin` must not be dropped.
    fn all() -> impl Iterator<Item = Self> {
        let others = [
            Self::Get,
            Self::History,
            Self::Verify,
            Self::InState,
            Self::CountByState,
            Self::Rebuild,
            Self::Rollback,
            Self::Check,
            Self::Migrate,
        ];
        Step::ALL.into_iter().filter(|step| *step != Step::Adopted).map(Self::Step).chain(others)
    }

    fn name(self) -> String {
        match self {
            Self::Step(step) => format!("{step:?}"),
            other => format!("{other:?}"),
        }
    }

    fn needs(self) -> &'static [Step] {
        match self {
            Self::Step(step) => step.needs(),
            _ => &[Step::Start, Step::Pay],
        }
    }

    async fn run<DB: Backend>(self, lane: &Lane<DB>) -> Result<Vec<Ack>, Failure> {
        match self {
            Self::Step(step) => return lane.call(step).await,
            Self::Get => drop(lane.order().get().await?),
            Self::History => drop(lane.order().history().await?),
            Self::Verify => drop(lane.order().verify().await?),
            Self::InState => drop(lane.orders().in_state(order::StateKind::Paid).limit(3).await?),
            Self::CountByState => drop(lane.orders().count_by_state().await?),
            Self::Rebuild => drop(lane.order().rebuild().await?),
            Self::Rollback => {
                let mut tx = lane.idem.begin().await?;
                lane.joined("rolled back", &mut tx).await?;
                tx.rollback().await;
            }
            Self::Check => lane.idem.check().await?,
            Self::Migrate => migrator(lane)?.migrate().await?,
        }
        Ok(Vec::new())
    }
}

/// Tables of the lane's own, which are not there yet.
fn migrator<DB: Backend>(lane: &Lane<DB>) -> Result<Idem<DB>, Error> {
    let prefix = lane.name().replace('-', "_");
    Idem::<DB>::builder().prefix(format!("{prefix}_")).open_pool(lane.idem.pool().clone())
}

async fn calls<DB: Backend>() {
    let strikes = scale(300, 10_000);
    let mut report = Report::new(format!("dropped at a poll, {}", DB::TITLE), 5).expecting(Call::all().map(Call::name));
    for round in 0.. {
        // A new database for each round keeps the checks of all of it fast.
        let Some(mut ground) = Ground::<DB>::fresh().await else { return report.skip() };
        let struck = Lane::new(&narrow::<DB>(&ground.url(), round).await, "struck");
        for call in Call::all() {
            let dropped = sweep(&mut ground, &struck, call, round).await;
            report.add(call.name(), dropped);
        }
        // On both kinds of pool.
        if round > 0 && report.total() >= strikes && report.least() >= 5 {
            break;
        }
    }
    report.finish(strikes);
}

/// With one connection, so that the next borrower has the one that was struck: of a caller's pool, or, every other
/// round, of the library's own, where the next borrower is the call that is repeated.
async fn narrow<DB: Backend>(url: &str, round: usize) -> Idem<DB> {
    let wait = Duration::from_secs(20);
    let builder = Idem::<DB>::builder().max_connections(1).acquire_timeout(wait).lock_wait(wait);
    if round.is_multiple_of(2) {
        let pool = PoolOptions::new().max_connections(1).acquire_timeout(wait).connect(url).await.unwrap();
        return builder.open_pool(pool).unwrap();
    }
    builder.open(url).await.unwrap()
}

async fn sweep<DB: Backend>(ground: &mut Ground<DB>, struck: &Lane<DB>, call: Call, round: usize) -> u64 {
    let (mut dropped, mut completed) = (0, 0);
    for limit in 1.. {
        let name = format!("{}-{round}-{limit}", call.name().to_lowercase());
        let (lane, after) = (struck.renamed(&*name), format!("{call:?} dropped at poll {limit}"));
        for step in call.needs() {
            ground.lane(&name).insist(*step).await.unwrap();
        }
        if let Call::Rebuild = call {
            let damage = format!("UPDATE idem_machines SET visit = 99 WHERE id = '{name}'");
            DB::script(&mut ground.conn, &damage).await.unwrap();
        }
        let output = PollLimit::new(limit, call.run(&lane)).await;
        // Before anything is called again: a rollback must not wait for that.
        invariants::nobody_idle_in_transaction::<DB>(&mut ground.conn, &after).await;
        next_borrower(ground, struck, &name, &after).await;
        if output.is_some() {
            completed += 1;
        } else {
            (dropped, completed) = (dropped + 1, 0);
        }
        let acks = output.transpose().unwrap_or_else(|error| panic!("{call:?} at poll {limit}: {error}"));
        let again = repeat(call, &lane).await;
        replayed(&acks.unwrap_or_default(), &again, &after);
        ground.check(&name, &after).await;
        if completed == COMPLETED_IN_A_ROW {
            break;
        }
    }
    dropped
}

async fn repeat<DB: Backend>(call: Call, lane: &Lane<DB>) -> Vec<Ack> {
    match call {
        Call::Step(step) => lane.insist(step).await.unwrap(),
        other => other.run(lane).await.unwrap(),
    }
}

/// What the next borrower writes without a transaction is there for everyone.
async fn next_borrower<DB: Backend>(ground: &mut Ground<DB>, struck: &Lane<DB>, name: &str, after: &str) {
    let mut borrowed = struck.idem.pool().acquire().await.unwrap();
    let insert = format!("INSERT INTO notes VALUES ('{name}', 'borrower')");
    DB::script(&mut borrowed, &insert).await.unwrap_or_else(|error| panic!("after {after}: {error}"));
    let seen = format!("SELECT '', count(*) FROM notes WHERE lane = '{name}' AND what = 'borrower'");
    assert_eq!(DB::ask(&mut ground.conn, &seen).await, [(String::new(), 1)], "after {after}: a borrower's row is gone");
}

/// What is dropped within a transaction.
#[derive(Debug, Clone, Copy)]
enum Joined {
    Start,
    Pay,
    Add,
    Get,
    Delta,
    Transfer,
    Hold,
    Batch,
}

impl Joined {
    const ALL: [Self; 8] =
        [Self::Start, Self::Pay, Self::Add, Self::Get, Self::Delta, Self::Transfer, Self::Hold, Self::Batch];

    async fn run<DB: Backend>(self, lane: &Lane<DB>, tx: &mut Tx<DB>) -> Result<(), Failure> {
        match self {
            Self::Start => _ = lane.order().within(tx).start(Natural, order::Pending { total: PRICE }).await?,
            Self::Pay => drop(lane.order().within(tx).pay(&lane.key("pay"), order::Pay { amount: PRICE }).await?),
            Self::Add => drop(lane.wallet().within(tx).add(&lane.key("add"), wallet::Add { by: 1 }).await?),
            Self::Get => drop(lane.order().within(tx).get().await?),
            Self::Delta => {
                let account = lane.idem.ledger().account(lane.name());
                account.within(tx).apply_delta(&lane.key("delta"), 5).await?;
            }
            Self::Transfer => {
                let ledger = lane.idem.ledger();
                ledger.within(tx).transfer(&lane.key("transfer"), lane.name(), MERCHANT, 3).await?;
            }
            Self::Hold => {
                lane.idem.ledger().account(lane.name()).within(tx).hold(&lane.key("hold"), 2).await?;
            }
            Self::Batch => {
                for entry in lane.idem.ledger().within(tx).apply_batch(&lane.deltas()).await? {
                    entry?;
                }
            }
        }
        Ok(())
    }

    /// The same outside, and what has to be there before it.
    fn step(self) -> Step {
        match self {
            Self::Start => Step::Start,
            Self::Pay | Self::Get => Step::Pay,
            Self::Add => Step::Add,
            Self::Delta => Step::Delta,
            Self::Transfer => Step::Transfer,
            Self::Hold => Step::Hold,
            Self::Batch => Step::Batch,
        }
    }

    /// How much of it [`effects`] counts.
    fn effects(self) -> i64 {
        match self {
            Self::Get => 0,
            Self::Batch => 2,
            _ => 1,
        }
    }
}

async fn joined<DB: Backend>() {
    let strikes = scale(100, 2_000);
    let mut report = Report::new(format!("dropped within a transaction, then committed, {}", DB::TITLE), 5);
    for round in 0.. {
        let Some(mut ground) = Ground::<DB>::fresh().await else { return report.skip() };
        let struck = Lane::new(&narrow::<DB>(&ground.url(), round).await, "struck");
        for adopted in [false, true] {
            for call in Joined::ALL {
                let mut completed = 0;
                for limit in 1.. {
                    let name = format!("{call:?}-{adopted}-{round}-{limit}").to_lowercase();
                    if strike_within(&mut ground, &struck.renamed(&*name), call, adopted, limit).await {
                        completed = 0;
                        report.strike(format!("{call:?}{}", if adopted { " in an adopted transaction" } else { "" }));
                    } else {
                        completed += 1;
                    }
                    if completed == COMPLETED_IN_A_ROW {
                        break;
                    }
                }
            }
        }
        if report.total() >= strikes && report.least() >= 5 {
            break;
        }
    }
    report.finish(strikes);
}

/// Drops a call between a caller's statement and the COMMIT. Either the transaction is gone, or all of it is there
/// but the call; whether it was dropped.
async fn strike_within<DB: Backend>(
    ground: &mut Ground<DB>,
    lane: &Lane<DB>,
    call: Joined,
    adopted: bool,
    limit: usize,
) -> bool {
    let after = format!("{call:?} dropped at poll {limit}, adopted: {adopted}");
    for step in call.step().needs() {
        ground.lane(lane.name()).insist(*step).await.unwrap();
    }
    let before = effects(ground, lane).await;
    let mut tx = if adopted {
        lane.idem.adopt_tx(lane.idem.pool().begin_with(DB::BEGIN).await.unwrap())
    } else {
        lane.idem.begin().await.unwrap()
    };
    DB::note(tx.conn(), lane.name(), "beside").await.unwrap();
    let output = PollLimit::new(limit, call.run(lane, &mut tx)).await;
    let later = lane.wallets().at(format!("{}/later", lane.name()));
    let later = later.within(&mut tx).start(Natural, wallet::Open { total: 0 }).await;
    let committed = tx.commit().await;

    let beside = format!("SELECT '', count(*) FROM notes WHERE lane = '{}' AND what = 'beside'", lane.name());
    let beside = DB::ask(&mut ground.conn, &beside).await[0].1;
    let made = effects(ground, lane).await - before;
    let effect = if output.is_some() { call.effects() } else { 0 };
    match (&later, &committed) {
        (Ok(_), Ok(())) => assert_eq!((beside, made), (1, 1 + effect), "after {after}: committed"),
        (Err(CommandError::Failed(Error::Interrupted)), Err(Error::Interrupted)) => {
            assert!(output.is_none(), "{after}: a call that completed does not break the transaction");
            assert_eq!((beside, made), (0, 0), "after {after}: interrupted");
        }
        _ => panic!("after {after}: the later call says {later:?}, the commit {committed:?}"),
    }
    if let Err(error) = &committed {
        assert_eq!(error.effect(), Effect::NotApplied, "after {after}");
    }
    next_borrower(ground, lane, lane.name(), &after).await;
    lane.insist(call.step()).await.unwrap();
    ground.check(lane.name(), &after).await;
    output.is_none()
}

/// Everything that happened to the machines of a lane, and to its account.
async fn effects<DB: Backend>(ground: &mut Ground<DB>, lane: &Lane<DB>) -> i64 {
    let name = lane.name();
    let count = format!(
        "SELECT '', (SELECT count(seq) FROM idem_transitions WHERE id = '{name}' OR id LIKE '{name}/%')
            + (SELECT count(seq) FROM idem_entries WHERE account = '{name}')"
    );
    DB::ask(&mut ground.conn, &count).await[0].1
}
