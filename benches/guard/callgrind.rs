//! Counts the instructions of this very program under valgrind.

use std::process::Command;

use crate::Failure;
use crate::player::STREAM;

/// Whether valgrind can be run.
pub(crate) fn is_there() -> bool {
    Command::new("valgrind").arg("--version").output().is_ok()
}

/// What one command costs, the loop included.
pub(crate) fn per_command(table: &str, name: &str, stream: &str) -> Result<f64, Failure> {
    let one = count(table, name, stream, "1")?;
    let three = count(table, name, stream, "3")?;
    Ok((three - one) / 2.0 / f64::from(STREAM))
}

fn count(table: &str, name: &str, stream: &str, passes: &str) -> Result<f64, Failure> {
    let output = Command::new("valgrind")
        .args(["--tool=callgrind", "--callgrind-out-file=/dev/null"])
        .arg(std::env::current_exe()?)
        .args(["run", table, name, stream, passes])
        .output()?;
    let text = String::from_utf8_lossy(&output.stderr);
    let collected = text.lines().find_map(|line| line.split_once("Collected : ")?.1.trim().parse().ok());
    collected.filter(|_| output.status.success()).ok_or_else(|| format!("valgrind: {text}").into())
}
