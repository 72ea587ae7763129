//! What is stored reads back as what was meant, or is refused.

use fastrand::Rng;
use idem_core::{Effect, ErrorKind, Natural};

use crate::Seed;
use crate::conformance::machines::carts::{Anything, Bad, Cart, Spot, cart};
use crate::conformance::machines::{Shop, Voucher, voucher};
use crate::conformance::{Stored, Subject, fresh, key, refused, replayed};

/// Random values of every type, in a payload, a state, an outcome and a message: each comes back as it was, in every process,
/// and the rules say the same about it again.
pub async fn value_of_every_type_is_read_back_unchanged<S: Subject>(on: &S) {
    let stored = Stored::open(on).await;
    let (mut random, start) = (Seed::new().rng(0), || cart::Open { value: Anything::Nothing });
    let cart = Cart::stored(&stored.idem, Shop).at("g");
    cart.start(Natural, start()).await.expect("started");
    for number in 0..64 {
        let add = cart::Add { value: any(&mut random, 3) };
        let key = key(&format!("k{number}"));
        let added = fresh(cart.add(&key, add.clone()).await);
        assert_eq!(*added, add.value);
        let machine = cart.get().await.expect("readable").expect("started");
        assert_eq!(machine.state(), &Cart::Open { value: add.value.clone() });
        let elsewhere = Cart::stored(&stored.idem, Shop).at("g");
        replayed(elsewhere.add(&key, add.clone()).await, &added);
        let (by_hand, put) = (crate::conformance::key(&format!("o{number}")), cart::Open { value: add.value.clone() });
        let first = fresh(cart.override_state(&by_hand, put.clone(), "tried").await);
        replayed(elsewhere.override_state(&by_hand, put, "tried").await, &first);
    }
    let differences = cart.verify().await.expect("an audit").differences;
    assert!(differences.is_empty(), "{differences:?}");
}

/// Numbers that are none, collections without an order, a type that reads otherwise than it writes: nothing is written, and the
/// key stays free.
pub async fn value_that_reads_back_differently_is_refused<S: Subject>(on: &S) {
    let stored = Stored::open(on).await;
    let carts = Cart::stored(&stored.idem, Shop);
    let cart = carts.at("g");
    cart.start(Natural, cart::Open { value: Anything::Nothing }).await.expect("started");
    let rows = stored.rows().await;
    let all = [Bad::NotANumber, Bad::Infinite, Bad::SingleInfinite, Bad::Unordered, Bad::Lossy];
    for bad in all {
        let error = refused(cart.add(&key("k"), cart::Add { value: bad.value() }).await, ErrorKind::Unencodable);
        assert!(error.to_string().contains("the payload") && error.effect() == Effect::NotApplied, "{error}");
        let other = carts.at("h");
        refused(other.start(Natural, cart::Open { value: bad.value() }).await, ErrorKind::Unencodable);
        refused(cart.override_state(&key("k"), cart::Open { value: bad.value() }, "?").await, ErrorKind::Unencodable);
        for spot in [Spot::State, Spot::Outcome, Spot::Message] {
            // A message is only written: whether it would be read as it was meant is for its readers to say.
            if matches!((spot, bad), (Spot::Message, Bad::Unordered | Bad::Lossy)) {
                continue;
            }
            refused(cart.fill(&key("k"), cart::Fill { spot, bad }).await, ErrorKind::Unencodable);
        }
    }
    refused(cart.clear(&key("k")).await, ErrorKind::Unencodable);
    assert_eq!(stored.rows().await, rows);
    fresh(cart.add(&key("k"), cart::Add { value: Anything::Double(0.1) }).await);
}

/// Numbers beyond 64 bits, of which only the last digits differ, are two requests.
pub async fn payloads_that_differ_beyond_64_bits_are_two_requests<S: Subject>(on: &S) {
    let stored = Stored::open(on).await;
    let cart = Cart::stored(&stored.idem, Shop).at("g");
    cart.start(Natural, cart::Open { value: Anything::Nothing }).await.expect("started");
    let huge = |digits| Anything::Huge((1_i128 << 100) + digits);
    fresh(cart.add(&key("k"), cart::Add { value: huge(0) }).await);
    refused(cart.add(&key("k"), cart::Add { value: huge(7) }).await, ErrorKind::KeyReused);
    fresh(cart.override_state(&key("o"), cart::Open { value: huge(0) }, "?").await);
    refused(cart.override_state(&key("o"), cart::Open { value: huge(7) }, "?").await, ErrorKind::KeyReused);
}

fn any(random: &mut Rng, depth: u32) -> Anything {
    let boxed = |random: &mut Rng| Box::new(any(random, depth.saturating_sub(1)));
    let many = |random: &mut Rng| random.usize(0..4);
    match random.u32(0..if depth > 0 { 19 } else { 11 }) {
        0 => Anything::Nothing,
        1 => Anything::Flag(random.bool()),
        2 => Anything::Small(random.i8(..)),
        3 => Anything::Whole(random.i64(..)),
        4 => Anything::Large(random.u64(..)),
        5 => Anything::Huge(random.i128(..)),
        6 => Anything::Single(single(random)),
        7 => Anything::Double(double(random)),
        8 => Anything::Letter(random.char(..)),
        9 => Anything::Text((0..many(random)).map(|_| random.char(..)).collect()),
        10 => Anything::Bytes((0..many(random)).map(|_| random.u8(..)).collect()),
        11 => Anything::Maybe(random.bool().then(|| boxed(random))),
        12 => Anything::Pair(boxed(random), boxed(random)),
        13 => Anything::List((0..many(random)).map(|_| *boxed(random)).collect()),
        14 => Anything::Named { one: boxed(random), other: random.bool().then(|| double(random)) },
        15 => Anything::Sorted((0..many(random)).map(|_| (random.char(..).to_string(), *boxed(random))).collect()),
        16 => Anything::Unsorted((0..many(random)).map(|_| (random.char(..).to_string(), *boxed(random))).collect()),
        17 => Anything::Numbered((0..many(random)).map(|_| (random.i64(..), *boxed(random))).collect()),
        _ => Anything::Set((0..random.u64(0..2)).collect()),
    }
}

/// Every float that is one, whatever its bits: most are hard to write in decimals.
fn double(random: &mut Rng) -> f64 {
    Some(f64::from_bits(random.u64(..))).filter(|float| float.is_finite()).unwrap_or(0.1)
}

fn single(random: &mut Rng) -> f32 {
    Some(f32::from_bits(random.u32(..))).filter(|float| float.is_finite()).unwrap_or(0.1)
}

/// States and commands with names of their own, whatever is in them: by commands, by hand, and read again.
pub async fn state_or_command_with_wire_name_is_read_back<S: Subject>(on: &S) {
    let stored = Stored::open(on).await;
    let vouchers = Voucher::stored(&stored.idem, Shop);
    let voucher = vouchers.at("t");
    let sell = || voucher::Sell { to: "Ada".into() };
    let sold = fresh(voucher.sell(&key("sell"), sell()).await);
    let mut states = vec![Voucher::Sold { to: "Ada".into(), price: None }];
    for (turn, to) in [Voucher::Sent("Ada".into()), Voucher::Redeemed(1, vec!["Ada".into()]), Voucher::Expired]
        .into_iter()
        .enumerate()
    {
        let before = voucher.get().await.expect("readable").expect("started");
        assert_eq!(Some(before.state()), states.last());
        let key = key(&format!("turn {turn}"));
        let advanced = fresh(voucher.advance(&key).await);
        replayed(voucher.advance(&key).await, &advanced);
        states.push(to);
    }
    replayed(voucher.sell(&key("sell"), sell()).await, &sold);
    let other = vouchers.at("by hand");
    fresh(other.start(Natural, voucher::Open).await);
    for (number, state) in states.iter().enumerate() {
        let put = key(&format!("put {number}"));
        fresh(other.override_state(&put, state.clone(), "tried").await);
        assert_eq!(other.get().await.expect("readable").expect("started").state(), state);
    }
    for voucher in [voucher, other] {
        assert_eq!(voucher.get().await.expect("readable").expect("started").state(), &Voucher::Expired);
        let differences = voucher.verify().await.expect("an audit").differences;
        assert!(differences.is_empty(), "{differences:?}");
    }
    assert_eq!(vouchers.in_state(voucher::StateKind::Expired).await.expect("a page").len(), 2);
}
