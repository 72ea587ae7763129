//! Operations whose connections are lost at each message, and whose futures are dropped at each poll.

use std::time::Duration;

use idem_core::lease::Leases;
use idem_core::{Effect, Error, Idem};
use tests::operations::{GUARDED, ON_DATABASE, Operations};
use tests::{At, Backend, Cut, Hangup, PgUrl, Place as _, PollLimit, Proxy, Report, scale};

use crate::lost::CUTS;

#[tokio::test]
async fn operation_with_connection_lost_at_each_message_keeps_effect_once() {
    let mut report = Report::new("connection of an operation lost at each message", 5);
    for (offset, cut) in (0..).zip(CUTS) {
        let Some(place) = sqlx::Postgres::fresh().await else { return report.skip() };
        let direct = prepared::<sqlx::Postgres>(&place.address()).await;
        let url: PgUrl = place.address().parse().unwrap();
        let proxy = Proxy::start(&url);
        let builder = Idem::<sqlx::Postgres>::builder().reply_timeout(Duration::from_millis(300));
        let builder = builder.lock_wait(Duration::from_millis(150)).acquire_timeout(Duration::from_secs(10));
        let struck = builder.open(&url.through(proxy.address()).to_string()).await.unwrap();
        for call in ON_DATABASE {
            // Each message is struck in two of the six ways; in the long run in all.
            let stride = scale(3, 1);
            for message in (1..).skip(offset % stride).step_by(stride) {
                let lane = format!("{cut:?}-{call}-{message}").replace(['(', ')'], "-");
                proxy.arm(At::Message(message), cut);
                let operations = of(&struck, &place.address(), &lane);
                // Only its own timeouts end the silence of a caller's statement: that call is dropped.
                let silence = async {
                    proxy.wait_for_strikes(proxy.strikes() + 1).await;
                    match cut {
                        Cut::Before(Hangup::BlackHole) | Cut::LoseReply(Hangup::BlackHole) => {}
                        _ => std::future::pending().await,
                    }
                };
                let answer = tokio::select! {
                    answer = operations.call(call) => answer,
                    () = silence => Err("dropped".into()),
                };
                let hit = proxy.disarm();
                settle(&direct, &place.address(), (&lane, call), answer, &format!("{cut:?} at {message}")).await;
                if !hit {
                    break;
                }
                report.strike(call);
            }
        }
    }
    report.finish(scale(100, 300));
}

#[tokio::test]
async fn operation_dropped_at_each_poll_keeps_effect_once_sqlite() {
    dropped::<sqlx::Sqlite>().await;
}

#[tokio::test]
async fn operation_dropped_at_each_poll_keeps_effect_once_postgres() {
    dropped::<sqlx::Postgres>().await;
}

async fn dropped<DB: Backend>() {
    let mut report = Report::new(format!("operation dropped at each poll, {}", DB::TITLE), 5).expecting(ON_DATABASE);
    let Some(place) = DB::fresh().await else { return report.skip() };
    let idem = prepared::<DB>(&place.address()).await;
    let (rounds, enough) = (scale(2, 20), scale(70, 700));
    // Where a reply is there before it is waited for, a call has few polls: then there are more rounds.
    for round in 0..20 * rounds {
        if round >= rounds && report.least() >= 5 && report.total() >= enough {
            break;
        }
        for call in ON_DATABASE {
            for polls in 1.. {
                let lane = format!("dropped-{call}-{round}-{polls}");
                let operations = of(&idem, &place.address(), &lane);
                let answer = PollLimit::new(polls, operations.call(call)).await;
                let ended = answer.is_some();
                let answer = answer.unwrap_or_else(|| Err("dropped".into()));
                settle(&idem, &place.address(), (&lane, call), answer, &format!("poll {polls}")).await;
                if ended {
                    break;
                }
                report.strike(call);
            }
        }
    }
    report.finish(enough);
}

async fn prepared<DB: Backend>(url: &str) -> Idem<DB> {
    DB::prepare(url).await;
    DB::script(&mut DB::connect(url).await, GUARDED).await.unwrap();
    // A process that answers late leaves locks behind for a moment.
    let builder = Idem::<DB>::builder().lock_wait(Duration::from_secs(20)).acquire_timeout(Duration::from_secs(20));
    builder.open(url).await.unwrap()
}

fn of<DB: Backend>(idem: &Idem<DB>, url: &str, lane: &str) -> Operations<DB> {
    Operations::new(idem.clone(), Leases::from(idem), url, lane)
}

/// What was answered is true; the call, made again, has one effect and the first answer.
async fn settle<DB: Backend>(
    idem: &Idem<DB>,
    url: &str,
    (lane, call): (&str, &str),
    answer: Result<String, Box<dyn std::error::Error + Send + Sync>>,
    strike: &str,
) {
    let count = async |what: &str| {
        let sql = format!("SELECT '', count(*) FROM notes WHERE lane = '{lane}' AND what = '{what}'");
        DB::ask(&mut DB::connect(url).await, &sql).await.pop().map_or(0, |(_, count)| count)
    };
    if let Err(error) = &answer
        && let Some(error) = error.downcast_ref::<Error>()
        && error.effect() == Effect::NotApplied
        && ["once", "within"].contains(&call)
    {
        assert_eq!(count(call).await, 0, "after {strike}: {call} was answered {error}");
    }
    let again = of(idem, url, lane).call(call).await;
    let again = again.unwrap_or_else(|error| panic!("after {strike}: {call} again: {error}"));
    if let Ok(answer) = answer {
        assert_eq!(answer, again, "after {strike}");
    }
    let expected = i64::from(["once", "within", "mail"].contains(&call));
    assert_eq!(count(call).await, expected, "after {strike}: effects of {call}");
}
