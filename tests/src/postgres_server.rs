//! A PostgreSQL server of a test's own, that can be killed like a machine that loses power, and started again.

use std::env;
use std::fs;
use std::io::{BufRead, BufReader};
use std::net::TcpListener;
use std::os::unix::fs::{MetadataExt, chown};
use std::os::unix::process::CommandExt;
use std::path::{Path, PathBuf};
use std::process::{Child, ChildStderr, Command, Stdio};
use std::sync::mpsc;
use std::thread;
use std::time::Duration;

use rustix::event::{PollFd, PollFlags, poll};
use rustix::process::{Pid, PidfdFlags, Signal, pidfd_open, pidfd_send_signal};
use tempfile::TempDir;

use crate::databases::PgUrl;
use crate::requirement::skip;

/// How long a server may take to start, recovery included.
const START: Duration = Duration::from_mins(1);

/// Ports outside the range from which the system serves clients. Within it a client that connects while the server is
/// down can be given the very port that it connects to, and then talks to itself.
pub(crate) const PORTS: std::ops::Range<u16> = 20_000..30_000;

/// A server with durability as in production, on one loopback port for its whole life. Stopped with this value.
#[derive(Debug)]
pub struct PrivatePostgres {
    folder: TempDir,
    program: PathBuf,
    user: Option<User>,
    port: u16,
    postmaster: Option<Child>,
}

/// Whom the server runs as where the test is root, which PostgreSQL refuses.
#[derive(Debug, Clone, Copy)]
pub(crate) struct User {
    pub(crate) uid: u32,
    pub(crate) gid: u32,
}

impl PrivatePostgres {
    /// Initialises and starts a server, or `None` where PostgreSQL is not installed and the test is skipped.
    pub fn start() -> Option<Self> {
        let Some(programs) = find_programs() else {
            skip("postgres", "install PostgreSQL's server (apt-get install postgresql), or run scripts/test");
            return None;
        };
        let folder = tempfile::Builder::new().prefix("idem-pg-").tempdir().expect("a temporary folder");
        let user = unprivileged_user(folder.path());
        if let Some(user) = user {
            chown(folder.path(), Some(user.uid), Some(user.gid)).expect("root may give its folder away");
        }
        let mut server = Self { folder, program: programs.join("postgres"), user, port: 0, postmaster: None };
        server.initialise(&programs.join("initdb"));
        server.choose_port();
        Some(server)
    }

    /// Where the server's `postgres` database is; the same before and after a kill.
    pub fn url(&self) -> PgUrl {
        let url = format!("postgres://postgres@127.0.0.1:{}/postgres?sslmode=disable", self.port);
        url.parse().expect("a URL of our own making")
    }

    /// Kills the postmaster and all its processes at once, and returns when the last of them is gone.
    pub fn kill(&mut self) {
        let Some(mut postmaster) = self.postmaster.take() else { return };
        postmaster.kill().expect("a child can be killed");
        postmaster.wait().expect("a child can be waited for");
        // The postmaster forks no more, but its children see its end only when they next wait for something: until
        // then they would go on working, and a new server would not start.
        kill_processes_in(&self.data());
    }

    /// Starts the server again after [`PrivatePostgres::kill`], and returns when it has recovered and answers.
    pub fn restart(&mut self) {
        assert!(self.postmaster.is_none(), "the server is running");
        self.postmaster = Some(self.launch().unwrap_or_else(|log| panic!("PostgreSQL did not start again:\n{log}")));
    }

    fn data(&self) -> PathBuf {
        // Resolved, since it is compared with what the kernel says.
        self.folder.path().canonicalize().expect("the folder exists").join("data")
    }

    fn initialise(&self, initdb: &Path) {
        let output = self
            .command(initdb)
            .args(["--no-sync", "--auth=trust", "--username=postgres", "--encoding=UTF8", "--locale=C", "-D"])
            .arg(self.data())
            .output()
            .expect("initdb starts");
        assert!(output.status.success(), "initdb failed: {}", String::from_utf8_lossy(&output.stderr));
    }

    fn choose_port(&mut self) {
        let mut log = String::new();
        for _ in 0..20 {
            self.port = fastrand::u16(PORTS);
            // Whether the port is free is for the server to find out; this only spares it the obvious failures.
            if TcpListener::bind(("127.0.0.1", self.port)).is_err() {
                continue;
            }
            match self.launch() {
                Ok(postmaster) => {
                    self.postmaster = Some(postmaster);
                    return;
                }
                Err(failed) => log = failed,
            }
        }
        panic!("PostgreSQL did not start on any of 20 ports:\n{log}");
    }

    /// Starts the postmaster and waits until it says that it is ready; else its log.
    fn launch(&self) -> Result<Child, String> {
        let mut postmaster = self
            .command(&self.program)
            .arg("-D")
            .arg(self.data())
            .args(["-p", &self.port.to_string(), "-k"])
            .arg(self.folder.path())
            .args(["-c", "listen_addresses=127.0.0.1", "-c", "max_connections=200", "-c", "logging_collector=off"])
            .env("LC_MESSAGES", "C")
            .stdout(Stdio::null())
            .stderr(Stdio::piped())
            .spawn()
            .expect("postgres starts");
        let log = postmaster.stderr.take().expect("standard error is a pipe");
        wait_until_ready(log, "ready to accept connections").inspect_err(|_| {
            // Fails only where the postmaster has given up by itself.
            let _ = postmaster.kill();
            let _ = postmaster.wait();
        })?;
        Ok(postmaster)
    }

    fn command(&self, program: &Path) -> Command {
        let mut command = Command::new(program);
        command.current_dir(self.folder.path()).stdin(Stdio::null());
        if let Some(user) = self.user {
            command.uid(user.uid).gid(user.gid);
        }
        command
    }
}

impl Drop for PrivatePostgres {
    fn drop(&mut self) {
        self.kill();
    }
}

/// Reads the log as long as the server writes it, since a full pipe would stop the server.
pub(crate) fn wait_until_ready(log: ChildStderr, says: &'static str) -> Result<(), String> {
    let (ready, answer) = mpsc::channel();
    thread::spawn(move || {
        let mut before_ready = String::new();
        let mut lines = BufReader::new(log).lines();
        while let Some(Ok(line)) = lines.next() {
            if line.contains(says) {
                // Nobody listens any more when the bound has passed.
                let _ = ready.send(Ok(()));
                lines.by_ref().for_each(drop);
                return;
            }
            before_ready.push_str(&line);
            before_ready.push('\n');
        }
        let _ = ready.send(Err(before_ready));
    });
    answer.recv_timeout(START).unwrap_or_else(|_| Err(format!("not ready within {START:?}")))
}

/// Kills every process whose working directory is `data`, which is true of a server's processes and no others.
fn kill_processes_in(data: &Path) {
    let processes = fs::read_dir("/proc").expect("/proc can be listed");
    let pids = processes.filter_map(|entry| entry.ok()?.file_name().to_str()?.parse::<i32>().ok());
    for pid in pids.filter(|pid| fs::read_link(format!("/proc/{pid}/cwd")).is_ok_and(|folder| folder == data)) {
        let Some(pid) = Pid::from_raw(pid) else { continue };
        // A process that ended by itself since the listing cannot be opened.
        let Ok(process) = pidfd_open(pid, PidfdFlags::empty()) else { continue };
        let _ = pidfd_send_signal(&process, Signal::KILL);
        poll(&mut [PollFd::new(&process, PollFlags::IN)], None).expect("a killed process can be waited for");
    }
}

/// The folder with `initdb` and `postgres`: on the path, in Debian's folders (newest first), or where `pg_config` says.
fn find_programs() -> Option<PathBuf> {
    let path = env::var_os("PATH").unwrap_or_default();
    let mut versions: Vec<PathBuf> = fs::read_dir("/usr/lib/postgresql")
        .map(|entries| entries.filter_map(|entry| Some(entry.ok()?.path().join("bin"))).collect())
        .unwrap_or_default();
    versions.sort_by_key(|folder| folder.parent().and_then(version));
    let configured = Command::new("pg_config").arg("--bindir").output().ok();
    let configured = configured.map(|output| PathBuf::from(String::from_utf8_lossy(&output.stdout).trim()));
    let folders = env::split_paths(&path).chain(versions.into_iter().rev()).chain(configured);
    folders.into_iter().find(|folder| folder.join("initdb").is_file() && folder.join("postgres").is_file())
}

/// The major version that a folder of Debian's is named after.
fn version(folder: &Path) -> Option<u32> {
    folder.file_name()?.to_str()?.parse().ok()
}

/// Who takes root's place: the packages create `postgres`, every system has `nobody`.
pub(crate) fn unprivileged_user(own: &Path) -> Option<User> {
    let owner = fs::metadata(own).expect("the folder exists").uid();
    if owner != 0 {
        return None;
    }
    let accounts = fs::read_to_string("/etc/passwd").expect("the accounts can be read");
    let find = |name: &str| {
        let fields: Vec<&str> = accounts
            .lines()
            .map(|line| line.split(':').collect())
            .find(|fields: &Vec<&str>| fields.first() == Some(&name))?;
        Some(User { uid: fields.get(2)?.parse().ok()?, gid: fields.get(3)?.parse().ok()? })
    };
    Some(find("postgres").or_else(|| find("nobody")).expect("an account that is not root"))
}
