use idem_core::{Context, Database, Error, Idem, Key, Never, Step, idempotent_fsm};
use serde::{Deserialize, Serialize};

#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
struct Receipt {
    amount: i64,
}

#[idempotent_fsm]
#[command(Pay { amount: i64 } -> Receipt)]
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
enum Order {
    #[initial]
    #[on(Pay => Paid)]
    Pending,
    #[terminal]
    Paid,
}

struct Shop;

impl order::Transitions for Shop {
    type Rejection = Never;

    fn pay(&self, _: order::Pending, pay: &order::Pay, _: &Context<'_>) -> Result<Step<order::Paid, Receipt>, Never> {
        Ok(Step::to(order::Paid).outcome(Receipt { amount: pay.amount }))
    }
}

async fn pay<DB: Database>(idem: &Idem<DB>, key: &Key) -> Result<bool, Error> {
    let order = Order::stored(idem, Shop).at("order-1");
    let paid = order.pay(key, order::Pay { amount: 5 });
    Ok(paid.is_replay())
}

fn main() {}
