//! One delivery as it is written.

use std::io;

use serde::Serialize;
use serde_json::{Value, json};

use super::rng::Rng;

/// One delivery, in the order of its members on the line.
#[derive(Clone, Serialize)]
pub(super) struct Delivery {
    pub(super) scope: String,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(super) key: Option<String>,
    pub(super) payment: String,
    pub(super) command: &'static str,
    #[serde(skip_serializing_if = "is_empty")]
    pub(super) args: Value,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(super) lane: Option<String>,
}

impl Delivery {
    /// The line.
    pub(super) fn text(&self) -> io::Result<String> {
        Ok(serde_json::to_string(self)?)
    }

    /// The same request once more; who sends it may have looked the funds up anew.
    pub(super) fn again(&self, rng: &mut Rng) -> Self {
        let mut again = Self { lane: None, ..self.clone() };
        if let Some(funds) = again.args.get_mut("funds").filter(|_| rng.percent(50)) {
            *funds = rng.amount(0, 100_000).into();
        }
        again
    }

    /// Another request under the same key.
    pub(super) fn other_request(&self) -> Self {
        let mut other = self.clone();
        if let Value::Object(args) = &mut other.args {
            let (name, value) = if self.command == "void" { ("reason", json!("none")) } else { ("amount", json!(77)) };
            args.insert(name.to_owned(), value);
        }
        other
    }
}

fn is_empty(args: &Value) -> bool {
    args.as_object().is_some_and(serde_json::Map::is_empty)
}
