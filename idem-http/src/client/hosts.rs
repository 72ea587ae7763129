//! What is known of each host: its budget of retries and its breaker.

use std::collections::HashMap;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::{Duration, Instant};

use tower::retry::budget::TpsBudget;

use super::breaker::Breaker;

/// The largest number of hosts in the table. A program that sends to addresses which its users choose, as for webhooks, meets any number.
const MAX_HOSTS: usize = 1_024;

/// One host.
#[derive(Debug)]
pub(super) struct Host {
    pub(super) breaker: Breaker,
    /// 20 % of the requests of the last 10 seconds, and 3 a second.
    pub(super) budget: TpsBudget,
}

/// All hosts, by name and port.
#[derive(Debug, Default)]
pub(super) struct Hosts(Mutex<HashMap<String, Entry>>);

#[derive(Debug)]
struct Entry {
    host: Arc<Host>,
    used: Instant,
}

impl Hosts {
    /// The host of this name. If the table is full, the host that was not used for the longest time is removed.
    pub(super) fn named(&self, name: &str, now: Instant) -> Arc<Host> {
        let mut table = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some(entry) = table.get_mut(name) {
            entry.used = now;
            return Arc::clone(&entry.host);
        }
        if table.len() >= MAX_HOSTS {
            let oldest = table.iter().min_by_key(|(_, entry)| entry.used).map(|(name, _)| name.clone());
            oldest.and_then(|name| table.remove(&name));
        }
        let budget = TpsBudget::new(Duration::from_secs(10), 3, 0.2);
        let host = Arc::new(Host { breaker: Breaker::new(), budget });
        table.insert(name.to_owned(), Entry { host: Arc::clone(&host), used: now });
        host
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn host_is_found_again_and_the_oldest_is_forgotten() {
        let (hosts, began) = (Hosts::default(), Instant::now());
        let at = |second: u64| began + Duration::from_secs(second);
        let names: Vec<_> = (0..MAX_HOSTS).map(|number| format!("host-{number}:443")).collect();
        let known: Vec<_> = (0..).zip(&names).map(|(second, name)| hosts.named(name, at(second))).collect();
        assert!(Arc::ptr_eq(&hosts.named(&names[0], at(5_000)), &known[0]));
        hosts.named("one-more:443", at(5_001));
        assert_eq!(hosts.0.lock().expect("a table").len(), MAX_HOSTS);
        assert!(Arc::ptr_eq(&hosts.named(&names[0], at(5_002)), &known[0]));
        assert!(Arc::ptr_eq(&hosts.named(&names[2], at(5_003)), &known[2]));
        assert!(!Arc::ptr_eq(&hosts.named(&names[1], at(5_004)), &known[1]), "the oldest is still known");
    }
}
