//! A reservation and the hotel's own table, on each database.

use examples::bookings::{Booking, Failure, Hotel, TABLE, account, booking, reserve};
use idem_core::ledger::Bounds;
use idem_core::{Idem, Key, Natural};
use tests::{Postgres, Sqlite};

/// Two guests want one room. A macro, because a pool executes text by a bound of its own in every database.
macro_rules! one_room_is_given_once {
    ($idem:expr) => {
        let idem = $idem.expect("a database");
        sqlx::raw_sql(TABLE).execute(idem.pool()).await.expect("a table");
        for guest in ["ann", "cleo"] {
            let wallet = idem.ledger().account(account(guest));
            wallet.open(Bounds::at_least(0)).await.expect("open");
            let deposit = Key::new(guest, "deposit").expect("a key");
            wallet.apply_delta(&deposit, 10_000).await.expect("a deposit");
            let requested = booking::Requested { guest: guest.to_owned(), price: 8_000 };
            Booking::stored(&idem, Hotel).at(guest).start(Natural, requested).await.expect("started");
        }
        let key = |guest: &str| Key::new(guest, "reserve").expect("a key");
        for _ in 0..2 {
            assert!(reserve(&idem, "room 7", "ann", &key("ann")).await.expect("reserved"));
        }
        let taken = reserve(&idem, "room 7", "cleo", &key("cleo")).await.expect_err("taken");
        assert!(matches!(taken, Failure::Taken { ref booking, .. } if booking == "ann"), "{taken}");
        let rows: i64 = sqlx::query_scalar("SELECT count(*) FROM taken_rooms").fetch_one(idem.pool()).await.expect("rows");
        assert_eq!(rows, 1);
        for (guest, held) in [("ann", 8_000), ("cleo", 0)] {
            let wallet = idem.ledger().account(account(guest)).get().await.expect("a read").expect("opened");
            assert_eq!(wallet.held, held, "{guest}");
        }
        // The key stayed free: another room is hers.
        assert!(reserve(&idem, "room 8", "cleo", &key("cleo")).await.expect("reserved"));
    };
}

#[tokio::test(flavor = "multi_thread")]
async fn room_booked_by_many_is_given_once_on_sqlite() {
    let file = Sqlite::fresh();
    one_room_is_given_once!(Idem::<sqlx::Sqlite>::open(&file.url()).await);
}

#[tokio::test(flavor = "multi_thread")]
async fn room_booked_by_many_is_given_once_on_postgres() {
    let Some(database) = Postgres::fresh().await else { return };
    one_room_is_given_once!(Idem::<sqlx::Postgres>::open(&database.url().to_string()).await);
}
