use idem_core::ledger::Bounds;
use idem_core::{Idem, Key, Natural};
use shop::order::{Order, Rules, order, wallet};
use sqlx::Sqlite;

#[tokio::main]
async fn main() -> Result<(), Box<dyn std::error::Error + Send + Sync>> {
    let idem = Idem::<Sqlite>::open("sqlite://money.db").await?;
    let ledger = idem.ledger();
    ledger.account(wallet("ann")).open(Bounds::at_least(0)).await?; // no debts
    ledger.transfer(&Key::new("bank", "deposit-1")?, "bank", wallet("ann"), 1_000).await?;

    for (id, price) in [("order-1", 600), ("order-2", 600)] {
        let order = Order::stored(&idem, Rules).at(id);
        order.start(Natural, order::Placed { customer: "ann".into(), price }).await?;
        match order.pay(&Key::new("ann", id)?, order::Pay { amount: price }).await {
            Ok(_) => println!("{id}: paid"),
            Err(refused) => println!("{id}: {refused}"),
        }
    }
    for account in [wallet("ann"), "shop".into(), "bank".into()] {
        let balance = ledger.account(&account).get().await?.map_or(0, |account| account.balance);
        println!("{account}: {balance}");
    }
    println!("sound: {}", ledger.audit().await?.is_sound());
    Ok(())
}
