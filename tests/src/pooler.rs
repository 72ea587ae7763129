//! A `PgBouncer` before PostgreSQL.

use std::fs;
use std::os::unix::fs::chown;
use std::os::unix::process::CommandExt;
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};

use tempfile::TempDir;

use crate::databases::PgUrl;
use crate::postgres_server::{PORTS, unprivileged_user, wait_until_ready};
use crate::requirement::skip;

/// A `PgBouncer` on a loopback port. Stopped with this value.
#[derive(Debug)]
pub struct PgBouncer {
    child: Child,
    port: u16,
    _folder: TempDir,
}

impl PgBouncer {
    /// Starts one before the server of `target`, in this `pool_mode`; `None` where it is not installed and the test is skipped.
    pub fn start(target: &PgUrl, mode: &str) -> Option<Self> {
        let Some(program) = find_program() else {
            skip("pgbouncer", "install it (apt-get install pgbouncer), or run scripts/test");
            return None;
        };
        let mut log = String::new();
        for _ in 0..20 {
            match Self::launch(&program, target, mode, fastrand::u16(PORTS)) {
                Ok(pooler) => return Some(pooler),
                Err(failed) => log = failed,
            }
        }
        panic!("PgBouncer did not start on any of 20 ports:\n{log}");
    }

    /// The database of `target` by way of it, for a client that knows of no pooler.
    pub fn url(&self, target: &PgUrl) -> String {
        let options = target.options();
        let database = options.get_database().expect("a test's database has a name");
        format!("postgres://{}@127.0.0.1:{}/{database}?sslmode=disable", options.get_username(), self.port)
    }

    fn launch(program: &Path, target: &PgUrl, mode: &str, port: u16) -> Result<Self, String> {
        let folder = tempfile::Builder::new().prefix("idem-pooler-").tempdir().expect("a temporary folder");
        let (server, user) = (target.address(), target.options().get_username().to_owned());
        let settings = format!(
            "[databases]\n* = host={} port={} user={user}\n[pgbouncer]\nlisten_addr = 127.0.0.1\nlisten_port = {port}\n\
             unix_socket_dir =\nauth_type = any\npool_mode = {mode}\nserver_reset_query = DISCARD ALL\nmax_client_conn = 200\n",
            server.ip(),
            server.port()
        );
        let file = folder.path().join("pgbouncer.ini");
        fs::write(&file, settings).expect("the folder can be written");
        let mut command = Command::new(program);
        command.arg(&file).current_dir(folder.path()).stdin(Stdio::null()).stdout(Stdio::null()).stderr(Stdio::piped());
        // It refuses to run as root.
        if let Some(user) = unprivileged_user(folder.path()) {
            for path in [folder.path(), &file] {
                chown(path, Some(user.uid), Some(user.gid)).expect("root may give its folder away");
            }
            command.uid(user.uid).gid(user.gid);
        }
        let mut child = command.spawn().expect("pgbouncer starts");
        let log = child.stderr.take().expect("standard error is a pipe");
        let pooler = Self { child, port, _folder: folder };
        wait_until_ready(log, "process up").map(|()| pooler)
    }
}

impl Drop for PgBouncer {
    fn drop(&mut self) {
        // Both fail only for a process that is gone already.
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

/// On the path, or where Debian has programs of administrators.
fn find_program() -> Option<PathBuf> {
    let path = std::env::var_os("PATH").unwrap_or_default();
    let folders = std::env::split_paths(&path).chain(["/usr/sbin".into(), "/usr/local/sbin".into()]);
    folders.map(|folder| folder.join("pgbouncer")).find(|program| program.is_file())
}
