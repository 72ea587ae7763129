//! A machine's history, folded: what its row must be.

use crate::clock::Timestamp;
use crate::engine::decide::last_transitions::LastTransitions;
use crate::store::machine::rows::{MachineRow, TransitionRow};

/// The history of a machine up to one transition.
#[derive(Debug)]
pub(crate) struct History {
    pub(crate) newest: TransitionRow,
    pub(crate) entered_at: Timestamp,
    pub(crate) last: LastTransitions,
    /// How many messages its steps have emitted.
    pub(crate) emitted: i64,
    /// The number of the first transition that is missing.
    pub(crate) gap: Option<i64>,
}

impl History {
    /// How many transitions are read at once.
    pub(crate) const PAGE: i64 = 1_000;

    /// With the next transition that is there.
    pub(crate) fn then(before: Option<Self>, row: TransitionRow) -> Self {
        let seq = before.as_ref().map_or(0, |before| before.newest.seq) + 1;
        let gap = before.as_ref().and_then(|before| before.gap).or((row.seq != seq).then_some(seq));
        let entered_at = match &before {
            // The state may have got another name meanwhile; its visit tells that it was not left.
            Some(before) if before.newest.visit == row.visit => before.entered_at,
            _ => row.at,
        };
        let emitted = row.emitted.or_else(|| before.as_ref().map(|before| before.emitted)).unwrap_or(0);
        let mut last = before.map_or_else(LastTransitions::default, |before| before.last);
        last.note(&row.command, row.seq);
        Self { newest: row, entered_at, last, emitted, gap }
    }

    /// Whether the row is what the history says. Where a transition is missing, it may have been the newest one of its command,
    /// the one that entered the state, or the last that emitted a message.
    pub(crate) fn agrees(&self, row: &MachineRow) -> bool {
        let newest = &self.newest;
        let folded = (&self.last.encode(), self.entered_at, self.emitted);
        (&row.state, &row.body, row.version, row.visit) == (&newest.state, &newest.body, newest.seq, newest.visit)
            && (self.gap.is_some() || (&row.last_by_command, row.entered_at, row.emitted) == folded)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::fingerprint::Fingerprint;
    use crate::wire::Stored;

    fn row(seq: i64, state: &str, visit: i64) -> TransitionRow {
        TransitionRow {
            seq,
            command: "Knock".into(),
            from_state: "".into(),
            state: state.to_owned().into(),
            body: Stored::default(),
            payload: Stored::default(),
            outcome: Stored::default(),
            fingerprint: Fingerprint::of("", "", b"", &[]),
            key: None,
            hash: None,
            from_visit: 1,
            visit,
            at: Timestamp::from_micros(seq * 10),
            correlation: None,
            emitted: None,
        }
    }

    #[test]
    fn history_of_renamed_state_keeps_entry_time() {
        let history = [row(1, "Shut", 1), row(2, "Closed", 1)]
            .into_iter()
            .fold(None, |before, row| Some(History::then(before, row)));
        assert_eq!(history.map(|history| history.entered_at), Some(Timestamp::from_micros(10)));
    }

    #[test]
    fn history_of_new_visit_has_new_entry_time() {
        let history = [row(1, "Shut", 1), row(2, "Shut", 2)]
            .into_iter()
            .fold(None, |before, row| Some(History::then(before, row)));
        assert_eq!(history.map(|history| history.entered_at), Some(Timestamp::from_micros(20)));
    }
}
