//! A PostgreSQL server of a bench's own, as durable as in production.

use std::net::TcpListener;
use std::os::unix::fs::{MetadataExt, chown};
use std::os::unix::process::CommandExt;
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};

use crate::Failure;

/// A server on a port of its own; stopped when this is dropped.
#[derive(Debug)]
pub struct PrivatePostgres {
    pg_ctl: PathBuf,
    folder: PathBuf,
    user: Option<(u32, u32)>,
    port: u16,
}

impl PrivatePostgres {
    /// Initialises and starts a server in this folder. Where PostgreSQL is not installed it prints so, and there is none.
    ///
    /// # Errors
    /// What `initdb` or `pg_ctl` say.
    pub fn start(folder: &Path) -> Result<Option<Self>, Failure> {
        let Some(programs) = find_programs() else {
            println!("SKIPPED: PostgreSQL. Install its server, for example by `apt-get install postgresql`.");
            return Ok(None);
        };
        let user = unprivileged(folder)?;
        if let Some((user, group)) = user {
            chown(folder, Some(user), Some(group))?;
        }
        let port = TcpListener::bind(("127.0.0.1", 0))?.local_addr()?.port();
        let server = Self { pg_ctl: programs.join("pg_ctl"), folder: folder.to_owned(), user, port };
        let mut initdb = server.command(&programs.join("initdb"));
        let initdb =
            initdb.args(["--auth=trust", "--username=postgres", "--encoding=UTF8", "--locale=C", "-D", "data"]);
        run(initdb.stdout(Stdio::null()))?;
        let options = format!(
            "-p {port} -k {} -c listen_addresses=127.0.0.1 -c max_connections=300 -c fsync=on -c synchronous_commit=on",
            folder.display()
        );
        // Into a file: a pipe would be held open by the server.
        run(server.command(&server.pg_ctl).args(["-D", "data", "-w", "-s", "-l", "log", "-o", &options, "start"]))?;
        Ok(Some(server))
    }

    /// Where its first database is.
    pub fn url(&self) -> String {
        format!("postgres://postgres@127.0.0.1:{}/postgres?sslmode=disable", self.port)
    }

    fn command(&self, program: &Path) -> Command {
        let mut command = Command::new(program);
        command.current_dir(&self.folder).stdin(Stdio::null());
        if let Some((user, group)) = self.user {
            command.uid(user).gid(group);
        }
        command
    }
}

impl Drop for PrivatePostgres {
    fn drop(&mut self) {
        let mut stop = self.command(&self.pg_ctl);
        if let Err(error) = run(stop.args(["-D", "data", "-w", "-s", "-m", "immediate", "stop"])) {
            eprintln!("PostgreSQL in {} runs on: {error}", self.folder.display());
        }
    }
}

fn run(command: &mut Command) -> Result<(), Failure> {
    let ended = command.status()?;
    if ended.success() { Ok(()) } else { Err(format!("{command:?}: {ended}").into()) }
}

/// The folder with `initdb` and `pg_ctl`: the newest of Debian's, or one on the path.
fn find_programs() -> Option<PathBuf> {
    let version = |folder: &PathBuf| folder.parent()?.file_name()?.to_str()?.parse::<u32>().ok();
    let mut folders: Vec<PathBuf> = std::fs::read_dir("/usr/lib/postgresql")
        .map(|versions| versions.filter_map(|version| Some(version.ok()?.path().join("bin"))).collect())
        .unwrap_or_default();
    folders.sort_by_key(version);
    let path = std::env::var_os("PATH").unwrap_or_default();
    let is_there = |folder: &PathBuf| folder.join("initdb").is_file() && folder.join("pg_ctl").is_file();
    folders.into_iter().rev().chain(std::env::split_paths(&path)).find(is_there)
}

/// Who takes root's place, which PostgreSQL refuses: the account that its package makes.
fn unprivileged(own: &Path) -> Result<Option<(u32, u32)>, Failure> {
    if std::fs::metadata(own)?.uid() != 0 {
        return Ok(None);
    }
    let accounts = std::fs::read_to_string("/etc/passwd")?;
    let fields = accounts.lines().map(|line| line.split(':').collect::<Vec<_>>());
    let mut fields = fields.filter(|fields| fields.first() == Some(&"postgres"));
    let account = fields.next().ok_or("root needs an account `postgres` to start the server as")?;
    let number = |at: usize| account.get(at).copied().unwrap_or_default().parse::<u32>();
    Ok(Some((number(2)?, number(3)?)))
}
