//! The schema lock: what is stored today must be readable tomorrow.

use std::collections::BTreeMap;
use std::fmt;
use std::path::{Path, PathBuf};

use serde::{Deserialize, Serialize};
use serde_json::Value;

use crate::model::machine::graph::Edge;
use crate::model::machine::rules::Machine;
use crate::testing::samples::{Samples, command, content, payload, state};
use crate::wire::Stored;

/// Compares today's code with the encodings in the file at `path`, which is checked in beside the code.
///
/// Every state, payload, outcome and remembered rejection in the file must decode with today's types, and what is written back must still hold
/// all of it. Something new may be added at any time; with `IDEM_BLESS=1` in the environment it is written to the file,
/// which also is how the file is made. What can no longer be read is never blessed: if there are no such rows, delete the
/// entry by hand.
///
/// With the payment of the README:
///
/// ```
/// # include!(concat!(env!("CARGO_MANIFEST_DIR"), "/../docs/payment.rs"));
/// # fn main() -> Result<(), Box<dyn std::error::Error>> {
/// use idem_core::testing::{LockError, Samples, bless_schema_lock, schema_lock};
///
/// let receipt = Receipt { id: "r-7".into(), amount: 500 };
/// let samples = Samples::<Payment>::new()
///     .state(payment::Authorized { amount: 500 })
///     .state(payment::Captured { receipt: receipt.clone() })
///     .command(payment::Capture { amount: 500 })
///     .outcome(payment::CommandKind::Capture, &receipt);
/// # let folder = std::env::temp_dir().join(format!("idem-doc-lock-{}", std::process::id()));
/// # std::fs::create_dir_all(&folder)?;
/// let file = folder.join("payment.lock.json");                                // beside the code, and checked in
/// assert!(matches!(schema_lock(&file, &samples), Err(LockError::Missing(_))));
/// bless_schema_lock(&file, &samples)?;                                        // `IDEM_BLESS=1 cargo test` does it
/// assert_eq!(schema_lock(&file, &samples)?.checked, 4);
///
/// // What an earlier release would have stored, with a member that today's type does not have.
/// let stored = std::fs::read_to_string(&file)?.replace("\"id\"", "\"number\"");
/// std::fs::write(&file, stored)?;
/// assert!(matches!(schema_lock(&file, &samples), Err(LockError::Stranded(_))));
/// # std::fs::remove_dir_all(folder)?;
/// # Ok(()) }
/// ```
///
/// # Errors
/// [`LockError::Stranded`] with all findings, each with its fix; [`LockError::Missing`] if there is no file;
/// [`LockError::Samples`] if a sample is missing.
pub fn schema_lock<M: Machine>(path: impl AsRef<Path>, samples: &Samples<M>) -> Result<Locked, LockError> {
    let bless = std::env::var_os("IDEM_BLESS").is_some_and(|value| value == "1");
    lock::<M>(path.as_ref(), samples, bless)
}

/// The same as [`schema_lock`] with `IDEM_BLESS=1`: writes what is new to the file, or makes it.
///
/// # Errors
/// As [`schema_lock`], but for [`LockError::Missing`].
pub fn bless_schema_lock<M: Machine>(path: impl AsRef<Path>, samples: &Samples<M>) -> Result<Locked, LockError> {
    lock::<M>(path.as_ref(), samples, true)
}

/// The lock holds.
#[derive(Debug, Clone, PartialEq, Eq)]
#[non_exhaustive]
pub struct Locked {
    /// How many encodings of the file were read and written again.
    pub checked: usize,
    /// What the file does not have yet.
    pub added: Vec<String>,
    /// The file was written.
    pub blessed: bool,
}

/// The lock does not hold. `Debug` shows what `Display` does, so that `expect` in a test shows the fix.
#[derive(thiserror::Error)]
#[non_exhaustive]
pub enum LockError {
    /// There is no file yet.
    #[error("there is no schema lock at {}; run the test once with IDEM_BLESS=1 and check the file in", .0.display())]
    Missing(PathBuf),
    /// The samples are not complete.
    #[error("samples are missing:\n  {}", .0.join("\n  "))]
    Samples(Vec<String>),
    /// Rows that are stored today would be stranded.
    #[error("stored rows would be stranded:\n{}", .0.iter().map(ToString::to_string).collect::<Vec<_>>().join("\n"))]
    Stranded(Vec<Stranded>),
    /// The file is not a schema lock of this machine.
    #[error("{} is no schema lock of this machine: {problem}", .path.display())]
    Unreadable {
        /// The file.
        path: PathBuf,
        /// Why.
        problem: String,
    },
}

impl fmt::Debug for LockError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Display::fmt(self, f)
    }
}

/// One encoding that today's code cannot hold.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("{what}: {problem}\n    fix: {fix}")]
#[non_exhaustive]
pub struct Stranded {
    /// What, by its name on the wire.
    pub what: String,
    /// What is wrong with it.
    pub problem: String,
    /// What to do.
    pub fix: String,
}

/// The file.
#[derive(Debug, Default, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
struct File {
    machine: String,
    /// Contents by the state's name.
    states: BTreeMap<String, Vec<Value>>,
    commands: BTreeMap<String, Encodings>,
    /// Those that keys remember.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    rejections: Vec<Value>,
    /// For a reader of the difference; nothing rests on it.
    edges: Vec<String>,
}

#[derive(Debug, Default, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
struct Encodings {
    payloads: Vec<Value>,
    outcomes: Vec<Value>,
}

fn lock<M: Machine>(path: &Path, samples: &Samples<M>, bless: bool) -> Result<Locked, LockError> {
    let missing = samples.missing();
    if !missing.is_empty() {
        return Err(LockError::Samples(missing));
    }
    let unreadable = |problem: String| LockError::Unreadable { path: path.to_owned(), problem };
    let old = match std::fs::read_to_string(path) {
        Ok(text) => serde_json::from_str(&text).map_err(|error| unreadable(error.to_string()))?,
        Err(error) if error.kind() == std::io::ErrorKind::NotFound && bless => {
            File { machine: M::GRAPH.name.to_owned(), ..File::default() }
        }
        Err(error) if error.kind() == std::io::ErrorKind::NotFound => return Err(LockError::Missing(path.to_owned())),
        Err(error) => return Err(unreadable(error.to_string())),
    };
    if old.machine != M::GRAPH.name {
        let fix = "a machine is found by its name: set `name = \"…\"` to the old one";
        return Err(unreadable(format!("it locks `{}`, and this is `{}`; {fix}", old.machine, M::GRAPH.name)));
    }
    let (checked, stranded) = old.check(samples);
    if !stranded.is_empty() {
        return Err(LockError::Stranded(stranded));
    }
    let (new, added) = old.with(samples);
    if bless {
        let text = serde_json::to_string_pretty(&new).map_err(|error| unreadable(error.to_string()))?;
        std::fs::write(path, text + "\n").map_err(|error| unreadable(error.to_string()))?;
    }
    Ok(Locked { checked, added, blessed: bless })
}

impl File {
    /// How many encodings there are, and those that today's code cannot hold.
    fn check<M: Machine>(&self, samples: &Samples<M>) -> (usize, Vec<Stranded>) {
        let mut checked = 0;
        let mut stranded = Vec::new();
        let mut check = |what: String, values: &[Value], again: &dyn Fn(&Value) -> Result<Value, String>| {
            for value in values {
                checked += 1;
                stranded.extend(judge(&what, value, again(value)));
            }
        };
        let mut gone = Vec::new();
        for (name, values) in &self.states {
            match M::GRAPH.state_named(name) {
                Some(at) => check(format!("state `{name}`"), values, &|value| content(&state::<M>(at, value)?)),
                None => gone.push(unknown("state", name, &format!("#[was(\"{name}\")]"))),
            }
        }
        for (name, Encodings { payloads, outcomes }) in &self.commands {
            let Some(at) = M::GRAPH.command_named(name) else {
                gone.push(unknown("command", name, &format!("was = \"{name}\"")));
                continue;
            };
            check(format!("command `{name}`"), payloads, &|value| payload::<M>(&command::<M>(at, value)?));
            check(format!("outcome of `{name}`"), outcomes, &|value| outcome::<M>(at, value));
        }
        let remembers = M::GRAPH.commands.iter().any(|command| command.remembers);
        if remembers {
            check("rejection".to_owned(), &self.rejections, &|value| samples.rejection_again(value));
        } else if !self.rejections.is_empty() {
            gone.push(no_rejections());
        }
        stranded.extend(gone);
        (checked, stranded)
    }

    /// The file with today's samples, and what of them is new.
    fn with<M: Machine>(mut self, samples: &Samples<M>) -> (Self, Vec<String>) {
        let mut added = Vec::new();
        let mut add = |what: String, locked: &mut Vec<Value>, today: &[Value]| {
            let new: Vec<_> = today.iter().filter(|value| !locked.contains(value)).cloned().collect();
            if !new.is_empty() {
                added.push(what);
                locked.extend(new);
            }
        };
        for (at, info) in M::GRAPH.states.iter().enumerate() {
            let locked = self.states.entry(info.name.to_owned()).or_default();
            add(format!("state `{}`", info.name), locked, samples.states(at));
        }
        for (at, info) in M::GRAPH.commands.iter().enumerate() {
            let Encodings { payloads, outcomes } = self.commands.entry(info.name.to_owned()).or_default();
            add(format!("command `{}`", info.name), payloads, samples.payloads(at));
            add(format!("outcome of `{}`", info.name), outcomes, samples.outcomes(at));
        }
        add("rejection".to_owned(), &mut self.rejections, samples.rejections());
        self.edges = M::GRAPH.edges.iter().map(edge::<M>).collect();
        (self, added)
    }
}

/// What was read must be in what is written back: a member that is dropped is lost with the row's next write.
fn judge(what: &str, locked: &Value, again: Result<Value, String>) -> Option<Stranded> {
    let (problem, fix) = match again {
        Err(error) => (
            format!("{locked} no longer decodes: {error}"),
            "`#[serde(default)]` on a new field, `#[serde(alias = \"…\")]` on a renamed one; if no such row exists, delete the entry",
        ),
        Ok(written) if !holds(&written, locked) => (
            format!("{locked} is written back as {written}"),
            "keep what is dropped or changed; if the loss is meant, or a field was renamed by an alias, delete the entry and bless the new one by IDEM_BLESS=1",
        ),
        Ok(_) => return None,
    };
    Some(Stranded { what: what.to_owned(), problem, fix: fix.to_owned() })
}

/// Whether `written` has all that `locked` has.
fn holds(written: &Value, locked: &Value) -> bool {
    match (written, locked) {
        (Value::Object(written), Value::Object(locked)) => {
            locked.iter().all(|(name, value)| written.get(name).is_some_and(|written| holds(written, value)))
        }
        (Value::Array(written), Value::Array(locked)) => {
            written.len() == locked.len() && written.iter().zip(locked).all(|(written, locked)| holds(written, locked))
        }
        // A variant without content that has one now, or the other way round, has been read; so has an empty struct.
        (Value::Object(written), Value::Null) => !written.is_empty() || locked.is_null(),
        _ => written == locked,
    }
}

fn outcome<M: Machine>(position: usize, json: &Value) -> Result<Value, String> {
    let stored = Stored::encode(json).map_err(|error| error.to_string())?;
    let reply = M::read_reply(position, &stored).map_err(|error| error.to_string())?;
    serde_json::to_value(reply).map_err(|error| error.to_string())
}

fn no_rejections() -> Stranded {
    Stranded {
        what: "rejections".to_owned(),
        problem: "no command says `remember_rejections`, so those that keys remember are not read".to_owned(),
        fix: "put it back on the command; or, once the last of such keys has expired, delete the entries".to_owned(),
    }
}

fn unknown(what: &str, name: &str, was: &str) -> Stranded {
    let problem = format!("the enum has no {what} of this name");
    Stranded { what: format!("{what} `{name}`"), problem, fix: format!("put `{was}` on its successor") }
}

fn edge<M: Machine>(edge: &Edge) -> String {
    let states = M::GRAPH.states;
    let to: Vec<_> = edge.to.iter().map(|to| states[*to].name).collect();
    format!("{}: {} => {}", states[edge.from].name, M::GRAPH.commands[edge.command].name, to.join(" | "))
}

impl fmt::Display for Locked {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{} encodings read and written again", self.checked)?;
        match (self.added.is_empty(), self.blessed) {
            (true, _) => Ok(()),
            (false, true) => write!(f, "; new in the file: {}", self.added.join(", ")),
            (false, false) => {
                write!(f, "; not yet locked (run with IDEM_BLESS=1): {}", self.added.join(", "))
            }
        }
    }
}
