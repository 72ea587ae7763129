//! What every contender does: the same machines, the same commands, the same pure transition.

use serde::{Deserialize, Serialize};

/// Machines that the load spreads over.
pub(crate) const MACHINES: u64 = 10_000;

/// The name the machines are stored under.
pub(crate) const MACHINE: &str = "ticket";

/// The wire name of the one command.
pub(crate) const COMMAND: &str = "Turn";

/// The scope of every key.
pub(crate) const SCOPE: &str = "customer-0007";

/// What a state carries: about 140 bytes of JSON with the state's name around it.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub(crate) struct Sheet {
    pub(crate) customer: String,
    pub(crate) currency: String,
    pub(crate) total: i64,
    pub(crate) turns: u32,
    pub(crate) last: String,
    pub(crate) labels: Vec<String>,
}

/// The command's payload: 77 bytes of JSON.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub(crate) struct Turn {
    pub(crate) amount: i64,
    pub(crate) reference: String,
    pub(crate) reason: String,
}

/// The command's outcome: 62 bytes of JSON.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub(crate) struct Receipt {
    pub(crate) reference: String,
    pub(crate) total: i64,
    pub(crate) turns: u32,
}

impl Sheet {
    /// What a machine starts with.
    pub(crate) fn initial(machine: u64) -> Self {
        Self {
            customer: format!("customer-{machine:07}"),
            currency: "EUR".into(),
            total: 0,
            turns: 0,
            last: "ref-0000000000000000".into(),
            labels: vec!["web".into(), "priority".into()],
        }
    }

    /// The pure transition's work: the next sheet, and what the caller is told.
    pub(crate) fn turned(mut self, amount: i64, reference: &str) -> (Self, Receipt) {
        self.total = self.total.wrapping_add(amount);
        self.turns = self.turns.wrapping_add(1);
        reference.clone_into(&mut self.last);
        let receipt = Receipt { reference: reference.to_owned(), total: self.total, turns: self.turns };
        (self, receipt)
    }
}

/// One keyed command for one machine.
#[derive(Debug, Clone)]
pub(crate) struct Request {
    pub(crate) machine: String,
    /// A client's key: a random UUID (version 4), so that the index on keys is hit all over.
    pub(crate) key: String,
    pub(crate) turn: Turn,
}

impl Request {
    /// The `n`-th request of a seed: every contender gets the same ones.
    pub(crate) fn nth(seed: u64, n: u64) -> Self {
        let (one, other) = (mix(seed ^ n), mix(seed ^ n ^ (1 << 63)));
        Self {
            machine: machine_id(one % MACHINES),
            key: format!(
                "{:08x}-{:04x}-4{:03x}-{:04x}-{:012x}",
                one >> 32,
                one >> 16 & 0xffff,
                one & 0xfff,
                other >> 48 & 0x3fff | 0x8000,
                other & 0xffff_ffff_ffff
            ),
            turn: Turn { amount: 500, reference: format!("ref-{n:016}"), reason: "by the customer".into() },
        }
    }
}

/// The id of a machine.
pub(crate) fn machine_id(machine: u64) -> String {
    format!("ticket-{machine:05}")
}

/// The finaliser of splitmix64: spreads consecutive numbers over all of `u64`, one to one.
pub(crate) fn mix(n: u64) -> u64 {
    let mut z = n.wrapping_add(0x9e37_79b9_7f4a_7c15);
    z = (z ^ z >> 30).wrapping_mul(0xbf58_476d_1ce4_e5b9);
    z = (z ^ z >> 27).wrapping_mul(0x94d0_49bb_1331_11eb);
    z ^ z >> 31
}
