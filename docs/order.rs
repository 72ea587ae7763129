// What the README's blocks on transactions stand on: an order that is paid, a table of parcels, and a run of the block's
// `unit` twice, as by a retry.
use idem_core::{Context, Idem, Key, Step, idempotent_fsm};
use serde::{Deserialize, Serialize};
use sqlx::Sqlite;

#[idempotent_fsm]
#[command(Ship { tracking: String })]
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub enum Order {
    #[initial]
    #[on(Ship => Shipped)]
    Paid,
    #[terminal]
    Shipped { tracking: String },
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
}

type Paid = order::Handle<Sqlite, Shop>;
type Done = Result<(), Box<dyn std::error::Error + Send + Sync>>;

async fn run(url: &str) -> Done {
    let idem = Idem::<Sqlite>::open(url).await?;
    sqlx::query("CREATE TABLE parcels (tracking TEXT NOT NULL)").execute(idem.pool()).await?;
    let (order, key) = (Order::stored(&idem, Shop).at("order-42"), Key::new("customer-7", "req-2")?);
    for _ in 0..2 {
        unit(idem.clone(), order.clone(), key.clone(), "T1".to_owned()).await?;
    }
    let parcels: i64 = sqlx::query_scalar("SELECT count(*) FROM parcels").fetch_one(idem.pool()).await?;
    assert_eq!(parcels, 1);
    Ok(())
}

fn ship_twice() -> Done {
    let folder = std::env::temp_dir().join(format!("idem-{}", Key::random("order")?.as_str()));
    std::fs::create_dir_all(&folder)?;
    let done = tokio::runtime::Runtime::new()?
        .block_on(run(&format!("sqlite://{}", folder.join("shop.db").display())));
    std::fs::remove_dir_all(&folder)?;
    done
}
