//! The probe: a service, and what every request to it has.

use std::fmt;

use bytes::Bytes;
use http::header::{HeaderMap, HeaderName, HeaderValue};
use http::{Method, Request, Response};
use http_body::Body;
use http_body_util::Full;
use serde_json::Value;
use tower_service::Service;

use super::door::{Door, Failed, door};
use super::route::Route;

/// Sends to the routes of a service what clients do to them, in the tests of that service: repeats, other requests under the same key, two
/// at once, connections that end, broken bodies, missing keys.
///
/// What it does not see: an effect that only a run that fails doubles, as a statement outside `work.tx()` before an error does, or a call under a lease
/// without a key of it. Let the process die there, in a test of its own.
///
/// It calls the service in this process, and looks at answers only. So it works for any service that honours an idempotency key, with a
/// guard of this crate or without, and reports which promise is kept. Each scenario has keys of its own.
///
/// ```
/// use std::convert::Infallible;
/// use std::sync::Arc;
/// use std::sync::atomic::{AtomicU64, Ordering};
///
/// use bytes::Bytes;
/// use http::{Request, Response};
/// use http_body_util::{BodyExt as _, Full};
/// use idem_http::testing::Probe;
/// use idem_http::{Guard, Lease, Leases, Problem, scope};
/// use serde_json::{Value, json};
/// use tower::{ServiceBuilder, service_fn};
///
/// # #[tokio::main(flavor = "current_thread")]
/// # async fn main() {
/// let charges = Arc::new(AtomicU64::new(0));
/// let charge = async |mut request: Request<Full<Bytes>>, charges: Arc<AtomicU64>| -> Result<Response<Bytes>, Problem> {
///     let lease = Lease::take(&mut request)?;
///     let body = request.into_body().collect().await.map_err(Problem::internal)?.to_bytes();
///     let order: Value = serde_json::from_slice(&body).map_err(|_| Problem::bad_request("this is no JSON"))?;
///     let _key_for_the_gateway = lease.key("charge");
///     tokio::task::yield_now().await;                                         // the call of the gateway
///     charges.fetch_add(1, Ordering::SeqCst);
///     Ok(lease.done_response(Response::new(Bytes::from(format!("charged {}", order["amount"])))))
/// };
/// let handler = service_fn({
///     let charges = charges.clone();
///     move |request| {
///         let answer = charge(request, charges.clone());
///         async move { Ok::<_, Infallible>(answer.await.unwrap_or_else(|problem| problem.response()).map(Full::from)) }
///     }
/// });
/// let guard = Guard::leased(Leases::memory(), scope::single());
/// let service = ServiceBuilder::new().layer(guard.required()).service(handler);
///
/// // The test.
/// let probe = Probe::new(service).header("authorization", "Bearer test");
/// let report = probe
///     .post("/charges", json!({"amount": 5}))
///     .changed(json!({"amount": 6}))
///     .effects(|| async { charges.load(Ordering::SeqCst) })
///     .check()
///     .await;
/// report.assert();
/// # assert_eq!(report.findings().count(), 0, "{report}");
/// # }
/// ```
#[derive(Clone)]
pub struct Probe {
    door: Door,
    headers: HeaderMap,
}

impl Probe {
    /// A probe of a tower service: a `Router` of axum, a service behind a guard, a `service_fn`.
    pub fn new<S, R>(service: S) -> Self
    where
        S: Service<Request<Full<Bytes>>, Response = Response<R>> + Clone + Send + 'static,
        S::Future: Send,
        S::Error: Into<Failed> + Send,
        R: Body + Send + 'static,
        R::Data: Send,
        R::Error: Into<Failed>,
    {
        Self::with_body(service)
    }

    /// A probe of a service that takes requests of one type of body only: `Probe::with_body::<axum::body::Body, _, _>(service)`.
    pub fn with_body<B, S, R>(service: S) -> Self
    where
        S: Service<Request<B>, Response = Response<R>> + Clone + Send + 'static,
        S::Future: Send,
        S::Error: Into<Failed> + Send,
        B: From<Bytes> + Send + 'static,
        R: Body + Send + 'static,
        R::Data: Send,
        R::Error: Into<Failed>,
    {
        Self { door: door(service), headers: HeaderMap::new() }
    }

    /// A header that every request has.
    ///
    /// # Panics
    /// If it is no header.
    #[must_use]
    #[track_caller]
    pub fn header<N, V>(mut self, name: N, value: V) -> Self
    where
        HeaderName: TryFrom<N>,
        HeaderValue: TryFrom<V>,
    {
        let (Ok(name), Ok(value)) = (HeaderName::try_from(name), HeaderValue::try_from(value)) else {
            panic!("a header of a probe has a name or a value that no header can have");
        };
        self.headers.append(name, value);
        self
    }

    /// A route that is sent this JSON by POST.
    ///
    /// # Panics
    /// If `uri` is no URI: `/payments/p1/capture`.
    #[track_caller]
    pub fn post(&self, uri: &str, body: impl Into<Value>) -> Route<'_> {
        self.request(Method::POST, uri, body)
    }

    /// A route that is sent this JSON by PATCH.
    ///
    /// # Panics
    /// If `uri` is no URI.
    #[track_caller]
    pub fn patch(&self, uri: &str, body: impl Into<Value>) -> Route<'_> {
        self.request(Method::PATCH, uri, body)
    }

    /// A route that is sent this JSON by another method. For what is no JSON see [`Route::body_bytes`].
    ///
    /// # Panics
    /// If `uri` is no URI.
    #[track_caller]
    pub fn request(&self, method: Method, uri: &str, body: impl Into<Value>) -> Route<'_> {
        Route::new(&self.door, self.headers.clone(), method, uri, &body.into())
    }
}

/// Without the values of headers, which may be credentials.
impl fmt::Debug for Probe {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Probe").field("headers", &self.headers.keys()).finish_non_exhaustive()
    }
}
