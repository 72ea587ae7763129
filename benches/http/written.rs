//! Bytes that SQLite writes, its log and its checkpoints: other work on the machine does not change them.

use crate::sides::{Players, Site, transactional};
use crate::{Asked, Failure, databases};

/// Calls before those that are counted: records are on many pages, as they are in use.
const UNCOUNTED: u64 = 10_000;
const COUNTED: u32 = 10_000;

/// Prints what an order of one row writes, each contender on a database of its own.
pub(crate) async fn print(asked: &Asked) -> Result<(), Failure> {
    if !asked.wants("written") {
        return Ok(());
    }
    let Some(mut before) = written() else {
        println!("SKIPPED: bytes that SQLite writes. /proc/self/io is not there.");
        return Ok(());
    };
    println!("SQLite: pages of 4 KiB written for a call, of {COUNTED} after {UNCOUNTED}\n");
    let folder = crate::folder::Folder::new("http-written")?;
    let mut at = 0;
    loop {
        let site = databases::on_sqlite(&folder, &format!("written-{at}")).await?;
        let Some(player) = contenders(&site).into_iter().nth(at) else { break };
        player.repeat(UNCOUNTED).await?;
        before = written().unwrap_or(before);
        player.repeat(u64::from(COUNTED)).await?;
        let bytes = u32::try_from(written().unwrap_or(before) - before)?;
        println!("{}: {:.2}", player.name(), f64::from(bytes) / 4096.0 / f64::from(COUNTED));
        at += 1;
    }
    println!();
    Ok(())
}

fn contenders(site: &Site<sqlx::Sqlite>) -> Players {
    transactional(&site.app, "written", 1)
}

/// What this process has written so far.
fn written() -> Option<u64> {
    let io = std::fs::read_to_string("/proc/self/io").ok()?;
    io.lines().find_map(|line| line.strip_prefix("wchar: "))?.parse().ok()
}
