//! Messages of machines.

use idem_core::ErrorKind;
use idem_core::machine::Item;

use super::{MESSAGES, out_of_order, readable};
use crate::conformance::machines::{Described, Feed, Shop, feed};
use crate::conformance::{Stored, Subject, fresh, key, refused, replayed};

fn post(count: u32) -> feed::Post {
    feed::Post { count, described: Described::Plain }
}

/// Alone, in a batch and in a transaction; a repeat emits nothing.
pub async fn messages_of_machine_are_numbered_without_gap<S: Subject>(on: &S) {
    let stored = Stored::open(on).await;
    let feeds = Feed::stored(&stored.idem, Shop);
    let first = fresh(feeds.at("a").post(&key("1"), post(2)).await);
    replayed(feeds.at("a").post(&key("1"), post(2)).await, &first);
    fresh(feeds.at("a").post(&key("2"), post(0)).await);
    let items = ["3", "4", "5"].map(|name| Item::new("a", &key(name), post(1)));
    assert!(feeds.apply_all(items).await.into_iter().all(|item| item.expect("made").is_fresh()));
    let mut tx = stored.idem.begin().await.expect("begun");
    for name in ["6", "7"] {
        fresh(feeds.at("a").within(&mut tx).post(&key(name), post(1)).await);
    }
    tx.commit().await.expect("committed");
    fresh(feeds.at("b").post(&key("8"), post(1)).await);
    assert_eq!((stored.number(MESSAGES).await, out_of_order(&stored).await), (8, 0));
    assert_eq!(stored.number("SELECT max(number) - count(*) FROM idem_outbox WHERE id = 'a'").await, 0);
    assert_eq!(readable(&stored, "id = 'a' AND number BETWEEN 1 AND 7 AND key = 'a' AND headers IS NULL").await, 7);
    assert_eq!(readable(&stored, "id = 'b' AND number = 1 AND payload = '1' AND topic = 'feed.posted'").await, 1);
    assert_eq!(stored.number("SELECT emitted FROM idem_machines WHERE id = 'a'").await, 7);
}

/// The count is in the history: it goes on where it was, also if the machine's row is gone.
pub async fn rebuild_restores_number_of_messages<S: Subject>(on: &S) {
    let stored = Stored::open(on).await;
    let feed = Feed::stored(&stored.idem, Shop).at("a");
    fresh(feed.post(&key("1"), post(3)).await);
    fresh(feed.post(&key("2"), post(0)).await);
    for edit in ["DELETE FROM idem_machines", "UPDATE idem_machines SET emitted = 9"] {
        stored.execute(edit).await;
        assert!(feed.rebuild().await.expect("rebuilt"), "{edit}");
    }
    assert!(!feed.rebuild().await.expect("nothing to do"));
    assert!(feed.verify().await.expect("an audit").differences.is_empty());
    fresh(feed.post(&key("3"), post(1)).await);
    assert_eq!((stored.number(MESSAGES).await, readable(&stored, "number = 4").await), (4, 1));
}

/// With its key, its headers and the correlation id of the call.
pub async fn message_of_machine_has_key_headers_and_correlation<S: Subject>(on: &S) {
    let stored = Stored::open(on).await;
    let feeds = Feed::stored(&stored.idem, Shop);
    let described = feed::Post { count: 1, described: Described::By("acme \"&\" sons".into()) };
    fresh(feeds.at("a").post(&key("1"), described).correlation("trace-7").await);
    let is_so = r#"key = 'acme "&" sons' AND headers = '[["tenant","acme \"&\" sons"]]' AND correlation = 'trace-7'"#;
    assert_eq!(readable(&stored, is_so).await, 1);
}

/// Nothing of the step is written.
pub async fn step_with_unfit_message_is_refused<S: Subject>(on: &S) {
    let stored = Stored::open(on).await;
    let feed = Feed::stored(&stored.idem, Shop).at("a");
    let unfit = [(Described::Ordered, ErrorKind::Misuse), (Described::By(String::new()), ErrorKind::Key)];
    for (described, kind) in unfit {
        refused(feed.post(&key("1"), feed::Post { count: 1, described }).await, kind);
    }
    refused(
        feed.post(&key("1"), feed::Post { count: 1, described: Described::By("a\nb".into()) }).await,
        ErrorKind::Key,
    );
    assert_eq!(stored.rows().await, 0);
}
