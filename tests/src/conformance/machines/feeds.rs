//! A feed: it emits as many messages as it is asked for.

use idem_core::{Context, Never, Step, idempotent_fsm};
use serde::{Deserialize, Serialize};

use super::Shop;

/// How a message is described.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub enum Described {
    /// By its topic alone.
    Plain,
    /// By a key and a header of this text.
    By(String),
    /// By a sequence, which the message of a step cannot have.
    Ordered,
}

/// The life of a feed.
#[idempotent_fsm(endless)]
#[command(Post { count: u32, described: Described })]
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub enum Feed {
    /// It goes on.
    #[initial]
    #[on(Post => Live)]
    Live,
}

impl feed::Transitions for Shop {
    type Rejection = Never;

    fn post(&self, _: feed::Live, post: &feed::Post, _: &Context) -> Result<Step<feed::Live>, Never> {
        let step = (1..=post.count).fold(Step::to(feed::Live), |step, number| {
            step.emit_with("feed.posted", &number, |message| match &post.described {
                Described::Plain => message,
                Described::By(text) => message.key(text).header("tenant", text),
                Described::Ordered => message.ordered("feeds"),
            })
        });
        Ok(step)
    }
}
