//! Secrets, as keys of HMAC-SHA-256.

use std::fmt;

use hmac::{Hmac, KeyInit, Mac};
use sha2::Sha256;

use super::error::SecretError;
use super::scheme::{Scheme, SecretForm, from_base64};

/// The secrets of one scheme, the newest first. The secrets themselves are not kept: each is a keyed hash, to be copied.
#[derive(Clone)]
pub(super) struct Keys {
    pub(super) scheme: &'static Scheme,
    keyed: Vec<Hmac<Sha256>>,
}

impl Keys {
    pub(super) fn new(scheme: &'static Scheme, secret: &str) -> Result<Self, SecretError> {
        Ok(Self { scheme, keyed: vec![keyed(&scheme.secret, secret)?] })
    }

    pub(super) fn also(mut self, secret: &str) -> Result<Self, SecretError> {
        self.keyed.push(keyed(&self.scheme.secret, secret)?);
        Ok(self)
    }

    /// The hash of what the scheme signs, by each secret.
    pub(super) fn hash(&self, signed: &[&str], body: &[u8]) -> impl Iterator<Item = Hmac<Sha256>> {
        self.keyed.iter().map(move |keyed| {
            let mut hash = keyed.clone();
            for part in signed {
                hash.update(part.as_bytes());
                hash.update(b".");
            }
            hash.update(body);
            hash
        })
    }
}

impl fmt::Debug for Keys {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Keys").field("scheme", &self.scheme.name).field("secrets", &self.keyed.len()).finish()
    }
}

fn keyed(form: &SecretForm, secret: &str) -> Result<Hmac<Sha256>, SecretError> {
    // A line end that was read from a file along with the secret would only be seen as signatures that do not match.
    if secret.trim() != secret {
        return Err(SecretError::Whitespace);
    }
    let decoded;
    let key = match form {
        SecretForm::Text => secret.as_bytes(),
        SecretForm::Base64 { prefix } => {
            let text = secret.strip_prefix(prefix).unwrap_or(secret);
            decoded = from_base64(text).ok_or(SecretError::NotBase64)?;
            &decoded
        }
    };
    if key.is_empty() {
        return Err(SecretError::Empty);
    }
    // HMAC takes keys of all lengths (RFC 2104); the trait that makes one has to allow for others.
    Hmac::new_from_slice(key).map_err(|_| SecretError::Empty)
}
