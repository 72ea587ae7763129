use idem_core::{Context, Database, Key, Never, Step, idempotent_fsm};
use serde::{Deserialize, Serialize};

#[idempotent_fsm]
#[command(Pay { amount: i64 })]
#[command(Ship { tracking: String })]
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

    fn ship(&self, _: order::Paid, _: &order::Ship, _: &Context) -> Result<Step<order::Shipped>, Never> {
        Ok(Step::to(order::Shipped))
    }
}

pub async fn begin<DB: Database>(order: order::Handle<DB, Shop>, key: Key) {
    let ship = order::Ship { tracking: "T1".into() };
    order.start_and(&key, order::Pending { total: 5 }, ship).await.unwrap();
}

fn main() {}
