//! What is done to one machine, as text.

use std::fmt;
use std::str::FromStr;
use std::time::Duration;

use serde_json::Value;

/// What is done to one machine, a line each; what [`Explorer::replay`](crate::testing::Explorer::replay) runs again.
///
/// ```
/// use idem_core::testing::Script;
///
/// let text = "\
/// start Pending {\"total\":500}
/// call k1 Pay {\"amount\":500}
/// pair k1 Pay {\"amount\":500}
/// advance 900s
/// override k2 Paid {\"receipt\":7}
/// reopen k3 Pending {\"total\":500}
/// ";
/// let script: Script = text.parse()?;
/// assert_eq!(script.to_string(), text);
/// assert!("wait 900s".parse::<Script>().is_err());
/// # Ok::<(), idem_core::testing::ScriptError>(())
/// ```
#[derive(Debug, Clone, PartialEq, Eq, Default)]
#[non_exhaustive]
pub struct Script {
    /// In order.
    pub lines: Vec<Line>,
}

/// One line. States and commands by their names on the wire, keys by short names within the script.
#[derive(Debug, Clone, PartialEq, Eq)]
#[allow(clippy::exhaustive_enums, reason = "these are the verbs of the text's grammar")]
pub enum Line {
    /// Starts the machine.
    Start {
        /// The initial state.
        state: String,
        /// Its content.
        content: Value,
    },
    /// Gives a command.
    Call {
        /// The key; none for `Natural`.
        key: Option<String>,
        /// The command.
        command: String,
        /// Its payload.
        payload: Value,
    },
    /// Gives the same command twice at once, with the same key.
    Pair {
        /// The key.
        key: String,
        /// The command.
        command: String,
        /// Its payload.
        payload: Value,
    },
    /// Puts the machine into a state by hand.
    Override {
        /// The key.
        key: String,
        /// The state.
        state: String,
        /// Its content.
        content: Value,
        /// In a new visit.
        reopen: bool,
    },
    /// Moves the clock on, for a machine in memory.
    Advance {
        /// By how much; whole microseconds count.
        by: Duration,
    },
}

/// A line that is no verb.
#[derive(Debug, thiserror::Error)]
#[error(
    "line {line}: {problem}; expected `start State JSON`, `advance 900s`, or one of `call`, `pair`, `override`, `reopen` with `key Name JSON` behind it"
)]
pub struct ScriptError {
    line: usize,
    problem: String,
}

impl FromStr for Script {
    type Err = ScriptError;

    fn from_str(text: &str) -> Result<Self, ScriptError> {
        let lines = text.lines().enumerate().filter(|(_, line)| !line.trim().is_empty() && !line.starts_with('#'));
        let parse = |(at, line): (usize, &str)| line.parse().map_err(|problem| ScriptError { line: at + 1, problem });
        Ok(Self { lines: lines.map(parse).collect::<Result<_, _>>()? })
    }
}

impl FromStr for Line {
    type Err = String;

    fn from_str(line: &str) -> Result<Self, String> {
        let (verb, rest) = line.trim().split_once(' ').ok_or_else(|| format!("{line:?} is one word"))?;
        if verb == "start" {
            let (state, content) = named(rest)?;
            return Ok(Self::Start { state, content });
        }
        if verb == "advance" {
            return Ok(Self::Advance { by: duration(rest)? });
        }
        let (key, rest) = rest.split_once(' ').ok_or_else(|| format!("`{verb}` has no name behind its key"))?;
        let ((name, json), key) = (named(rest)?, key.to_owned());
        match (verb, key.as_str()) {
            ("call", "-") => Ok(Self::Call { key: None, command: name, payload: json }),
            ("call", _) => Ok(Self::Call { key: Some(key), command: name, payload: json }),
            (_, "-") => Err(format!("`{verb}` needs a key")),
            ("pair", _) => Ok(Self::Pair { key, command: name, payload: json }),
            ("override", _) => Ok(Self::Override { key, state: name, content: json, reopen: false }),
            ("reopen", _) => Ok(Self::Override { key, state: name, content: json, reopen: true }),
            _ => Err(format!("`{verb}` is no verb")),
        }
    }
}

/// Whole seconds, `900s`, or microseconds, `1500us`.
fn duration(text: &str) -> Result<Duration, String> {
    let (number, unit): (&str, fn(u64) -> Duration) = match (text.strip_suffix("us"), text.strip_suffix('s')) {
        (Some(number), _) => (number, Duration::from_micros),
        (None, Some(number)) => (number, Duration::from_secs),
        (None, None) => return Err(format!("{text:?} is neither seconds, `900s`, nor microseconds, `1500us`")),
    };
    number.parse().map(unit).map_err(|error| format!("{number:?} is no whole number: {error}"))
}

/// A name, and the JSON behind it; null if there is none.
fn named(text: &str) -> Result<(String, Value), String> {
    let Some((name, json)) = text.split_once(' ') else {
        return Ok((text.to_owned(), Value::Null));
    };
    let value = serde_json::from_str(json).map_err(|error| format!("{json:?} is not JSON: {error}"))?;
    Ok((name.to_owned(), value))
}

impl fmt::Display for Script {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.lines.iter().try_for_each(|each| writeln!(f, "{each}"))
    }
}

impl fmt::Display for Line {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let (name, json) = match self {
            Self::Start { state, content } => {
                f.write_str("start ")?;
                (state, content)
            }
            Self::Call { key, command, payload } => {
                write!(f, "call {} ", key.as_deref().unwrap_or("-"))?;
                (command, payload)
            }
            Self::Pair { key, command, payload } => {
                write!(f, "pair {key} ")?;
                (command, payload)
            }
            Self::Override { key, state, content, reopen } => {
                write!(f, "{} {key} ", if *reopen { "reopen" } else { "override" })?;
                (state, content)
            }
            Self::Advance { by } if by.subsec_nanos() == 0 => return write!(f, "advance {}s", by.as_secs()),
            Self::Advance { by } => return write!(f, "advance {}us", by.as_micros()),
        };
        if json.is_null() { f.write_str(name) } else { write!(f, "{name} {json}") }
    }
}
