//! The floor: pgbench sends the hand-written contender's statements, with nothing in between that a program would do.
//!
//! The scripts are made from the text of the same statements, on tables of the same shape. What the program computes
//! (the new state, hashes) is there a constant of the same size, or a function of the server that costs next to nothing.

use std::fmt::Write as _;
use std::future::Future;
use std::path::{Path, PathBuf};
use std::pin::Pin;

use sqlx::postgres::PgConnectOptions;
use sqlx::{AssertSqlSafe, ConnectOptions, PgConnection};
use tokio::process::Command;

use crate::baseline::postgres::{LOAD, WRITE};
use crate::baseline::{self, PREFIX};
use crate::contender::{KNOWN, Measured, Sample};
use crate::workload::{COMMAND, MACHINE, MACHINES, Request, SCOPE, Sheet};
use crate::{Failure, Load, Work};

/// What stands for each parameter of [`LOAD`]; `:known` sets known keys apart from new ones.
const LOAD_WITH: [&str; 3] =
    [":machine", "('ticket-' || lpad(:m::text, 5, '0'))", "substring(sha256((:known || :k::text)::bytea) for 23)"];

/// What stands for each parameter of [`WRITE`].
const WRITE_WITH: [&str; 15] = [
    ":machine",
    "('ticket-' || lpad(:m::text, 5, '0'))",
    ":l_version",
    "(CASE :l_version::bigint % 2 WHEN 1 THEN 'Held' ELSE 'Open' END)",
    ":l_body",
    ":l_now",
    "substring(sha256((:known || :k::text)::bytea) for 23)",
    ":fingerprint",
    ":command",
    "(CASE :l_version::bigint % 2 WHEN 1 THEN 'Open' ELSE 'Held' END)",
    ":payload",
    ":outcome",
    ":scope",
    "md5(:k::text)::uuid::text",
    ":l_visit",
];

/// The contender.
pub(crate) struct Pgbench {
    url: String,
    search_path: String,
    scripts: PathBuf,
    variables: Vec<String>,
}

impl Pgbench {
    /// Makes its scripts, and known keys in its schema; `None` if there is no pgbench.
    pub(crate) async fn find(database: &PgConnectOptions, schema: &str) -> Result<Option<Self>, Failure> {
        if Command::new("pgbench").arg("--version").output().await.is_err() {
            return Ok(None);
        }
        let scripts = Path::new(env!("CARGO_TARGET_TMPDIR")).join("pgbench");
        std::fs::create_dir_all(&scripts)?;
        std::fs::write(scripts.join("fresh.sql"), fresh())?;
        std::fs::write(scripts.join("replay.sql"), replay())?;

        let turn = Request::nth(0, 0).turn;
        let (_, receipt) = Sheet::initial(0).turned(turn.amount, &turn.reference);
        let outcome = baseline::encode(&receipt)?;
        know_keys(&mut database.connect().await?, &outcome).await?;
        let variables = [
            ("machine", MACHINE.to_owned()),
            ("command", COMMAND.to_owned()),
            ("scope", SCOPE.to_owned()),
            ("payload", bytea(&baseline::encode(&turn)?)),
            ("outcome", bytea(&outcome)),
            ("fingerprint", bytea(&[1; 33])),
        ];
        let variables = variables.into_iter().map(|(name, value)| format!("--define={name}={value}")).collect();
        let search_path = format!("-c search_path={schema}");
        Ok(Some(Self { url: libpq_url(database), search_path, scripts, variables }))
    }

    async fn run(&self, load: Load) -> Result<Sample, Failure> {
        let (script, known) = match load.work {
            Work::Fresh => ("fresh.sql", "new"),
            Work::Replay => ("replay.sql", "known"),
        };
        let output = Command::new("pgbench")
            .args(["--no-vacuum", "--protocol=prepared"])
            .arg(format!("--client={}", load.tasks))
            .arg(format!("--jobs={}", load.tasks.min(2)))
            .arg(format!("--time={}", load.time.as_secs().max(1)))
            .args(&self.variables)
            .arg(format!("--define=known={known}"))
            .arg(format!("--file={}", self.scripts.join(script).display()))
            .arg(&self.url)
            .env("PGOPTIONS", &self.search_path)
            .output()
            .await?;
        let text = String::from_utf8_lossy(&output.stdout);
        let rate = text.lines().find_map(|line| line.strip_prefix("tps = ")?.split(' ').next()?.parse().ok());
        match rate {
            Some(rate) if output.status.success() => Ok(Sample { rate, p50: None, p99: None, cpu: None }),
            _ => Err(format!("pgbench: {text}{}", String::from_utf8_lossy(&output.stderr)).into()),
        }
    }
}

impl Measured for Pgbench {
    fn name(&self) -> &'static str {
        "pgbench, the same SQL"
    }

    fn measure(&self, load: Load) -> Pin<Box<dyn Future<Output = Result<Sample, Failure>> + Send + '_>> {
        Box::pin(self.run(load))
    }

    /// It does not say how many of its writes lost a race, so there is nothing to compare with.
    fn audit(&self) -> Pin<Box<dyn Future<Output = Result<(), Failure>> + Send + '_>> {
        Box::pin(async { Ok(()) })
    }
}

/// The database as libpq takes it, without the options of the session.
fn libpq_url(database: &PgConnectOptions) -> String {
    let mut url = database.to_url_lossy();
    let kept =
        url.query_pairs().into_owned().filter(|(name, _)| name != "statement-cache-capacity" && name != "options");
    let kept: Vec<_> = kept.collect();
    url.query_pairs_mut().clear().extend_pairs(kept);
    url.to_string()
}

fn fresh() -> String {
    format!(
        "\\set m random(0, {})\n\\set k random(1, 9000000000000000000)\n{} \\gset l_\n{};\n",
        MACHINES - 1,
        with(LOAD, &LOAD_WITH),
        with(WRITE, &WRITE_WITH)
    )
}

fn replay() -> String {
    format!("\\set m random(0, {})\n\\set k random(1, {KNOWN})\n{};\n", MACHINES - 1, with(LOAD, &LOAD_WITH))
}

/// The statement with expressions for its parameters; from the last, for `$1` begins `$15`.
fn with(statement: &str, expressions: &[&str]) -> String {
    expressions
        .iter()
        .enumerate()
        .rev()
        .fold(statement.to_owned(), |text, (at, expression)| text.replace(&format!("${}", at + 1), expression))
}

/// Known keys that lead to a transition with an outcome of the usual size.
async fn know_keys(conn: &mut PgConnection, outcome: &[u8]) -> Result<(), Failure> {
    let known = format!(
        "UPDATE {PREFIX}transitions SET outcome = '{}'; \
         INSERT INTO {PREFIX}keys (hash, namespace, target, seq, fingerprint, at) \
         SELECT substring(sha256(('known' || k::text)::bytea) for 23), '{MACHINE}', \
                'ticket-' || lpad((k % {MACHINES})::text, 5, '0'), 1, decode(repeat('00', 33), 'hex'), 0 \
         FROM generate_series(1, {KNOWN}) k",
        bytea(outcome)
    );
    sqlx::raw_sql(AssertSqlSafe(known)).execute(conn).await?;
    Ok(())
}

/// PostgreSQL's text form of bytes.
fn bytea(bytes: &[u8]) -> String {
    bytes.iter().fold(String::from("\\x"), |mut text, byte| {
        let _ = write!(text, "{byte:02x}");
        text
    })
}
