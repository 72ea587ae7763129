//! Random calls, and how they shrink.

use proptest::collection::vec;
use proptest::prelude::{Just, Strategy, prop_oneof};

/// Accounts: plain ones, one that is a tally, and two of a unit.
pub(crate) const ACCOUNTS: [&str; 6] = ["a", "b", "c", "tally", "euro 1", "euro 2"];
pub(crate) const TALLY: usize = 3;

/// One call; accounts are positions in [`ACCOUNTS`], keys are numbers.
#[derive(Debug, Clone)]
pub(crate) enum Call {
    Delta {
        account: usize,
        delta: i64,
    },
    Remembered {
        account: usize,
        delta: i64,
    },
    /// With the version that the account is at, plus something.
    DeltaAt {
        account: usize,
        ahead: u64,
        delta: i64,
    },
    Set {
        account: usize,
        balance: i64,
    },
    Transfer {
        from: usize,
        to: usize,
        amount: i64,
    },
    Post {
        legs: Vec<(usize, i64)>,
    },
    Hold {
        account: usize,
        amount: i64,
        expired: bool,
    },
    /// Of the hold that the call under this key made, if it made one.
    Capture {
        hold: u32,
        to: usize,
        amount: i64,
    },
    Release {
        hold: u32,
    },
    Batch {
        items: Vec<(usize, u32, i64)>,
    },
    Open {
        account: usize,
        floor: Option<i64>,
        ceiling: Option<i64>,
    },
    Close {
        account: usize,
    },
}

/// Where a call is made.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Way {
    Own,
    Committed,
    RolledBack,
}

/// A call under its key.
#[derive(Debug, Clone)]
pub(crate) struct Step {
    pub(crate) key: u32,
    pub(crate) way: Way,
    pub(crate) call: Call,
}

/// Few keys, few accounts and small amounts, so that calls meet.
pub(crate) fn steps() -> impl Strategy<Value = Vec<Step>> {
    let way = prop_oneof![3 => Just(Way::Own), 2 => Just(Way::Committed), 1 => Just(Way::RolledBack)];
    let step = (0..24_u32, way, call()).prop_map(|(key, way, call)| Step { key, way, call });
    vec(step, 1..40)
}

fn call() -> impl Strategy<Value = Call> {
    let account = || 0..ACCOUNTS.len();
    let plain = || 0..TALLY;
    let amount = || prop_oneof![8 => -20..=20_i64, 1 => 0..=200_i64];
    let bound = |range: std::ops::Range<i64>| proptest::option::of(range);
    prop_oneof![
        6 => (account(), amount()).prop_map(|(account, delta)| Call::Delta { account, delta }),
        2 => (account(), amount()).prop_map(|(account, delta)| Call::Remembered { account, delta }),
        2 => (account(), 0..2_u64, amount())
            .prop_map(|(account, ahead, delta)| Call::DeltaAt { account, ahead, delta }),
        2 => (account(), amount()).prop_map(|(account, balance)| Call::Set { account, balance }),
        6 => (account(), account(), amount()).prop_map(|(from, to, amount)| Call::Transfer { from, to, amount }),
        3 => vec((account(), amount()), 0..6).prop_map(|legs| Call::Post { legs }),
        3 => vec((plain(), -20..=20_i64), 1..5).prop_map(|mut legs| {
            let rest: i64 = legs.iter().map(|(_, delta)| delta).sum();
            legs.push((0, -rest));
            Call::Post { legs }
        }),
        4 => (account(), amount(), proptest::bool::ANY)
            .prop_map(|(account, amount, expired)| Call::Hold { account, amount, expired }),
        5 => (0..24_u32, account(), amount()).prop_map(|(hold, to, amount)| Call::Capture { hold, to, amount }),
        2 => (0..24_u32).prop_map(|hold| Call::Release { hold }),
        2 => vec((account(), 0..24_u32, amount()), 0..6).prop_map(|items| Call::Batch { items }),
        2 => (plain(), bound(-50..1), bound(0..60))
            .prop_map(|(account, floor, ceiling)| Call::Open { account, floor, ceiling }),
        1 => account().prop_map(|account| Call::Close { account }),
    ]
}
