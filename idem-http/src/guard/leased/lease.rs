//! What a handler takes that does what no transaction can hold.

use std::fmt;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};

use http::{Extensions, Request, Response};
use idem_core::{Error, ErrorKind, Key, lease};
use serde::Serialize;
use serde::de::DeserializeOwned;

use crate::correlation::Correlation;
use crate::guard::run::{HandedBack, RunId};
use crate::keys::Keys;
use crate::problem::{Kind, Problem};

/// The lease of a handler under [`Guard::leased`](crate::Guard::leased): its key is claimed, and renewed while it runs.
///
/// - Before the first call of [`key`](Self::key) or [`begin`](Self::begin) nothing has gone out: an error passes, and the key is free. Unless
///   an owner before this one was lost, or a task or a layer has kept the lease, its keys or the extensions of the request: then the end is
///   unknown.
/// - `Ok(lease.done(answer))` records the answer, whatever its status.
/// - `Ok(lease.not_done(answer))` frees the key: nothing was done, for sure; where [`attempt`](Self::attempt) is above 1, not by the owners
///   before, either.
/// - Anything else after that, an error by `?`, a panic, a timeout, leaves the end unknown:
///   [`Guard::when_lost`](crate::Guard::when_lost) says what a repeat gets.
#[must_use = "dropped after `key` or `begin`, whether the work was done is not known"]
pub struct Lease {
    run: Arc<Run>,
}

/// What a run of a handler shares with the guard.
pub(crate) struct Run {
    id: RunId,
    keys: Keys,
    correlation: Correlation,
    /// `None` if nothing is recorded.
    lease: Option<lease::Lease>,
    taken: AtomicBool,
    touched: Arc<AtomicBool>,
}

impl Run {
    pub(crate) fn new(id: &RunId, keys: &Keys, correlation: &Correlation, lease: Option<lease::Lease>) -> Self {
        let touched = Arc::default();
        Self {
            id: id.clone(),
            keys: keys.noting(&touched),
            correlation: correlation.clone(),
            lease,
            taken: AtomicBool::new(false),
            touched,
        }
    }

    pub(crate) fn keys(&self) -> &Keys {
        &self.keys
    }

    /// Whether something can have gone out, or still go out: by a task that has kept the lease or its keys.
    pub(crate) fn is_touched_or_kept(run: &Arc<Self>) -> bool {
        // This one; and in `touched` this and the keys that it has.
        let is_kept = Arc::strong_count(run) > 1 || Arc::strong_count(&run.touched) > 2;
        is_kept || run.touched.load(Ordering::SeqCst)
    }
}

impl Lease {
    /// The lease of a request, in a tower service. In axum it is an extractor.
    ///
    /// # Errors
    /// A problem (500): `no-guard` if no leased guard is around the service, `taken-twice`.
    pub fn take<B>(request: &mut Request<B>) -> Result<Self, Problem> {
        Self::take_extensions(request.extensions_mut())
    }

    pub(crate) fn take_extensions(extensions: &mut Extensions) -> Result<Self, Problem> {
        let fix = "put `Guard::leased` around this route, and its method among the guarded ones";
        let run = extensions.get::<Arc<Run>>().ok_or_else(|| Problem::misuse(Kind::NoGuard, fix))?.clone();
        if run.taken.swap(true, Ordering::SeqCst) {
            return Err(Problem::misuse(Kind::TakenTwice, "a handler has one `Lease`: pass it on"));
        }
        Ok(Self { run })
    }

    /// The key to send to the foreign side, for one step of the work: the same for every repeat of the request and every owner of the
    /// lease, and without the client's text. From this call on an end that is not handed back is unknown.
    pub fn key(&self, step: &str) -> Key {
        self.run.keys.key(step)
    }

    /// Something goes out now, to a side that takes no key: from here on an end that is not handed back is unknown, as after
    /// [`key`](Self::key).
    pub fn begin(&self) {
        self.run.touched.store(true, Ordering::SeqCst);
    }

    /// The lease itself, for fences: `payments.at(&id).pay(&key, pay).fenced_by(lease)`. `None` if nothing is recorded: the request has no key, or the
    /// guard fails open. As after [`key`](Self::key), an end that is not handed back is unknown.
    pub fn lease(&self) -> Option<&lease::Lease> {
        self.begin();
        self.run.lease.as_ref()
    }

    /// How many owners worked on the request, this one included: above 1 it is done again.
    pub fn attempt(&self) -> u64 {
        self.run.lease.as_ref().map_or(1, lease::Lease::attempt)
    }

    /// The correlation id of the request: the trace id of `traceparent`, else `X-Request-Id`, else a new one.
    pub fn correlation(&self) -> &str {
        self.run.correlation.id()
    }

    /// Stores how far the work is, for an owner that takes over: [`Lease::save`](lease::Lease::save). Nothing is stored where nothing is
    /// recorded. As after [`key`](Self::key), an end that is not handed back is unknown.
    ///
    /// # Errors
    /// A problem: those of [`Lease::save`](lease::Lease::save).
    ///
    /// # Cancel safety
    /// Dropped, it may or may not be saved.
    pub async fn save<T: Serialize + ?Sized>(&self, checkpoint: &T) -> Result<(), Problem> {
        self.begin();
        match &self.run.lease {
            // Whatever has gone out by now has, and stays.
            Some(lease) => lease.save(checkpoint).await.map_err(|error| match error.kind() {
                ErrorKind::Fenced | ErrorKind::Unencodable | ErrorKind::TooLarge => error.into(),
                _ => Problem::from(Kind::OutcomeUnknown).because(error),
            }),
            None => Ok(()),
        }
    }

    /// What an owner before has saved: [`Lease::resumed`](lease::Lease::resumed).
    ///
    /// # Errors
    /// A problem if it does not fit the type.
    pub fn resumed<T: DeserializeOwned>(&self) -> Result<Option<T>, Problem> {
        self.run.lease.as_ref().map_or(Ok(None), |lease| lease.resumed().map_err(|error: Error| error.into()))
    }

    /// [`done`](Self::done) in a tower service.
    pub fn done_response<B>(self, response: Response<B>) -> Response<B> {
        self.handed_back(response, HandedBack::Done)
    }

    /// [`not_done`](Self::not_done) in a tower service.
    pub fn not_done_response<B>(self, response: Response<B>) -> Response<B> {
        self.handed_back(response, HandedBack::NotDone)
    }

    pub(crate) fn handed_back<B>(self, mut response: Response<B>, how: HandedBack) -> Response<B> {
        self.run.id.hand_back(how, response.extensions_mut());
        response
    }
}

impl fmt::Debug for Run {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Run").field("keys", &self.keys).field("lease", &self.lease).finish_non_exhaustive()
    }
}

impl fmt::Debug for Lease {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Lease").field("lease", &self.run.lease).finish_non_exhaustive()
    }
}
