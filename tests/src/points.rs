//! The engine's named fault points: a process that aborts at the n-th of them it passes.
//!
//! They exist in builds with `--cfg idem_faults`, as `scripts/test` makes them.

use std::fs;
use std::io;
use std::process::{Command, Stdio};

use crate::requirement::skip;

/// Runs `command`, which has to succeed, and lists the points it passes, in order, once for each passage.
pub fn list_points(command: &mut Command) -> Vec<String> {
    let folder = tempfile::Builder::new().prefix("idem-points-").tempdir().expect("a temporary folder");
    let file = folder.path().join("points");
    let output = command.env("IDEM_POINTS", &file).stdout(Stdio::null()).output().expect("the worker starts");
    command.env_remove("IDEM_POINTS");
    assert!(output.status.success(), "the worker failed: {}", String::from_utf8_lossy(&output.stderr));
    match fs::read_to_string(&file) {
        Err(error) if error.kind() == io::ErrorKind::NotFound => Vec::new(),
        list => list.expect("the list of points").lines().map(str::to_owned).collect(),
    }
}

/// Whether this build has the engine's fault points; a test that needs them and has none says that it is skipped.
pub fn has_points() -> bool {
    let built = cfg!(idem_faults);
    if !built {
        skip("faults", "build with RUSTFLAGS='--cfg idem_faults', as scripts/test does");
    }
    built
}

/// Makes `command` abort at the n-th point that it passes, from 1.
pub fn abort_at(command: &mut Command, passage: usize) -> &mut Command {
    command.env("IDEM_ABORT_AT", passage.to_string())
}

#[cfg(test)]
mod tests {
    use std::process::Command;

    use super::list_points;

    #[test]
    fn fault_points_are_listed_in_order_when_asked() {
        let mut passes = Command::new("sh");
        passes.args(["-c", "for p in load write write; do echo $p >> ${IDEM_POINTS:-/dev/null}; done"]);
        assert_eq!(list_points(&mut passes), ["load", "write", "write"]);
        assert_eq!(list_points(Command::new("true").arg("")), [""; 0]);
    }
}
