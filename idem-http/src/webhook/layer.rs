//! A layer that lets verified requests through.

use std::error::Error;
use std::future::poll_fn;
use std::pin::Pin;
use std::sync::Arc;
use std::task::{Context, Poll};

use bytes::Bytes;
use http::request::Parts;
use http::{Request, Response};
use http_body::Body;
use http_body_util::{Either, Full};
use tower_layer::Layer;
use tower_service::Service;

use super::received::Webhook;
use super::verifier::{Verifier, unix_seconds};
use crate::body::{MAX_BODY, read_whole};
use crate::problem::Problem;

/// Runs a service for requests that its [`Verifier`] accepts, with a [`Webhook`] among the extensions of the request.
///
/// The body is read whole, verified, and put back as the very bytes that were verified. Any other request is answered here, with
/// `application/problem+json`, and the service does not run:
///
/// | | status | `type` |
/// |---|---|---|
/// | the signature or its time is refused | 401 | `/problems/webhook-signature` |
/// | the body is longer than [`max_body`](Self::max_body) | 413 | `/problems/too-large` |
/// | the body could not be read to its end | 400 | `/problems/body` |
///
/// A request without a signature is refused before its body is read. How long a sender may take to send its body is for a
/// timeout around this layer.
#[derive(Debug, Clone)]
pub struct WebhookLayer {
    policy: Arc<Policy>,
}

#[derive(Debug, Clone)]
struct Policy {
    verifier: Verifier,
    max_body: usize,
}

impl Verifier {
    /// A layer that runs a service for verified requests only.
    pub fn layer(self) -> WebhookLayer {
        WebhookLayer { policy: Arc::new(Policy { verifier: self, max_body: MAX_BODY }) }
    }
}

impl WebhookLayer {
    /// The longest body that is read, in bytes; 1 MiB by default.
    #[must_use]
    pub fn max_body(self, bytes: usize) -> Self {
        let policy = Arc::unwrap_or_clone(self.policy);
        Self { policy: Arc::new(Policy { max_body: bytes, ..policy }) }
    }
}

impl<S> Layer<S> for WebhookLayer {
    type Service = WebhookService<S>;

    fn layer(&self, inner: S) -> WebhookService<S> {
        WebhookService { inner, policy: self.policy.clone() }
    }
}

/// The service of a [`WebhookLayer`].
///
/// It serves requests whose body can be made of bytes, as those of axum and `Full<Bytes>` can. `Incoming` of hyper cannot: map it
/// first.
#[derive(Debug, Clone)]
pub struct WebhookService<S> {
    inner: S,
    policy: Arc<Policy>,
}

impl<S, B, R> Service<Request<B>> for WebhookService<S>
where
    S: Service<Request<B>, Response = Response<R>> + Clone + Send + 'static,
    S::Future: Send,
    B: Body<Data = Bytes> + From<Bytes> + Send + 'static,
    B::Error: Into<Box<dyn Error + Send + Sync>>,
{
    type Response = Response<Either<Full<Bytes>, R>>;
    type Error = S::Error;
    type Future = Pin<Box<dyn Future<Output = Result<Self::Response, S::Error>> + Send>>;

    /// Always ready: the service behind is asked once a message is verified. A sender whose message is not takes no place behind.
    fn poll_ready(&mut self, _: &mut Context<'_>) -> Poll<Result<(), S::Error>> {
        Poll::Ready(Ok(()))
    }

    fn call(&mut self, request: Request<B>) -> Self::Future {
        let (mut inner, policy) = (self.inner.clone(), self.policy.clone());
        Box::pin(async move {
            let (mut parts, body) = request.into_parts();
            match policy.receive(&parts, body).await {
                Ok(webhook) => {
                    let body = B::from(webhook.bytes().clone());
                    parts.extensions.insert(webhook);
                    poll_fn(|cx| inner.poll_ready(cx)).await?;
                    Ok(inner.call(Request::from_parts(parts, body)).await?.map(Either::Right))
                }
                Err(problem) => Ok(problem.response().map(|body| Either::Left(Full::from(body)))),
            }
        })
    }
}

impl Policy {
    async fn receive<B>(&self, parts: &Parts, body: B) -> Result<Webhook, Problem>
    where
        B: Body<Data = Bytes>,
        B::Error: Into<Box<dyn Error + Send + Sync>>,
    {
        let claim = self.verifier.claim(&parts.headers)?;
        let body = read_whole(body, self.max_body).await?;
        let verified = self.verifier.check(&claim, &body, unix_seconds())?;
        Ok(Webhook::new(verified, body))
    }
}
