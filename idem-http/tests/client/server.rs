//! A server on the loopback interface that answers by a script.

use std::io::{BufRead as _, BufReader, Read as _, Write as _};
use std::net::{SocketAddr, TcpListener, TcpStream};
use std::sync::{Arc, Mutex};

use tokio::sync::Notify;

/// What the server does with a request that it has read.
pub(crate) enum Reply {
    Answer(String),
    /// Closes the connection.
    Lost,
    /// Answers nothing and keeps the connection.
    Silent,
}

/// An answer without a body.
pub(crate) fn answer(status: u16, headers: &[(&str, &str)]) -> Reply {
    let mut lines = vec![format!("HTTP/1.1 {status} Scripted"), "Content-Length: 0".into(), "Connection: close".into()];
    lines.extend(headers.iter().map(|(name, value)| format!("{name}: {value}")));
    Reply::Answer(lines.join("\r\n") + "\r\n\r\n")
}

/// A request as it arrived.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Seen {
    pub(crate) line: String,
    pub(crate) headers: Vec<(String, String)>,
    pub(crate) body: Vec<u8>,
}

impl Seen {
    pub(crate) fn header(&self, name: &str) -> Option<&str> {
        let mut values = self.headers.iter().filter(|(known, _)| known == name).map(|(_, value)| value.as_str());
        let value = values.next();
        assert_eq!(values.next(), None, "two lines of {name}");
        value
    }

    pub(crate) fn key(&self) -> &str {
        self.header("idempotency-key").expect("a key")
    }

    fn read(stream: &TcpStream) -> std::io::Result<Self> {
        let mut reader = BufReader::new(stream);
        let mut lines = Vec::new();
        loop {
            let mut line = String::new();
            reader.read_line(&mut line)?;
            match line.trim_end() {
                "" => break,
                line => lines.push(line.to_owned()),
            }
        }
        let pair = |line: &String| {
            let (name, value) = line.split_once(':').expect("a header");
            (name.to_ascii_lowercase(), value.trim().to_owned())
        };
        let headers = lines.iter().skip(1).map(pair).collect();
        let mut seen = Self { line: lines.first().cloned().unwrap_or_default(), headers, body: Vec::new() };
        let length = seen.header("content-length").map_or(0, |length| length.parse().expect("a number"));
        seen.body.resize(length, 0);
        reader.read_exact(&mut seen.body)?;
        Ok(seen)
    }
}

pub(crate) struct Server {
    address: SocketAddr,
    seen: Arc<Mutex<Vec<Seen>>>,
    arrived: Arc<Notify>,
}

impl Server {
    /// `script` says how request number n is answered, from 0. Its thread lives as long as the test.
    pub(crate) fn start(script: impl Fn(usize) -> Reply + Send + 'static) -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").expect("a port");
        let address = listener.local_addr().expect("an address");
        let (seen, arrived) = (Arc::new(Mutex::new(Vec::new())), Arc::new(Notify::new()));
        let server = Self { address, seen: Arc::clone(&seen), arrived: Arc::clone(&arrived) };
        std::thread::spawn(move || {
            let mut silent = Vec::new();
            for stream in listener.incoming() {
                let mut stream = stream.expect("a connection");
                // A client may give up before it has sent anything.
                let Ok(request) = Seen::read(&stream) else { continue };
                let number = {
                    let mut seen = seen.lock().expect("the log");
                    seen.push(request);
                    seen.len() - 1
                };
                arrived.notify_one();
                match script(number) {
                    // The client may be gone.
                    Reply::Answer(text) => drop(stream.write_all(text.as_bytes())),
                    Reply::Lost => {}
                    Reply::Silent => silent.push(stream),
                }
            }
        });
        server
    }

    pub(crate) fn url(&self) -> String {
        format!("http://{}/orders", self.address)
    }

    pub(crate) fn seen(&self) -> Vec<Seen> {
        self.seen.lock().expect("the log").clone()
    }

    pub(crate) fn requests(&self) -> usize {
        self.seen.lock().expect("the log").len()
    }

    /// Until a request has arrived that nobody has waited for.
    pub(crate) async fn arrived(&self) {
        self.arrived.notified().await;
    }
}
