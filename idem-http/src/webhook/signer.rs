//! Signs messages.

use hmac::Mac;
use http::{HeaderMap, HeaderValue};

use super::claim::{MAX_HEADER_BYTES, MAX_ID_BYTES};
use super::error::{SecretError, SignError};
use super::keys::Keys;
use super::scheme::{GITHUB, Id, STANDARD, STRIPE, Time};

/// Signs webhooks: as a sender, or in tests of a receiver.
///
/// Every attempt to deliver a message has the same id and is signed with the time of the attempt. `Debug` shows no secret.
///
/// ```
/// use idem_http::webhook::Signer;
///
/// let signer = Signer::standard("whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw")?;
/// let headers = signer.sign("msg_p5jXN8AQM9LWM0D4loKWxJek", 1_614_265_330, br#"{"test": 2432232314}"#)?;
/// assert_eq!(headers["webhook-signature"], "v1,g0hM9SsE+OTPJTGt/tmIKtSyZlE3uFJELVlNIOLJ1OE=");
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
#[derive(Debug, Clone)]
pub struct Signer {
    keys: Keys,
}

impl Signer {
    /// Signs as Standard Webhooks has it. The secret is base64 of 24 to 64 random bytes, with or without `whsec_`.
    ///
    /// # Errors
    /// [`SecretError`] if the secret is empty or not base64.
    pub fn standard(secret: impl AsRef<str>) -> Result<Self, SecretError> {
        Ok(Self { keys: Keys::new(&STANDARD, secret.as_ref())? })
    }

    /// Signs as Stripe does, for tests of a receiver. The id is not used: Stripe's stands in the body.
    ///
    /// # Errors
    /// [`SecretError`] if the secret is empty, or begins or ends with white space.
    pub fn stripe(secret: impl AsRef<str>) -> Result<Self, SecretError> {
        Ok(Self { keys: Keys::new(&STRIPE, secret.as_ref())? })
    }

    /// Signs as GitHub does, for tests of a receiver. The time is not used: GitHub sends none.
    ///
    /// # Errors
    /// [`SecretError`] if the secret is empty, or begins or ends with white space.
    pub fn github(secret: impl AsRef<str>) -> Result<Self, SecretError> {
        Ok(Self { keys: Keys::new(&GITHUB, secret.as_ref())? })
    }

    /// Signs with another secret as well, while secrets are rotated: receivers that know either accept the message.
    ///
    /// # Errors
    /// [`SecretError`] if it cannot be a secret of this scheme.
    pub fn also(self, secret: impl AsRef<str>) -> Result<Self, SecretError> {
        Ok(Self { keys: self.keys.also(secret.as_ref())? })
    }

    /// The headers of one attempt to deliver a message, signed at `at` (unix seconds). The body must be sent as these very bytes.
    ///
    /// `Debug` of the headers does not show the signatures.
    ///
    /// # Errors
    /// [`SignError`] if the id or the time cannot be sent: a signed id has no full stop, because full stops separate what is
    /// signed.
    pub fn sign(&self, id: &str, at: i64, body: &[u8]) -> Result<HeaderMap, SignError> {
        let scheme = self.keys.scheme;
        let mut headers = HeaderMap::new();
        let mut signed = Vec::new();
        if let Some(field) = &scheme.id {
            headers.insert(field.header, header_of_id(field, id)?);
            signed.extend(field.signed.then_some(id));
        }
        let time = at.to_string();
        let mut list = String::new();
        if let Some(place) = &scheme.time {
            if at < 0 {
                return Err(SignError::Time { at });
            }
            match place {
                Time::Header(header) => _ = headers.insert(*header, HeaderValue::from(at)),
                Time::Item(name) => list.extend([*name, &scheme.assign.to_string(), &time]),
            }
            signed.push(&time);
        }
        for hash in self.keys.hash(&signed, body) {
            if !list.is_empty() {
                list.push(scheme.separator);
            }
            list.push_str(scheme.version);
            list.push(scheme.assign);
            scheme.encoding.write(&hash.finalize().into_bytes(), &mut list);
        }
        // More are not read by a verifier.
        let fits = list.len() <= MAX_HEADER_BYTES;
        let signatures = HeaderValue::from_str(&list).ok().filter(|_| fits);
        let mut signatures = signatures.ok_or(SignError::TooManySecrets { most: MAX_HEADER_BYTES })?;
        signatures.set_sensitive(true);
        headers.insert(scheme.signatures, signatures);
        Ok(headers)
    }
}

fn header_of_id(field: &Id, id: &str) -> Result<HeaderValue, SignError> {
    let refused = SignError::Id { expected: field.expected(), most: MAX_ID_BYTES };
    let fits = field.accepts(id) && id.len() <= MAX_ID_BYTES;
    HeaderValue::from_str(id).ok().filter(|_| fits).ok_or(refused)
}
