//! Messages beside machines.

use idem_core::{Error, ErrorKind, Message};
use tokio::task::JoinSet;

use super::{MESSAGES, out_of_order, readable};
use crate::conformance::{Stored, Subject};

/// A rolled back one leaves none.
pub async fn message_of_transaction_is_written_with_it<S: Subject>(on: &S) {
    let stored = Stored::open(on).await;
    let mut ids = Vec::new();
    for commit in [false, true, true] {
        let mut tx = stored.idem.begin().await.expect("begun");
        tx.correlate("trace-7").expect("a text");
        let message =
            Message::new("invoice.archived", "\u{e9}").expect("text").key("invoice-7").header("tenant", "acme");
        let id = tx.emit(message).await.expect("emitted");
        if commit {
            tx.commit().await.expect("committed");
            ids.push(id);
        } else {
            tx.rollback().await;
        }
    }
    assert_ne!(ids[0], ids[1]);
    for id in ids {
        let is_so = "topic = 'invoice.archived' AND key = 'invoice-7' AND payload = '\"\u{e9}\"' AND number IS NULL
            AND headers = '[[\"tenant\",\"acme\"]]' AND correlation = 'trace-7' AND machine IS NULL";
        assert_eq!(readable(&stored, &format!("{is_so} AND message_id = '{id}'")).await, 1);
    }
    assert_eq!(stored.number(MESSAGES).await, 2);
}

/// Also those of transactions at the same time; one that is rolled back leaves no gap.
pub async fn messages_of_sequence_are_numbered_without_gap<S: Subject>(on: &S) {
    let stored = Stored::open(on).await;
    let mut tasks = JoinSet::new();
    for place in 0..8 {
        let idem = stored.idem.clone();
        tasks.spawn(async move {
            let emitted = idem.transaction(move |mut tx| async move {
                for _ in 0..2 {
                    tx.emit(Message::new("entry.added", &place)?.ordered("journal")).await?;
                }
                if place % 4 == 3 { Err(Error::ShutDown) } else { Ok(()) }
            });
            emitted.await.is_ok()
        });
    }
    let emitted = tasks.join_all().await.into_iter().filter(|emitted| *emitted).count();
    assert_eq!(emitted, 6);
    assert_eq!((stored.number(MESSAGES).await, out_of_order(&stored).await), (12, 0));
    assert_eq!(readable(&stored, "ordered = 'journal' AND number BETWEEN 1 AND 12 AND key = 'journal'").await, 12);
    assert_eq!(stored.number("SELECT number FROM idem_sequences").await, 12);
}

/// Bytes are stored as they are, and JSON as it was written.
pub async fn payload_of_bytes_is_stored_as_given<S: Subject>(on: &S) {
    let stored = Stored::open(on).await;
    let all: Vec<u8> = (0..=255).collect();
    for (topic, bytes) in [("empty", &[][..]), ("all", &all)] {
        let mut tx = stored.idem.begin().await.expect("begun");
        tx.emit(Message::bytes(topic, bytes).content_type("application/cbor")).await.expect("emitted");
        tx.commit().await.expect("committed");
        let hex = bytes.iter().map(|byte| format!("{byte:02x}")).collect::<Vec<_>>().concat();
        assert_eq!(readable(&stored, &format!("topic = '{topic}' AND lower(payload) = '{hex}'")).await, 1);
    }
}

/// The transaction goes on without it.
pub async fn unfit_message_is_refused_and_transaction_goes_on<S: Subject>(on: &S) {
    let stored = Stored::open(on).await;
    let large = vec![b'a'; 1_024 * 1_024 + 1];
    let mut tx = stored.idem.begin().await.expect("begun");
    let unfit = [
        (Message::bytes("", b""), ErrorKind::Key),
        (Message::bytes("topic", b"").key("a\u{7}"), ErrorKind::Key),
        (Message::bytes("topic", b"").header("Tenant", "acme"), ErrorKind::Key),
        (Message::bytes("topic", b"").ordered("a".repeat(256)), ErrorKind::Key),
        (Message::bytes("topic", &large), ErrorKind::TooLarge),
    ];
    for (message, kind) in unfit {
        assert_eq!(tx.emit(message).await.expect_err("unfit").kind(), kind);
    }
    tx.emit(Message::bytes("topic", b"")).await.expect("emitted");
    tx.commit().await.expect("committed");
    assert_eq!(stored.number(MESSAGES).await, 1);
    assert_eq!(Message::new("topic", &f64::NAN).expect_err("no number").kind(), ErrorKind::Unencodable);
}

/// A number that is taken is locked until the transaction ends: others wait for it, at most as long as for a lock.
pub async fn message_of_sequence_in_use_waits_for_it<S: Subject>(on: &S) {
    if on.differences().one_writer {
        return;
    }
    let stored = Stored::open(on).await;
    let brief = on.builder().lock_wait(std::time::Duration::from_millis(50)).open(&on.url()).await.expect("opened");
    let mut first = stored.idem.begin().await.expect("begun");
    let message = || Message::bytes("entry.added", b"").ordered("journal");
    first.emit(message()).await.expect("emitted");
    let mut second = brief.begin().await.expect("begun");
    assert_eq!(second.emit(message()).await.expect_err("in use").kind(), ErrorKind::InFlight);
    second.rollback().await;
    first.commit().await.expect("committed");
    let mut second = brief.begin().await.expect("begun");
    second.emit(message()).await.expect("emitted");
    second.commit().await.expect("committed");
    assert_eq!(stored.number("SELECT max(number) FROM idem_outbox").await, 2);
}
