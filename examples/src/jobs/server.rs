//! The mail server: foreign to the workers, and it honours keys. A mail whose key it knows is not sent again; the reply is the receipt
//! of the first time.

use std::collections::BTreeMap;
use std::io;
use std::net::SocketAddr;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use idem_core::Key;
use serde::{Deserialize, Serialize};
use tokio::io::{AsyncBufReadExt as _, AsyncWriteExt as _, BufReader};
use tokio::net::{TcpListener, TcpStream};
use tokio::time::sleep;

/// Between sending a mail and the reply: long enough for a worker to die in it.
const REPLY: Duration = Duration::from_millis(40);

/// A mail. It is the whole request, so two mails of one key would be noticed.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
pub(super) struct Mail {
    pub(super) night: i64,
    pub(super) to: String,
}

#[derive(Debug, Serialize, Deserialize)]
struct Request {
    key: String,
    mail: Mail,
}

/// The server's memory.
#[derive(Debug, Clone, Default)]
pub(super) struct MailServer(Arc<Mutex<Post>>);

/// What the server knows.
#[derive(Debug, Default)]
pub(super) struct Post {
    /// Each mail that was sent, with how often.
    pub(super) sent: BTreeMap<Mail, u64>,
    /// Receipts by key, with how often each key came.
    pub(super) keys: BTreeMap<String, (u64, u64)>,
}

impl MailServer {
    /// Listens on a port of its own until the program ends.
    pub(super) async fn listen(&self) -> io::Result<SocketAddr> {
        let listener = TcpListener::bind(("127.0.0.1", 0)).await?;
        let address = listener.local_addr()?;
        let server = self.clone();
        tokio::spawn(async move {
            while let Ok((client, _)) = listener.accept().await {
                // A worker that dies breaks its connection, which is no matter of the server.
                tokio::spawn(server.clone().serve(client));
            }
        });
        Ok(address)
    }

    async fn serve(self, client: TcpStream) -> io::Result<()> {
        let (requests, mut replies) = client.into_split();
        let mut requests = BufReader::new(requests).lines();
        while let Some(line) = requests.next_line().await? {
            let receipt = self.post().deliver(serde_json::from_str(&line)?);
            sleep(REPLY).await;
            replies.write_all(format!("{receipt}\n").as_bytes()).await?;
        }
        Ok(())
    }

    /// Waits until a mail is sent, or its sender may have died before it came here.
    pub(super) async fn has_sent(&self, mail: &Mail) {
        for _ in 0..1_000 {
            if self.post().sent.contains_key(mail) {
                return;
            }
            sleep(Duration::from_millis(1)).await;
        }
    }

    pub(super) fn post(&self) -> MutexGuard<'_, Post> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Post {
    fn deliver(&mut self, Request { key, mail }: Request) -> u64 {
        let next = u64::try_from(self.keys.len()).unwrap_or(u64::MAX);
        let (receipt, came) = self.keys.entry(key).or_insert((next, 0));
        *came += 1;
        if *came == 1 {
            *self.sent.entry(mail).or_default() += 1;
        }
        *receipt
    }

    /// How many requests came under a key that was known.
    pub(super) fn repeats(&self) -> u64 {
        self.keys.values().map(|(_, came)| came - 1).sum()
    }
}

/// Sends a mail, and gives the receipt.
pub(super) async fn send(server: SocketAddr, key: &Key, mail: &Mail) -> io::Result<u64> {
    let mut server = BufReader::new(TcpStream::connect(server).await?);
    let request = Request { key: format!("{}/{}", key.scope(), key.as_str()), mail: mail.clone() };
    server.write_all(format!("{}\n", serde_json::to_string(&request)?).as_bytes()).await?;
    let mut reply = String::new();
    server.read_line(&mut reply).await?;
    reply.trim_end().parse().map_err(io::Error::other)
}
