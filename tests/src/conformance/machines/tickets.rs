//! A machine whose states and commands have other names on the wire than in the code.

use idem_core::{Context, Never, Step, idempotent_fsm};
use serde::{Deserialize, Serialize};

/// A ticket of a theatre.
#[idempotent_fsm(name = "theatre \"ticket\"")]
#[command(Sell { to: String } -> u64, name = "s\\ell")]
#[command(Turn, name = "turn \"over\"")]
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub enum Ticket {
    #[initial]
    #[name = "free"]
    #[on(Sell => Sold)]
    Free,

    /// Its name is the beginning of another one.
    #[name = "so"]
    #[on(Turn => Seated)]
    Sold { to: String, price: Option<i64> },

    #[name = "sold \"\\ out\""]
    #[on(Turn => Booth)]
    Seated(String),

    #[name = "Sold"]
    #[on(Turn => Over)]
    Booth(i64, Vec<String>),

    #[terminal]
    #[name = "é \u{1f600}"]
    Over,
}

/// The rules of a ticket.
#[derive(Debug, Clone, Copy)]
pub struct Theatre;

impl ticket::Transitions for Theatre {
    type Rejection = Never;

    fn sell(&self, _: ticket::Free, sold: &ticket::Sell, cx: &Context) -> Result<Step<ticket::Sold, u64>, Never> {
        Ok(Step::to(ticket::Sold { to: sold.to.clone(), price: None }).outcome(cx.seq()))
    }

    fn turn_from_sold(&self, from: ticket::Sold, _: &ticket::Turn, _: &Context) -> Result<Step<ticket::Seated>, Never> {
        Ok(Step::to(ticket::Seated(from.to)))
    }

    fn turn_from_seated(
        &self,
        from: ticket::Seated,
        _: &ticket::Turn,
        _: &Context,
    ) -> Result<Step<ticket::Booth>, Never> {
        Ok(Step::to(ticket::Booth(1, vec![from.0])))
    }

    fn turn_from_booth(&self, _: ticket::Booth, _: &ticket::Turn, _: &Context) -> Result<Step<ticket::Over>, Never> {
        Ok(Step::to(ticket::Over))
    }
}
