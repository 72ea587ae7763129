use idem_core::{Context, Step, idempotent_fsm};
use serde::{Deserialize, Serialize};

#[idempotent_fsm]
#[command(Pay { amount: i64 } -> Receipt)]
#[command(Ship)]
#[command(Cancel)]
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub enum Order {
    #[initial]
    #[on(Pay => Paid)]
    #[on(Cancel => Cancelled)]
    Placed { customer: String, price: i64 },
    #[on(Ship => Shipped)]
    Paid { receipt: Receipt },
    #[terminal]
    Shipped { receipt: Receipt },
    #[terminal]
    Cancelled,
}

#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Receipt {
    pub order: String,
    pub amount: i64,
}

#[derive(Debug, thiserror::Error)]
#[error("the price is {price}, not {amount}")]
pub struct WrongAmount {
    price: i64,
    amount: i64,
}

pub struct Rules;

/// The account of a customer.
pub fn wallet(customer: &str) -> String {
    format!("wallet:{customer}")
}

impl order::Transitions for Rules {
    type Rejection = WrongAmount;

    fn pay(
        &self,
        from: order::Placed,
        pay: &order::Pay,
        cx: &Context,
    ) -> Result<Step<order::Paid, Receipt>, WrongAmount> {
        let (price, amount) = (from.price, pay.amount);
        if amount != price {
            return Err(WrongAmount { price, amount });
        }
        let receipt = Receipt { order: cx.machine_id().to_owned(), amount };
        Ok(Step::to(order::Paid { receipt: receipt.clone() })
            .transfer(wallet(&from.customer), "shop", amount)
            .outcome(receipt))
    }

    fn ship(&self, from: order::Paid, _: &order::Ship, _: &Context) -> Result<Step<order::Shipped>, WrongAmount> {
        Ok(Step::to(order::Shipped { receipt: from.receipt }))
    }

    fn cancel(&self, _: order::Placed, _: &order::Cancel, _: &Context) -> Result<Step<order::Cancelled>, WrongAmount> {
        Ok(Step::to(order::Cancelled))
    }
}

#[cfg(test)]
mod tests {
    use idem_core::{Key, Natural};

    use super::*;

    #[test]
    fn repeated_payment_gets_first_receipt() -> Result<(), Box<dyn std::error::Error>> {
        let mut order = Order::in_memory(Rules, order::Placed { customer: "ann".into(), price: 500 });
        let key = Key::new("ann", "request-1")?;
        let first = order.pay(&key, order::Pay { amount: 500 })?;
        let again = order.pay(&key, order::Pay { amount: 500 })?;
        assert!(first.is_fresh() && again.is_replay() && *again == *first);
        assert!(order.pay(&key, order::Pay { amount: 400 }).is_err()); // the key of another request
        assert!(order.cancel(Natural).is_err()); // no edge leads from `Paid` to `Cancelled`
        Ok(())
    }
}
