//! A loopback proxy before PostgreSQL that reads what the client asks for and cuts the connection there.
//!
//! It runs on a thread of its own, so a test may block, drop futures or end its runtime without stopping it.

mod aim;
mod session;
mod wire;

use std::net::{Ipv4Addr, SocketAddr};
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::thread::{self, JoinHandle};

use tokio::net::TcpListener;
use tokio::sync::{oneshot, watch};
use tokio::task::JoinSet;

use crate::databases::PgUrl;
use aim::Aim;
pub use aim::{At, Cut, Hangup};

/// The proxy. It passes everything until [`Proxy::arm`], and again after the strike.
#[derive(Debug)]
pub struct Proxy {
    address: SocketAddr,
    control: Arc<Control>,
    stop: Option<oneshot::Sender<()>>,
    thread: Option<JoinHandle<()>>,
}

/// What the test says to the connections, and they to it.
#[derive(Debug, Default)]
struct Control {
    aim: Aim,
    refusing: AtomicBool,
    strikes: watch::Sender<u64>,
    /// How many deliveries of delayed messages were asked for, and made.
    asked: watch::Sender<u64>,
    delivered: watch::Sender<u64>,
}

impl Proxy {
    /// Listens on a free port, for connections to the server of `target`.
    pub fn start(target: &PgUrl) -> Self {
        let server = target.address();
        let control = Arc::new(Control::default());
        let listener = std::net::TcpListener::bind((Ipv4Addr::LOCALHOST, 0)).expect("a free loopback port");
        listener.set_nonblocking(true).expect("a listener can be non-blocking");
        let address = listener.local_addr().expect("a bound listener has an address");
        let (stop, stopped) = oneshot::channel();
        let thread = thread::spawn({
            let control = Arc::clone(&control);
            move || {
                let runtime = tokio::runtime::Builder::new_current_thread().enable_io().build().expect("a runtime");
                runtime.block_on(async {
                    let listener = TcpListener::from_std(listener).expect("a listener of this runtime");
                    tokio::select! {
                        () = serve(&listener, server, &control) => {}
                        _ = stopped => {}
                    }
                });
            }
        });
        Self { address, control, stop: Some(stop), thread: Some(thread) }
    }

    /// Where clients connect to instead of the server, see [`PgUrl::through`].
    pub fn address(&self) -> SocketAddr {
        self.address
    }

    /// Strikes once, at the first message from now on that fits `at`. Starts counting anew.
    pub fn arm(&self, at: At, cut: Cut) {
        self.control.aim.set(at, cut, 0, 1);
    }

    /// Lets so many such messages pass, and strikes at the next one.
    pub fn arm_after(&self, passes: u64, at: At, cut: Cut) {
        self.control.aim.set(at, cut, passes, 1);
    }

    /// Strikes at every such message until [`Proxy::disarm`].
    pub fn arm_for_good(&self, at: At, cut: Cut) {
        self.control.aim.set(at, cut, 0, u64::MAX);
    }

    /// Passes everything again; whether a message has fitted since the proxy was armed.
    pub fn disarm(&self) -> bool {
        self.control.aim.clear()
    }

    /// Whether new connections are reset at once, as by a server that is down.
    pub fn refuse_connections(&self, refuse: bool) {
        self.control.refusing.store(refuse, Ordering::SeqCst);
    }

    /// How often the proxy has struck. A lost reply counts when it is lost: the server has answered.
    pub fn strikes(&self) -> u64 {
        *self.control.strikes.borrow()
    }

    /// Waits until the proxy has struck `strikes` times in all.
    pub async fn wait_for_strikes(&self, strikes: u64) {
        // An error means that the sender is gone, which this value keeps.
        let _ = self.control.strikes.subscribe().wait_for(|count| *count >= strikes).await;
    }

    /// Delivers the messages that are delayed, and waits until the server has answered them.
    pub async fn deliver(&self) {
        let before = *self.control.delivered.borrow();
        self.control.asked.send_modify(|asked| *asked += 1);
        // As above.
        let _ = self.control.delivered.subscribe().wait_for(|delivered| *delivered > before).await;
    }

    /// Messages from clients since the proxy was last armed or disarmed.
    pub fn messages(&self) -> u64 {
        self.control.aim.messages()
    }

    /// Runs `attempt` with a cut at its 1st, 2nd, … message until it sends no more of them. It is given the number of
    /// the message; the proxy still counts for what it does after the strike, so its checks go another way.
    ///
    /// Returns how many strikes there were.
    pub async fn sweep(&self, cut: Cut, mut attempt: impl AsyncFnMut(u64)) -> u64 {
        let mut message = 1;
        loop {
            self.arm(At::Message(message), cut);
            attempt(message).await;
            if !self.disarm() {
                return message - 1;
            }
            message += 1;
        }
    }
}

impl Drop for Proxy {
    fn drop(&mut self) {
        if let Some(stop) = self.stop.take() {
            // Fails only where the thread has ended, which is what is asked for.
            let _ = stop.send(());
        }
        if let Some(thread) = self.thread.take() {
            let _ = thread.join();
        }
    }
}

async fn serve(listener: &TcpListener, server: SocketAddr, control: &Arc<Control>) {
    let mut sessions = JoinSet::new();
    loop {
        let Ok((client, _)) = listener.accept().await else { continue };
        if control.refusing.load(Ordering::SeqCst) {
            // The client sees a reset or a close; which one is the system's choice if this fails.
            let _ = client.set_zero_linger();
            continue;
        }
        sessions.spawn(session::run(client, server, Arc::clone(control)));
        while sessions.try_join_next().is_some() {}
    }
}
