//! The floor: a position below which no message is left, and none will appear. Loads begin above it, and pass over no rows that were deleted
//! and not removed yet.
//!
//! A position is drawn before its transaction commits, so one may appear below others that are visible. Each transaction has its id before it
//! draws a position. So of a position that was given before some moment, the transaction has an id below the next one of that moment; and
//! once all transactions below that have ended, the position is visible, or never will be.

use crate::store::outbox::rows::Mark;

#[derive(Debug, Default)]
pub(super) struct Floor {
    position: i64,
    /// The newest position of the mark before.
    before: Option<i64>,
    /// A position, and the id that transactions must have reached until it is settled.
    candidate: Option<(i64, i64)>,
}

impl Floor {
    pub(super) fn position(&self) -> i64 {
        self.position
    }

    /// Takes a mark in, which was made above this floor.
    pub(super) fn note(&mut self, mark: Mark) {
        if self.candidate.is_none() {
            // That position was given before this mark was made.
            self.candidate = self.before.map(|last| (last, mark.next));
        }
        self.before = Some(mark.last);
        let ended = |next| mark.oldest >= next || seeded_bug!("relay-floor-passes-open-transactions");
        if let Some((settled, _)) = self.candidate.take_if(|(_, next)| ended(*next)) {
            let left = mark.lowest.map_or(i64::MAX, |lowest| lowest - 1);
            self.position = self.position.max(settled.min(left));
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn noted(marks: &[(i64, i64, i64, Option<i64>)]) -> i64 {
        let mut floor = Floor::default();
        for (last, oldest, next, lowest) in marks {
            floor.note(Mark { last: *last, oldest: *oldest, next: *next, lowest: *lowest });
        }
        floor.position()
    }

    #[test]
    fn floor_rises_to_what_was_given_once_its_transactions_have_ended() {
        assert_eq!(noted(&[(10, 5, 5, None)]), 0, "not known when 10 was given");
        assert_eq!(noted(&[(10, 5, 5, None), (12, 5, 5, None)]), 10);
        assert_eq!(noted(&[(10, 5, 5, None), (12, 5, 7, None)]), 0, "transaction 5 may have drawn 10");
        assert_eq!(noted(&[(10, 5, 5, None), (12, 5, 7, None), (20, 6, 9, None)]), 0, "so may 6");
        assert_eq!(noted(&[(10, 5, 5, None), (12, 5, 7, None), (20, 7, 9, None)]), 10);
    }

    #[test]
    fn floor_stays_below_what_is_left_and_never_falls() {
        assert_eq!(noted(&[(10, 5, 5, Some(4)), (12, 5, 5, Some(4))]), 3);
        assert_eq!(noted(&[(10, 5, 5, None), (12, 5, 5, None), (12, 5, 5, Some(3))]), 10);
    }
}
