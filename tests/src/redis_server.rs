//! A Redis server of a test's own, that can be killed, stopped and started again.

use std::fs::File;
use std::net::TcpStream;
use std::process::{Child, Command, Stdio};
use std::time::{Duration, Instant};

use rustix::process::{Pid, Signal, kill_process};
use tempfile::TempDir;

use crate::postgres_server::PORTS;
use crate::requirement::skip;

/// A server that writes each change to its append-only file before it answers. Killed with this value.
#[derive(Debug)]
pub struct PrivateRedis {
    folder: TempDir,
    port: u16,
    server: Option<Child>,
}

impl PrivateRedis {
    /// Starts a server, or `None` where Redis is not installed and the test is skipped.
    pub fn start() -> Option<Self> {
        if Command::new("redis-server").arg("--version").stdout(Stdio::null()).status().is_err() {
            skip("redis", "install Redis (apt-get install redis-server), or run scripts/test");
            return None;
        }
        for _ in 0..20 {
            let folder = tempfile::Builder::new().prefix("idem-redis-").tempdir().expect("a temporary folder");
            let mut server = Self { folder, port: fastrand::u16(PORTS), server: None };
            if server.launch() {
                return Some(server);
            }
        }
        panic!("Redis did not start")
    }

    /// Where it is, the same before and after a kill.
    pub fn url(&self) -> String {
        format!("redis://127.0.0.1:{}", self.port)
    }

    /// Starts it again.
    pub fn restart(&mut self) {
        assert!(self.launch(), "Redis did not start again");
    }

    /// Kills it at once.
    pub fn kill(&mut self) {
        if let Some(mut server) = self.server.take() {
            server.kill().expect("a child can be killed");
            server.wait().expect("a child can be waited for");
        }
    }

    /// Stops it, as a machine that is paused.
    pub fn pause(&self) {
        self.signal(Signal::STOP);
    }

    /// Lets it go on.
    pub fn resume(&self) {
        self.signal(Signal::CONT);
    }

    /// Runs a command of `redis-cli`, and gives what it prints.
    pub fn run(&self, arguments: &[&str]) -> String {
        let output = Command::new("redis-cli").args(["-p", &self.port.to_string()]).args(arguments).output();
        String::from_utf8_lossy(&output.expect("redis-cli is installed with the server").stdout).into_owned()
    }

    /// Its port.
    pub fn port(&self) -> u16 {
        self.port
    }

    fn signal(&self, signal: Signal) {
        let id = self.server.as_ref().and_then(|server| i32::try_from(server.id()).ok()).and_then(Pid::from_raw);
        kill_process(id.expect("the server runs"), signal).expect("a child takes a signal");
    }

    fn launch(&mut self) -> bool {
        const START: Duration = Duration::from_secs(20);
        let log = File::create(self.folder.path().join("log")).expect("a log");
        let port = self.port.to_string();
        let settings =
            ["--port", &port, "--bind", "127.0.0.1", "--save", "", "--appendonly", "yes", "--appendfsync", "always"];
        let mut server = Command::new("redis-server")
            .args(settings)
            .arg("--dir")
            .arg(self.folder.path())
            .stdout(log)
            .spawn()
            .expect("redis-server is installed");
        let began = Instant::now();
        while began.elapsed() < START {
            if server.try_wait().expect("a child can be looked at").is_some() {
                return false;
            }
            let answers = TcpStream::connect(("127.0.0.1", self.port)).is_ok() && self.run(&["ping"]).contains("PONG");
            if answers {
                self.server = Some(server);
                return true;
            }
            std::thread::sleep(Duration::from_millis(20));
        }
        let _ = (server.kill(), server.wait());
        false
    }
}

impl Drop for PrivateRedis {
    fn drop(&mut self) {
        self.kill();
    }
}
