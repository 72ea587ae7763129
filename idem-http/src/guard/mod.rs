//! Guards: one effect and one answer for each key, around a route or a group of routes.

#![cfg_attr(
    not(any(feature = "sqlite", feature = "postgres")),
    allow(dead_code, reason = "some parts are for transactions")
)]

mod adopt;
mod answered;
mod driver;
mod gate;
mod keyed;
mod layer;
mod leased;
mod mode;
mod policy;
mod prepare;
pub(crate) mod run;
pub(crate) mod settings;
#[cfg(any(feature = "sqlite", feature = "postgres"))]
mod transactional;

use std::borrow::Cow;
use std::fmt;
use std::sync::Arc;
use std::time::Duration;

use bytes::Bytes;
use http::header::HeaderName;
use http::{Method, Response};
use idem_core::lease::{Leases, WhenLost};
#[cfg(any(feature = "sqlite", feature = "postgres"))]
use idem_core::{Database, Idem};

pub use self::adopt::GuardFuture;
pub use self::gate::Drain;
use self::gate::Gate;
pub use self::keyed::Keyed;
pub use self::layer::{GuardLayer, GuardService};
pub use self::leased::lease::Lease;
pub use self::leased::{Leased, recorded};
pub use self::mode::{Mode, Recorded};
use self::settings::Settings;
#[cfg(any(feature = "sqlite", feature = "postgres"))]
pub use self::transactional::Transactional;
#[cfg(any(feature = "sqlite", feature = "postgres"))]
pub use self::transactional::work::Work;
use crate::observe::Audit;
use crate::problem::Problem;
use crate::scope::Scope;

/// Makes the routes it is put around safe to retry. Made by [`keyed`](Self::keyed), [`transactional`](Self::transactional) or
/// [`leased`](Self::leased); a layer once [`required`](Self::required) or [`optional`](Self::optional) ends it.
///
/// | mode | the handler takes | for | what is recorded |
/// |---|---|---|---|
/// | keyed | [`Keys`](crate::Keys) | one command of a machine, or of the ledger | nothing beside it: its key is the record |
/// | transactional | `Work` | any writes to your database | the answer, in the transaction of the writes |
/// | leased | [`Lease`] | a call to somebody else, a job | a claim before, the answer after |
///
/// Put authentication, rate limits, compression and CORS outside: what they refuse leaves the key untouched. A route has one guard; two
/// around one request are refused.
///
/// Clones share what is in flight: a group of routes drains at once.
#[derive(Clone)]
pub struct Guard<M> {
    mode: M,
    settings: Settings,
    gate: Arc<Gate>,
}

impl Guard<Keyed> {
    /// A guard that records nothing: the handler is one command under a key of [`Keys`](crate::Keys), and that command's own record
    /// answers a repeat. The same outcome; the body is written from it anew. Answer with [`Answer`](crate::Answer), which marks a replay.
    pub fn keyed(scope: impl Scope) -> Self {
        Self::new(Keyed, scope)
    }
}

#[cfg(any(feature = "sqlite", feature = "postgres"))]
impl<DB: Database> Guard<Transactional<DB>> {
    /// A guard whose handlers write to a database: effect, record and answer are one commit.
    pub fn transactional(idem: &Idem<DB>, scope: impl Scope) -> Self {
        Self::new(Transactional::new(idem), scope)
    }

    /// A request without a key has one derived from what it asks for, which is remembered for this time: for clients that cannot send
    /// keys. Two orders of the same thing within that time are one. As for [`keep`](Self::keep) there is a shortest time. Not for leased
    /// guards: a foreign side would take a later order for a repeat of the first.
    #[must_use]
    pub fn derived(mut self, window: Duration) -> Self {
        self.settings.derived = Some(window.max(Duration::from_mins(1)));
        self
    }
}

impl Guard<Leased> {
    /// A guard whose handlers do what no transaction can hold. The key is claimed before they run, in a database (`&idem`), in Redis or in
    /// memory, and the answer is recorded after it.
    pub fn leased(leases: impl Into<Leases>, scope: impl Scope) -> Self {
        Self::new(Leased::new(leases.into()), scope)
    }

    /// How long a claim holds without a renewal: 100 milliseconds to 30 days, default 30 seconds. It is renewed while the handler runs:
    /// so it is how long a repeat waits after its process died. Leases on SQLite need the one writer for that: let no transaction on the
    /// file take a third of the lease.
    #[must_use]
    pub fn lease(mut self, lease: Duration) -> Self {
        self.mode.lease = lease;
        self
    }

    /// What becomes of a key whose owner was lost, or ended without handing back. Default
    /// [`WhenLost::Indeterminate`].
    #[must_use]
    pub fn when_lost(mut self, when_lost: WhenLost) -> Self {
        self.mode.when_lost = when_lost;
        self
    }
}

impl<M: Mode> Guard<M> {
    fn new(mode: M, scope: impl Scope) -> Self {
        Self { mode, settings: Settings::new(scope), gate: Arc::default() }
    }

    /// A request without a key is refused (400), before the routes inside are asked: also one whose method axum would refuse (405).
    pub fn required(self) -> GuardLayer<M> {
        self.layer(true)
    }

    /// A request without a key runs, and nothing of it is remembered; a handler has its transaction, or its keys, all the same.
    pub fn optional(self) -> GuardLayer<M> {
        self.layer(false)
    }

    fn layer(mut self, required: bool) -> GuardLayer<M> {
        self.settings.required = required;
        self.mode.set_up(&self.settings);
        GuardLayer::new(self.mode, self.settings, self.gate)
    }

    /// The methods that are guarded; all others pass untouched. Default POST and PATCH.
    #[must_use]
    pub fn methods(mut self, methods: impl IntoIterator<Item = Method>) -> Self {
        self.settings.methods = methods.into_iter().collect();
        self
    }

    /// The headers that may carry the key. Default `Idempotency-Key` and `X-Idempotency-Key`. A request that has several of them must have
    /// one key in all.
    #[must_use]
    pub fn header_names(mut self, names: impl IntoIterator<Item = HeaderName>) -> Self {
        self.settings.names = names.into_iter().collect();
        self
    }

    /// Only the form in quotation marks is accepted, which the IETF's draft asks for. Most clients send the bare one.
    #[must_use]
    pub fn strict_header(mut self) -> Self {
        self.settings.strict = true;
        self
    }

    /// A key of fewer bytes is weak, and so is one of fewer than four different characters. Default 16.
    #[must_use]
    pub fn min_key_bytes(mut self, bytes: usize) -> Self {
        self.settings.min_key_bytes = bytes;
        self
    }

    /// Weak keys are refused (400). Otherwise they are a warning, by `tracing`.
    #[must_use]
    pub fn refuse_weak_keys(mut self) -> Self {
        self.settings.refuses_weak = true;
        self
    }

    /// How long a handler may take, all its attempts and the body of its answer together. Default 30 seconds. After that it is dropped: a
    /// transaction is rolled back, the end of work under a lease is unknown. The body of a request may take as long before that.
    #[must_use]
    pub fn deadline(mut self, deadline: Duration) -> Self {
        self.settings.deadline = deadline;
        self
    }

    /// As many requests are in flight, over all clones of the guard; more are refused (503 `busy`). Default 1,024.
    #[must_use]
    pub fn max_in_flight(mut self, requests: usize) -> Self {
        self.settings.max_in_flight = requests;
        self
    }

    /// How problems look on the wire, those of handlers as well: the status, the body, its type. What is committed is decided before that, by
    /// the problem's own status. Headers that clients act on ([`Problem::headers`]) are added where they are left out.
    ///
    /// It also sees what is behind a problem, by [`Error::source`](std::error::Error::source): log it here if your logs may have it. The
    /// guard does not, as a database quotes values in its texts.
    #[must_use]
    pub fn problems(mut self, look: impl Fn(&Problem) -> Response<Bytes> + Send + Sync + 'static) -> Self {
        self.settings.look = Some(Arc::new(look));
        self
    }

    /// What the `type` of a problem begins with. Default `/problems/`.
    #[must_use]
    pub fn problem_base(mut self, base: impl Into<Cow<'static, str>>) -> Self {
        self.settings.base = base.into();
        self
    }

    /// Called with each verdict, once the request has ended: for a log of who was answered what. Called within the request, so it must not
    /// wait.
    #[must_use]
    pub fn audit(mut self, auditor: impl Fn(&Audit<'_>) + Send + Sync + 'static) -> Self {
        self.settings.auditor = Some(Arc::new(auditor));
        self
    }

    /// For the end of the process: refuses what is new, and waits for what is in flight.
    pub fn drain(&self) -> Drain {
        Drain::new(self.gate.clone())
    }
}

impl<M: Recorded> Guard<M> {
    /// The longest body of a request, in bytes. Default 1 MiB. Extractors of axum have a limit of their own, 2 MB: for more, raise
    /// `DefaultBodyLimit` as well. Each request in flight may hold as much, those that wait included: see
    /// [`max_in_flight`](Self::max_in_flight).
    #[must_use]
    pub fn max_body(mut self, bytes: usize) -> Self {
        self.settings.max_body = bytes;
        self
    }

    /// Keys of one namespace in one store are known to each other, whatever route and guard they come to. Default `http`. It is the name of the operation
    /// in idem's tables.
    #[must_use]
    pub fn namespace(mut self, name: impl Into<Arc<str>>) -> Self {
        self.settings.namespace = name.into();
        self
    }

    /// How long an answer is remembered, counted from its commit. Default 24 hours, at least one minute; of a transaction at least as long as a
    /// call may take that loses each reply, by default about 5 minutes. A key that comes later is a new request.
    #[must_use]
    pub fn keep(mut self, keep: Duration) -> Self {
        self.settings.keep = keep.max(Duration::from_mins(1));
        self
    }

    /// A request that was first sent longer ago than answers are kept, by its `Repeatability-First-Sent`, is refused (412): its record may
    /// be gone. The header is that of OASIS Repeatable Requests 1.0; requests without it are accepted.
    #[must_use]
    pub fn first_sent(mut self) -> Self {
        self.settings.first_sent = true;
        self
    }

    /// How long a duplicate waits for the first to end, before it is answered with 409. No connection is held meanwhile. Default: not at all.
    #[must_use]
    pub fn wait(mut self, wait: Duration) -> Self {
        self.settings.wait = wait;
        self
    }

    /// How often a handler is run whose transaction lost to other writers, or whose COMMIT waited too long for one. Default 3, at least 1.
    #[must_use]
    pub fn attempts(mut self, attempts: u32) -> Self {
        self.settings.attempts = attempts.max(1);
        self
    }

    /// The longest body of an answer that is recorded, in bytes; also bounded by what the store takes,
    /// [`Builder::max_payload`](idem_core::Builder::max_payload). Default 1 MiB. A longer one is given to the first caller; its repeats are
    /// answered with 410. 0: no body is recorded, nor read before it is sent.
    #[must_use]
    pub fn max_answer(mut self, bytes: usize) -> Self {
        self.settings.max_answer = bytes;
        self
    }

    /// Counts a header as a part of what is asked for: `If-Match`, `Content-Type`. A repeat with another value is another request.
    #[must_use]
    pub fn fingerprint_header(mut self, name: HeaderName) -> Self {
        self.settings.fingerprinted = self.settings.fingerprinted.iter().cloned().chain([name]).collect();
        self
    }

    /// Records one more header of answers. `Set-Cookie`, `Date` and those of a connection never are.
    #[must_use]
    pub fn replays_header(mut self, name: HeaderName) -> Self {
        self.settings.replayed = self.settings.replayed.iter().cloned().chain([name]).collect();
        self
    }

    /// Runs the handler where the store does not answer, and says so by `Idempotency-Status: ignored`: a repeat is a second effect. It does
    /// not answer if there is no connection, if that breaks, if no reply comes in time, if all connections are in use for the whole
    /// acquire timeout, and while PostgreSQL says that it starts or stops: [`Error::is_store_away`](idem_core::Error::is_store_away). Not
    /// where the store answers, whatever it refuses (rights, a password, memory, missing tables, a damaged file), where it is busy with
    /// other writers, or was shut down. The reason is counted and logged. Without this such a request is refused (503).
    #[must_use]
    pub fn fail_open_named(mut self, why: &'static str) -> Self {
        self.settings.fail_open = Some(why);
        self
    }
}

impl<M: Mode> fmt::Debug for Guard<M> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Guard").field("mode", &M::NAME).field("settings", &self.settings).finish_non_exhaustive()
    }
}

#[cfg(test)]
mod tests {
    use std::convert::Infallible;

    use http::Request;
    use http_body_util::Full;
    use idem_core::lease::Leases;
    use tower::service_fn;

    use super::adopt::Handler;
    use super::driver::serve;
    use super::*;
    use crate::scope;

    /// A request in flight holds this, its body, and what its handler holds.
    const LARGEST: usize = 4 << 10;

    fn size<M: Mode>(guard: Guard<M>) -> usize {
        let service =
            service_fn(async |_: Request<Full<Bytes>>| Ok::<_, Infallible>(Response::new(Full::<Bytes>::default())));
        let request = Request::post("/").body(Full::default()).expect("a request");
        size_of_val(&serve(guard.required().policy(), service, request, Handler::default()))
    }

    #[test]
    fn request_in_flight_is_small() {
        let sizes = [size(Guard::keyed(scope::single())), size(Guard::leased(Leases::memory(), scope::single()))];
        assert!(sizes.iter().all(|size| *size <= LARGEST), "{sizes:?}");
    }

    #[cfg(feature = "sqlite")]
    #[tokio::test]
    async fn transactional_request_in_flight_is_small() {
        let pool = sqlx::SqlitePool::connect_lazy("sqlite::memory:").expect("a URL");
        let idem = idem_core::Idem::builder().open_pool(pool);
        let Ok(idem) = idem else { panic!("a pool is taken: {idem:?}") };
        let size = size(Guard::transactional(&idem, scope::single()));
        assert!(size <= LARGEST, "{size}");
    }
}
