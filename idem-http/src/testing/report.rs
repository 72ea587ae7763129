//! What came of a check.

use std::fmt;

use super::finding::Finding;
use super::scenario::Scenario;

/// What came of each scenario on one route. Print it: a line has what was sent, which answers came, and what is wrong and what to do.
#[derive(Debug, Clone)]
#[must_use = "a report that is not asserted fails no test"]
pub struct Report {
    pub(super) route: String,
    pub(super) lines: Vec<Line>,
}

#[derive(Debug, Clone)]
pub(super) struct Line {
    pub(super) scenario: Scenario,
    /// The answers, in their order.
    pub(super) answers: Vec<String>,
    pub(super) verdict: Verdict,
}

/// What came of one scenario.
#[derive(Debug, Clone, PartialEq, Eq)]
#[non_exhaustive]
pub enum Verdict {
    /// The route keeps its promise.
    Kept,
    /// Nothing was checked, and why.
    Unchecked(&'static str),
    /// What is wrong. At least one, and it may be warnings only.
    Found(Vec<Finding>),
}

impl Report {
    /// Fails the test unless [`is_ok`](Self::is_ok).
    ///
    /// # Panics
    /// With the whole report.
    #[track_caller]
    pub fn assert(&self) {
        assert!(self.is_ok(), "{self}");
    }

    /// There is no finding but warnings.
    pub fn is_ok(&self) -> bool {
        self.findings().all(Finding::is_warning)
    }

    /// All that was found, warnings included.
    pub fn findings(&self) -> impl Iterator<Item = &Finding> {
        self.lines.iter().flat_map(|line| match &line.verdict {
            Verdict::Found(findings) => findings.as_slice(),
            _ => &[],
        })
    }

    /// What came of each scenario, in the order in which they ran.
    pub fn verdicts(&self) -> impl Iterator<Item = (Scenario, &Verdict)> {
        self.lines.iter().map(|line| (line.scenario, &line.verdict))
    }

    /// What came of one scenario. `None` if the check ended before it.
    pub fn verdict(&self, scenario: Scenario) -> Option<&Verdict> {
        self.verdicts().find(|(of, _)| *of == scenario).map(|(_, verdict)| verdict)
    }
}

impl fmt::Display for Report {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.route)?;
        self.lines.iter().try_for_each(|line| write!(f, "\n{line}"))
    }
}

impl fmt::Display for Line {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let word = match &self.verdict {
            Verdict::Kept => "ok",
            Verdict::Unchecked(_) => "unchecked",
            Verdict::Found(findings) if findings.iter().all(Finding::is_warning) => "warning",
            Verdict::Found(_) => "FAILED",
        };
        write!(f, "{word:<9} {}", self.scenario)?;
        if !self.answers.is_empty() {
            write!(f, " → {}", self.answers.join(", "))?;
        }
        match &self.verdict {
            Verdict::Kept => Ok(()),
            Verdict::Unchecked(why) => write!(f, "; {why}"),
            Verdict::Found(findings) => findings.iter().try_for_each(|finding| write!(f, "; {finding}")),
        }
    }
}
