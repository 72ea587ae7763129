//! Verifies signatures.

use std::time::{Duration, SystemTime};

use hmac::Mac;
use http::HeaderMap;

use super::claim::Claim;
use super::error::{SecretError, VerifyError};
use super::keys::Keys;
use super::scheme::{GITHUB, STANDARD, STRIPE, Scheme};

/// The window of Stripe's SDKs and of Standard Webhooks.
const TOLERANCE: Duration = Duration::from_mins(5);

/// Decides whether a request was signed by the sender, over these bytes, at about this time.
///
/// The signature is compared in constant time, and before the clock: a request with a wrong signature is [`VerifyError::Mismatch`]
/// at any time. The body is bytes and need not be UTF-8. `Debug` shows no secret.
///
/// ```
/// use idem_http::webhook::{Signer, Verifier, VerifyError};
///
/// let secret = "whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw";
/// let headers = Signer::standard(secret)?.sign("msg_1", 1_800_000_000, b"{}")?;
///
/// let verifier = Verifier::standard(secret)?;
/// assert_eq!(verifier.verify_at(&headers, b"{}", 1_800_000_300)?.id.as_deref(), Some("msg_1"));
/// assert_eq!(verifier.verify_at(&headers, b"{ }", 1_800_000_300), Err(VerifyError::Mismatch));
/// let late = verifier.verify_at(&headers, b"{}", 1_800_000_301);
/// assert_eq!(late, Err(VerifyError::TooOld { seconds: 301, tolerance: 300 }));
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
#[derive(Debug, Clone)]
pub struct Verifier {
    keys: Keys,
    tolerance: Duration,
}

/// What was signed beside the body.
#[derive(Debug, Clone, PartialEq, Eq)]
#[non_exhaustive]
pub struct Verified {
    /// The sender's id of the message, the same for each attempt to deliver it; at most 255 bytes of visible ASCII.
    ///
    /// Stripe's id stands in the body. GitHub's is not signed: whoever captured a delivery can send it under another id.
    pub id: Option<String>,
    /// When this attempt was signed, in unix seconds. GitHub sends no time.
    pub at: Option<i64>,
}

impl Verifier {
    fn new(scheme: &'static Scheme, secret: &str) -> Result<Self, SecretError> {
        Ok(Self { keys: Keys::new(scheme, secret)?, tolerance: TOLERANCE })
    }

    /// Verifies `Stripe-Signature`. The secret is that of the endpoint, with its `whsec_`, which is part of it.
    ///
    /// # Errors
    /// [`SecretError`] if the secret is empty, or begins or ends with white space.
    pub fn stripe(secret: impl AsRef<str>) -> Result<Self, SecretError> {
        Self::new(&STRIPE, secret.as_ref())
    }

    /// Verifies `X-Hub-Signature-256`, of GitHub and of those who sign as it does.
    ///
    /// # Errors
    /// [`SecretError`] if the secret is empty, or begins or ends with white space.
    pub fn github(secret: impl AsRef<str>) -> Result<Self, SecretError> {
        Self::new(&GITHUB, secret.as_ref())
    }

    /// Verifies `Webhook-Signature`, version `v1` of [Standard Webhooks](https://www.standardwebhooks.com). The secret is base64, with
    /// or without `whsec_`.
    ///
    /// # Errors
    /// [`SecretError`] if the secret is empty or not base64.
    pub fn standard(secret: impl AsRef<str>) -> Result<Self, SecretError> {
        Self::new(&STANDARD, secret.as_ref())
    }

    /// Accepts another secret as well, while secrets are rotated: each signature is compared with each secret.
    ///
    /// # Errors
    /// [`SecretError`] if it cannot be a secret of this scheme.
    pub fn also(self, secret: impl AsRef<str>) -> Result<Self, SecretError> {
        Ok(Self { keys: self.keys.also(secret.as_ref())?, ..self })
    }

    /// How far the time of a signature and the clock may be apart, in either direction; 300 s by default. Whole seconds count.
    #[must_use]
    pub fn tolerance(self, tolerance: Duration) -> Self {
        Self { tolerance, ..self }
    }

    /// Verifies a request by the clock of the system.
    ///
    /// # Errors
    /// [`VerifyError`]: the request must not be acted on.
    pub fn verify(&self, headers: &HeaderMap, body: &[u8]) -> Result<Verified, VerifyError> {
        self.verify_at(headers, body, unix_seconds())
    }

    /// Verifies a request as if it were `now`, in unix seconds.
    ///
    /// # Errors
    /// [`VerifyError`]: the request must not be acted on.
    pub fn verify_at(&self, headers: &HeaderMap, body: &[u8], now: i64) -> Result<Verified, VerifyError> {
        self.check(&self.claim(headers)?, body, now)
    }

    /// What can be refused before the body is there.
    pub(super) fn claim<'h>(&self, headers: &'h HeaderMap) -> Result<Claim<'h>, VerifyError> {
        Claim::read(self.keys.scheme, headers)
    }

    pub(super) fn check(&self, claim: &Claim<'_>, body: &[u8], now: i64) -> Result<Verified, VerifyError> {
        if let Some(at) = claim.at
            && seeded_bug!("clock-before-signature")
        {
            self.check_time(at, now)?;
        }
        let mut hashes = self.keys.hash(&claim.signed, body);
        if !hashes.any(|hash| claim.signatures.iter().any(|signature| hash.clone().verify_slice(signature).is_ok())) {
            return Err(VerifyError::Mismatch);
        }
        if let Some(at) = claim.at {
            self.check_time(at, now)?;
        }
        Ok(Verified { id: claim.id.map(str::to_owned), at: claim.at })
    }

    fn check_time(&self, at: i64, now: i64) -> Result<(), VerifyError> {
        // Exact for all pairs of `i64`: their difference fits a `u64`.
        let (seconds, tolerance) = (now.abs_diff(at), self.tolerance.as_secs());
        match at < now {
            _ if seconds <= tolerance => Ok(()),
            true => Err(VerifyError::TooOld { seconds, tolerance }),
            false => Err(VerifyError::TooNew { seconds, tolerance }),
        }
    }
}

/// A clock before 1970 is 1970: nothing is accepted by either.
#[allow(
    clippy::disallowed_methods,
    reason = "the window of a signature is between two hosts; no database has a part in it"
)]
pub(super) fn unix_seconds() -> i64 {
    let since = SystemTime::now().duration_since(SystemTime::UNIX_EPOCH).unwrap_or_default();
    i64::try_from(since.as_secs()).unwrap_or(i64::MAX)
}
