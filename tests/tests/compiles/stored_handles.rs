//! The handles of stored machines: cheap to clone, `Send`, usable from a task, within a transaction.
//! They have to compile; no test runs them.
use idem_core::machine::Item;
use idem_core::{Context, Idem, Key, Natural, Step, Tx, idempotent_fsm};
use serde::{Deserialize, Serialize};

#[idempotent_fsm]
#[command(Pay { amount: i64 } -> i64)]
#[command(Ship)]
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub enum Order {
    #[initial]
    #[on(Pay => Paid)]
    Pending { total: i64 },
    #[on(Ship => Shipped)]
    Paid,
    #[terminal]
    Shipped,
}

pub struct Shop;

impl order::Transitions for Shop {
    type Rejection = std::fmt::Error;

    fn pay(
        &self,
        from: order::Pending,
        pay: &order::Pay,
        _: &Context<'_>,
    ) -> Result<Step<order::Paid, i64>, Self::Rejection> {
        if pay.amount == from.total { Ok(Step::to(order::Paid).outcome(pay.amount)) } else { Err(std::fmt::Error) }
    }
}

pub async fn serve<DB: idem_core::Database>(
    idem: Idem<DB>,
    tx: &mut Tx<DB>,
) -> Result<i64, Box<dyn std::error::Error + Send + Sync>> {
    let orders = Order::stored(&idem, Shop);
    let this = orders.clone().at("order-42").clone();
    this.start(Natural, order::Pending { total: 5 }).await?;
    let key = Key::new("customer-7", "req-1")?;
    let paid = this.pay(&key, order::Pay { amount: 5 }).deadline(std::time::Duration::from_secs(1)).await?;
    this.ship(Natural).await?;
    this.apply(Some(&key), order::Command::from(order::Pay { amount: 5 })).await?;
    this.within(tx).pay(&key, order::Pay { amount: 5 }).await?;
    this.within(tx).apply(None, order::Ship.into()).await?;
    let stored = this.within(tx).get().await?.ok_or("started above")?;
    assert!(matches!(stored.state(), Order::Shipped));
    let stored = this.get().await?.ok_or("started above")?;
    assert!(matches!(stored.state(), Order::Shipped));
    orders.in_state(order::StateKind::Paid).limit(10).await?.all()?;
    for result in orders.apply_all([Item::new("order-42", Some(&key), order::Ship)]).await {
        result?;
    }
    orders.apply_all([Item::new("order-42", &key, order::Command::from(order::Ship))]).await;
    orders.apply_all([Item::new("order-42", Natural, order::Ship)]).await;
    orders.apply_all([Item::new("order-42", None, order::Ship)]).await;
    this.apply(&key, order::Ship.into()).await?;
    this.ship(Some(&key)).await?;
    this.within(tx).apply(Natural, order::Command::from(order::Ship)).await?;
    Ok(paid.into_inner())
}

fn is_send(_: impl Send) {}

pub fn calls_are_send(this: &order::Handle<sqlx::Sqlite, Shop>, key: &Key) {
    is_send(this.pay(key, order::Pay { amount: 5 }));
    is_send(IntoFuture::into_future(this.ship(Natural)));
}
