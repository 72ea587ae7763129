use idem_core::update::{ConditionalUpdate, Executor, Version};
use idem_core::{Error, Key, Outcome};

async fn ship(on: impl Executor, key: &Key) -> Result<Outcome<Version>, Error> {         // &idem, or &mut tx: your own transaction
    ConditionalUpdate::table("orders")
        .set("status", "shipped")
        .set("note", None::<&str>)
        .key("id", 123)
        .expect_version(3)                                                      // or .expect("status", "paid")
        .once(key)                                                              // a repeat gets the first answer
        .execute(on)
        .await                                                                  // the new version, or Stale, or Missing
}

#[tokio::test]
async fn order_is_shipped_once() -> super::Done {
    let idem = idem_core::Idem::<sqlx::Sqlite>::open(&super::fresh().url()).await?;
    let rows = "CREATE TABLE orders (id INTEGER PRIMARY KEY, status TEXT, note TEXT, version INTEGER NOT NULL);
        INSERT INTO orders VALUES (123, 'paid', 'gift', 3)";
    sqlx::raw_sql(rows).execute(idem.pool()).await?;
    let key = Key::new("shop-1", "req-1")?;
    assert!(ship(&idem, &key).await?.is_fresh() && ship(&idem, &key).await?.is_replay());
    Ok(())
}
