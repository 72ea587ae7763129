//! The layer of a guard, and its service.

use std::error::Error;
use std::fmt;
use std::future::poll_fn;
use std::sync::Arc;
use std::task::{Context, Poll};

use bytes::Bytes;
use http::{Request, Response};
use http_body::Body;
use tower_layer::Layer;
use tower_service::Service;

use super::adopt::{GuardFuture, Handler};
use super::driver::serve;
use super::gate::Gate;
use super::mode::Mode;
use super::policy::Policy;
use super::settings::Settings;
use crate::answer_body::AnswerBody;

/// A guard as a layer: made by [`Guard::required`](super::Guard::required) and [`Guard::optional`](super::Guard::optional).
pub struct GuardLayer<M>(Arc<Policy<M>>);

/// The service of a [`GuardLayer`]: any service of HTTP whose requests can be made of bytes, as those of axum and `Full<Bytes>` can.
/// `Incoming` of hyper cannot: map it first. The service is cloned, for a handler that runs again. One that fails with a
/// [`Problem`](crate::Problem) has answered it; any other error is handed on, once what was begun is ended.
pub struct GuardService<S, M> {
    inner: S,
    policy: Arc<Policy<M>>,
}

impl<M> GuardLayer<M> {
    pub(super) fn new(mode: M, settings: Settings, gate: Arc<Gate>) -> Self {
        crate::observe::describe();
        Self(Arc::new(Policy { mode, settings, gate }))
    }

    #[cfg(test)]
    pub(super) fn policy(&self) -> Arc<Policy<M>> {
        self.0.clone()
    }
}

impl<S, M: Mode> Layer<S> for GuardLayer<M> {
    type Service = GuardService<S, M>;

    fn layer(&self, inner: S) -> GuardService<S, M> {
        GuardService { inner, policy: self.0.clone() }
    }
}

impl<S, M, B, R> Service<Request<B>> for GuardService<S, M>
where
    M: Mode,
    S: Service<Request<B>, Response = Response<R>> + Clone + Send + 'static,
    S::Future: Send,
    S::Error: Send + 'static,
    B: Body<Data = Bytes> + From<Bytes> + Send + 'static,
    B::Error: Into<Box<dyn Error + Send + Sync>>,
    R: Body<Data = Bytes> + Send + 'static,
    R::Error: Into<Box<dyn Error + Send + Sync>>,
{
    type Response = Response<AnswerBody<R>>;
    type Error = S::Error;
    type Future = GuardFuture<R, S::Error>;

    /// Always: the service behind is asked when its handler is to run, see [`Guard::wait`](super::Guard::wait).
    fn poll_ready(&mut self, _: &mut Context<'_>) -> Poll<Result<(), S::Error>> {
        Poll::Ready(Ok(()))
    }

    fn call(&mut self, request: Request<B>) -> Self::Future {
        let mut inner = self.inner.clone();
        if !self.policy.settings.methods.contains(request.method()) {
            return GuardFuture::untouched(async move {
                poll_fn(|cx| inner.poll_ready(cx)).await?;
                Ok(inner.call(request).await?.map(AnswerBody::own))
            });
        }
        let handler = Handler::default();
        GuardFuture::new(serve(self.policy.clone(), inner, request, handler.clone()), handler)
    }
}

impl<M> Clone for GuardLayer<M> {
    fn clone(&self) -> Self {
        Self(self.0.clone())
    }
}

impl<S: Clone, M> Clone for GuardService<S, M> {
    fn clone(&self) -> Self {
        Self { inner: self.inner.clone(), policy: self.policy.clone() }
    }
}

impl<M: Mode> fmt::Debug for GuardLayer<M> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("GuardLayer").field("mode", &M::NAME).field("settings", &self.0.settings).finish()
    }
}

impl<S: fmt::Debug, M: Mode> fmt::Debug for GuardService<S, M> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("GuardService").field("inner", &self.inner).field("mode", &M::NAME).finish_non_exhaustive()
    }
}
