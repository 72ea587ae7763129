//! The payments server, as a process.

use std::io::{BufRead as _, BufReader, Read as _};
use std::net::SocketAddr;
use std::process::Child;

use crate::support::{bare, text};

/// A server that is killed when it is dropped.
pub(crate) struct Server {
    child: Child,
    pub(crate) address: SocketAddr,
    rest: BufReader<std::process::ChildStdout>,
}

impl Server {
    /// Starts one, and waits until it listens.
    pub(crate) fn start(url: &str) -> Self {
        Self::start_with(url, &[])
    }

    pub(crate) fn start_with(url: &str, arguments: &[&str]) -> Self {
        let mut command = bare();
        command.args(["serve", "--listen", "127.0.0.1:0", "--db", url]).args(arguments);
        let mut child = command.spawn().expect("the program starts");
        let mut rest = BufReader::new(child.stdout.take().expect("stdout is a pipe"));
        let mut line = String::new();
        rest.read_line(&mut line).expect("a first line");
        let address = line.split("http://").nth(1).and_then(|rest| rest.split(',').next()?.parse().ok());
        let Some(address) = address else {
            let mut problem = String::new();
            let mut stderr = child.stderr.take().expect("stderr is a pipe");
            stderr.read_to_string(&mut problem).expect("text");
            panic!("no address in {line:?}: {problem}");
        };
        Self { child, address, rest }
    }

    pub(crate) fn url(&self) -> String {
        format!("http://{}", self.address)
    }

    /// Ends it as Ctrl-C does; what it says at its end.
    pub(crate) fn interrupt(mut self) -> String {
        tests::interrupt(self.child.id());
        let mut said = Vec::new();
        self.rest.read_to_end(&mut said).expect("stdout");
        let status = self.child.wait().expect("it ends");
        assert!(status.success(), "{status}: {}", text(&said));
        text(&said)
    }
}

impl Drop for Server {
    fn drop(&mut self) {
        // It may have ended already.
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

/// A client that does not send the rest of its request does not keep the server: a second Ctrl-C ends it.
#[test]
fn second_interrupt_ends_server_beside_half_sent_request() {
    let database = crate::support::Database::sqlite();
    let mut server = Server::start(&database.url());
    let mut client = std::net::TcpStream::connect(server.address).expect("a connection");
    let head = b"POST /v1/customers HTTP/1.1\r\nHost: 127.0.0.1\r\nContent-Length: 100\r\n\r\nemail=";
    std::io::Write::write_all(&mut client, head).expect("sent");
    // The server has read the head once it has answered another request that was sent later.
    let runtime = tokio::runtime::Runtime::new().expect("threads");
    runtime.block_on(reqwest::get(server.url())).expect("an answer");
    let mut status = None;
    while status.is_none() {
        tests::interrupt(server.child.id());
        std::thread::yield_now();
        status = server.child.try_wait().expect("known");
    }
    assert_eq!(status.and_then(|status| status.code()), Some(130), "{status:?}");
}
