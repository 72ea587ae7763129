//! A service of whatever type, as a probe calls it.

use std::error::Error;
use std::future::poll_fn;
use std::pin::Pin;
use std::sync::{Arc, Mutex, PoisonError};

use bytes::Bytes;
use http::{Request, Response, response};
use http_body::Body;
use http_body_util::BodyExt;
use tower_service::Service;

/// A request on its way: the answer, its body read to its end, or why there is none. Dropped, the service's future is.
pub(super) type Sending = Pin<Box<dyn Future<Output = Result<(response::Parts, Bytes), Failed>> + Send>>;

/// A service that takes requests.
pub(super) type Door = Arc<dyn Fn(Request<Bytes>) -> Sending + Send + Sync>;

pub(super) type Failed = Box<dyn Error + Send + Sync>;

pub(super) fn door<S, B, R>(service: S) -> Door
where
    S: Service<Request<B>, Response = Response<R>> + Clone + Send + 'static,
    S::Future: Send,
    S::Error: Into<Failed> + Send,
    B: From<Bytes> + Send + 'static,
    R: Body + Send + 'static,
    R::Data: Send,
    R::Error: Into<Failed>,
{
    // A service need not be `Sync`.
    let service = Mutex::new(service);
    Arc::new(move |request| {
        let mut service = service.lock().unwrap_or_else(PoisonError::into_inner).clone();
        Box::pin(async move {
            poll_fn(|cx| service.poll_ready(cx)).await.map_err(Into::into)?;
            let response = service.call(request.map(B::from)).await.map_err(Into::into)?;
            let (head, body) = response.into_parts();
            let body = body.collect().await.map_err(Into::into)?.to_bytes();
            Ok((head, body))
        })
    })
}
