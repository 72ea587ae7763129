include!(concat!(env!("CARGO_MANIFEST_DIR"), "/../docs/seat.rs"));
#[test]
fn every_situation() {
use idem_core::testing::{Explorer, Samples};

let samples = Samples::<Seat>::new()
    .state(seat::Reserved { hold: "sample".into() })
    .command(seat::Pay { amount: 40 });
let report = Explorer::new(&samples)
    .deposit("guest", 100)                                                      // what every case begins with
    .bounds("guest", Some(0), None)
    .hold("guest", "sample", 40)                                                // the hold that the sample names
    .advance(Duration::from_mins(15))                                           // each command also when the hold has expired
    .in_memory(|| Seat::in_memory(Hall, seat::Free));                           // or .stored(&Seat::stored(&idem, Hall)).await
report.assert_complete();                                                       // every answer was right
assert_eq!(report.reached, ["Free", "Reserved", "Paid", "Expired"]);            // nobody was without money: not `Declined`
}
