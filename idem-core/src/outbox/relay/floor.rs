//! The floor: a position below which no message is left, and none will appear. Loads begin above it, and pass over no rows that were deleted
//! and not removed yet.
//!
//! A position is drawn before its transaction commits, so one may appear below others that are visible. Positions are drawn in their order, and
//! each transaction has its id before it draws one. So once a position was seen, a new id is above those of all transactions that have drawn
//! lower positions; and once all transactions below that id have ended, each of these positions is visible, or never will be.
//!
//! The id must be a new one. The upper end of a snapshot is not: it follows the newest transaction that has ended, and one that is open may be
//! above it.

use crate::store::outbox::rows::Mark;

#[derive(Debug, Default)]
pub(super) struct Floor {
    position: i64,
    /// The highest position that was seen.
    seen: i64,
    /// A position, and an id that was new after it was seen.
    candidate: Option<(i64, i64)>,
    /// Of the newest mark.
    oldest: i64,
}

impl Floor {
    pub(super) fn position(&self) -> i64 {
        self.position
    }

    /// A position was seen.
    pub(super) fn see(&mut self, position: i64) {
        self.seen = self.seen.max(position);
    }

    /// Takes a mark in, which was made above this floor. Whether a new id is wanted.
    pub(super) fn note(&mut self, mark: Mark) -> bool {
        // Another server, which was behind: what is known of ids and positions may not be so there.
        if mark.oldest < self.oldest {
            *self = Self::default();
        }
        self.oldest = mark.oldest;
        let ended = |id| mark.oldest >= id || seeded_bug!("relay-floor-passes-open-transactions");
        if let Some((settled, _)) = self.candidate.take_if(|(_, id)| ended(*id)) {
            let left = mark.lowest.map_or(i64::MAX, |lowest| lowest - 1);
            self.position = self.position.max(settled.min(left));
        }
        self.candidate.is_none() && self.seen > self.position
    }

    /// Takes a new id in.
    pub(super) fn note_id(&mut self, id: i64) {
        self.candidate = Some((self.seen, id));
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn mark(oldest: i64, lowest: Option<i64>) -> Mark {
        Mark { oldest, lowest }
    }

    #[test]
    fn floor_rises_to_what_was_seen_once_its_transactions_have_ended() {
        let mut floor = Floor::default();
        assert!(!floor.note(mark(5, None)), "nothing was seen");
        floor.see(10);
        assert!(floor.note(mark(5, None)));
        floor.note_id(7);
        floor.see(12);
        for oldest in [5, 6] {
            assert!(!floor.note(mark(oldest, None)));
            assert_eq!(floor.position(), 0, "{oldest} may have drawn a position below 10");
        }
        assert!(floor.note(mark(7, None)), "12 was seen since");
        assert_eq!(floor.position(), 10);
    }

    #[test]
    fn floor_stays_below_what_is_left_and_falls_on_another_server_alone() {
        let mut floor = Floor::default();
        floor.see(10);
        floor.note(mark(5, Some(4)));
        floor.note_id(6);
        floor.note(mark(6, Some(4)));
        assert_eq!(floor.position(), 3);
        floor.note_id(7);
        floor.note(mark(8, None));
        assert_eq!(floor.position(), 10);
        floor.note(mark(8, Some(5)));
        assert_eq!(floor.position(), 10);
        floor.note(mark(7, None));
        assert_eq!(floor.position(), 0);
    }
}
