//! What a careful team would write by hand with sqlx and without a library, for this one machine: the same tables, the
//! same guarantees (one effect, the original outcome for every repeat, another payload refused, nothing half-done).

mod kept;
pub(crate) mod postgres;
pub(crate) mod sqlite;
pub(crate) mod ticket;

use serde::Serialize;
use serde::de::DeserializeOwned;
use sha2::{Digest, Sha256};
use sqlx::AssertSqlSafe;

use crate::Failure;
use crate::contender::Answer;
use crate::workload::{COMMAND, MACHINE, Receipt, Request, SCOPE};
use ticket::Ticket;

/// The prefix of the tables.
pub(crate) const PREFIX: &str = "hand_";

/// How often a call that lost a race is decided again.
const ATTEMPTS: usize = 20;

/// A request with all that does not depend on the database.
struct Prepared<'a> {
    request: &'a Request,
    hash: Vec<u8>,
    fingerprint: Vec<u8>,
    payload: Vec<u8>,
}

impl<'a> Prepared<'a> {
    fn new(request: &'a Request) -> Result<Self, Failure> {
        let payload = encode(&request.turn)?;
        let mut hash = digest(&[MACHINE.as_bytes(), SCOPE.as_bytes(), request.key.as_bytes()]);
        hash.truncate(23);
        let mut fingerprint = vec![1];
        fingerprint.extend(digest(&[COMMAND.as_bytes(), request.machine.as_bytes(), &payload]));
        Ok(Self { request, hash, fingerprint, payload })
    }

    /// The stored answer of a key, if it was given for this request.
    fn replay(&self, fingerprint: &[u8], outcome: Option<&[u8]>) -> Result<Answer, Failure> {
        if fingerprint != self.fingerprint {
            return Err("the key was used for another request".into());
        }
        let receipt = decode(outcome.ok_or("a key without its transition")?)?;
        Ok(Answer { receipt, fresh: false })
    }
}

/// What the transition makes of the stored state.
struct Decided {
    from: &'static str,
    to: &'static str,
    body: Vec<u8>,
    outcome: Vec<u8>,
    receipt: Receipt,
}

impl Decided {
    fn new(body: &[u8], request: &Request) -> Result<Self, Failure> {
        let ticket: Ticket = decode(body)?;
        let from = ticket.name();
        let (ticket, receipt) = ticket.turn(&request.turn);
        Ok(Self { from, to: ticket.name(), body: encode(&ticket)?, outcome: encode(&receipt)?, receipt })
    }
}

/// How many transitions are stored; 0 if machines, versions and keys do not fit together.
pub(crate) fn audit(prefix: &str) -> AssertSqlSafe<String> {
    AssertSqlSafe(format!(
        "SELECT CASE WHEN (SELECT sum(version) FROM {prefix}machines) = (SELECT count(*) FROM {prefix}transitions) \
                      AND (SELECT count(*) FROM {prefix}machines) + (SELECT count(*) FROM {prefix}keys) \
                        = (SELECT count(*) FROM {prefix}transitions) \
                THEN (SELECT count(*) FROM {prefix}transitions) ELSE 0 END"
    ))
}

/// A version byte and JSON, as idem stores it.
pub(crate) fn encode(value: &impl Serialize) -> Result<Vec<u8>, Failure> {
    let mut bytes = vec![b'1'];
    serde_json::to_writer(&mut bytes, value)?;
    Ok(bytes)
}

fn decode<T: DeserializeOwned>(bytes: &[u8]) -> Result<T, Failure> {
    match bytes.split_first() {
        Some((b'1', json)) => Ok(serde_json::from_slice(json)?),
        _ => Err("stored in another format".into()),
    }
}

/// SHA-256 over parts with their lengths.
fn digest(parts: &[&[u8]]) -> Vec<u8> {
    let mut hash = Sha256::new();
    for part in parts {
        hash.update(u64::try_from(part.len()).unwrap_or(u64::MAX).to_le_bytes());
        hash.update(part);
    }
    hash.finalize().to_vec()
}
