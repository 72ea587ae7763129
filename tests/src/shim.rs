//! Kills a process at any single write to a SQLite database, one after the other, or lets one sync fail.
//!
//! The work is done by `shim/crash.c`, preloaded into the process. What is killed is the process and not the machine:
//! whatever it wrote is in the file, synced or not.

use std::env;
use std::fs;
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};

use tempfile::TempDir;

/// The side of the operation on which the process dies.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum When {
    /// The operation does not happen.
    Before,
    /// The operation has happened.
    After,
    /// Half of a write has happened; as [`When::After`] for other operations.
    Torn,
}

/// The compiled shim.
#[derive(Debug)]
pub struct CrashShim {
    folder: TempDir,
}

impl CrashShim {
    /// Compiles the shim with `$CC` or `cc`, which a Rust toolchain needs for linking anyway.
    pub fn build() -> Self {
        let folder = tempfile::Builder::new().prefix("idem-shim-").tempdir().expect("a temporary folder");
        let shim = Self { folder };
        let source = Path::new(env!("CARGO_MANIFEST_DIR")).join("shim/crash.c");
        let compiler = env::var_os("CC").unwrap_or_else(|| "cc".into());
        let output = Command::new(compiler)
            .args(["-shared", "-fPIC", "-O1", "-Wall", "-Wextra", "-Werror", "-o"])
            .arg(shim.library())
            .arg(source)
            .arg("-ldl")
            .output()
            .expect("a C compiler");
        assert!(output.status.success(), "the shim does not compile:\n{}", String::from_utf8_lossy(&output.stderr));
        shim
    }

    /// Runs `command`, which has to succeed, and counts its operations: the points to strike at.
    pub fn count(&self, command: &mut Command) -> u64 {
        let file = self.folder.path().join("count");
        let output = self.preload(command).env("CRASH_COUNT", &file).stdout(Stdio::null()).output();
        let output = output.expect("the worker starts");
        command.env_remove("CRASH_COUNT").env_remove("LD_PRELOAD");
        assert!(output.status.success(), "the worker failed: {}", String::from_utf8_lossy(&output.stderr));
        let count = fs::read_to_string(&file).expect("the worker ended without its count");
        count.trim().parse().expect("the count is a number")
    }

    /// Makes `command` die at its `operation`-th operation, from 1.
    pub fn strike<'a>(&self, command: &'a mut Command, operation: u64, when: When) -> &'a mut Command {
        let when = match when {
            When::Before => "before",
            When::After => "after",
            When::Torn => "torn",
        };
        self.preload(command).env("CRASH_AT", operation.to_string()).env("CRASH_WHEN", when)
    }

    /// Makes the `sync`-th sync of a write-ahead log fail once, from 1: its pages are written, and nobody knows whether they will
    /// stay. `mark` is made when that happens.
    pub fn fail_sync<'a>(&self, command: &'a mut Command, sync: u64, mark: &Path) -> &'a mut Command {
        self.preload(command).env("FAIL_SYNC", sync.to_string()).env("FAIL_MARK", mark)
    }

    fn preload<'a>(&self, command: &'a mut Command) -> &'a mut Command {
        command.env("LD_PRELOAD", self.library())
    }

    fn library(&self) -> PathBuf {
        self.folder.path().join("crash.so")
    }
}
