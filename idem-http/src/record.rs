//! How an answer is recorded: a version, the status, flags, headers and body, each with its length.

use bytes::Bytes;
use http::header::{
    CONNECTION, CONTENT_DISPOSITION, CONTENT_ENCODING, CONTENT_LANGUAGE, CONTENT_LOCATION, CONTENT_TYPE, ETAG,
    HeaderMap, HeaderName, HeaderValue, LAST_MODIFIED, LINK, LOCATION, VARY,
};
use http::{Response, StatusCode};

const VERSION: u8 = 1;
const BODY_IS_KEPT: u8 = 1;

/// The headers that a replay has.
const KEPT: [HeaderName; 10] = [
    CONTENT_TYPE,
    CONTENT_LANGUAGE,
    CONTENT_ENCODING,
    CONTENT_DISPOSITION,
    CONTENT_LOCATION,
    LOCATION,
    ETAG,
    LAST_MODIFIED,
    LINK,
    VARY,
];

/// Headers of one connection or one answer, which no replay has: named or not, and whatever is stored.
const NEVER: [&str; 12] = [
    "connection",
    "content-length",
    "date",
    "keep-alive",
    "proxy-authenticate",
    "proxy-connection",
    "set-cookie",
    "set-cookie2",
    "te",
    "trailer",
    "transfer-encoding",
    "upgrade",
];

/// An answer as it is recorded.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Record {
    pub(crate) status: StatusCode,
    pub(crate) headers: Vec<(HeaderName, HeaderValue)>,
    /// `None` if it was not kept: too long, or a stream.
    pub(crate) body: Option<Bytes>,
}

/// Why bytes are no record.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub(crate) enum Corrupt {
    #[error("the record of an answer is of version {0}, which this release does not know")]
    Version(u8),
    #[error("the record of an answer ends too early, or too late")]
    Length,
    #[error("the record of an answer has a status that there is not")]
    Status,
    #[error("the record of an answer has a header that there cannot be")]
    Header,
}

impl Record {
    /// The record of an answer with this head.
    pub(crate) fn of(status: StatusCode, headers: &HeaderMap, body: Option<Bytes>, also: &[HeaderName]) -> Self {
        let kept = |(name, value): (&HeaderName, &HeaderValue)| (name.clone(), value.clone());
        let is_kept = |name: &HeaderName| {
            (KEPT.contains(name) || also.contains(name)) && !is_never(name) && !is_of_connection(headers, name)
        };
        if headers.contains_key(CONTENT_ENCODING) {
            crate::observe::encoded();
        }
        let headers = headers.iter().filter(|(name, _)| is_kept(name)).map(kept).collect();
        Self { status, headers, body }
    }

    /// As much of it as fits: all, all but the body, or the status alone.
    pub(crate) fn fitting(&self, max: usize) -> Vec<u8> {
        let whole = self.encode();
        if whole.len() <= max {
            return whole;
        }
        let head = Self { body: None, headers: self.headers.clone(), ..*self }.encode();
        if head.len() <= max { head } else { Self { body: None, headers: Vec::new(), ..*self }.encode() }
    }

    pub(crate) fn encode(&self) -> Vec<u8> {
        let headers: usize = self.headers.iter().map(|(name, value)| 8 + name.as_str().len() + value.len()).sum();
        let mut bytes = Vec::with_capacity(8 + headers + self.body.as_ref().map_or(0, Bytes::len));
        bytes.push(VERSION);
        bytes.extend(self.status.as_u16().to_be_bytes());
        bytes.push(if self.body.is_some() { BODY_IS_KEPT } else { 0 });
        put(&mut bytes, self.headers.len());
        for (name, value) in &self.headers {
            put_bytes(&mut bytes, name.as_str().as_bytes());
            put_bytes(&mut bytes, value.as_bytes());
        }
        // The rest of the record is the body.
        bytes.extend(self.body.iter().flatten());
        bytes
    }

    /// Reads a record, whatever the bytes are.
    pub(crate) fn decode(bytes: Vec<u8>) -> Result<Self, Corrupt> {
        let mut input = Bytes::from(bytes);
        let version = take(&mut input, 1)?[0];
        if version != VERSION {
            return Err(Corrupt::Version(version));
        }
        let status = take(&mut input, 2)?;
        let status = u16::from_be_bytes([status[0], status[1]]);
        let status = StatusCode::from_u16(status).ok().filter(|status| is_sendable(*status)).ok_or(Corrupt::Status)?;
        let is_kept = match take(&mut input, 1)?[0] {
            0 => false,
            BODY_IS_KEPT => true,
            _ => return Err(Corrupt::Version(version)),
        };
        let mut headers = HeaderMap::new();
        for _ in 0..take_length(&mut input)? {
            let name = HeaderName::from_bytes(&take_bytes(&mut input)?).map_err(|_| Corrupt::Header)?;
            let value = HeaderValue::from_maybe_shared(take_bytes(&mut input)?).map_err(|_| Corrupt::Header)?;
            // More of them than a map holds do not come from here.
            headers.try_append(name, value).map_err(|_| Corrupt::Header)?;
        }
        if !is_kept && !input.is_empty() {
            return Err(Corrupt::Length);
        }
        let fits = |(name, _): &(&HeaderName, &HeaderValue)| !is_never(name) && !is_of_connection(&headers, name);
        let headers = headers.iter().filter(fits).map(|(name, value)| (name.clone(), value.clone())).collect();
        Ok(Self { status, headers, body: is_kept.then_some(input) })
    }

    /// The answer, if its body was kept.
    pub(crate) fn response(self) -> Result<Response<Bytes>, HeaderMap> {
        let mut headers = HeaderMap::new();
        for (name, value) in self.headers {
            // More of them than a map holds do not come from here.
            if headers.try_append(name, value).is_err() {
                return Err(headers);
            }
        }
        let Some(body) = self.body else { return Err(headers) };
        let mut response = Response::new(body);
        *response.status_mut() = self.status;
        *response.headers_mut() = headers;
        Ok(response)
    }
}

fn is_never(name: &HeaderName) -> bool {
    NEVER.contains(&name.as_str()) && !seeded_bug!("cookie-kept")
}

fn is_of_connection(headers: &HeaderMap, name: &HeaderName) -> bool {
    let lines = headers.get_all(CONNECTION).iter().filter_map(|line| line.to_str().ok());
    lines.flat_map(|line| line.split(',')).any(|token| token.trim().eq_ignore_ascii_case(name.as_str()))
}

fn put(bytes: &mut Vec<u8>, length: usize) {
    // No header has 4 GiB.
    bytes.extend(u32::try_from(length).unwrap_or(u32::MAX).to_be_bytes());
}

fn put_bytes(bytes: &mut Vec<u8>, part: &[u8]) {
    put(bytes, part.len());
    bytes.extend(part);
}

fn take(input: &mut Bytes, length: usize) -> Result<Bytes, Corrupt> {
    if input.len() < length { Err(Corrupt::Length) } else { Ok(input.split_to(length)) }
}

fn take_length(input: &mut Bytes) -> Result<usize, Corrupt> {
    let length = take(input, 4)?.iter().fold(0, |length, byte| length << 8 | u64::from(*byte));
    usize::try_from(length).map_err(|_| Corrupt::Length)
}

fn take_bytes(input: &mut Bytes) -> Result<Bytes, Corrupt> {
    let length = take_length(input)?;
    take(input, length)
}

/// Whether an answer of this status can be sent, recorded and sent again.
pub(crate) fn is_sendable(status: StatusCode) -> bool {
    (200..600).contains(&status.as_u16())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn headers(lines: &[(&'static str, &'static str)]) -> HeaderMap {
        lines.iter().fold(HeaderMap::new(), |mut headers, &(name, value)| {
            headers.append(name, HeaderValue::from_static(value));
            headers
        })
    }

    fn record(body: Option<&'static [u8]>) -> Record {
        let headers =
            headers(&[("content-type", "text/plain"), ("link", "</a>"), ("link", "</b>"), ("location", "/p/1")]);
        Record::of(StatusCode::CREATED, &headers, body.map(Bytes::from_static), &[])
    }

    #[test]
    fn record_is_read_back() {
        for body in [None, Some(&b""[..]), Some(b"\0\xff body")] {
            let record = record(body);
            assert_eq!(Record::decode(record.encode()), Ok(record.clone()));
        }
        let replay = record(Some(b"x")).response().expect("its body was kept");
        assert_eq!(replay.headers().get_all("link").iter().count(), 2);
        assert_eq!(record(None).response().expect_err("not kept")["location"], "/p/1");
    }

    #[test]
    fn only_kept_headers_are_recorded() {
        let all = headers(&[
            ("content-type", "text/plain"),
            ("set-cookie", "a=1"),
            ("date", "now"),
            ("x-request-cost", "5"),
            ("x-other", "6"),
            ("etag", "\"1\""),
            ("connection", "close, ETag"),
        ]);
        let also = [HeaderName::from_static("x-request-cost"), HeaderName::from_static("set-cookie")];
        let kept = Record::of(StatusCode::OK, &all, None, &also).headers;
        let names: Vec<_> = kept.iter().map(|(name, _)| name.as_str()).collect();
        assert_eq!(names, ["content-type", "x-request-cost"]);
    }

    #[test]
    fn headers_that_are_never_recorded_are_not_read() {
        let line = |name: &'static str| (HeaderName::from_static(name), HeaderValue::from_static("9"));
        let mut headers: Vec<_> = NEVER.into_iter().map(line).collect();
        headers.extend([line("etag"), line("x-request-cost")]);
        let stored = Record { status: StatusCode::OK, headers, body: Some(Bytes::from_static(b"made")) };
        let read = Record::decode(stored.encode()).expect("a record");
        assert_eq!(read.headers, [line("etag"), line("x-request-cost")]);
        let hop = [(CONNECTION, HeaderValue::from_static("x-hop")), line("x-hop"), line("x-request-cost")];
        let read = Record::decode(Record { headers: hop.into(), ..stored }.encode()).expect("a record");
        assert_eq!(read.headers, [line("x-request-cost")]);
    }

    #[test]
    fn bytes_that_are_no_record_are_refused() {
        let whole = record(Some(b"body")).encode();
        for end in 0..whole.len() - 4 {
            assert!(Record::decode(whole[..end].to_vec()).is_err(), "{end}");
        }
        let with = |at: usize, byte: u8| {
            let mut bytes = whole.clone();
            bytes[at] = byte;
            Record::decode(bytes)
        };
        assert_eq!(with(0, 2), Err(Corrupt::Version(2)));
        assert_eq!(with(3, 2), Err(Corrupt::Version(1)));
        for status in [0_u16, 99, 100, 101, 103, 199, 600, 1000] {
            let mut bytes = whole.clone();
            bytes[1..3].copy_from_slice(&status.to_be_bytes());
            assert_eq!(Record::decode(bytes), Err(Corrupt::Status), "{status}");
        }
        let mut bytes = record(None).encode();
        bytes.push(0);
        assert_eq!(Record::decode(bytes), Err(Corrupt::Length));
        assert_eq!(
            Record::decode(vec![VERSION, 0, 200, 0, 0, 0, 0, 1, 0, 0, 0, 1, b'\n', 0, 0, 0, 0]),
            Err(Corrupt::Header)
        );
    }
}
