//! A type of the user's with the name of a state or a command.
use idem_core::{Context, Natural, Step, idempotent_fsm};
use serde::{Deserialize, Serialize};

#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Paid {
    pub by: String,
}

#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Pay(pub i64);

#[idempotent_fsm]
#[command(Pay { pay: Pay } -> Paid)]
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub enum Order {
    #[initial]
    #[on(Pay => Paid)]
    Pending,
    #[terminal]
    Paid(Paid),
}

pub struct Rules;

impl order::Transitions for Rules {
    type Rejection = idem_core::Never;

    fn pay(
        &self,
        _: order::Pending,
        command: &order::Pay,
        _: &Context<'_>,
    ) -> Result<Step<order::Paid, Paid>, Self::Rejection> {
        let paid = Paid { by: command.pay.0.to_string() };
        Ok(Step::to(order::Paid(paid.clone())).outcome(paid))
    }
}

#[test]
fn type_named_like_state_or_command_compiles_and_runs() {
    let mut memory = Order::in_memory(Rules, order::Pending);
    assert_eq!(memory.pay(Natural, order::Pay { pay: Pay(5) }).unwrap().by, "5");
    assert_eq!(*memory.state(), Order::Paid(Paid { by: "5".into() }));
}
