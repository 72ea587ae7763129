//! What a storm does.

use std::net::IpAddr;
use std::time::Duration;

use reqwest::Url;
use reqwest::header::{HeaderMap, HeaderName, HeaderValue};

use super::count::Count;

/// What a storm does.
#[derive(Debug, Clone)]
#[allow(clippy::exhaustive_structs, reason = "made by the command line")]
pub struct Plan {
    /// Where requests are sent.
    pub target: Url,
    /// The headers of each, but for its key.
    pub headers: HeaderMap,
    /// The body of each.
    pub body: String,
    /// How many different requests, each with a key of its own.
    pub requests: u32,
    /// How many are under way at a time.
    pub clients: u32,
    /// How many are sent in a second at most, copies included.
    pub rate: u32,
    /// How effects are counted.
    pub count: Count,
    /// How long the number of effects must stay the same at the end.
    pub settle: Duration,
    /// Repeats the random choices.
    pub seed: u64,
}

/// Why there is no such storm.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum PlanError {
    /// The address is none.
    #[error("{url:?} is no address of HTTP: {problem}")]
    Url {
        /// What was given.
        url: String,
        /// Why.
        problem: String,
    },
    /// A storm is for one's own service.
    #[error("{host} is another machine; if the service there is yours and may be stormed, give --allow-remote")]
    Remote {
        /// The machine.
        host: String,
    },
    /// A header is none.
    #[error("{0:?} is no header: give NAME: VALUE")]
    Header(String),
}

impl Plan {
    /// An address below `url`, which must be of this machine, unless others are allowed.
    ///
    /// # Errors
    /// [`PlanError`].
    pub fn address(url: &str, path: &str, allow_remote: bool) -> Result<Url, PlanError> {
        let failed = |problem: String| PlanError::Url { url: url.to_owned(), problem };
        if !url.starts_with("http://") {
            return Err(failed("write http://HOST:PORT".to_owned()));
        }
        let base = Url::parse(url).map_err(|error| failed(error.to_string()))?;
        // The path may be an address of its own.
        let address = base.join(path).map_err(|error| failed(error.to_string()))?;
        if address.scheme() != "http" {
            return Err(failed(format!("{path:?} is no path")));
        }
        let host = address.host_str().unwrap_or_default().trim_matches(['[', ']']).to_owned();
        let is_here = host == "localhost" || host.parse::<IpAddr>().is_ok_and(|address| address.is_loopback());
        if !is_here && !allow_remote {
            return Err(PlanError::Remote { host });
        }
        Ok(address)
    }

    /// Reads headers as they are written: `Name: value`.
    ///
    /// # Errors
    /// [`PlanError::Header`].
    pub fn headers(lines: &[String]) -> Result<HeaderMap, PlanError> {
        let mut headers = HeaderMap::new();
        for line in lines {
            let header = line.split_once(':').and_then(|(name, value)| {
                Some((name.trim().parse::<HeaderName>().ok()?, HeaderValue::from_str(value.trim()).ok()?))
            });
            let (name, value) = header.ok_or_else(|| PlanError::Header(line.clone()))?;
            headers.append(name, value);
        }
        Ok(headers)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn storm_stays_on_this_machine() {
        for (url, path) in [("http://127.0.0.1:80", "/a"), ("http://localhost", "b?c=d"), ("http://[::1]:9/x/", "")] {
            Plan::address(url, path, false).expect(url);
        }
        for (url, path) in [
            ("http://192.0.2.2", "/"),
            ("http://127.0.0.1", "//192.0.2.2/x"),
            ("http://127.0.0.1", "http://192.0.2.2/x"),
            ("http://localhost.evil.example", "/"),
            ("http://127.0.0.1@192.0.2.2", "/"),
        ] {
            assert!(matches!(Plan::address(url, path, false), Err(PlanError::Remote { .. })), "{url} {path}");
            Plan::address(url, path, true).expect(url);
        }
        for (url, path) in [("127.0.0.1:80", "/"), ("https://127.0.0.1", "/"), ("http://127.0.0.1", "file:///etc")] {
            assert!(matches!(Plan::address(url, path, true), Err(PlanError::Url { .. })), "{url} {path}");
        }
    }
}
