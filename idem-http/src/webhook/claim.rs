//! What the headers of a request say.

use http::HeaderMap;
use idem_core::MAX_NAME_BYTES;

use super::error::VerifyError;
use super::scheme::{Id, SIGNATURE_BYTES, Scheme, Time};

/// The longest header with signatures: some dozens of them.
pub(super) const MAX_HEADER_BYTES: usize = 4_096;
/// The longest id, which then fits a [`Key`](idem_core::Key).
pub(super) const MAX_ID_BYTES: usize = MAX_NAME_BYTES;

/// What the headers say, before anything is proven.
pub(super) struct Claim<'h> {
    pub(super) id: Option<&'h str>,
    /// In unix seconds.
    pub(super) at: Option<i64>,
    /// What is signed before the body, as it is written: the time `007` is another text than `7`.
    pub(super) signed: Vec<&'h str>,
    /// Those that have the right version and length.
    pub(super) signatures: Vec<[u8; SIGNATURE_BYTES]>,
}

impl<'h> Claim<'h> {
    pub(super) fn read(scheme: &Scheme, headers: &'h HeaderMap) -> Result<Self, VerifyError> {
        let (mut id, mut at, mut signed) = (None, None, Vec::new());
        if let Some(field) = &scheme.id {
            id = read_id(field, headers)?;
            signed.extend(id.filter(|_| field.signed));
        }
        let list = required(headers, scheme.signatures)?;
        if let Some(place) = &scheme.time {
            let (header, text) = match *place {
                Time::Header(header) => (header, required(headers, header)?),
                Time::Item(name) => (scheme.signatures, only(scheme, list, name)?),
            };
            at = Some(seconds(header, text)?);
            signed.push(text);
        }
        let mut versions = items(scheme, list, scheme.version).peekable();
        if versions.peek().is_none() {
            return Err(VerifyError::NoSignature { header: scheme.signatures, version: scheme.version });
        }
        let signatures = versions.filter_map(|text| scheme.encoding.read(text)).collect();
        Ok(Self { id, at, signed, signatures })
    }
}

fn read_id<'h>(field: &Id, headers: &'h HeaderMap) -> Result<Option<&'h str>, VerifyError> {
    let header = field.header;
    match line(headers, header, MAX_ID_BYTES)? {
        Some(id) if !field.accepts(id) => Err(VerifyError::Malformed { header, expected: field.expected() }),
        None if field.signed => Err(VerifyError::Missing { header }),
        id => Ok(id),
    }
}

/// The only line of a header.
fn line<'h>(headers: &'h HeaderMap, header: &'static str, most: usize) -> Result<Option<&'h str>, VerifyError> {
    let mut lines = headers.get_all(header).iter();
    let Some(line) = lines.next() else { return Ok(None) };
    if lines.next().is_some() {
        return Err(VerifyError::Repeated { header });
    }
    if line.len() > most {
        return Err(VerifyError::TooLong { header, bytes: line.len(), most });
    }
    line.to_str().map(Some).map_err(|_| VerifyError::Malformed { header, expected: "visible ASCII" })
}

fn required<'h>(headers: &'h HeaderMap, header: &'static str) -> Result<&'h str, VerifyError> {
    line(headers, header, MAX_HEADER_BYTES)?.ok_or(VerifyError::Missing { header })
}

/// The values of the items of one name.
fn items<'h>(scheme: &Scheme, list: &'h str, name: &'static str) -> impl Iterator<Item = &'h str> + use<'h> {
    let assign = scheme.assign;
    let items = list.split(scheme.separator).filter_map(move |item| item.split_once(assign));
    items.filter(move |(key, _)| *key == name).map(|(_, value)| value)
}

fn only<'h>(scheme: &Scheme, list: &'h str, name: &'static str) -> Result<&'h str, VerifyError> {
    let mut values = items(scheme, list, name);
    match (values.next(), values.next()) {
        (Some(value), None) => Ok(value),
        _ => Err(VerifyError::Malformed { header: scheme.signatures, expected: "one time" }),
    }
}

/// Digits only: `parse` alone would take a sign.
fn seconds(header: &'static str, text: &str) -> Result<i64, VerifyError> {
    let digits = text.bytes().all(|byte| byte.is_ascii_digit());
    let seconds = text.parse().ok().filter(|_| digits);
    seconds.ok_or(VerifyError::Malformed { header, expected: "unix seconds in digits" })
}
