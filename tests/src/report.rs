//! The table that ends a fault test: where faults struck, how often, and that it was often enough.

use std::collections::BTreeMap;
use std::fmt::Write;
use std::thread;

use crate::requirement::announce;

/// Counts strikes per fault point. [`Report::finish`] prints the table; a report dropped without it fails the test,
/// since a fault that never struck has tested nothing.
#[derive(Debug)]
pub struct Report {
    title: String,
    per_point: u64,
    strikes: BTreeMap<String, u64>,
    finished: bool,
}

impl Report {
    /// A table in which no point may stay below `per_point` strikes.
    pub fn new(title: impl Into<String>, per_point: u64) -> Self {
        Self { title: title.into(), per_point, strikes: BTreeMap::new(), finished: false }
    }

    /// Names points in advance: one that is never struck then counts as zero instead of being forgotten.
    #[must_use]
    pub fn expecting<P: Into<String>>(mut self, points: impl IntoIterator<Item = P>) -> Self {
        for point in points {
            self.strikes.entry(point.into()).or_default();
        }
        self
    }

    /// One fault really struck at `point`.
    pub fn strike(&mut self, point: impl Into<String>) {
        self.add(point, 1);
    }

    /// `count` faults really struck at `point`; zero only names it.
    pub fn add(&mut self, point: impl Into<String>, count: u64) {
        *self.strikes.entry(point.into()).or_default() += count;
    }

    /// Strikes at all points so far.
    pub fn total(&self) -> u64 {
        self.strikes.values().sum()
    }

    /// Strikes at the point that has the fewest.
    pub fn least(&self) -> u64 {
        self.strikes.values().copied().min().unwrap_or(0)
    }

    /// Gives the table up: the test was skipped, and has said so.
    pub fn skip(mut self) {
        self.finished = true;
    }

    /// Whether a point has fewer strikes than it must have.
    pub fn lacks(&self, point: &str) -> bool {
        self.strikes.get(point).is_none_or(|count| *count < self.per_point)
    }

    /// Prints the table.
    ///
    /// # Panics
    /// If a point has fewer strikes than [`Report::new`] asks for, or all of them together fewer than `total`.
    pub fn finish(mut self, total: u64) {
        self.finished = true;
        announce(&self.table());
        let below: Vec<_> = self.strikes.iter().filter(|(_, count)| **count < self.per_point).collect();
        assert!(below.is_empty(), "{}: below {} strikes: {below:?}", self.title, self.per_point);
        assert!(self.total() >= total, "{}: {} strikes, {total} are asked for", self.title, self.total());
    }

    fn table(&self) -> String {
        let width = self.strikes.keys().map(|point| point.chars().count()).max().unwrap_or(0).max(5);
        let mut table = format!("{}\n", self.title);
        for (point, count) in
            self.strikes.iter().map(|(point, count)| (point.as_str(), *count)).chain([("total", self.total())])
        {
            // Writing into a String cannot fail.
            let _ = writeln!(table, "  {point:<width$}  {count:>8}");
        }
        table
    }
}

impl Drop for Report {
    fn drop(&mut self) {
        assert!(self.finished || thread::panicking(), "{}: Report::finish was not called", self.title);
    }
}

#[cfg(test)]
mod tests {
    use super::Report;

    #[test]
    fn report_lists_each_point_and_total() {
        let mut report = Report::new("cuts", 1).expecting(["before COMMIT"]);
        report.strike("before COMMIT");
        report.add("after COMMIT", 2);
        assert_eq!(
            report.table(),
            "cuts\n  after COMMIT          2\n  before COMMIT         1\n  total                 3\n"
        );
        report.finish(3);
    }

    #[test]
    #[should_panic(expected = "below 1 strikes: [(\"never\", 0)]")]
    fn report_with_point_never_struck_fails() {
        let mut report = Report::new("cuts", 1).expecting(["never"]);
        report.add("often", 100);
        report.finish(1);
    }

    #[test]
    #[should_panic(expected = "2 strikes, 3 are asked for")]
    fn report_with_too_few_strikes_fails() {
        let mut report = Report::new("cuts", 1);
        report.add("here", 2);
        report.finish(3);
    }

    #[test]
    #[should_panic(expected = "finish was not called")]
    fn report_without_finish_fails() {
        Report::new("cuts", 1).strike("here");
    }
}
