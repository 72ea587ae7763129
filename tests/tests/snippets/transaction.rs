include!(concat!(env!("CARGO_MANIFEST_DIR"), "/../docs/order.rs"));

async fn ship(idem: Idem<Sqlite>, order: Paid, key: Key, tracking: String) -> Done {
let mut tx = idem.begin().await?;
let shipped = order.within(&mut tx).ship(&key, order::Ship { tracking: tracking.clone() }).await?;
if shipped.is_fresh() {
    sqlx::query("INSERT INTO parcels (tracking) VALUES ($1)").bind(tracking).execute(tx.conn()).await?;
}
tx.commit().await?;
Ok(()) }

#[test]
fn order_block_runs_twice() -> Done { twice(ship, 1) }
