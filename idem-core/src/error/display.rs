//! Names in a sentence.

use std::fmt;

/// Names in back ticks, separated by commas.
pub(crate) struct BackTicked<'a, S>(pub(crate) &'a [S]);

impl<S: AsRef<str>> fmt::Display for BackTicked<'_, S> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        for (at, name) in self.0.iter().enumerate() {
            write!(f, "{}`{}`", if at == 0 { "" } else { ", " }, name.as_ref())?;
        }
        Ok(())
    }
}
