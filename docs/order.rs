// The order of the tour's blocks: it is paid, beside it stands a table of parcels, and the block runs twice, as by a retry.
use idem_core::{Context, Idem, Key, Step, idempotent_fsm};
use serde::{Deserialize, Serialize};
use sqlx::Sqlite;

#[idempotent_fsm]
#[command(Ship { tracking: String })]
#[command(Refund { reason: String, #[fact] amount: i64 })]
#[command(Expire, internal)]
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub enum Order {
    #[initial]
    #[on(Ship => Shipped)]
    #[on(Refund => Refunded)]
    #[on(Expire => Expired)]
    Paid,
    #[terminal]
    Shipped { tracking: String },
    #[terminal]
    Refunded { amount: i64 },
    #[terminal]
    Expired,
}

pub struct Shop;

impl order::Transitions for Shop {
    type Rejection = idem_core::Never;

    fn ship(
        &self,
        _from: order::Paid,
        ship: &order::Ship,
        _cx: &Context<'_>,
    ) -> Result<Step<order::Shipped>, Self::Rejection> {
        Ok(Step::to(order::Shipped { tracking: ship.tracking.clone() }))
    }

    fn refund(
        &self,
        _from: order::Paid,
        refund: &order::Refund,
        _cx: &Context<'_>,
    ) -> Result<Step<order::Refunded>, Self::Rejection> {
        Ok(Step::to(order::Refunded { amount: refund.amount }))
    }
}

type Paid = order::Handle<Sqlite, Shop>;
type Done = Result<(), Box<dyn std::error::Error + Send + Sync>>;

async fn run(url: &str, block: impl AsyncFn(Idem<Sqlite>, Paid, Key, String) -> Done, parcels: i64) -> Done {
    let idem = Idem::<Sqlite>::open(url).await?;
    sqlx::query("CREATE TABLE parcels (tracking TEXT NOT NULL)").execute(idem.pool()).await?;
    let (order, key) = (Order::stored(&idem, Shop).at("order-42"), Key::new("customer-7", "req-2")?);
    for _ in 0..2 {
        block(idem.clone(), order.clone(), key.clone(), "T1".to_owned()).await?;
    }
    let found: i64 = sqlx::query_scalar("SELECT count(*) FROM parcels").fetch_one(idem.pool()).await?;
    let version = order.get().await?.map(|order| order.version());
    assert_eq!((found, version), (parcels, Some(2)));
    Ok(())
}

/// Runs a block twice under one key: one effect, and this number of parcels.
fn twice(block: impl AsyncFn(Idem<Sqlite>, Paid, Key, String) -> Done, parcels: i64) -> Done {
    let folder = std::env::temp_dir().join(format!("idem-{}", Key::random("order")?.as_str()));
    std::fs::create_dir_all(&folder)?;
    let url = format!("sqlite://{}", folder.join("shop.db").display());
    let done = tokio::runtime::Runtime::new()?.block_on(run(&url, block, parcels));
    std::fs::remove_dir_all(&folder)?;
    done
}
