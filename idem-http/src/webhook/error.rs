//! Why a secret, a signature or a body is refused. No text shows a secret, a signature or a body.

use serde_json::error::Category;

/// Why a text cannot be the secret of a scheme.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum SecretError {
    /// Everybody can sign with an empty secret.
    #[error("the secret of the webhook is empty; is its variable set?")]
    Empty,
    /// The secret of Standard Webhooks is base64, with or without `whsec_` in front.
    #[error("the secret of the webhook is not base64; copy it whole, `whsec_` and what follows")]
    NotBase64,
    /// The secret begins or ends with white space, as it does when a line end was read along.
    #[error("the secret of the webhook begins or ends with white space; trim it")]
    Whitespace,
}

/// Why a request is not accepted as the sender's.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum VerifyError {
    /// A header that the scheme needs is missing.
    #[error("the header `{header}` is missing; is this the scheme of the sender?")]
    Missing {
        /// Its name.
        header: &'static str,
    },
    /// A header comes more than once. Which line counts would be a guess.
    #[error("the header `{header}` comes more than once; send one line")]
    Repeated {
        /// Its name.
        header: &'static str,
    },
    /// A header is longer than what is read.
    #[error("the header `{header}` has {bytes} bytes, at most {most} are read")]
    TooLong {
        /// Its name.
        header: &'static str,
        /// Its length in bytes.
        bytes: usize,
        /// The longest that is read.
        most: usize,
    },
    /// A header is not written as the scheme has it.
    #[error("the header `{header}` is malformed; it must have {expected}")]
    Malformed {
        /// Its name.
        header: &'static str,
        /// What it must have.
        expected: &'static str,
    },
    /// The header has no signature of the version that is verified, or none at all.
    #[error("the header `{header}` has no signature of version `{version}`")]
    NoSignature {
        /// Its name.
        header: &'static str,
        /// The version.
        version: &'static str,
    },
    /// No signature was made with one of the secrets over these bytes.
    #[error("no signature matches; compare the secrets, and verify the body before it is parsed or changed")]
    Mismatch,
    /// The request was signed too long ago. The signature is right.
    #[error("signed {seconds} s ago, at most {tolerance} s are accepted; sign anew, and compare the clocks")]
    TooOld {
        /// The age in seconds.
        seconds: u64,
        /// The largest age.
        tolerance: u64,
    },
    /// The request was signed too far in the future. The signature is right.
    #[error("signed {seconds} s in the future, at most {tolerance} s are accepted; compare the clocks")]
    TooNew {
        /// How far, in seconds.
        seconds: u64,
        /// The largest difference.
        tolerance: u64,
    },
}

/// Why a message cannot be signed.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum SignError {
    /// The id cannot be sent in its header, or not safely.
    #[error("the id of the message must be 1 to {most} bytes of {expected}")]
    Id {
        /// What it must be.
        expected: &'static str,
        /// The longest, in bytes.
        most: usize,
    },
    /// The signatures by all secrets are longer than a header that verifiers read.
    #[error("the signatures by all secrets have more than {most} bytes; sign with fewer secrets")]
    TooManySecrets {
        /// The longest header, in bytes.
        most: usize,
    },
    /// The time is before 1970, which the schemes cannot write.
    #[error("the time of the message is {at}, which is before 1970; give unix seconds")]
    Time {
        /// The time, in unix seconds.
        at: i64,
    },
}

/// The request has no verified webhook: no [`WebhookLayer`](super::WebhookLayer) is around the handler.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("no webhook was verified for this request; put `Verifier::layer` around the route")]
#[non_exhaustive]
pub struct NoVerifier;

/// Why a verified body cannot be read as a type.
///
/// It says where, and not what stands there: the message of serde can quote the body.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("the body is signed, but {problem} at line {line}, column {column}", problem = self.problem())]
pub struct JsonError {
    category: Category,
    line: usize,
    column: usize,
}

impl JsonError {
    /// Whether the body is JSON, but of another shape than the type.
    pub fn is_data(&self) -> bool {
        self.category == Category::Data
    }

    fn problem(&self) -> &'static str {
        match self.category {
            Category::Data => "its JSON is not of the expected shape",
            Category::Eof => "its JSON ends too early",
            Category::Syntax | Category::Io => "is not JSON",
        }
    }
}

impl From<&serde_json::Error> for JsonError {
    fn from(error: &serde_json::Error) -> Self {
        Self { category: error.classify(), line: error.line(), column: error.column() }
    }
}
