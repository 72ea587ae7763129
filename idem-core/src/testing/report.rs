//! What an exploration came to.

use std::collections::BTreeMap;
use std::fmt;

use crate::testing::script::Script;

/// What an [`Explorer`](crate::testing::Explorer) did and found. Print it: it says all.
#[derive(Debug, Clone, Default)]
#[non_exhaustive]
pub struct Report {
    /// The machine.
    pub machine: &'static str,
    /// How many scripts were run, each on a machine of its own.
    pub cases: u64,
    /// How many answers were checked, by the row of the answer table that gave them.
    pub rows: BTreeMap<char, u64>,
    /// The states that commands reached from the initial one.
    pub reached: Vec<&'static str>,
    /// The states that only an override reached: their samples are explored, how to come to them is not. Why no command did is
    /// in `untaken`.
    pub overridden: Vec<&'static str>,
    /// The states that were not reached at all.
    pub unreached: Vec<&'static str>,
    /// The edges, each to one of its targets, that no case took.
    pub untaken: Vec<Untaken>,
    /// What was asked for and cannot be done here.
    pub skipped: Vec<String>,
    /// What the samples lack.
    pub missing: Vec<String>,
    /// The bound on cases came first.
    pub truncated: bool,
    /// The first case that went wrong; the exploration ends with it.
    pub counter_example: Option<CounterExample>,
}

/// An edge to one of its targets that no case took.
#[derive(Debug, Clone, PartialEq, Eq)]
#[non_exhaustive]
pub struct Untaken {
    /// The state that it leads from.
    pub from: &'static str,
    /// The command.
    pub command: &'static str,
    /// The state that it leads to.
    pub to: &'static str,
    /// How often the command was given in that state, by any sample of either, and led elsewhere or was refused.
    pub tried: u64,
    /// Why it was never given, if it was not.
    pub reason: Option<String>,
}

/// A case that went wrong.
#[derive(Debug, Clone)]
#[non_exhaustive]
pub struct CounterExample {
    /// What was done; its last line is the one that went wrong.
    pub script: Script,
    /// What the answer table, the rule or the oracle's books say.
    pub expected: String,
    /// What was answered or stored instead.
    pub found: String,
}

impl Report {
    /// Fails the test unless every answer was right and every sample is there.
    ///
    /// # Panics
    /// With the whole report, if there is a counter-example, if a sample is missing, if the bound on cases was met, or if
    /// a state was reached neither by commands nor by an override.
    #[track_caller]
    pub fn assert_complete(&self) {
        let complete =
            self.counter_example.is_none() && self.missing.is_empty() && self.unreached.is_empty() && !self.truncated;
        assert!(complete, "{self}");
    }
}

impl fmt::Display for Report {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let answers: u64 = self.rows.values().sum();
        write!(f, "{}: {} cases, {answers} answers (", self.machine, self.cases)?;
        for (at, (row, many)) in self.rows.iter().enumerate() {
            write!(f, "{}{row}: {many}", if at == 0 { "" } else { ", " })?;
        }
        writeln!(f, ")")?;
        let unanswered: Vec<_> = ('a'..='g').filter(|row| !self.rows.contains_key(row)).map(String::from).collect();
        if !unanswered.is_empty() {
            writeln!(f, "  no case was answered by row {}", unanswered.join(", "))?;
        }
        let unreached = if self.truncated {
            format!("NOT REACHED before the bound of {} cases", self.cases)
        } else {
            "NOT REACHED".to_owned()
        };
        for (what, states) in [
            ("reached by commands", &self.reached),
            ("reached by an override alone", &self.overridden),
            (&*unreached, &self.unreached),
        ] {
            if !states.is_empty() {
                writeln!(f, "  {what}: {}", states.join(", "))?;
            }
        }
        for untaken in &self.untaken {
            writeln!(f, "  {untaken}")?;
        }
        for skipped in &self.skipped {
            writeln!(f, "  NOT TRIED: {skipped}")?;
        }
        for missing in &self.missing {
            writeln!(f, "  MISSING: {missing}")?;
        }
        if self.truncated {
            writeln!(f, "  NOT ALL: the bound of {} cases was met; raise it by `Explorer::cases`", self.cases)?;
        }
        match &self.counter_example {
            Some(example) => write!(f, "{example}"),
            None => Ok(()),
        }
    }
}

impl fmt::Display for Untaken {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self { from, command, to, tried, reason } = self;
        match reason {
            Some(reason) => write!(f, "not tried: `{command}` from `{from}` to `{to}`: {reason}"),
            None => write!(f, "tried {tried} times: `{command}` from `{from}` never led to `{to}`"),
        }
    }
}

impl fmt::Display for CounterExample {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        writeln!(f, "  WRONG, in the last line of this script, which `Explorer::replay` runs again:")?;
        for line in &self.script.lines {
            writeln!(f, "    {line}")?;
        }
        writeln!(f, "  expected: {}", self.expected)?;
        writeln!(f, "  found:    {}", self.found)
    }
}
