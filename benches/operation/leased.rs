//! Leases in Redis beside round trips of the same client.

use benches::sets::{Sets, connect, remove};
use idem_core::lease::{Failed, LeasedOperation, Leases};
use idem_core::{Error, Key};
use redis::aio::ConnectionManager;
use redis::{Client, Script};

use crate::databases::TASKS;
use crate::race::{Contender, Player};
use crate::wire::{Wire, print_trips};
use crate::{Asked, Failure, renewals};

/// Measures on the server that `IDEM_REDIS_URL` names.
pub(crate) async fn redis(asked: &Asked) -> Result<(), Failure> {
    if !asked.wants("leased") && !asked.wants("renewals") {
        return Ok(());
    }
    let Ok(url) = std::env::var("IDEM_REDIS_URL") else {
        println!("SKIPPED: Redis. Set IDEM_REDIS_URL to a server with `maxmemory-policy noeviction`.");
        return Ok(());
    };
    let prefix = format!("idem-bench-{}:", std::process::id());
    let measured = measure(asked, &url, &prefix).await;
    remove(&url, &prefix).await?;
    measured
}

async fn measure(asked: &Asked, url: &str, prefix: &str) -> Result<(), Failure> {
    let mut connection = connect(url).await?;
    let info: redis::InfoDict = redis::cmd("INFO").query_async(&mut connection).await?;
    let version: String = info.get("redis_version").unwrap_or_default();
    println!("Redis {version}\n");
    let server = Client::open(url)?;
    let wire = Wire::to(server.get_connection_info().addr().to_string()).await?;
    let counted = format!("redis://127.0.0.1:{}", wire.port);
    if asked.wants("leased") {
        println!("Round trips:");
        print_trips(&players(&counted, &format!("{prefix}counted:")).await?, || wire.trips()).await?;
        asked.race.run("leased", &players(url, prefix).await?, &TASKS).await?;
    }
    if asked.wants("renewals") {
        let leases = Leases::redis_with_prefix(&counted, prefix).await?;
        renewals::print("Redis", leases.operation("held"), || wire.trips()).await?;
    }
    Ok(())
}

async fn players(url: &str, prefix: &str) -> Result<Vec<Box<dyn crate::race::Measured>>, Failure> {
    let leases = Leases::redis_with_prefix(url, prefix).await?;
    Ok(vec![
        Player::boxed("two SETs", Sets::on(url, prefix).await?),
        Player::boxed("two EVALSHAs", Scripts { connection: connect(url).await?, script: Script::new("return 1") }),
        Player::boxed("idem, leased", Charge(leases.operation("charge"))),
    ])
}

struct Scripts {
    connection: ConnectionManager,
    script: Script,
}

struct Charge(LeasedOperation);

impl Contender for Scripts {
    async fn call(&self, number: u64) -> Result<(), Failure> {
        let mut connection = self.connection.clone();
        for _ in 0..2 {
            let one: u64 = self.script.arg(number).invoke_async(&mut connection).await?;
            if one != 1 {
                return Err(format!("the script gave {one}").into());
            }
        }
        Ok(())
    }
}

impl Contender for Charge {
    async fn call(&self, number: u64) -> Result<(), Failure> {
        let key = Key::new("bench", format!("charge-{number:016}"))?;
        let charged = self.0.leased(&key, &number, |_| async move { Ok::<_, Failed<Error>>(number) }).await?;
        if charged.is_fresh() { Ok(()) } else { Err(format!("{key:?} is known").into()) }
    }
}
