//! The book by hand: one loop over the feed that shares nothing with idem or the rules, to compare the program with.

use std::collections::{BTreeMap, HashMap};

use serde::Deserialize;
use serde_json::{Map, Value, json};

use crate::support::{Database, Payments, feed, on_each_database};

on_each_database!(book_equals_result_of_plain_loop_over_feed);

fn book_equals_result_of_plain_loop_over_feed(database: impl Fn() -> Option<Database>) {
    let Some(database) = database() else { return };
    let feed = feed(1_000);
    let mut oracle = Oracle::default();
    for line in feed.split(|byte| *byte == b'\n').filter(|line| !line.is_empty()) {
        match oracle.deliver(line) {
            None => oracle.malformed += 1,
            Some(verdict) => *oracle.verdicts.entry(verdict).or_default() += 1,
        }
    }
    let report = Payments::on(&database, &feed).json();
    let run = &report["run"];
    let refused: u64 = run["refused"].as_object().expect("reasons").values().filter_map(Value::as_u64).sum();
    let verdicts = [&run["fresh"], &run["replayed"], &json!(refused), &run["malformed"]].map(Clone::clone);
    let expected = ["fresh", "replayed", "refused"].map(|verdict| oracle.verdicts.get(verdict).copied().unwrap_or(0));
    let [fresh, replayed, refused] = expected;
    assert_eq!(verdicts, [fresh, replayed, refused, oracle.malformed].map(Value::from));
    assert_eq!(report["book"]["accounts"], json!(oracle.accounts));
    let mut states = BTreeMap::<&str, u64>::new();
    for payment in oracle.payments.values().filter(|payment| payment.state != "Requested") {
        *states.entry(payment.state).or_default() += 1;
    }
    let found = report["book"]["payments"].as_object().expect("states").clone();
    let found: Map<_, _> = found.into_iter().filter(|(_, many)| *many != 0).collect();
    assert_eq!(Value::from(found), json!(states));
}

#[derive(Default)]
struct Oracle {
    payments: HashMap<String, Payment>,
    keys: HashMap<(String, String), Request>,
    accounts: BTreeMap<String, i64>,
    verdicts: HashMap<&'static str, u64>,
    malformed: u64,
}

/// Payment, command and arguments, without what the server looked up.
type Request = (String, String, Map<String, Value>);

#[derive(Default)]
struct Payment {
    state: &'static str,
    customer: String,
    merchant: String,
    held: i64,
    sold: i64,
    refunded: i64,
    /// What happens once, as it happened.
    once: HashMap<String, Request>,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Line {
    scope: String,
    key: Option<String>,
    payment: String,
    command: String,
    #[serde(default)]
    args: Map<String, Value>,
    #[serde(rename = "lane")]
    _lane: Option<String>,
}

impl Oracle {
    /// `None` if the line is no delivery.
    fn deliver(&mut self, line: &[u8]) -> Option<&'static str> {
        let mut line: Line = serde_json::from_slice(line).ok()?;
        let funds = line.args.remove("funds").and_then(|funds| funds.as_i64());
        let amount = match line.args.get("amount") {
            Some(amount) => Some(amount.as_i64().filter(|amount| *amount > 0)?),
            None => None,
        };
        let fits = match line.command.as_str() {
            "authorize" => amount.is_some() && funds.is_some(),
            "refund" => amount.is_some(),
            "capture" | "void" | "expire" => true,
            _ => false,
        };
        if !fits || line.key.as_deref() == Some("") {
            return None;
        }
        let request = (line.payment.clone(), line.command.clone(), line.args.clone());
        let key = line.key.map(|key| (line.scope, key));
        if let Some(known) = key.as_ref().and_then(|key| self.keys.get(key)) {
            return Some(if *known == request { "replayed" } else { "refused" });
        }
        let happens_once = !matches!(line.command.as_str(), "capture" | "refund");
        if key.is_none() && !happens_once {
            return Some("refused");
        }
        let payment =
            self.payments.entry(line.payment).or_insert_with(|| Payment { state: "Requested", ..Payment::default() });
        if payment.state == "Requested" && line.command == "authorize" {
            let text = |name| line.args.get(name).and_then(Value::as_str).unwrap_or_default().to_owned();
            (payment.customer, payment.merchant) = (text("customer"), text("merchant"));
        }
        let verdict = if let Some(transfer) = payment.take(&line.command, amount, funds) {
            if let Some((from, to, amount)) = transfer {
                *self.accounts.entry(from).or_default() -= amount;
                *self.accounts.entry(to).or_default() += amount;
            }
            if happens_once {
                payment.once.insert(line.command, request.clone());
            }
            "fresh"
        } else if payment.once.get(&line.command) == Some(&request) {
            "replayed"
        } else {
            return Some("refused");
        };
        self.keys.extend(key.map(|key| (key, request)));
        Some(verdict)
    }
}

impl Payment {
    /// `None` if the command is not legal; else the money it moves, if it moves any.
    #[allow(clippy::option_option, reason = "legal or not, money or not")]
    fn take(
        &mut self,
        command: &str,
        amount: Option<i64>,
        funds: Option<i64>,
    ) -> Option<Option<(String, String, i64)>> {
        let customer = format!("customer:{}", self.customer);
        let (held, merchant) = (format!("held:{}", self.merchant), format!("merchant:{}", self.merchant));
        let moved = match (command, self.state) {
            ("authorize", "Requested") if amount > funds => {
                self.state = "Declined";
                return Some(None);
            }
            ("authorize", "Requested") => {
                (self.state, self.held) = ("Authorized", amount?);
                (customer, held, amount?)
            }
            ("capture", "Authorized" | "PartlyCaptured") => {
                let amount = amount.unwrap_or(self.held);
                if amount > self.held {
                    return None;
                }
                self.held -= amount;
                self.sold += amount;
                self.state = if self.held == 0 { "Captured" } else { "PartlyCaptured" };
                (held, merchant, amount)
            }
            ("void", "Authorized") => {
                self.state = "Voided";
                (held, customer, self.held)
            }
            ("expire", "Authorized" | "PartlyCaptured") => {
                self.state = if self.sold == 0 { "Expired" } else { "Captured" };
                (held, customer, self.held)
            }
            ("refund", "Captured" | "PartlyRefunded") => {
                let amount = amount.filter(|amount| self.refunded + amount <= self.sold)?;
                self.refunded += amount;
                self.state = if self.refunded == self.sold { "Refunded" } else { "PartlyRefunded" };
                (merchant, customer, amount)
            }
            _ => return None,
        };
        Some(Some(moved))
    }
}
