//! The life of one payment: what its shop sends, misunderstandings included.

use std::collections::BTreeMap;

use serde_json::{Value, json};

use super::delivery::Delivery;
use super::rng::Rng;

const SHOPS: usize = 8;
const CUSTOMERS: usize = 60;

/// Each shop counts its keys by itself: the same key in two scopes is two keys.
#[derive(Default)]
pub(super) struct Keys {
    last: BTreeMap<String, u64>,
    payments: u64,
    lanes: u64,
}

/// What is sent, step by step; the deliveries of one step are exact copies that come at once.
pub(super) fn life(rng: &mut Rng, keys: &mut Keys) -> Vec<Vec<Delivery>> {
    keys.payments += 1;
    let shop = format!("shop-{}", 1 + rng.below(SHOPS));
    let amount = rng.amount(100, 50_000);
    let mut life = Life { rng, keys, payment: String::new(), shop, amount, steps: Vec::new() };
    life.payment = format!("pay_{}", life.keys.payments);
    if life.authorize() {
        life.capture_or_not();
    }
    if life.rng.percent(12) {
        life.illegal();
    }
    life.steps
}

struct Life<'a> {
    rng: &'a mut Rng,
    keys: &'a mut Keys,
    payment: String,
    shop: String,
    amount: i64,
    steps: Vec<Vec<Delivery>>,
}

impl Life<'_> {
    /// False if it is declined.
    fn authorize(&mut self) -> bool {
        let rich = !self.rng.percent(8);
        let funds = if rich { self.amount + self.rng.amount(0, 100_000) } else { self.rng.amount(0, self.amount - 1) };
        let customer = format!("c-{}", 1 + self.rng.below(CUSTOMERS));
        let args =
            |amount, funds| json!({ "amount": amount, "customer": customer, "merchant": self.shop, "funds": funds });
        let (first, other) = (args(self.amount, funds), args(self.amount + 1, funds + 1));
        let keyed = !self.rng.percent(10);
        self.send("authorize", first.clone(), keyed);
        if self.rng.percent(3) {
            // Another key, the same request: it is answered by what was reached.
            self.send("authorize", first, true);
        }
        if self.rng.percent(2) {
            self.send_refused("authorize", other);
        }
        rich
    }

    fn capture_or_not(&mut self) {
        if self.rng.percent(4) {
            // Never legal, whatever is captured first.
            let amount = self.amount + self.rng.amount(1, 500);
            let command = if self.rng.percent(50) { "capture" } else { "refund" };
            self.send_refused(command, json!({ "amount": amount }));
        }
        if self.rng.percent(2) {
            self.send("capture", json!({ "amount": 1 }), false);
        }
        match self.rng.below(100) {
            0..35 => {
                let rest = self.rng.percent(50);
                let args = if rest { json!({}) } else { json!({ "amount": self.amount }) };
                self.send("capture", args, true);
                self.refund_or_not(self.amount);
            }
            35..60 => {
                self.parts("capture", self.amount);
                self.refund_or_not(self.amount);
            }
            60..70 => {
                let captured = self.rng.amount(1, self.amount - 1);
                self.parts("capture", captured);
                self.expire();
                self.refund_or_not(captured);
            }
            70..82 => {
                let keyed = self.rng.percent(50);
                self.send("void", json!({ "reason": "the customer changed their mind" }), keyed);
            }
            82..92 => self.expire(),
            _ => {}
        }
    }

    fn refund_or_not(&mut self, captured: i64) {
        match self.rng.below(100) {
            0..20 => self.send("refund", json!({ "amount": captured }), true),
            20..40 => {
                let refunded = self.rng.amount(1, captured);
                self.parts("refund", refunded);
            }
            _ => {}
        }
    }

    /// In up to four parts of at least 1.
    fn parts(&mut self, command: &'static str, whole: i64) {
        let mut left = whole;
        for last in [false, false, false, true] {
            let part = if last { left } else { self.rng.amount(1, left) };
            self.send(command, json!({ "amount": part }), true);
            left -= part;
            if left == 0 {
                return;
            }
        }
    }

    /// The clock has no keys: a payment expires once.
    fn expire(&mut self) {
        let delivery = self.delivery("expire", json!({}), None);
        self.push(Delivery { scope: "clock".to_owned(), ..delivery });
    }

    /// At the end of its life: nothing of it becomes legal later.
    fn illegal(&mut self) {
        let (command, args) = match self.rng.below(3) {
            0 => ("capture", json!({ "amount": self.amount + 1 })),
            1 => ("refund", json!({ "amount": self.amount + 1 })),
            _ => ("authorize", json!({ "amount": 1, "customer": "c-1", "merchant": self.shop, "funds": 1 })),
        };
        self.send_refused(command, args);
    }

    fn send(&mut self, command: &'static str, args: Value, keyed: bool) {
        let key = keyed.then(|| self.keys.next(&self.shop));
        let delivery = self.delivery(command, args, key);
        let reused = (keyed && self.rng.percent(3)).then(|| delivery.other_request());
        self.push(delivery);
        self.steps.extend(reused.map(|delivery| vec![delivery]));
    }

    /// What is refused leaves its key free, so the key is not used for anything else.
    fn send_refused(&mut self, command: &'static str, args: Value) {
        let key = Some(self.keys.next(&self.shop));
        let delivery = self.delivery(command, args, key);
        self.push(delivery);
    }

    fn delivery(&self, command: &'static str, args: Value, key: Option<String>) -> Delivery {
        Delivery { scope: self.shop.clone(), key, payment: self.payment.clone(), command, args, lane: None }
    }

    fn push(&mut self, delivery: Delivery) {
        let copies = if self.rng.percent(2) { 4 + self.rng.below(13) } else { 1 };
        let lane = (copies > 1).then(|| {
            self.keys.lanes += 1;
            format!("at-once-{}", self.keys.lanes)
        });
        self.steps.push(vec![Delivery { lane, ..delivery }; copies]);
    }
}

impl Keys {
    fn next(&mut self, scope: &str) -> String {
        let last = self.last.entry(scope.to_owned()).or_default();
        *last += 1;
        format!("k-{last}")
    }
}
