//! What differs between the schemes.

use std::fmt::Write;

use base64::Engine;
use base64::alphabet;
use base64::engine::{DecodePaddingMode, GeneralPurpose, GeneralPurposeConfig};

/// The bytes of a signature: those of SHA-256.
pub(super) const SIGNATURE_BYTES: usize = 32;

/// One sender's way to sign: `[id "."] [time "."] body`, where id and time are those that the scheme signs.
#[derive(Debug)]
pub(super) struct Scheme {
    pub(super) name: &'static str,
    pub(super) secret: SecretForm,
    /// The header with the signatures.
    pub(super) signatures: &'static str,
    /// Between two items of that header.
    pub(super) separator: char,
    /// Between the name of an item and its value.
    pub(super) assign: char,
    /// The name of the items that are signatures.
    pub(super) version: &'static str,
    pub(super) encoding: Encoding,
    pub(super) id: Option<Id>,
    pub(super) time: Option<Time>,
}

/// How a secret is written.
#[derive(Debug)]
pub(super) enum SecretForm {
    Text,
    /// With or without `prefix`.
    Base64 {
        prefix: &'static str,
    },
}

/// The header with the sender's id of the message.
#[derive(Debug)]
pub(super) struct Id {
    pub(super) header: &'static str,
    /// A signed id is required, another one is only passed on.
    pub(super) signed: bool,
}

/// Where the unix time stands. It is always signed.
#[derive(Debug)]
pub(super) enum Time {
    Header(&'static str),
    /// An item of the header with the signatures.
    Item(&'static str),
}

pub(super) static STRIPE: Scheme = Scheme {
    name: "stripe",
    secret: SecretForm::Text,
    signatures: "stripe-signature",
    separator: ',',
    assign: '=',
    version: "v1",
    encoding: Encoding::Hex,
    id: None,
    time: Some(Time::Item("t")),
};

pub(super) static GITHUB: Scheme = Scheme {
    name: "github",
    secret: SecretForm::Text,
    signatures: "x-hub-signature-256",
    separator: ',',
    assign: '=',
    version: "sha256",
    encoding: Encoding::Hex,
    id: Some(Id { header: "x-github-delivery", signed: false }),
    time: None,
};

pub(super) static STANDARD: Scheme = Scheme {
    name: "standard",
    secret: SecretForm::Base64 { prefix: "whsec_" },
    signatures: "webhook-signature",
    separator: ' ',
    assign: ',',
    version: "v1",
    encoding: Encoding::Base64,
    id: Some(Id { header: "webhook-id", signed: true }),
    time: Some(Time::Header("webhook-timestamp")),
};

impl Id {
    /// The parts that are signed are joined by full stops. An id with a full stop could be read as an id and a time, and then
    /// the true time as the start of the body.
    pub(super) fn accepts(&self, id: &str) -> bool {
        !id.is_empty() && id.bytes().all(|byte| byte.is_ascii_graphic() && !(self.signed && byte == b'.'))
    }

    /// What an id must be.
    pub(super) fn expected(&self) -> &'static str {
        if self.signed { "visible ASCII without spaces and full stops" } else { "visible ASCII without spaces" }
    }
}

/// How a signature is written.
#[derive(Debug)]
pub(super) enum Encoding {
    Hex,
    Base64,
}

/// Some senders leave the padding out.
const BASE64: GeneralPurpose = GeneralPurpose::new(
    &alphabet::STANDARD,
    GeneralPurposeConfig::new().with_decode_padding_mode(DecodePaddingMode::Indifferent),
);

pub(super) fn from_base64(text: &str) -> Option<Vec<u8>> {
    BASE64.decode(text).ok()
}

impl Encoding {
    /// The signature that is written here, unless it is none.
    pub(super) fn read(&self, text: &str) -> Option<[u8; SIGNATURE_BYTES]> {
        match self {
            Self::Hex => from_hex(text),
            Self::Base64 => from_base64(text)?.try_into().ok(),
        }
    }

    pub(super) fn write(&self, signature: &[u8], text: &mut String) {
        match self {
            // Writing to a string does not fail.
            Self::Hex => signature.iter().for_each(|byte| _ = write!(text, "{byte:02x}")),
            Self::Base64 => BASE64.encode_string(signature, text),
        }
    }
}

/// In lower or upper case: the bytes are compared, not the digits.
fn from_hex(text: &str) -> Option<[u8; SIGNATURE_BYTES]> {
    let (pairs, []) = text.as_bytes().as_chunks::<2>() else { return None };
    let digit = |digit: u8| char::from(digit).to_digit(16).and_then(|value| u8::try_from(value).ok());
    let bytes = pairs.iter().map(|&[high, low]| Some(digit(high)? << 4 | digit(low)?)).collect::<Option<Vec<_>>>()?;
    bytes.try_into().ok()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn signature_is_read_as_it_is_written() {
        let signature: [u8; SIGNATURE_BYTES] = std::array::from_fn(|at| u8::try_from(at * 8).expect("a byte"));
        for encoding in [Encoding::Hex, Encoding::Base64] {
            let mut text = String::new();
            encoding.write(&signature, &mut text);
            assert_eq!(encoding.read(&text), Some(signature), "{encoding:?}");
            assert_eq!(encoding.read(&text[..text.len() - 4]), None, "{encoding:?}");
            assert_eq!(encoding.read(&(text + "00")), None, "{encoding:?}");
        }
    }

    #[test]
    fn hex_is_read_in_both_cases_and_digit_by_digit() {
        assert_eq!(from_hex(&"aB".repeat(32)), Some([0xab; 32]));
        assert_eq!(from_hex(&"+f".repeat(32)), None);
        assert_eq!(from_hex(&"é".repeat(32)), None);
        assert_eq!(from_hex(&"a".repeat(63)), None);
        assert_eq!(from_hex(""), None);
    }

    #[test]
    fn base64_is_read_with_and_without_padding() {
        assert_eq!(from_base64("YWI="), Some(b"ab".to_vec()));
        assert_eq!(from_base64("YWI"), Some(b"ab".to_vec()));
        assert_eq!(from_base64("YW_"), None);
        assert_eq!(from_base64("YWI=\n"), None);
    }

    #[test]
    fn signed_id_has_no_full_stop() {
        let (signed, passed_on) = (Id { header: "id", signed: true }, Id { header: "id", signed: false });
        assert!(signed.accepts("msg_1") && !signed.accepts("msg.1"));
        assert!(passed_on.accepts("msg.1"));
        for id in ["", "a b", "a\n", "\u{e9}"] {
            assert!(!signed.accepts(id) && !passed_on.accepts(id), "{id:?}");
        }
    }
}
