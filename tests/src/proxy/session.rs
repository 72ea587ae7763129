//! One connection: two directions, and the strike that ends both.

use std::future;
use std::io;
use std::net::SocketAddr;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};

use tokio::io::{AsyncRead, AsyncWrite, AsyncWriteExt};
use tokio::net::TcpStream;
use tokio::sync::watch;

use super::Control;
use super::aim::{Cut, Hangup, Strike};
use super::wire::{Message, Statements};

/// Serves one client until a side ends or the proxy strikes. An error of either socket ends the connection, which is
/// all that a proxy can do about it.
pub(super) async fn run(mut client: TcpStream, server: SocketAddr, control: Arc<Control>) {
    let Ok(mut server) = TcpStream::connect(server).await else { return };
    // Messages are forwarded one by one: without this each would wait for the acknowledgement of the one before.
    let _ = client.set_nodelay(true);
    let _ = server.set_nodelay(true);
    let Ok(Some((hangup, delayed))) = relay(&mut client, &mut server, &control).await else { return };
    if !delayed.is_empty() {
        let deliveries = control.asked.subscribe();
        // Whether the client is gone already makes no difference, here and below.
        let _ = tokio::join!(hang_up(client, hangup), deliver(server, delayed, deliveries, &control));
        return;
    }
    if hangup != Hangup::BlackHole {
        drop(server);
    }
    let _ = hang_up(client, hangup).await;
}

/// Forwards messages when the test asks for it, and waits for the answer.
async fn deliver(
    mut server: TcpStream,
    delayed: Vec<Message>,
    mut deliveries: watch::Receiver<u64>,
    control: &Control,
) -> io::Result<()> {
    // An error means that the test is over.
    let _ = deliveries.changed().await;
    for message in &delayed {
        server.write_all(message.bytes()).await?;
    }
    while let Some(message) = Message::read(&mut server).await? {
        if message.is_ready() {
            break;
        }
    }
    control.delivered.send_modify(|delivered| *delivered += 1);
    // Open until the test is over: what a client's end would undo is not undone here.
    let _ = deliveries.wait_for(|_| false).await;
    Ok(())
}

/// How to hang up after a strike, and the messages that are delayed.
type Struck = (Hangup, Vec<Message>);

/// Passes messages both ways; what is to be done if the proxy strikes.
async fn relay(client: &mut TcpStream, server: &mut TcpStream, control: &Control) -> io::Result<Option<Struck>> {
    let first = greet(client).await?;
    let (mut from_client, mut to_client) = client.split();
    let (mut from_server, mut to_server) = server.split();
    let replies = Replies::default();
    tokio::select! {
        ended = requests(first, &mut from_client, &mut to_server, &replies, control) => ended,
        ended = replies.relay(&mut from_server, &mut to_client) => ended.map(|()| None),
    }
}

/// Reads the client's first message, and answers for the server that there is no encryption.
async fn greet(client: &mut TcpStream) -> io::Result<Message> {
    loop {
        let first = Message::read_first(client).await?;
        if !first.asks_for_encryption() {
            return Ok(first);
        }
        client.write_all(b"N").await?;
    }
}

/// Forwards what the client sends until it ends, or until the strike.
async fn requests(
    first: Message,
    client: &mut (impl AsyncRead + Unpin),
    server: &mut (impl AsyncWrite + Unpin),
    replies: &Replies,
    control: &Control,
) -> io::Result<Option<Struck>> {
    let mut statements = Statements::default();
    let mut expected = 0;
    let mut message = first;
    loop {
        let statement = statements.follow(&message);
        if let Some(strike) = control.aim.judge(statement.as_deref()) {
            let mut delayed = Vec::new();
            match strike.cut {
                Cut::Before(_) => {}
                Cut::LoseReply(_) => {
                    // Before the message is forwarded: no byte of an answer may slip through.
                    replies.lost.store(true, Ordering::SeqCst);
                    expected += forward_struck(message, strike, client, server).await?;
                    replies.wait_for(expected).await;
                }
                Cut::Delay(_) => delayed = rest_of_request(message, client).await?,
            }
            control.strikes.send_modify(|strikes| *strikes += 1);
            return Ok(Some((strike.cut.hangup(), delayed)));
        }
        server.write_all(message.bytes()).await?;
        expected += u64::from(message.expects_ready());
        let Some(next) = Message::read(client).await? else { return Ok(None) };
        message = next;
    }
}

/// Forwards the message whose reply is lost, with the rest of its request where the strike says so; the number of
/// answers that the server owes for it.
async fn forward_struck(
    mut message: Message,
    strike: Strike,
    client: &mut (impl AsyncRead + Unpin),
    server: &mut (impl AsyncWrite + Unpin),
) -> io::Result<u64> {
    server.write_all(message.bytes()).await?;
    while strike.whole_request && !message.expects_ready() {
        // A client that goes away within its request has asked for no answer.
        let Some(next) = Message::read(client).await? else { return Ok(0) };
        message = next;
        server.write_all(message.bytes()).await?;
    }
    Ok(u64::from(message.expects_ready()))
}

/// The message with the others of its request.
async fn rest_of_request(message: Message, client: &mut (impl AsyncRead + Unpin)) -> io::Result<Vec<Message>> {
    let mut request = vec![message];
    while request.last().is_some_and(|last| !last.expects_ready()) {
        let Some(next) = Message::read(client).await? else { break };
        request.push(next);
    }
    Ok(request)
}

/// What comes back from the server.
#[derive(Debug, Default)]
struct Replies {
    lost: AtomicBool,
    answered: watch::Sender<u64>,
}

impl Replies {
    /// Forwards replies, or only counts them once they are to be lost.
    async fn relay(
        &self,
        server: &mut (impl AsyncRead + Unpin),
        client: &mut (impl AsyncWrite + Unpin),
    ) -> io::Result<()> {
        // A server that hangs up owes no answer, and ends a connection that is not about to be struck anyway.
        while let Ok(Some(message)) = Message::read(server).await {
            if !self.lost.load(Ordering::SeqCst) {
                client.write_all(message.bytes()).await?;
            }
            if message.is_ready() {
                self.answered.send_modify(|answered| *answered += 1);
            }
        }
        if self.lost.load(Ordering::SeqCst) {
            self.answered.send_replace(u64::MAX);
            future::pending::<()>().await;
        }
        Ok(())
    }

    /// Waits until the server has answered `expected` requests of this connection.
    async fn wait_for(&self, expected: u64) {
        // An error means that the sender is gone, which this value owns.
        let _ = self.answered.subscribe().wait_for(|answered| *answered >= expected).await;
    }
}

/// Lets the client lose its connection.
async fn hang_up(mut client: TcpStream, hangup: Hangup) -> io::Result<()> {
    match hangup {
        Hangup::Reset => return client.set_zero_linger(),
        Hangup::Close => client.shutdown().await?,
        Hangup::BlackHole => {}
    }
    // Closing a socket with unread bytes would reset it.
    tokio::io::copy(&mut client, &mut tokio::io::sink()).await.map(drop)
}
