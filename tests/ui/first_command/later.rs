use idem_core::{Context, Database, Key, Never, Step, idempotent_fsm};
use serde::{Deserialize, Serialize};

#[idempotent_fsm]
#[command(Pay { amount: i64 })]
#[command(Ship)]
#[derive(Debug, Clone, Serialize, Deserialize)]
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
    type Rejection = Never;

    fn pay(&self, _: order::Pending, _: &order::Pay, _: &Context) -> Result<Step<order::Paid>, Never> {
        Ok(Step::to(order::Paid))
    }
}

pub async fn begin<DB: Database>(order: order::Handle<DB, Shop>, key: Key) {
    order.start_and(&key, order::Pending { total: 5 }, order::Ship).await.unwrap();
}

fn main() {}
