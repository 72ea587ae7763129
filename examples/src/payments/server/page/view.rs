//! The page as HTML.

use std::fmt::Display;

use idem_core::machine::Machine as _;
use maud::{DOCTYPE, Markup, PreEscaped, html};
use serde_json::Value;

use super::super::super::diagram;
use super::super::super::report::grouped;
use super::super::machine::Intent;
use super::super::payouts::Unknown;
use super::super::requests::{KEPT, Seen};
use super::facts::{Account, Facts};
use super::proof::Proof;

/// What a verdict means.
const VERDICTS: [(&str, &str); 11] = [
    ("fresh", "done, and the answer is remembered"),
    ("replayed", "done before: answered with the first answer"),
    ("late", "done by another process meanwhile: answered with that answer"),
    ("released", "refused by the service: nothing was done, the key is free"),
    ("in_flight", "the first request had not finished"),
    ("key_reused", "the key was used for another request"),
    ("malformed", "the key was missing or malformed"),
    ("unknown", "whether it was done is not known yet"),
    ("fail_open", "done without a record"),
    ("refused", "refused before the key was looked for"),
    ("passed", "sent without a key"),
];

/// The page.
pub(super) fn page(facts: &Facts, database: &str, token: &str) -> Markup {
    document(&html! {
        header {
            h1 { "payments" }
            p { "Kept in " code { (database) } ". Each number is read from its tables." }
            p #state { a href="/" { "Refresh" } }
        }
        main {
            (section("intents", "Payment intents", &intents(facts)))
            (section("unknown", "Payouts: did the bank pay?", &unknown(facts.unknown.0, &facts.unknown.1, token)))
            (section("requests", "Requests that write", &requests(facts)))
            (section("last", "The last requests", &last(facts)))
            (section("accounts", "Accounts", &accounts(facts)))
        }
        script src="/live.js" {}
    })
}

/// Why a form was refused.
pub(super) fn refused(why: &str) -> Markup {
    document(&html! {
        header { h1 { "payments" } }
        main { section { p { (why) } p { a href="/" { "Back to the page" } } } }
    })
}

fn document(body: &Markup) -> Markup {
    html! {
        (DOCTYPE)
        html lang="en" {
            head {
                meta charset="utf-8";
                meta name="viewport" content="width=device-width, initial-scale=1";
                meta name="color-scheme" content="light dark";
                title { "payments" }
                link rel="stylesheet" href="/style.css";
            }
            body { (body) }
        }
    }
}

fn section(id: &str, title: &str, body: &Markup) -> Markup {
    html! { section id=(id) { h2 { (title) } (body) } }
}

/// A number under a name, for readers and for programs.
fn number(name: impl Display, value: impl Display) -> Markup {
    html! { data id={ "n-" (name) } value=(value) { (grouped(&value)) } }
}

/// A table. One that is to `stack` shows a row as lines where it is too wide.
fn table(class: &str, heads: &[&str], rows: &Markup) -> Markup {
    html! { div.wide { table class=(class) { thead { tr { @for head in heads { th scope="col" { (head) } } } } tbody { (rows) } } } }
}

fn unknown(count: usize, payouts: &[Unknown], token: &str) -> Markup {
    html! {
        p.large { (number("unknown", count)) @if count >= 1_000 { " or more" } }
        @if payouts.is_empty() {
            p { "No payout waits for you. To " code { "ba_test_silent" } " the bank pays, and its answer is lost; after a crash it takes up to 30 seconds until a payout is listed." }
        } @else {
            p { "Whether the bank has made these is not known. Read its statement, and press what it shows: repeats of the request get that answer."
                @if payouts.len() < count { " Listed are the first " (grouped(payouts.len())) "." } }
        }
        @if !payouts.is_empty() {
            (table("stack", &["since", "account", "payout", "amount", "the statement shows"], &html! {
                @for Unknown { claim, account, since, payout } in payouts {
                    tr {
                        td { time { (second(since)) } }
                        td { (account) }
                        @if let Some(payout) = payout {
                            td { code { (payout["id"].as_str().unwrap_or_default()) } }
                            td.number { (amount_of(payout)) }
                        } @else {
                            td { "the bank was not asked" }
                            td {}
                        }
                        td {
                            form method="post" action="/payouts/resolve" {
                                input type="hidden" name="token" value=(token);
                                input type="hidden" name="claim" value=(claim);
                                @if let Some(payout) = payout {
                                    button name="statement" value="paid" { (amount_of(payout)) " was paid" }
                                    button name="statement" value="not_paid" { "was not" }
                                } @else {
                                    button name="statement" value="not_paid" { "was not paid" }
                                }
                            }
                        }
                    }
                }
            }))
        }
    }
}

fn intents(facts: &Facts) -> Markup {
    let counts: Vec<String> = facts.intents.iter().map(|(_, count)| grouped(count)).collect();
    html! {
        div.wide.machine { (PreEscaped(diagram::part(Intent::GRAPH, &counts))) }
        dl.counts {
            @for (state, count) in &facts.intents {
                div { dt { (state) } dd { (number(format_args!("intents-{state}"), count)) } }
            }
        }
    }
}

fn requests(facts: &Facts) -> Markup {
    let (all, duplicates) = facts.duplicates();
    let rate = if all == 0 { 0 } else { duplicates * 1_000 / all };
    html! {
        p.large { (rate / 10) "." (rate % 10) " % duplicates" }
        p { (number("duplicates", duplicates)) " of " (number("requests", all)) " requests were repeats. The log keeps the last " (grouped(KEPT)) ", with a hash of each key."
            @if facts.not_logged > 0 { " " (grouped(facts.not_logged)) " are missing in it." } }
        (table("", &["verdict", "requests", "meaning"], &html! {
            @for (verdict, count) in &facts.verdicts {
                tr {
                    td { (verdict) }
                    td.number { (number(format_args!("verdict-{verdict}"), count)) }
                    td { (VERDICTS.iter().find(|(word, _)| word == verdict).map_or("", |(_, meaning)| meaning)) }
                }
            }
        }))
    }
}

fn last(facts: &Facts) -> Markup {
    table(
        "stack",
        &["at", "account", "route", "key", "verdict", "status", "ms"],
        &html! {
            @for (at, Seen { account, route, key, verdict, status, took_us }) in &facts.requests {
                tr {
                    td { time { (second(at)) } }
                    td { (account) }
                    td { code { (route) } }
                    td { code { (key) } }
                    td { (verdict) }
                    td.number { (status) }
                    td.number { (took_us / 1_000) "." (took_us % 1_000 / 100) }
                }
            }
        },
    )
}

fn accounts(facts: &Facts) -> Markup {
    let [accounts, entries, sum] = facts.books;
    html! {
        @match &facts.proof {
            None => p.large { "The proof is under way." },
            Some(proof) => (proven(proof)),
        }
        p { (number("accounts", accounts)) " accounts have " (number("entries", entries)) " entries. In each currency they sum to "
            (number("sum", sum)) @if sum == 0 { ": no money was made or lost" } "." }
        (table("", &["account", "balance", "held", "entries"], &html! {
            @for Account { name, balance, held, entries } in &facts.accounts {
                tr {
                    td { (name) }
                    td.number { (amount("balance", name, *balance)) }
                    td.number { (amount("held", name, *held)) }
                    td.number { (number(format_args!("entries-{name}"), entries)) }
                }
            }
        }))
        p { "Listed are the accounts of merchants and of the bank with the most entries; payers have one each." }
    }
}

fn proven(Proof { report, at, .. }: &Proof) -> Markup {
    html! {
        @if report.is_sound() {
            p.large { "Proven" }
            p { "Checked at " time { (second(at)) } " UTC: all balances and holds were computed anew from " (number("proven", report.entries)) " entries, and agree." }
        } @else {
            p.large.bad { "NOT SOUND" }
            ul { @for finding in report.findings.iter().take(10) { li { (finding) } } }
        }
    }
}

fn amount_of(payout: &Value) -> String {
    money(payout["amount"].as_i64().unwrap_or_default(), payout["currency"].as_str())
}

/// An amount of an account, in the currency at the end of the account's name.
fn amount(what: &str, account: &str, minor: i64) -> Markup {
    let currency = account.rsplit(':').next();
    html! { data id={ "n-" (what) "-" (account) } value=(minor) { (money(minor, currency)) } }
}

/// Minor units as units, with the currency.
fn money(minor: i64, currency: Option<&str>) -> String {
    let currency = currency.unwrap_or_default();
    let (sign, minor) = (if minor < 0 { "-" } else { "" }, minor.unsigned_abs());
    match currency {
        "jpy" => format!("{sign}{} JPY", grouped(minor)),
        _ => format!("{sign}{}.{:02} {}", grouped(minor / 100), minor % 100, currency.to_uppercase()),
    }
}

/// A time to the second.
fn second(at: impl Display) -> String {
    let text = at.to_string();
    text.get(..19).map_or(text.clone(), |second| second.replace('T', " "))
}
