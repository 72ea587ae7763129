//! A proxy between clients and servers of HTTP that loses requests and replies.

use std::net::SocketAddr;
use std::sync::atomic::{AtomicU64, Ordering::Relaxed};
use std::sync::{Arc, Mutex, PoisonError};

use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
use tokio::net::{TcpListener, TcpStream};

use crate::seed::Seed;

/// What is lost, in percent.
#[derive(Debug, Clone, Copy)]
pub struct Losses {
    /// Requests that no server gets.
    pub requests: u8,
    /// Replies that no client gets.
    pub replies: u8,
}

/// A proxy for requests with a length, one a connection. It loses some of them, and of the rest some replies.
#[derive(Debug)]
pub struct LossyProxy {
    address: SocketAddr,
    shared: Arc<Shared>,
}

#[derive(Debug)]
struct Shared {
    servers: Mutex<Vec<Option<SocketAddr>>>,
    losses: Losses,
    random: Mutex<fastrand::Rng>,
    lost_requests: AtomicU64,
    lost_replies: AtomicU64,
    broken: AtomicU64,
}

impl LossyProxy {
    /// In front of this number of servers, which are named by [`set_server`](Self::set_server).
    pub async fn start(servers: usize, losses: Losses, seed: Seed) -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").await.expect("a port");
        let address = listener.local_addr().expect("an address");
        let shared = Arc::new(Shared {
            servers: Mutex::new(vec![None; servers]),
            losses,
            random: Mutex::new(seed.rng(77)),
            lost_requests: AtomicU64::default(),
            lost_replies: AtomicU64::default(),
            broken: AtomicU64::default(),
        });
        let accepting = shared.clone();
        tokio::spawn(async move {
            while let Ok((client, _)) = listener.accept().await {
                let shared = accepting.clone();
                tokio::spawn(async move { shared.pass(client).await });
            }
        });
        Self { address, shared }
    }

    /// Where a server is now.
    pub fn set_server(&self, number: usize, address: Option<SocketAddr>) {
        self.shared.servers.lock().unwrap_or_else(PoisonError::into_inner)[number] = address;
    }

    /// Where clients connect.
    pub fn url(&self) -> String {
        format!("http://{}", self.address)
    }

    /// Requests that were lost on purpose, replies that were lost on purpose, and exchanges that a server broke off.
    pub fn lost(&self) -> (u64, u64, u64) {
        (
            self.shared.lost_requests.load(Relaxed),
            self.shared.lost_replies.load(Relaxed),
            self.shared.broken.load(Relaxed),
        )
    }
}

impl Shared {
    fn loses(&self, percent: u8) -> bool {
        self.random.lock().unwrap_or_else(PoisonError::into_inner).u8(0..100) < percent
    }

    fn server(&self) -> Option<SocketAddr> {
        let servers = self.servers.lock().unwrap_or_else(PoisonError::into_inner);
        let at = self.random.lock().unwrap_or_else(PoisonError::into_inner).usize(0..servers.len());
        servers[at]
    }

    /// Passes one request on, and its reply back. What is lost ends with the connection.
    async fn pass(&self, mut client: TcpStream) {
        let Some(request) = read_request(&mut client).await else { return };
        if self.loses(self.losses.requests) {
            self.lost_requests.fetch_add(1, Relaxed);
            return;
        }
        let Some(reply) = self.forward(&request).await else {
            self.broken.fetch_add(1, Relaxed);
            return;
        };
        if self.loses(self.losses.replies) {
            self.lost_replies.fetch_add(1, Relaxed);
            return;
        }
        let _ = client.write_all(&reply).await;
        let _ = client.shutdown().await;
    }

    /// `None` if the server is not there, or ends before its reply does.
    async fn forward(&self, request: &[u8]) -> Option<Vec<u8>> {
        let mut server = TcpStream::connect(self.server()?).await.ok()?;
        server.write_all(request).await.ok()?;
        let mut reply = Vec::new();
        server.read_to_end(&mut reply).await.ok()?;
        let head = head_of(&reply)?;
        (reply.len() == head + length(&reply[..head])).then_some(reply)
    }
}

/// A request with a length, changed so that the server closes the connection after its reply.
async fn read_request(client: &mut TcpStream) -> Option<Vec<u8>> {
    let mut request = Vec::new();
    loop {
        if let Some(head) = head_of(&request)
            && request.len() >= head + length(&request[..head])
        {
            let line = request.iter().position(|byte| *byte == b'\n')? + 1;
            request.splice(line..line, *b"connection: close\r\n");
            return Some(request);
        }
        if client.read_buf(&mut request).await.ok()? == 0 {
            return None;
        }
    }
}

/// Where the body begins.
fn head_of(message: &[u8]) -> Option<usize> {
    message.windows(4).position(|four| four == b"\r\n\r\n").map(|at| at + 4)
}

/// What the head says of the body's length.
fn length(head: &[u8]) -> usize {
    let text = String::from_utf8_lossy(head).to_ascii_lowercase();
    let length = text.lines().find_map(|line| line.strip_prefix("content-length:")?.trim().parse().ok());
    length.unwrap_or(0)
}
