//! The relay: what is emitted arrives, in order, and is deleted.

use std::collections::{BTreeMap, HashMap};
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use idem_core::outbox::{Delivery, Relay, Sink, WhenDead};
use idem_core::{Error, ErrorKind, Message, NewMessage};
use tokio::sync::{Notify, oneshot};

use super::MESSAGES;
use crate::conformance::machines::{Described, Feed, Shop, feed};
use crate::conformance::{Stored, Subject, fresh, key};

type Script = dyn Fn(&Message, usize) -> Delivery + Send + Sync;

/// A sink that answers by a script, and keeps what it took.
#[derive(Clone)]
struct Scripted {
    script: Arc<Script>,
    state: Arc<Mutex<State>>,
    arrived: Arc<Notify>,
}

#[derive(Default)]
struct State {
    tries: HashMap<String, usize>,
    taken: Vec<Message>,
    /// The bytes of the payloads of each batch.
    batches: Vec<usize>,
}

impl Scripted {
    /// The script gets each message, and how often it came before.
    fn new(script: impl Fn(&Message, usize) -> Delivery + Send + Sync + 'static) -> Self {
        Self { script: Arc::new(script), state: Arc::default(), arrived: Arc::default() }
    }

    fn obliging() -> Self {
        Self::new(|_, _| Delivery::Done)
    }

    fn state(&self) -> std::sync::MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn taken(&self) -> Vec<Message> {
        self.state().taken.clone()
    }

    /// Of each machine or sequence the numbers in the order in which they arrived.
    fn numbers(&self) -> BTreeMap<String, Vec<u64>> {
        let mut numbers = BTreeMap::<_, Vec<_>>::new();
        for message in self.taken() {
            numbers.entry(message.key().to_owned()).or_default().extend(message.number());
        }
        numbers
    }

    async fn wait_for(&self, count: usize) {
        loop {
            let arrived = self.arrived.notified();
            if self.state().taken.len() >= count {
                return;
            }
            arrived.await;
        }
    }
}

impl Sink for Scripted {
    async fn publish(&self, batch: &[Message]) -> Vec<Delivery> {
        self.state().batches.push(batch.iter().map(|message| message.payload().len()).sum());
        let mut failed: Vec<&str> = Vec::new();
        let deliveries = batch.iter().map(|message| {
            if failed.contains(&message.order_key()) {
                return Delivery::Retry("after one that failed".into());
            }
            let mut state = self.state();
            let tries = state.tries.entry(message.id().to_owned()).or_default();
            *tries += 1;
            let delivery = (self.script)(message, *tries - 1);
            if delivery == Delivery::Done {
                state.taken.push(message.clone());
            } else {
                failed.push(message.order_key());
            }
            delivery
        });
        let deliveries = deliveries.collect();
        self.arrived.notify_waiters();
        deliveries
    }
}

fn relay<S: Subject>(stored: &Stored<'_, S>, sink: &Scripted) -> Relay<S::DB, Scripted> {
    stored.idem.relay(sink.clone())
}

/// Feeds post messages, each so many.
async fn post<S: Subject>(stored: &Stored<'_, S>, feeds: &[(&str, u32)]) {
    let repository = Feed::stored(&stored.idem, Shop);
    for (at, (id, count)) in feeds.iter().enumerate() {
        let name = format!("{id}-{at}-{}", stored.number("SELECT count(*) FROM idem_transitions").await);
        fresh(repository.at(*id).post(&key(&name), feed::Post { count: *count, described: Described::Plain }).await);
    }
}

async fn emit<S: Subject>(stored: &Stored<'_, S>, message: NewMessage) -> String {
    let mut tx = stored.idem.begin().await.expect("begun");
    let id = tx.emit(message).await.expect("emitted");
    tx.commit().await.expect("committed");
    id
}

/// With ids that are the same each time, and with all that was emitted; then the outbox is empty.
pub async fn relay_delivers_messages_as_emitted_and_deletes_them<S: Subject>(on: &S) {
    let stored = Stored::open(on).await;
    post(&stored, &[("a", 3), ("b", 2), ("a", 2)]).await;
    let large: Vec<u8> = (0..=255).cycle().take(1_024 * 1_024).collect();
    let id = emit(&stored, Message::bytes("large", &large).key("k").header("tenant", "acme")).await;
    emit(&stored, Message::bytes("empty", b"").content_type("application/cbor")).await;
    emit(&stored, Message::new("json", "\u{e9}").expect("text").ordered("journal")).await;
    // What the sink does not take at first has the same id when it comes again.
    let sink = Scripted::new(|_, tries| if tries == 0 { Delivery::Retry("not yet".into()) } else { Delivery::Done });
    let report = relay(&stored, &sink).batch(2).drain().await.expect("drained");
    assert_eq!((report.sent, report.parked, report.lag), (10, 0, Duration::ZERO));
    assert_eq!(stored.number(MESSAGES).await, 0);
    let numbers = sink.numbers();
    assert_eq!((&numbers["a"], &numbers["b"], &numbers["journal"]), (&vec![1, 2, 3, 4, 5], &vec![1, 2], &vec![1]));
    let taken = sink.taken();
    let installation = stored.idem.installation().await.expect("known");
    let of = |topic: &str| taken.iter().find(|message| message.topic() == topic).expect("it arrived");
    let large_one = of("large");
    assert_eq!((large_one.payload(), large_one.id()), (&*large, &*id));
    assert_eq!((large_one.key(), large_one.header("tenant").expect("a header")), ("k", "acme"));
    assert_eq!(
        (large_one.content_type(), large_one.source()),
        ("application/octet-stream", &*format!("idem://{installation}"))
    );
    assert_eq!(
        (of("empty").payload(), of("empty").content_type(), of("empty").number()),
        (&b""[..], "application/cbor", None)
    );
    assert_eq!((of("json").json::<String>().expect("text"), of("json").key()), ("\u{e9}".to_owned(), "journal"));
    let posted = of("feed.posted");
    assert_eq!((posted.source(), posted.key()), (&*format!("idem://{installation}/Feed"), "a"));
    assert!(posted.at().is_some() && posted.json::<u32>().is_ok());
    let mut ids: Vec<_> = taken.iter().map(Message::id).collect();
    ids.sort_unstable();
    ids.dedup();
    assert_eq!(ids.len(), 10);
}

/// Only the machine whose message fails waits, and it goes on in order.
pub async fn failed_message_holds_up_its_machine_alone<S: Subject>(on: &S) {
    let stored = Stored::open(on).await;
    post(&stored, &[("a", 3), ("b", 3), ("a", 1)]).await;
    let sink = Scripted::new(|message, tries| match (message.key(), message.number()) {
        ("a", Some(2)) if tries < 2 => Delivery::Retry("not yet".into()),
        _ => Delivery::Done,
    });
    let report = relay(&stored, &sink).drain().await.expect("drained");
    assert_eq!((report.sent, report.retried, report.parked), (7, 2, 0));
    let order: Vec<_> = sink.taken().iter().map(|message| (message.key().to_owned(), message.number())).collect();
    let place = |key: &str, number: u64| order.iter().position(|one| *one == (key.to_owned(), Some(number)));
    assert!(place("b", 3) < place("a", 2), "{order:?}");
    assert_eq!(sink.numbers()["a"], [1, 2, 3, 4]);
}

/// A parked message holds its machine until an operator releases or drops it, also for another owner.
pub async fn parked_message_holds_its_machine_until_released_or_dropped<S: Subject>(on: &S) {
    let stored = Stored::open(on).await;
    post(&stored, &[("a", 2), ("b", 2), ("c", 2)]).await;
    let open = Arc::new(std::sync::atomic::AtomicBool::new(false));
    let opened = open.clone();
    let sink = Scripted::new(move |message, _| match (message.key(), message.number()) {
        ("b", _) => Delivery::Done,
        _ if opened.load(std::sync::atomic::Ordering::Relaxed) => Delivery::Done,
        ("a", Some(1)) => Delivery::Retry("it is full".into()),
        _ => Delivery::Dead("it is too odd".into()),
    });
    let report = relay(&stored, &sink).attempts(2).drain().await.expect("drained");
    assert_eq!((report.sent, report.parked), (2, 2));
    assert!(report.lag > Duration::ZERO);
    let outbox = stored.idem.outbox();
    let waiting = outbox.waiting().await.expect("readable");
    assert_eq!((waiting.count, waiting.topics.len(), &*waiting.topics[0].topic), (2, 1, "feed.posted"));
    let parked = outbox.parked(None, 10).await.expect("readable");
    let facts: Vec<_> =
        parked.iter().map(|one| (one.message.key(), one.attempts, &*one.reason, one.is_released)).collect();
    assert_eq!(facts, [("a", 2, "it is full", false), ("c", 1, "it is too odd", false)]);
    assert_eq!(outbox.parked(Some(&parked[0]), 10).await.expect("readable").len(), 1);

    // Released while the other side still refuses it, it is parked again.
    outbox.release(parked[0].message.id()).await.expect("released");
    let report = relay(&stored, &sink).drain().await.expect("drained");
    assert_eq!((report.sent, report.parked), (0, 1));
    assert_eq!(outbox.parked(None, 1).await.expect("readable")[0].attempts, 3);

    open.store(true, std::sync::atomic::Ordering::Relaxed);
    outbox.release(parked[0].message.id()).await.expect("released");
    outbox.drop_parked(parked[1].message.id()).await.expect("dropped");
    let again = outbox.release(parked[1].message.id()).await.expect_err("it is gone");
    assert_eq!(again.kind(), ErrorKind::Missing);
    let report = relay(&stored, &sink).drain().await.expect("drained");
    assert_eq!((report.sent, report.parked, report.lag), (3, 0, Duration::ZERO));
    let numbers = sink.numbers();
    assert_eq!((&numbers["a"], &numbers["c"]), (&vec![1, 2], &vec![2]));
    assert!(outbox.parked(None, 1).await.expect("readable").is_empty());
    let first = sink.taken().into_iter().find(|message| message.key() == "a").expect("it arrived");
    assert_eq!((first.id(), first.source(), first.order_key()), {
        let parked = &parked[0].message;
        (parked.id(), parked.source(), parked.order_key())
    });
}

/// Its machine goes on without it, where that is wished.
pub async fn messages_go_on_behind_a_parked_one_on_demand<S: Subject>(on: &S) {
    let stored = Stored::open(on).await;
    post(&stored, &[("a", 3)]).await;
    let sink = Scripted::new(|message, _| match message.number() {
        Some(2) => Delivery::Dead("never".into()),
        _ => Delivery::Done,
    });
    let report = relay(&stored, &sink).when_dead(WhenDead::Continue).drain().await.expect("drained");
    assert_eq!((report.sent, report.parked), (2, 1));
    assert_eq!(sink.numbers()["a"], [1, 3]);
    assert_eq!(stored.number("SELECT count(*) FROM idem_parked WHERE NOT holds").await, 1);
}

/// A batch is as large as 8 MiB and one message at most, and the next one follows at once.
pub async fn batch_of_large_messages_is_bounded<S: Subject>(on: &S) {
    const MIB: usize = 1_024 * 1_024;
    let stored = Stored::open(on).await;
    let mut tx = stored.idem.begin().await.expect("begun");
    for _ in 0..12 {
        tx.emit(Message::bytes("large", &vec![b'a'; MIB - 1])).await.expect("emitted");
    }
    tx.commit().await.expect("committed");
    let sink = Scripted::obliging();
    let report = relay(&stored, &sink).poll(Duration::from_hours(1)).drain().await.expect("drained");
    let batches = sink.state().batches.clone();
    assert_eq!((report.sent, batches.iter().sum::<usize>()), (12, 12 * (MIB - 1)));
    assert!(batches.iter().all(|bytes| *bytes <= 9 * MIB) && batches.len() == 2, "{batches:?}");
}

/// It is parked, and holds its machine; all others go on.
pub async fn message_with_unreadable_headers_is_parked<S: Subject>(on: &S) {
    let stored = Stored::open(on).await;
    post(&stored, &[("a", 3), ("b", 1)]).await;
    stored.execute("UPDATE idem_outbox SET headers = payload WHERE id = 'a' AND number = 2").await;
    let sink = Scripted::obliging();
    let report = relay(&stored, &sink).drain().await.expect("drained");
    assert_eq!((report.sent, report.parked), (2, 1));
    let numbers = sink.numbers();
    assert_eq!((&numbers["a"], &numbers["b"]), (&vec![1], &vec![1]));
    let parked = stored.idem.outbox().parked(None, 10).await.expect("readable");
    assert!(parked[0].reason.starts_with("its headers cannot be read"), "{parked:?}");
    stored.idem.outbox().drop_parked(parked[0].message.id()).await.expect("dropped");
    relay(&stored, &sink).drain().await.expect("drained");
    assert_eq!(sink.numbers()["a"], [1, 3]);
}

/// A message that fails and is then deleted from outside is waited for no more.
pub async fn message_deleted_while_it_waits_is_forgotten<S: Subject>(on: &S) {
    let stored = Stored::open(on).await;
    post(&stored, &[("a", 1)]).await;
    let sink = Scripted::new(|_, _| Delivery::Retry("never".into()));
    let deleted = async {
        loop {
            let arrived = sink.arrived.notified();
            if !sink.state().tries.is_empty() {
                break;
            }
            arrived.await;
        }
        stored.execute("DELETE FROM idem_outbox").await;
    };
    let relay = relay(&stored, &sink);
    let (report, ()) = tokio::join!(relay.drain(), deleted);
    assert_eq!(report.expect("drained").parked, 0);
}

/// A side that cannot be reached uses up no attempt; a sink with too few answers does.
pub async fn unavailable_sink_uses_up_no_attempt<S: Subject>(on: &S) {
    let stored = Stored::open(on).await;
    post(&stored, &[("a", 2)]).await;
    let sink = Scripted::new(|_, tries| match tries {
        0..3 => Delivery::Unavailable("away".into()),
        _ => Delivery::Done,
    });
    let report = relay(&stored, &sink).attempts(1).drain().await.expect("drained");
    assert_eq!((report.sent, report.retried, report.parked), (2, 0, 0));
    post(&stored, &[("a", 1)]).await;
    let report = stored.idem.relay(async |_| Vec::new()).attempts(3).drain().await.expect("drained");
    assert_eq!((report.sent, report.retried, report.parked), (0, 2, 1));
}

/// The second one works once the first has stopped, and not before; a message that is emitted wakes it.
pub async fn one_relay_works_at_a_time_and_is_woken<S: Subject>(on: &S) {
    let stored = Stored::open(on).await;
    let other = on.builder().open(&on.url()).await.expect("opened");
    let (first, second) = (Scripted::obliging(), Scripted::obliging());
    let ((stop_first, first_stops), (stop_second, second_stops)) = (oneshot::channel::<()>(), oneshot::channel::<()>());
    let rarely = Duration::from_hours(1);
    let running = relay(&stored, &first).poll(rarely);
    let first_runs = tokio::spawn(async move { running.run_until(async { drop(first_stops.await) }).await });
    post(&stored, &[("a", 1)]).await;
    first.wait_for(1).await;
    let waits = other.relay(second.clone()).poll(Duration::from_millis(20));
    let second_runs = tokio::spawn(async move { waits.run_until(async { drop(second_stops.await) }).await });
    post(&stored, &[("a", 1), ("b", 1)]).await;
    first.wait_for(3).await;
    assert!(second.taken().is_empty());
    drop(stop_first);
    let report = first_runs.await.expect("it ends").expect("it worked");
    assert_eq!((report.sent, report.lag), (3, Duration::ZERO));
    emit(&stored, Message::bytes("late", b"")).await;
    second.wait_for(1).await;
    drop(stop_second);
    assert_eq!(second_runs.await.expect("it ends").expect("it worked").sent, 1);
    assert_eq!(stored.number(MESSAGES).await, 0);
}

/// A transaction that commits late has lower positions than what has left by then: they leave as well.
pub async fn message_that_is_committed_late_is_delivered<S: Subject>(on: &S) {
    if on.differences().one_writer {
        return;
    }
    let stored = Stored::open(on).await;
    late_alone(&stored).await;
    let sink = Scripted::obliging();
    let mut late = stored.idem.begin().await.expect("begun");
    late.emit(Message::bytes("late", b"").ordered("journal")).await.expect("emitted");
    let (stop, stops) = oneshot::channel::<()>();
    let running = relay(&stored, &sink).batch(1).poll(Duration::from_millis(1));
    let runs = tokio::spawn(async move { running.run_until(async { drop(stops.await) }).await });
    // Many rounds, so that the floor has had the time to rise.
    for round in 0..60 {
        post(&stored, &[("a", 1)]).await;
        sink.wait_for(round + 1).await;
    }
    late.commit().await.expect("committed");
    // Once a message of a higher position has arrived, the late one has.
    post(&stored, &[("a", 1)]).await;
    loop {
        let taken = sink.taken();
        if taken.iter().any(|message| message.number() == Some(61)) {
            break;
        }
        sink.wait_for(taken.len() + 1).await;
    }
    assert_eq!(sink.numbers().get("journal"), Some(&vec![1]));
    drop(stop);
    assert_eq!(runs.await.expect("it ends").expect("it worked").sent, 62);
}

/// With no other transaction beside it: the ids of snapshots say nothing of one that is open then.
async fn late_alone<S: Subject>(stored: &Stored<'_, S>) {
    let sink = Scripted::obliging();
    let (stop, stops) = oneshot::channel::<()>();
    let running = relay(stored, &sink).poll(Duration::from_millis(1));
    let runs = tokio::spawn(async move { running.run_until(async { drop(stops.await) }).await });
    // It is seen first, so that the floor may rise to it and beyond.
    emit(stored, Message::bytes("first", b"")).await;
    sink.wait_for(1).await;
    let mut late = stored.idem.begin().await.expect("begun");
    late.emit(Message::bytes("late", b"")).await.expect("emitted");
    let looks = async || stored.number("SELECT count(*) FROM pg_stat_activity").await;
    for _ in 0..100 {
        looks().await;
        tokio::task::yield_now().await;
    }
    late.commit().await.expect("committed");
    emit(stored, Message::bytes("last", b"")).await;
    loop {
        let taken = sink.taken();
        if taken.iter().any(|message| message.topic() == "last") {
            break;
        }
        sink.wait_for(taken.len() + 1).await;
    }
    assert!(sink.taken().iter().any(|message| message.topic() == "late"), "{:?}", sink.taken());
    drop(stop);
    runs.await.expect("it ends").expect("it worked");
}

/// An owner whose lock was taken over while it published deletes nothing: the next owner publishes the message again.
pub async fn owner_that_lost_its_lock_deletes_nothing<S: Subject>(on: &S) {
    let stored = Stored::open(on).await;
    post(&stored, &[("a", 1)]).await;
    let (published, goes_on) = (Arc::new(Notify::new()), Arc::new(Notify::new()));
    let ids = Arc::new(Mutex::new(Vec::new()));
    let (inside, waits, seen) = (published.clone(), goes_on.clone(), ids.clone());
    let relay = stored.idem.relay(move |batch: Vec<Message>| {
        let (published, goes_on, ids) = (inside.clone(), waits.clone(), seen.clone());
        async move {
            let is_first = {
                let mut ids = ids.lock().unwrap_or_else(PoisonError::into_inner);
                ids.extend(batch.iter().map(|message| message.id().to_owned()));
                ids.len() == batch.len()
            };
            if is_first {
                published.notify_one();
                goes_on.notified().await;
            }
            vec![Delivery::Done; batch.len()]
        }
    });
    let taken_over = async {
        published.notified().await;
        stored.execute("UPDATE idem_claims SET epoch = epoch + 1, until = 0 WHERE surface = '@relay'").await;
        goes_on.notify_one();
    };
    let (report, ()) = tokio::join!(relay.drain(), taken_over);
    let ids = ids.lock().unwrap_or_else(PoisonError::into_inner).clone();
    assert_eq!((ids.len(), report.expect("drained").sent), (2, 2), "{ids:?}");
    assert_eq!((&ids[0], stored.number(MESSAGES).await), (&ids[1], 0));
}

/// A database that gives positions in another order than they are asked for in would change the order of messages.
pub async fn positions_from_a_cache_are_refused<S: Subject>(on: &S) {
    if on.differences().one_writer {
        return;
    }
    let stored = Stored::open(on).await;
    stored.execute("ALTER SEQUENCE idem_outbox_position_seq CACHE 20").await;
    let refused = relay(&stored, &Scripted::obliging()).drain().await.expect_err("refused");
    assert!(matches!(&refused, Error::Config { problem } if problem.contains("CACHE 1")), "{refused}");
    stored.execute("ALTER SEQUENCE idem_outbox_position_seq CACHE 1").await;
    relay(&stored, &Scripted::obliging()).drain().await.expect("drained");
}
