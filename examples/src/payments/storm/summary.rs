//! What a storm has shown.

use std::fmt;

use super::super::report::grouped;

/// What a storm has shown.
#[derive(Debug, Clone, Copy, Default)]
#[non_exhaustive]
pub struct Summary {
    /// Different requests.
    pub requests: u64,
    /// How often they were sent, copies included.
    pub sent: u64,
    /// Copies that were sent at once.
    pub raced: u64,
    /// Requests whose client was gone before the reply.
    pub abandoned: u64,
    /// Requests that were sent again after their answer was known.
    pub repeated: u64,
    /// Answers that asked for a repeat, and connections that broke.
    pub failed: u64,
    /// Requests that were answered with two different answers.
    pub contradicted: u64,
    /// Effects that were counted.
    pub effects: i64,
}

impl Summary {
    /// Whether each request had one effect and one answer.
    pub fn is_exact(&self) -> bool {
        self.contradicted == 0 && i64::try_from(self.requests) == Ok(self.effects)
    }
}

impl fmt::Display for Summary {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        writeln!(f, "{} requests, sent {} times:", grouped(self.requests), grouped(self.sent))?;
        for (count, what) in [
            (self.raced, "as copies at the same time"),
            (self.abandoned, "by clients that were gone before the reply"),
            (self.repeated, "again after the answer was known"),
            (self.failed, "answered with an error that may be repeated, or not at all"),
        ] {
            writeln!(f, "{:>12}  {what}", grouped(count))?;
        }
        writeln!(f, "{} effects were counted", grouped(self.effects))?;
        if self.is_exact() {
            return write!(f, "each request had one effect and one answer");
        }
        if self.contradicted > 0 {
            writeln!(f, "NOT EXACT: {} requests had two different answers", grouped(self.contradicted))?;
        }
        let more = self.effects - i64::try_from(self.requests).unwrap_or(i64::MAX);
        match more {
            0 => write!(f, "the number of effects is right all the same"),
            1.. => write!(f, "NOT EXACT: {} effects too many", grouped(more)),
            _ => write!(f, "NOT EXACT: {} effects are missing", grouped(-more)),
        }
    }
}
