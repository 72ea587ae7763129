use idem_core::{Idem, Key, Natural, Outcome};
use shop::order::{Order, Receipt, Rules, order};
use sqlx::Sqlite;

#[tokio::main]
async fn main() -> Result<(), Box<dyn std::error::Error + Send + Sync>> {
    let idem = Idem::<Sqlite>::open("sqlite://stored.db").await?;
    let order = Order::stored(&idem, Rules).at("order-1");
    order.start(Natural, order::Placed { customer: "ann".into(), price: 500 }).await?;

    let key = Key::new("ann", "request-1")?; // who asks, and the name of the request
    show(&order.pay(&key, order::Pay { amount: 500 }).await?);
    order.ship(Natural).await?;
    show(&order.pay(&key, order::Pay { amount: 500 }).await?); // again, and the order is shipped by now

    if let Err(refused) = order.pay(&key, order::Pay { amount: 400 }).await {
        println!("refused: {:?}", refused.kind());
    }
    Ok(())
}

fn show<S>(paid: &Outcome<Receipt, S>) {
    let kind = if paid.is_replay() { "replay" } else { "fresh" };
    println!("{kind}: {} cents for {}", paid.amount, paid.order);
}
