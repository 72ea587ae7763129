//! What a storm does.

use std::net::IpAddr;

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
        let base = Url::parse(url).map_err(|error| failed(error.to_string()))?;
        if base.scheme() != "http" {
            return Err(failed("it does not begin with http://".to_owned()));
        }
        let host = base.host_str().unwrap_or_default().trim_matches(['[', ']']).to_owned();
        let is_here = host == "localhost" || host.parse::<IpAddr>().is_ok_and(|address| address.is_loopback());
        if !is_here && !allow_remote {
            return Err(PlanError::Remote { host });
        }
        base.join(path).map_err(|error| failed(error.to_string()))
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
