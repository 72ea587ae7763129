//! Scopes: which client a key belongs to.
//!
//! Keys are unique within a scope, so two tenants that choose the same key do not meet. A scope is the name of a principal or tenant, never
//! its credential: a client whose token is renewed between two attempts has to meet its own record.

use std::borrow::Cow;

use http::HeaderMap;
use http::header::{AUTHORIZATION, COOKIE, HeaderName, PROXY_AUTHORIZATION};
use http::request::Parts;

use crate::problem::{Kind, Problem};

/// Gives the scope of a request; what it refuses is the answer. Any function of this form is one.
pub trait Scope: Send + Sync + 'static {
    /// The scope of a request: 1 to 255 bytes without control characters.
    ///
    /// # Errors
    /// What the request is answered with instead.
    fn scope(&self, request: &Parts) -> Result<String, Problem>;
}

impl<F: Fn(&Parts) -> Result<String, Problem> + Send + Sync + 'static> Scope for F {
    fn scope(&self, request: &Parts) -> Result<String, Problem> {
        self(request)
    }
}

/// The scope is in an extension of the request, which authentication outside the guard has left there.
///
/// ```
/// use idem_http::scope::{self, Scope};
///
/// #[derive(Clone)]
/// struct Principal { tenant: String }
///
/// let tenant = scope::extension(|who: &Principal| who.tenant.clone());
/// let request = http::Request::post("/").extension(Principal { tenant: "tenant-7".into() }).body(())?;
/// assert_eq!(tenant.scope(&request.into_parts().0).expect("it has one"), "tenant-7");
/// let nobody = http::Request::post("/").body(())?;
/// assert_eq!(tenant.scope(&nobody.into_parts().0).expect_err("no authentication").kind(), "no-scope");
/// # Ok::<(), http::Error>(())
/// ```
pub fn extension<T: Send + Sync + 'static>(name: impl Fn(&T) -> String + Send + Sync + 'static) -> impl Scope {
    move |request: &Parts| match request.extensions.get::<T>() {
        Some(found) => Ok(name(found)),
        None => Err(no_scope("the request has no such extension; put authentication outside the guard")),
    }
}

/// The scope is in a header that a gateway in front of the service sets on every request, and removes from what clients send. `Authorization`,
/// `Proxy-Authorization` and `Cookie` are refused at the first request: they carry credentials.
///
/// ```
/// use http::header::{AUTHORIZATION, HeaderName};
/// use idem_http::scope::{self, Scope};
///
/// let request = || http::Request::post("/").header("x-tenant", "tenant-7").header("authorization", "Bearer …").body(());
/// let tenant = scope::header(HeaderName::from_static("x-tenant"));
/// assert_eq!(tenant.scope(&request()?.into_parts().0).expect("it is set"), "tenant-7");
/// assert!(scope::header(AUTHORIZATION).scope(&request()?.into_parts().0).is_err());
/// # Ok::<(), http::Error>(())
/// ```
pub fn header(name: HeaderName) -> impl Scope {
    let is_credential = [AUTHORIZATION, PROXY_AUTHORIZATION, COOKIE].contains(&name);
    move |request: &Parts| {
        if is_credential {
            return Err(no_scope("a scope names a client, and must not be its credential, which changes"));
        }
        only(&request.headers, &name).ok_or_else(|| {
            let fix =
                format!("the request needs the header {name} once, set by the gateway in front or by authentication");
            no_scope(fix)
        })
    }
}

/// One scope for all requests: a service with one client, and tests.
pub fn single() -> impl Scope {
    |_: &Parts| Ok("single".to_owned())
}

fn only(headers: &HeaderMap, name: &HeaderName) -> Option<String> {
    let mut lines = headers.get_all(name).iter();
    let line = lines.next().filter(|line| !line.is_empty())?;
    if lines.next().is_some() {
        return None;
    }
    line.to_str().ok().map(str::to_owned)
}

pub(crate) fn no_scope(fix: impl Into<Cow<'static, str>>) -> Problem {
    Problem::misuse(Kind::NoScope, fix)
}
