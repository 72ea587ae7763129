//! Behind a pooler: with a session for each connection everything works, and sessions that are shared are refused at the start.

use idem_core::{Error, GroupCommit, Idem};
use sqlx::Postgres;
use sqlx::postgres::{PgConnectOptions, PgPoolOptions};
use tests::lane::{Lane, Step};
use tests::{PgBouncer, Report};

use crate::ground::{Ground, replayed};

/// On connections that the library makes, and on those of a caller's pool; what a pooler does not know is not asked of it.
async fn both_ways(url: &str, grouping: GroupCommit) -> [Idem<Postgres>; 2] {
    let own = Idem::<Postgres>::builder().group_commit(grouping).open(url).await.unwrap();
    let options: PgConnectOptions = url.parse().unwrap();
    let pool = PgPoolOptions::new().max_connections(4).connect_with(options.extra_float_digits(None)).await.unwrap();
    [own, Idem::<Postgres>::builder().group_commit(grouping).open_pool(pool).unwrap()]
}

#[tokio::test]
async fn pooler_in_session_mode_serves_every_call() {
    let Some(mut ground) = Ground::<Postgres>::fresh().await else { return };
    let Some(pooler) = PgBouncer::start(ground.place.url(), "session") else { return };
    let mut report = Report::new("calls by way of a pooler with pool_mode = session", 5);
    for grouping in [GroupCommit::off(), GroupCommit::default()] {
        for (idem, point) in both_ways(&pooler.url(ground.place.url()), grouping).await.into_iter().zip(["own", "pool"])
        {
            idem.check().await.unwrap();
            let name =
                format!("pooled-{point}-{grouping:?}").replace(|letter: char| !letter.is_ascii_alphanumeric(), "-");
            let lane = Lane::new(&idem, &name[..name.len().min(60)]);
            for step in Step::ALL {
                let acks = lane.insist(step).await.unwrap();
                replayed(&acks, &lane.insist(step).await.unwrap(), point);
                report.strike(point);
            }
            ground.check(lane.name(), point).await;
        }
    }
    report.finish(2 * 2 * 20);
}

#[tokio::test]
async fn pooler_with_shared_sessions_is_refused_at_open() {
    let Some(ground) = Ground::<Postgres>::fresh().await else { return };
    for mode in ["transaction", "statement"] {
        let Some(pooler) = PgBouncer::start(ground.place.url(), mode) else { return };
        let url = pooler.url(ground.place.url());
        let options: PgConnectOptions = url.parse().unwrap();
        let pool = PgPoolOptions::new().connect_lazy_with(options.extra_float_digits(None));
        let opened = Idem::<Postgres>::open(&url).await.map(drop);
        let checked = Idem::<Postgres>::from_pool(pool).unwrap().check().await;
        for refused in [opened, checked] {
            let error = refused.expect_err("sessions are shared");
            assert!(
                matches!(&error, Error::Config { problem } if problem.contains("pool_mode = session")),
                "{mode}: {error}"
            );
        }
    }
}
