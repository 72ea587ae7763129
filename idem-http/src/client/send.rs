//! The attempts of one request.

use std::future::Future;
use std::pin::Pin;
use std::time::{Duration, Instant};

use http::Extensions;
use reqwest::{Request, Response, Url};
use reqwest_middleware::{Error, Middleware, Next, Result};
use tower::retry::budget::Budget as _;

use super::advice::{Advice, verdict};
use super::error::{End, Reason, SendError, Sent};
use super::hosts::Host;
use super::key::{HEADER, set_key};
use super::retries::Retries;

// Written out, as the macro of `async-trait` would write it: a macro for one function is not worth its dependency.
impl Middleware for Retries {
    fn handle<'a, 'b, 'c, 'f>(
        &'a self,
        request: Request,
        extensions: &'b mut Extensions,
        next: Next<'c>,
    ) -> Pin<Box<dyn Future<Output = Result<Response>> + Send + 'f>>
    where
        'a: 'f,
        'b: 'f,
        'c: 'f,
        Self: 'f,
    {
        Box::pin(self.send(request, extensions, next))
    }
}

/// A failed attempt that may be repeated, as far as its answer goes.
#[derive(Clone, Copy)]
struct Failure {
    reason: Reason,
    wait: Option<Duration>,
    counts: bool,
    /// Whether it may have reached a host.
    was_sent: bool,
}

impl Failure {
    /// `None` if the result is final.
    fn of(result: &Result<Response>, follows_redirects: bool) -> Option<Self> {
        let reason = match result {
            Ok(response) => match verdict(response.status(), response.headers()) {
                Advice::Final => return None,
                Advice::Again { wait, counts } => {
                    return Some(Self { reason: Reason::Status(response.status()), wait, counts, was_sent: true });
                }
            },
            // Before the timeout, because a connection that was not made in time is both, and this says that nothing was sent.
            Err(Error::Reqwest(error)) if error.is_connect() => Reason::Connect,
            Err(Error::Reqwest(error)) if error.is_timeout() => Reason::Timeout,
            Err(Error::Reqwest(error)) if error.is_request() => Reason::Broken,
            // A malformed request or URL, too many redirects, an error of another middleware.
            Err(_) => return None,
        };
        // After a redirect the host that was not reached is another one than that which has had the request.
        Some(Self { reason, wait: None, counts: true, was_sent: reason != Reason::Connect || follows_redirects })
    }
}

/// What all attempts of one request have in common.
struct Call<'a> {
    retries: &'a Retries,
    host: &'a Host,
    first: Instant,
    keyed: bool,
    idempotent: bool,
}

impl Call<'_> {
    /// The request to send next and the pause before it, or why there is none. The budget comes last: what is withdrawn is spent.
    fn next(
        &self,
        (attempts, failed): (u32, u32),
        failure: Failure,
        kept: Option<Request>,
    ) -> std::result::Result<(Request, Duration), End> {
        if !self.keyed && !self.idempotent {
            return Err(End::NoKey);
        }
        let request = kept.ok_or(End::Body)?;
        self.retries.may_follow(failed)?;
        let pause = self.retries.pause(attempts, failure.wait);
        let now = self.retries.clock.now();
        self.retries.in_time(now.saturating_duration_since(self.first).saturating_add(pause), self.keyed)?;
        if self.host.breaker.is_open_at(now + pause) {
            return Err(End::Breaker);
        }
        if failure.counts && !self.host.budget.withdraw() {
            return Err(End::Budget);
        }
        Ok((request, pause))
    }
}

impl Retries {
    async fn send(&self, mut request: Request, extensions: &mut Extensions, next: Next<'_>) -> Result<Response> {
        let method = request.method().clone();
        let keyed = set_key(request.headers_mut(), &method, &self.methods, extensions)?;
        let name = host_and_port(request.url());
        let first = self.clock.now();
        let host = self.hosts.named(&name, first);
        let call = Call { retries: self, host: &host, first, keyed, idempotent: method.is_idempotent() };

        // A request that meets the first one in flight waits for it: that is no failed attempt.
        let (mut attempts, mut failed) = (0, 0);
        let (mut last, mut was_sent) = (None, false);
        let key = request.headers().get(&HEADER).cloned();
        loop {
            let permit = match host.breaker.enter(self.clock.now()) {
                Ok(permit) => permit,
                Err(wait) => {
                    let error = SendError::BreakerOpen { host: name, attempts, was_sent, key, last, wait };
                    return Err(Error::middleware(error));
                }
            };
            let (sent, kept) = match request.try_clone() {
                Some(copy) => (copy, Some(request)),
                None => (request, None),
            };
            if attempts == 0 {
                // Not before: requests that the breaker refuses would fill the budget.
                host.budget.deposit();
            }
            attempts += 1;
            let result = next.clone().run(sent, extensions).await;

            let Some(failure) = Failure::of(&result, self.follows_redirects) else {
                return result.map(|response| {
                    permit.answered();
                    stamped(response, attempts, End::Final)
                });
            };
            failed += u32::from(failure.counts);
            if failure.counts {
                permit.failed(self.clock.now());
            } else {
                permit.answered();
            }
            let reason = failure.reason;
            was_sent |= failure.was_sent;
            let (again, pause) = match call.next((attempts, failed), failure, kept) {
                Ok(next) => next,
                Err(end) => {
                    return result.map(|response| stamped(response, attempts, end)).map_err(|source| {
                        Error::middleware(SendError::NoAnswer {
                            host: name,
                            attempts,
                            was_sent,
                            key,
                            last: reason,
                            end,
                            source,
                        })
                    });
                }
            };

            // Gives its connection back before the pause.
            drop(result);
            self.clock.pause(pause).await;
            // Again, because a pause can last longer than it should: the process may have been stopped.
            if let Err(end) = self.in_time(self.clock.now().saturating_duration_since(first), keyed) {
                return Err(Error::middleware(SendError::TooLate {
                    host: name,
                    attempts,
                    was_sent,
                    key,
                    last: reason,
                    end,
                }));
            }
            (request, last) = (again, Some(reason));
        }
    }
}

fn stamped(mut response: Response, attempts: u32, end: End) -> Response {
    response.extensions_mut().insert(Sent { attempts, end });
    response
}

fn host_and_port(url: &Url) -> String {
    let port = url.port_or_known_default().unwrap_or_default();
    format!("{}:{port}", url.host_str().unwrap_or_default())
}
