use idem_core::lease::{Failed, WhenLost};
use std::time::Duration;
use idem_core::{Error, Idem, Key};
struct Gateway;
impl Gateway { async fn charge(&self, _: &Key, _: i64) -> Result<String, std::io::Error> { Ok("receipt-1".into()) } }

async fn demo(idem: Idem<sqlx::Sqlite>, key: Key, gateway: Gateway) -> Result<(), Box<dyn std::error::Error + Send + Sync>> {
sqlx::raw_sql("CREATE TABLE orders (item TEXT); CREATE TABLE reports (day INTEGER)").execute(idem.pool()).await?;
let create = idem.operation("create_order");
let made = create.once(&key, "tea", |mut tx| async move {                       // effect, key and outcome: one commit
    sqlx::query("INSERT INTO orders VALUES ('tea')").execute(tx.conn()).await?;
    Ok::<_, Box<dyn std::error::Error + Send + Sync>>(42)
});
assert_eq!(*made.await?, 42);

let charge = idem.operation("charge").lease(Duration::from_secs(30)).when_lost(WhenLost::Reexecute);
let receipt = charge.leased(&key, &500, |lease| async move {
    Ok::<_, Failed<Error>>(gateway.charge(&lease.key(), 500).await?)            // `?`: unknown; a repeat asks again under the same key
});
assert_eq!(*receipt.await?, "receipt-1");

let guard = idem.lock("nightly-report").acquire(Duration::from_secs(5)).await?;
let mut tx = idem.begin().await?;
tx.fenced_by(&guard).await?;                                                    // an owner that lost the lock writes nothing
sqlx::query("INSERT INTO reports VALUES (1)").execute(tx.conn()).await?;
tx.commit().await?;
guard.release().await?;
Ok(()) }

#[tokio::test]
async fn operations_have_one_effect() -> super::Done {
    demo(Idem::open(&super::fresh().url()).await?, Key::new("readme", "k")?, Gateway).await
}
