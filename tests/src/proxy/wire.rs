//! Just enough of PostgreSQL's protocol, version 3.0, to tell what a client executes.
//!
//! Formats: <https://www.postgresql.org/docs/current/protocol-message-formats.html>

use std::collections::HashMap;
use std::io;

use tokio::io::{AsyncRead, AsyncReadExt};

/// The request codes that stand where a start-up message has its version.
const SSL_REQUEST: [u8; 4] = 80_877_103_u32.to_be_bytes();
const GSS_REQUEST: [u8; 4] = 80_877_104_u32.to_be_bytes();

/// The most that one message may hold, as in the server.
const MAX_BYTES: usize = 1 << 30;

/// One message, as it was read.
#[derive(Debug)]
pub(super) struct Message {
    /// The type byte; zero for the first message of a client, which has none.
    kind: u8,
    bytes: Vec<u8>,
}

impl Message {
    /// Reads one message with a type; `None` at the end of the stream.
    pub(super) async fn read(stream: &mut (impl AsyncRead + Unpin)) -> io::Result<Option<Self>> {
        let kind = match stream.read_u8().await {
            Err(error) if error.kind() == io::ErrorKind::UnexpectedEof => return Ok(None),
            kind => kind?,
        };
        let mut bytes = vec![kind];
        read_sized(stream, &mut bytes).await?;
        Ok(Some(Self { kind, bytes }))
    }

    /// Reads the first message of a client, which has no type.
    pub(super) async fn read_first(stream: &mut (impl AsyncRead + Unpin)) -> io::Result<Self> {
        let mut bytes = Vec::new();
        read_sized(stream, &mut bytes).await?;
        Ok(Self { kind: 0, bytes })
    }

    pub(super) fn bytes(&self) -> &[u8] {
        &self.bytes
    }

    /// A first message that asks for encryption and expects one byte for an answer.
    pub(super) fn asks_for_encryption(&self) -> bool {
        self.kind == 0 && (self.code() == Some(&SSL_REQUEST) || self.code() == Some(&GSS_REQUEST))
    }

    /// Whether the server answers it with [`Message::is_ready`]: a start-up, a simple query, or the end of a pipeline.
    pub(super) fn expects_ready(&self) -> bool {
        matches!(self.kind, 0 | b'Q' | b'S')
    }

    /// The server's "ready for query", which ends an answer.
    pub(super) fn is_ready(&self) -> bool {
        self.kind == b'Z'
    }

    fn code(&self) -> Option<&[u8; 4]> {
        self.bytes.get(4..)?.first_chunk()
    }

    /// What follows the type and the length.
    fn body(&self) -> &[u8] {
        self.bytes.get(5..).unwrap_or_default()
    }
}

/// The length, which counts itself, and as many bytes.
async fn read_sized(stream: &mut (impl AsyncRead + Unpin), bytes: &mut Vec<u8>) -> io::Result<()> {
    let length = stream.read_u32().await?;
    bytes.extend_from_slice(&length.to_be_bytes());
    let rest = usize::try_from(length).ok().and_then(|length| length.checked_sub(4)).filter(|rest| *rest < MAX_BYTES);
    let rest = rest.ok_or_else(|| io::Error::new(io::ErrorKind::InvalidData, "not a message of PostgreSQL"))?;
    let start = bytes.len();
    bytes.resize(start + rest, 0);
    stream.read_exact(bytes.get_mut(start..).unwrap_or_default()).await.map(drop)
}

/// The statements that one connection has prepared and bound, to know what an execution executes.
#[derive(Debug, Default)]
pub(super) struct Statements {
    prepared: HashMap<Vec<u8>, String>,
    portals: HashMap<Vec<u8>, String>,
}

impl Statements {
    /// Follows one message of the client; the statement's text where the message executes one.
    pub(super) fn follow(&mut self, message: &Message) -> Option<String> {
        let mut body = message.body();
        match message.kind {
            b'Q' => return Some(text(&mut body)),
            b'P' => {
                let name = word(&mut body);
                self.prepared.insert(name.to_vec(), text(&mut body));
            }
            b'B' => {
                let portal = word(&mut body).to_vec();
                let statement = self.prepared.get(word(&mut body)).cloned().unwrap_or_default();
                self.portals.insert(portal, statement);
            }
            // A portal that the proxy never saw bound is still an execution.
            b'E' => return Some(self.portals.get(word(&mut body)).cloned().unwrap_or_default()),
            _ => {}
        }
        None
    }
}

/// Takes one zero-terminated string.
fn word<'a>(body: &mut &'a [u8]) -> &'a [u8] {
    let end = body.iter().position(|byte| *byte == 0).unwrap_or(body.len());
    let (word, rest) = body.split_at(end);
    *body = rest.get(1..).unwrap_or_default();
    word
}

fn text(body: &mut &[u8]) -> String {
    String::from_utf8_lossy(word(body)).into_owned()
}

#[cfg(test)]
mod tests {
    use super::{Message, Statements};

    async fn read(kind: u8, body: &[u8]) -> Message {
        let length = u32::try_from(body.len() + 4).unwrap();
        let bytes = [&[kind], length.to_be_bytes().as_slice(), body].concat();
        Message::read(&mut bytes.as_slice()).await.unwrap().unwrap()
    }

    #[tokio::test]
    async fn execution_is_traced_to_its_statement() {
        let mut statements = Statements::default();
        for (kind, body) in [
            (b'P', b"s1\0SELECT 1\0\0\0".as_slice()),
            (b'P', b"s2\0COMMIT\0\0\0"),
            (b'B', b"p\0s1\0\0\0"),
            (b'B', b"\0s2\0\0\0"),
        ] {
            assert_eq!(statements.follow(&read(kind, body).await), None);
        }
        assert_eq!(statements.follow(&read(b'E', b"\0\0\0\0\0").await).as_deref(), Some("COMMIT"));
        assert_eq!(statements.follow(&read(b'E', b"p\0\0\0\0\0").await).as_deref(), Some("SELECT 1"));
        assert_eq!(statements.follow(&read(b'Q', b"BEGIN\0").await).as_deref(), Some("BEGIN"));
    }

    #[tokio::test]
    async fn ended_stream_and_invalid_message_are_distinguished() {
        assert!(Message::read(&mut [].as_slice()).await.unwrap().is_none());
        assert!(Message::read(&mut b"Q\0\0\0\x03".as_slice()).await.is_err());
        assert!(Message::read(&mut b"Q\0\0\0\x08ab".as_slice()).await.is_err());
    }
}
