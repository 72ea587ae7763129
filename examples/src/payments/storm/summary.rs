//! What a storm has shown.

use std::fmt;
use std::time::Duration;

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
    /// Answers that differed from the first answer to the same request.
    pub contradicted: u64,
    /// Effects that were counted.
    pub effects: i64,
    /// What is left of the balance beside whole effects.
    pub rest: i64,
    /// How long the number of effects was the same at the end.
    pub waited: Duration,
    /// Payments and answers that do not belong to each other; `None` if only the number of effects is known.
    pub unmatched: Option<u64>,
    /// Repeats the random choices, and the keys.
    pub seed: u64,
}

impl Summary {
    /// Whether each request had one effect and one answer.
    pub fn is_exact(&self) -> bool {
        let is_right = i64::try_from(self.requests) == Ok(self.effects) && self.rest == 0;
        is_right && self.contradicted == 0 && self.unmatched.unwrap_or_default() == 0
    }
}

impl fmt::Display for Summary {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        writeln!(f, "{} different requests were sent {} times:", grouped(self.requests), grouped(self.sent))?;
        for (count, what) in [
            (self.raced, "copies were sent at the same time as another one"),
            (self.abandoned, "were sent by clients that ended before the reply"),
            (self.repeated, "were sent again after the answer was known"),
            (self.failed, "got an error that may be repeated, or no answer"),
        ] {
            writeln!(f, "{:>12}  {what}", grouped(count))?;
        }
        let (effects, waited) = (grouped(self.effects), humantime::format_duration(self.waited));
        writeln!(
            f,
            "{effects} effects were counted at the service, {waited} after the last answer (seed {})",
            self.seed
        )?;
        if self.is_exact() {
            return f.write_str(match self.unmatched {
                Some(_) => "Proof passed: each request had one effect and one answer.",
                None => "Proof passed: as many effects as requests, and one answer to each request.",
            });
        }
        if self.contradicted > 0 {
            let count = grouped(self.contradicted);
            writeln!(f, "Proof FAILED: {count} answers differed from the first answer to the same request")?;
        }
        if let Some(unmatched @ 1..) = self.unmatched {
            writeln!(f, "Proof FAILED: {} payments and answers do not belong to each other", grouped(unmatched))?;
        }
        if self.rest != 0 {
            writeln!(f, "Proof FAILED: the balance has {} beside whole effects", grouped(self.rest))?;
        }
        let more = self.effects.saturating_sub(i64::try_from(self.requests).unwrap_or(i64::MAX));
        match more {
            0 => write!(f, "The number of effects is right."),
            1.. => write!(f, "Proof FAILED: {} effects too many", grouped(more)),
            _ => write!(f, "Proof FAILED: {} effects are missing", grouped(more.unsigned_abs())),
        }
    }
}
