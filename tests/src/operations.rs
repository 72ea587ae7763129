//! Work for the fault tests of operations, leases and locks: one call of each kind, each with an effect that can be counted.

use std::error::Error as StdError;
use std::fmt::Display;
use std::time::Duration;

use idem_core::lease::{Failed, Lease, LeasedOperation, Leases, Resolved, WhenLost};
use idem_core::{Epoch, Error, Idem, Key, Outcome};

use crate::Backend;

type AnyError = Box<dyn StdError + Send + Sync>;

/// Short, so that a test need not wait for long until a dead owner is one no more.
const LEASE: Duration = Duration::from_millis(400);
/// Many processes on two processors: a wait that ends too early would say nothing about the library.
const WAIT: Duration = Duration::from_mins(1);

/// The calls of a lane, in their order.
pub const ON_DATABASE: [&str; 7] = ["once", "within", "refused", "charge", "mail", "job", "lock"];
/// Those that need no transaction of the store.
pub const ON_LEASES: [&str; 4] = ["charge", "mail", "job", "lock"];

/// The table that fenced transactions write to, in their order.
pub const GUARDED: &str = "CREATE TABLE IF NOT EXISTS guarded (place bigint PRIMARY KEY, epoch bigint NOT NULL)";

/// Operations on a database, with leases in it or in another store.
#[derive(Debug)]
pub struct Operations<DB: Backend> {
    idem: Idem<DB>,
    leases: Leases,
    url: String,
    lane: String,
    /// The call in which this process stops itself once, as a debugger or a full machine would stop it.
    stops_in: Option<String>,
}

impl<DB: Backend> Operations<DB> {
    /// Of this lane.
    pub fn new(idem: Idem<DB>, leases: Leases, url: &str, lane: &str) -> Self {
        let stops_in = std::env::var("IDEM_STOP_IN").ok();
        Self { idem, leases, url: url.to_owned(), lane: lane.to_owned(), stops_in }
    }

    /// Makes a call; its name, and the value that it was answered with.
    ///
    /// # Errors
    /// What the library answers.
    pub async fn call(&self, call: &str) -> Result<String, AnyError> {
        let value = match call {
            "once" => self.once().await?,
            "within" => self.within().await?,
            "refused" => self.refused().await?,
            "charge" => self.charge().await?,
            "mail" => self.mail().await?,
            "job" => self.job().await?,
            _ => self.lock().await?,
        };
        Ok(format!("{call} {value}"))
    }

    fn key(&self) -> Result<Key, Error> {
        Ok(Key::new(self.lane.clone(), "request-1")?)
    }

    async fn once(&self) -> Result<String, AnyError> {
        let (once, key) = (self.idem.operation("once"), self.key()?);
        let made = once.once(&key, &self.lane, |mut tx| async move {
            DB::note(tx.conn(), &self.lane, "once").await?;
            Ok::<_, AnyError>(random())
        });
        Ok(shown(made.wait(WAIT).await?))
    }

    async fn within(&self) -> Result<String, AnyError> {
        let (within, key) = (&self.idem.operation("within"), &self.key()?);
        let made = self.idem.transaction(|mut tx| async move {
            let work = async |mut tx: idem_core::Tx<DB>| {
                DB::note(tx.conn(), &self.lane, "within").await?;
                Ok::<_, AnyError>(random())
            };
            within.within(&mut tx).once(key, &self.lane, work).await
        });
        Ok(shown(made.await?))
    }

    /// Undoes what it wrote, and the outcome is remembered.
    async fn refused(&self) -> Result<String, AnyError> {
        let (refused, key) = (self.idem.operation("refused"), self.key()?);
        let made = refused.once(&key, &self.lane, |mut tx| async move {
            DB::note(tx.conn(), &self.lane, "refused").await?;
            tx.rollback().await;
            Ok::<_, AnyError>(random())
        });
        Ok(shown(made.wait(WAIT).await?))
    }

    fn operation(&self, name: &str, when_lost: WhenLost) -> LeasedOperation {
        self.leases.operation(name).lease(LEASE).when_lost(when_lost)
    }

    /// A foreign side that honours keys: asked again under one key, it gives its first answer.
    async fn charge(&self) -> Result<String, AnyError> {
        let (charge, key) = (self.operation("charge", WhenLost::Reexecute), self.key()?);
        self.insist(|| async {
            let made = charge.leased(&key, &self.lane, |lease| async move {
                self.stop_in("charge").await;
                let mut gateway = DB::connect(&self.url).await;
                let (name, body) = (lease.key(), random());
                let insert = format!(
                    "INSERT INTO pages (name, body, version) VALUES ('{}', '{body}', 1) ON CONFLICT (name) DO NOTHING",
                    name.as_str()
                );
                DB::script(&mut gateway, &insert).await?;
                let read = format!("SELECT body, version FROM pages WHERE name = '{}'", name.as_str());
                let (body, _) =
                    DB::ask(&mut gateway, &read).await.pop().ok_or_else(|| Failed::Unknown("no page".into()))?;
                Ok::<_, Failed<AnyError>>(body)
            });
            made.wait(WAIT).await
        })
        .await
    }

    /// A foreign side that knows no keys: what it was asked twice it has done twice. An operator looks what it has done.
    async fn mail(&self) -> Result<String, AnyError> {
        let (mail, key) = (self.operation("mail", WhenLost::Indeterminate), self.key()?);
        loop {
            let made = mail.leased(&key, &self.lane, |lease| async move {
                self.stop_in("mail").await;
                let mut server = DB::connect(&self.url).await;
                let request = self.mail_request(lease.epoch());
                let send = format!(
                    "BEGIN; INSERT INTO pages (name, body, version) VALUES ('{request}', 'sent', 1);
                    INSERT INTO notes (lane, what) VALUES ('{}', 'mail'); COMMIT",
                    self.lane
                );
                DB::script(&mut server, &send).await?;
                Ok::<_, Failed<AnyError>>("sent".to_owned())
            });
            match made.wait(WAIT).await {
                Ok(sent) => return Ok(shown(sent)),
                Err(error) => match error.downcast_ref() {
                    Some(Error::Lost { .. } | Error::Indeterminate { .. }) => self.look_into(&mail).await?,
                    _ => return Err(error),
                },
            }
        }
    }

    fn mail_request(&self, epoch: Epoch) -> String {
        format!("mail-{}-{epoch}", self.lane)
    }

    async fn look_into(&self, mail: &LeasedOperation) -> Result<(), AnyError> {
        for lost in mail.lost().await?.into_iter().filter(|lost| lost.scope == self.lane) {
            // A dropped request may still be on its way to the server: it is sent before this, or never.
            let mut server = DB::connect(&self.url).await;
            let request = self.mail_request(lost.epoch);
            let void = format!(
                "INSERT INTO pages (name, body, version) VALUES ('{request}', 'void', 1) ON CONFLICT (name) DO NOTHING"
            );
            DB::script(&mut server, &void).await?;
            let asked = format!("SELECT body, version FROM pages WHERE name = '{request}'");
            let sent = DB::ask(&mut server, &asked).await.pop().is_some_and(|(body, _)| body == "sent");
            let how = if sent { Resolved::completed("sent")? } else { Resolved::NotDone };
            match mail.resolve(&lost.id, how, "looked up").await {
                // Another operator was faster.
                Ok(()) | Err(Error::Fenced { .. }) => {}
                Err(error) => return Err(error.into()),
            }
        }
        Ok(())
    }

    /// Two steps, the first of which is saved.
    async fn job(&self) -> Result<String, AnyError> {
        let (job, key) = (self.operation("job", WhenLost::Resume), self.key()?);
        self.insist(|| async {
            let made = job.leased(&key, &self.lane, |lease| async move {
                self.stop_in("job").await;
                let (first, is_again) = match lease.resumed::<String>()? {
                    Some(first) => (first, true),
                    None => (random(), false),
                };
                if !is_again {
                    lease.save(&first).await?;
                }
                Ok::<_, Failed<AnyError>>(first)
            });
            made.wait(WAIT).await
        })
        .await
    }

    /// Under a lock that all lanes share, twice: a fenced transaction, and a fenced change alone.
    async fn lock(&self) -> Result<String, AnyError> {
        let lock = self.leases.lock("guarded").lease(LEASE);
        for _ in 0..2 {
            loop {
                let guard = lock.acquire(WAIT).await?;
                self.stop_in("lock").await;
                match self.write_guarded(guard.as_ref()).await {
                    Ok(()) => {
                        // A lock that is lost by now is another owner's.
                        let _ = guard.release().await;
                        break;
                    }
                    Err(error) if matches!(error.downcast_ref(), Some(Error::Fenced { .. })) => {}
                    Err(error) => return Err(error),
                }
            }
        }
        Ok("written".to_owned())
    }

    /// Each of the two is tried, also where the other is refused.
    async fn write_guarded(&self, lease: &Lease) -> Result<(), AnyError> {
        let epoch = lease.epoch();
        let written = self.idem.transaction(|mut tx| async move {
            tx.fenced_by(lease).await?;
            let insert = format!("INSERT INTO guarded SELECT coalesce(max(place), 0) + 1, {epoch} FROM guarded");
            DB::script(tx.bare().await?, &insert).await?;
            Ok::<_, AnyError>(())
        });
        let written = written.await;
        let key = Key::new(self.lane.clone(), format!("guarded-{epoch}"))?;
        let changed = self.idem.ledger().account("guarded").apply_delta(&key, epoch.as_i64()).fenced_by(lease).await;
        written?;
        changed?;
        Ok(())
    }

    /// Again where its end is not known: the next owner does it again.
    async fn insist<R>(&self, call: impl Fn() -> R) -> Result<String, AnyError>
    where
        R: Future<Output = Result<Outcome<String>, AnyError>>,
    {
        loop {
            match call().await {
                Ok(made) => return Ok(shown(made)),
                Err(error) if matches!(error.downcast_ref(), Some(Error::Indeterminate { .. })) => {}
                Err(error) => return Err(error),
            }
        }
    }

    /// Stops this process, once, if it is this call that it stops in.
    async fn stop_in(&self, call: &str) {
        use std::sync::atomic::{AtomicBool, Ordering};

        static STOPPED: AtomicBool = AtomicBool::new(false);
        if self.stops_in.as_deref() == Some(call) && !STOPPED.swap(true, Ordering::Relaxed) {
            println!("stopping");
            rustix::process::kill_process(rustix::process::getpid(), rustix::process::Signal::STOP)
                .expect("a process may stop itself");
            // The next poll is after the lease.
            tokio::task::yield_now().await;
        }
    }
}

fn random() -> String {
    format!("{:016x}", fastrand::u64(..))
}

fn shown<T: Display>(made: Outcome<T>) -> String {
    made.into_inner().to_string()
}
