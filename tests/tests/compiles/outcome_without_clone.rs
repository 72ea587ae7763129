//! An outcome need not be `Clone`: what a machine in memory remembers is then copied through serde.
use idem_core::{Context, Key, Step, idempotent_fsm};
use serde::{Deserialize, Serialize};

#[derive(Debug, PartialEq, Serialize, Deserialize)]
pub struct Ticket {
    seat: String,
}

#[idempotent_fsm]
#[command(Book { seat: String } -> Ticket)]
#[command(Leave)]
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub enum Seat {
    #[initial]
    #[on(Book => Booked)]
    Free,

    #[on(Leave => Left)]
    Booked,

    #[terminal]
    Left,
}

struct Desk;

impl seat::Transitions for Desk {
    type Rejection = idem_core::Never;

    fn book(
        &self,
        _from: seat::Free,
        book: &seat::Book,
        _cx: &Context<'_>,
    ) -> Result<Step<seat::Booked, Ticket>, Self::Rejection> {
        Ok(Step::to(seat::Booked).outcome(Ticket { seat: book.seat.clone() }))
    }
}

#[test]
fn outcome_without_clone_is_replayed() {
    let mut memory = Seat::in_memory(Desk, seat::Free);
    let key = Key::new("guest-7", "req-1").unwrap();
    let book = seat::Book { seat: "4a".into() };

    let booked = memory.book(&key, book.clone()).unwrap();
    assert!(booked.is_fresh());
    assert_eq!(booked.into_inner(), Ticket { seat: "4a".into() });

    memory.leave(&Key::new("guest-7", "req-2").unwrap()).unwrap();
    let again = memory.book(&key, book.clone()).unwrap();
    assert!(again.is_superseded());
    assert_eq!(again.into_inner(), Ticket { seat: "4a".into() });

    let decoded = memory.apply(Some(&key), book.into()).unwrap();
    assert!(matches!(decoded.into_inner(), seat::Reply::Book(Ticket { seat }) if seat == "4a"));
}
