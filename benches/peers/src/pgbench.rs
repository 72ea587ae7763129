//! The floor of this run: one transfer in one statement, which pgbench sends.

use std::io::Write as _;
use std::process::{Command, Stdio};
use std::time::Duration;

use crate::Failure;
use crate::server::Room;

/// As small as they can be: accounts, and a transfer under its key.
const TABLES: &str = "
CREATE TABLE accounts (id bigint PRIMARY KEY, balance bigint NOT NULL DEFAULT 0, version bigint NOT NULL DEFAULT 0)
    WITH (fillfactor = 50);
INSERT INTO accounts (id) SELECT generate_series(0, 999);
CREATE TABLE transfers (key uuid PRIMARY KEY, payer bigint NOT NULL, payee bigint NOT NULL, amount bigint NOT NULL,
    payer_after bigint, payee_after bigint, at timestamptz NOT NULL DEFAULT now());";

/// Locks both accounts in order, moves one unit unless the key is known, and records it with both balances.
const TRANSFER: &str = "\
\\set a random(0, 999)
\\set b (:a + random(1, 999)) % 1000
\\set k random(1, 9000000000000000000)
WITH asked AS (SELECT md5(:k::bigint::text)::uuid AS key, :a::bigint AS payer, :b::bigint AS payee), locked AS MATERIALIZED (SELECT id FROM accounts WHERE id IN (:a, :b) ORDER BY id FOR UPDATE), moved AS (UPDATE accounts SET balance = balance + CASE id WHEN asked.payer THEN -1 ELSE 1 END, version = version + 1 FROM asked, (SELECT count(*) AS accounts FROM locked) AS held WHERE held.accounts = 2 AND id IN (asked.payer, asked.payee) AND NOT EXISTS (SELECT FROM transfers WHERE transfers.key = asked.key) RETURNING id, balance) INSERT INTO transfers (key, payer, payee, amount, payer_after, payee_after) SELECT key, asked.payer, asked.payee, 1, payer.balance, payee.balance FROM asked JOIN moved AS payer ON payer.id = asked.payer JOIN moved AS payee ON payee.id = asked.payee RETURNING payer_after, payee_after;
";

/// The contender.
pub(crate) struct Pgbench {
    url: String,
}

impl Pgbench {
    /// Makes its tables; `None` if there is no pgbench.
    pub(crate) async fn found(room: Room) -> Result<Option<Self>, Failure> {
        if Command::new("pgbench").arg("--version").output().is_err() {
            return Ok(None);
        }
        room.execute(TABLES).await?;
        Ok(Some(Self { url: room.libpq_url() }))
    }

    /// Transfers per second.
    pub(crate) async fn transfers(&self, clients: u64, time: Duration) -> Result<f64, Failure> {
        let url = self.url.clone();
        tokio::task::spawn_blocking(move || run(&url, clients, time)).await?
    }
}

fn run(url: &str, clients: u64, time: Duration) -> Result<f64, Failure> {
    let mut pgbench = Command::new("pgbench")
        .args(["--no-vacuum", "--protocol=prepared", "--jobs=2", "--file=-"])
        .arg(format!("--client={clients}"))
        .arg(format!("--time={}", time.as_secs().max(1)))
        .arg(url)
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .stderr(Stdio::piped())
        .spawn()?;
    // Dropped at the end of the statement, which is the end of the file.
    pgbench.stdin.take().ok_or("pgbench has no input")?.write_all(TRANSFER.as_bytes())?;
    let output = pgbench.wait_with_output()?;
    let text = String::from_utf8_lossy(&output.stdout);
    let rate = text.lines().find_map(|line| line.strip_prefix("tps = ")?.split(' ').next()?.parse().ok());
    match rate {
        Some(rate) if output.status.success() => Ok(rate),
        // Every client says the same.
        _ => Err(String::from_utf8_lossy(&output.stderr).lines().take(3).collect::<Vec<_>>().join("\n").into()),
    }
}
