//! `axum-idempotent` 0.6 in its fastest form: the client's key as the key of its cache, its store in memory.
//!
//! It does less than a lease in memory: the request is not compared with the first one of its key, two at once both run, what failed by a
//! status on its list is not kept, and the answer of a handler whose client went away is lost. And it does more: keys live in the session
//! of a cookie, which is read and kept for every request.

use std::sync::Arc;

use axum::Router;
use axum_idempotent::{IdempotentLayer, IdempotentOptions};
use ruts::store::moka::MokaStore;
use ruts::{CookieOptions, SessionLayer};
use tower_cookies::CookieManagerLayer;

pub(crate) const COOKIE: &str = "session";

/// How long answers are kept, in seconds: as long as a guard keeps them.
const KEPT: i64 = 24 * 3_600;

/// It throws sessions away above this, 10,000 by default; no answer of a run is lost here, as none is under a lease.
const SESSIONS: u64 = 100_000_000;

/// Puts it around a service.
pub(crate) fn around(service: Router) -> Router {
    let options = IdempotentOptions::new(KEPT).use_idempotency_key_header(None, true);
    let store = Arc::new(MokaStore::builder().max_capacity(SESSIONS).build());
    let cookie = CookieOptions::build().name(COOKIE).max_age(KEPT.unsigned_abs()).path("/");
    service
        .layer(IdempotentLayer::<MokaStore>::new(options))
        .layer(SessionLayer::new(store).with_cookie_options(cookie))
        .layer(CookieManagerLayer::new())
}
