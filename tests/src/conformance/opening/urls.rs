//! Databases that cannot be opened, or only be read.

use idem_core::{Effect, ErrorKind, Natural};

use crate::conformance::machines::{Order, Shop, order};
use crate::conformance::subject::not_opened;
use crate::conformance::{Stored, Subject, fresh, key, refused};

const PAY: order::Pay = order::Pay { amount: 500, rate: 1 };

/// It is read as ever; what would write says why it cannot.
pub async fn read_only_database_answers_reads_and_refuses_writes<S: Subject>(on: &S) {
    let stored = Stored::open(on).await;
    let order = stored.orders().at("o");
    order.start(Natural, order::Pending { total: 500 }).await.expect("started");
    let paid = fresh(order.pay(&key("k"), PAY).await);
    let options = sqlx::pool::PoolOptions::<S::DB>::new();
    let pool = options.connect(&on.differences().read_only_url).await.expect("it may be read");
    let idem = on.builder().open_pool(pool).expect("a pool");
    idem.check().await.expect("its tables are there");
    let order = Order::stored(&idem, Shop).at("o");
    assert_eq!(order.get().await.expect("readable").expect("started").version(), 2);
    let again = order.pay(&key("k"), PAY).await.expect("a repeat writes nothing");
    assert!(again.is_replay() && *again == *paid);
    let error = refused(order.ship(Natural, order::Ship { tracking: "T".into() }).await, ErrorKind::ReadOnly);
    assert_eq!((error.effect(), error.is_retryable()), (Effect::NotApplied, false));
    assert!(error.to_string().contains("primary"), "{error}");
}

/// What stands for itself and what stands for a character: the database is there again when it is opened again.
pub async fn url_with_special_characters_names_its_database<S: Subject>(on: &S) {
    for url in on.differences().odd_urls {
        for version in [1, 2] {
            let idem = on.builder().open(&url).await.unwrap_or_else(|error| panic!("{url}: {error}"));
            let order = Order::stored(&idem, Shop).at("o");
            if version == 1 {
                order.start(Natural, order::Pending { total: 500 }).await.expect("started");
            } else {
                fresh(order.pay(&key("k"), PAY).await);
            }
            assert_eq!(order.get().await.expect("readable").expect("started").version(), version, "{url}");
        }
    }
}

/// Wrong scheme, nobody there, no such database, in memory: each is a typed error before anything is made, and says what is wrong.
pub async fn unusable_url_is_refused_with_reason<S: Subject>(on: &S) {
    for (url, kind, says) in on.differences().unusable_urls {
        let error = not_opened(on.builder().open(&url).await);
        assert_eq!(error.kind(), kind, "{url}: {error}");
        assert_eq!(error.effect(), Effect::NotApplied);
        assert_eq!(error.is_retryable(), kind == ErrorKind::Unavailable, "{url}: {error}");
        assert!(error.to_string().contains(says), "{url}: {error}");
        assert!(!format!("{error} {error:?}").contains("secret"), "{url}: {error}");
    }
    for prefix in ["", "a-b", "1; DROP TABLE x", "a.b.c", "\0"] {
        let error = not_opened(on.builder().prefix(prefix).open(&on.url()).await);
        // An empty prefix is refused or taken; it must not be a panic.
        assert!(error.kind() == ErrorKind::Config, "{prefix:?}: {error}");
    }
}
