//! Operations, leases and locks: processes that die at each point, and processes that are stopped beyond their leases.

use std::collections::BTreeMap;
use std::process::Command;

use rustix::process::{Pid, Signal, kill_process};
use tests::operations::{GUARDED, ON_DATABASE, ON_LEASES};
use tests::{Backend, Ended, Place, Report, Worker, has_points, list_points, scale, skip};

#[tokio::test]
async fn operation_abort_at_each_point_keeps_each_effect_once_sqlite() {
    aborts::<sqlx::Sqlite>(Where::Here, scale(30, 300)).await;
}

#[tokio::test]
async fn operation_abort_at_each_point_keeps_each_effect_once_postgres() {
    aborts::<sqlx::Postgres>(Where::Here, scale(30, 300)).await;
}

#[tokio::test]
async fn operation_abort_at_each_point_keeps_each_effect_once_redis() {
    if let Some(redis) = Where::redis() {
        aborts::<sqlx::Sqlite>(redis, scale(20, 100)).await;
    }
}

#[tokio::test]
async fn process_stopped_beyond_lease_has_no_second_effect_sqlite() {
    stops::<sqlx::Sqlite>(Where::Here).await;
}

#[tokio::test]
async fn process_stopped_beyond_lease_has_no_second_effect_postgres() {
    stops::<sqlx::Postgres>(Where::Here).await;
}

#[tokio::test]
async fn process_stopped_beyond_lease_has_no_second_effect_redis() {
    if let Some(redis) = Where::redis() {
        stops::<sqlx::Sqlite>(redis).await;
    }
}

/// The store of the leases.
#[derive(Debug, Clone)]
pub(crate) enum Where {
    Here,
    Redis { url: String, prefix: String },
}

impl Where {
    fn redis() -> Option<Self> {
        let Ok(url) = std::env::var("IDEM_REDIS_URL") else {
            skip("redis", "set IDEM_REDIS_URL, or run scripts/test");
            return None;
        };
        Some(Self::Redis { url, prefix: format!("idem-faults-{:x}:", fastrand::u64(..)) })
    }

    fn argument(&self) -> String {
        match self {
            Self::Here => "here".to_owned(),
            Self::Redis { url, prefix } => format!("{url}#{prefix}"),
        }
    }

    fn calls(&self) -> &'static [&'static str] {
        match self {
            Self::Here => &ON_DATABASE,
            Self::Redis { .. } => &ON_LEASES,
        }
    }

    fn title(&self) -> &'static str {
        match self {
            Self::Here => "",
            Self::Redis { .. } => ", leases in Redis",
        }
    }
}

/// A database of the test's own, and the store of its leases.
pub(crate) struct Field<DB: Backend> {
    place: DB::Place,
    leases: Where,
}

impl<DB: Backend> Field<DB> {
    pub(crate) async fn fresh(leases: Where) -> Option<Self> {
        let place = DB::fresh().await?;
        DB::prepare(&place.address()).await;
        DB::script(&mut DB::connect(&place.address()).await, GUARDED).await.unwrap();
        Some(Self { place, leases })
    }

    fn worker(&self, lanes: &[&str]) -> Command {
        let mut command = Command::new(env!("CARGO_BIN_EXE_operation_worker"));
        command.arg(self.place.address()).arg(self.leases.argument()).args(lanes);
        command
    }

    /// The next process does the rest.
    fn finish(&self, lane: &str, strike: &str) -> Ended {
        let ended = Worker::spawn(&mut self.worker(&[lane])).finish();
        assert!(ended.status.success(), "after {strike}: the next process failed: {:?}", ended.acks);
        ended
    }

    async fn count(&self, sql: &str) -> i64 {
        let mut conn = DB::connect(&self.place.address()).await;
        DB::ask(&mut conn, sql).await.pop().map_or(0, |(_, count)| count)
    }

    /// Each effect once, and every answer the same.
    async fn check(&self, lane: &str, (first, then): (&Ended, &Ended), strike: &str) {
        let answers = |ended: &Ended| {
            let calls = ended.acks.iter().filter_map(|ack| ack.split_once(' '));
            calls.map(|(call, answer)| (call.to_owned(), answer.to_owned())).collect::<BTreeMap<_, _>>()
        };
        let (first, then) = (answers(first), answers(then));
        for call in self.leases.calls() {
            assert!(then.contains_key(*call), "after {strike}: {call} was not answered");
        }
        for (call, answer) in &first {
            assert_eq!(then.get(call), Some(answer), "after {strike}: {call} is answered otherwise");
        }
        for call in self.leases.calls() {
            let expected = match *call {
                "once" | "within" | "mail" => 1,
                _ => 0,
            };
            let notes = format!("SELECT '', count(*) FROM notes WHERE lane = '{lane}' AND what = '{call}'");
            assert_eq!(self.count(&notes).await, expected, "after {strike}: effects of {call}");
        }
        // A fenced write of an older owner never follows one of a newer owner.
        let fell = "SELECT '', count(*) FROM guarded a JOIN guarded b ON b.place = a.place + 1 WHERE b.epoch < a.epoch";
        assert_eq!(self.count(fell).await, 0, "after {strike}: a lost owner has written");
        let fell =
            "SELECT '', count(*) FROM idem_entries a JOIN idem_entries b ON b.account = a.account AND b.seq = a.seq + 1
            WHERE a.account = 'guarded' AND b.delta < a.delta";
        assert_eq!(self.count(fell).await, 0, "after {strike}: a lost owner has changed the account");
    }
}

const POINTS: [&str; 9] = [
    "leased.claimed",
    "leased.worked",
    "leased.completed",
    "once.begun",
    "unit.complete.before",
    "unit.complete.written",
    "unit.complete.after",
    "own.write.before",
    "own.write.after",
];

async fn aborts<DB: Backend>(leases: Where, strikes: u64) {
    if !has_points() {
        return;
    }
    let points = POINTS.into_iter().filter(|point| matches!(leases, Where::Here) || point.starts_with("leased"));
    let title = format!("operations aborted at a point, {}{}", DB::TITLE, leases.title());
    let mut report = Report::new(title, 5).expecting(points);
    for round in 0.. {
        let Some(field) = Field::<DB>::fresh(leases.clone()).await else { return report.skip() };
        let mut passed = BTreeMap::<String, usize>::new();
        for point in list_points(&mut field.worker(&[&format!("listing{round}")])) {
            *passed.entry(point).or_default() += 1;
        }
        for (point, times) in passed {
            for passage in 1..=times {
                if round > 0 && report.total() >= strikes && !report.lacks(&point) {
                    break;
                }
                let strike = format!("{point}:{passage}");
                let lane = format!("{}-{round}-{passage}", point.replace('.', "-"));
                let first = Worker::spawn(field.worker(&[&lane]).env("IDEM_ABORT_AT", &strike)).finish();
                let then = field.finish(&lane, &strike);
                field.check(&lane, (&first, &then), &strike).await;
                report.add(&*point, u64::from(!first.status.success()));
            }
        }
        if report.total() >= strikes && report.least() >= 5 {
            break;
        }
        assert!(round < 60, "some point is hardly ever passed");
    }
    report.finish(strikes);
}

/// One process is stopped in the middle of a call; another one takes over; the first goes on.
async fn stops<DB: Backend>(leases: Where) {
    let title = format!("stopped beyond the lease, {}{}", DB::TITLE, leases.title());
    let stopped_in = ["charge", "mail", "job", "lock"];
    let mut report = Report::new(title, 1).expecting(stopped_in);
    let Some(field) = Field::<DB>::fresh(leases).await else { return report.skip() };
    for round in 0..scale(1, 3) {
        for call in stopped_in {
            let (lane, strike) = (format!("{call}-{round}"), format!("a stop in {call}"));
            let mut first = Worker::spawn(field.worker(&[&lane]).env("IDEM_STOP_IN", call));
            while first.next_ack().expect("it stops before it ends") != "stopping" {}
            let then = field.finish(&lane, &strike);
            let process = i32::try_from(first.id()).ok().and_then(Pid::from_raw).expect("a process");
            kill_process(process, Signal::CONT).expect("a child can be continued");
            let mut first = first.finish();
            assert!(first.status.success(), "after {strike}: {:?}", first.acks);
            first.acks.retain(|ack| ack != "stopping");
            field.check(&lane, (&first, &then), &strike).await;
            report.strike(call);
        }
    }
    report.finish(scale(4, 12));
}
