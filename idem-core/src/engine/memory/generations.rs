//! A map that forgets.

use std::hash::Hash;
use std::time::{Duration, Instant};

use crate::map::Map;

/// A map of bounded size, whose values are forgotten some time after they were put there.
///
/// It has two generations. What is put there is young; when the young ones fill their half, or have their age, they become the
/// old ones, and those that were old are gone, all at once. So nothing is kept for each value to forget it by.
#[derive(Debug)]
pub(crate) struct Generations<K, V> {
    young: Map<K, V>,
    old: Map<K, V>,
    /// What the young ones take.
    bytes: usize,
    /// When the first of them was put there.
    began: Instant,
    most_bytes: usize,
    /// The age at which the young ones become old, and a third of the longest that a value is kept: put there at the beginning,
    /// found until two ages later, and made old in that moment.
    age: Duration,
}

/// Values that were forgotten: to be dropped where no lock is held.
#[must_use = "drop it after the lock"]
pub(crate) struct Forgotten<K, V>(#[allow(dead_code, reason = "they are only dropped")] Vec<Map<K, V>>);

impl<K, V> Forgotten<K, V> {
    pub(crate) fn none() -> Self {
        Self(Vec::new())
    }
}

impl<K: Hash + Eq, V> Generations<K, V> {
    /// At most about this number of bytes, for at most this long.
    pub(crate) fn new(most_bytes: usize, longest: Duration) -> Self {
        let (young, old) = (Map::default(), Map::default());
        Self { young, old, bytes: 0, began: Instant::now(), most_bytes, age: longest / 3 }
    }

    /// Without any value.
    pub(crate) fn clear(&mut self) -> Forgotten<K, V> {
        self.bytes = 0;
        Forgotten(vec![std::mem::take(&mut self.young), std::mem::take(&mut self.old)])
    }

    pub(crate) fn get(&self, key: &K, now: Instant) -> Option<&V> {
        let since = now.saturating_duration_since(self.began);
        let young = self.young.get(key).filter(|_| since < 2 * self.age);
        young.or_else(|| self.old.get(key).filter(|_| since < self.age))
    }

    pub(crate) fn get_mut(&mut self, key: &K, now: Instant) -> Option<&mut V> {
        let since = now.saturating_duration_since(self.began);
        let young = self.young.get_mut(key).filter(|_| since < 2 * self.age);
        young.or_else(|| self.old.get_mut(key).filter(|_| since < self.age))
    }

    /// Puts a value that takes about this number of bytes.
    pub(crate) fn put(&mut self, key: K, value: V, bytes: usize, now: Instant, forgotten: &mut Forgotten<K, V>) {
        let since = now.saturating_duration_since(self.began);
        if self.bytes.saturating_add(bytes) > self.most_bytes / 2 || since >= self.age {
            // The next ones are about as many: to grow step by step would move each of them several times.
            let young = Map::with_capacity_and_hasher(self.young.len(), self.young.hasher().clone());
            let young = std::mem::replace(&mut self.young, young);
            forgotten.0.push(std::mem::replace(&mut self.old, young));
            if since >= 2 * self.age {
                self.old.clear();
            }
            (self.bytes, self.began) = (0, now);
        }
        if bytes > self.most_bytes / 2 {
            self.old.remove(&key);
        } else {
            self.bytes += bytes;
            self.young.insert(key, value);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const AGE: Duration = Duration::from_secs(1);

    fn put<V>(map: &mut Generations<i32, V>, key: i32, value: V, bytes: usize, now: Instant) {
        map.put(key, value, bytes, now, &mut Forgotten::none());
    }

    #[test]
    fn remembered_value_is_found_until_its_age() {
        let mut map = Generations::new(1_000, 3 * AGE);
        let start = map.began;
        put(&mut map, 1, "a", 100, start);
        assert_eq!(map.get(&1, start + AGE), Some(&"a"));
        put(&mut map, 2, "b", 100, start + AGE);
        assert_eq!((map.get(&1, start + AGE), map.get(&2, start + AGE)), (Some(&"a"), Some(&"b")));
        assert_eq!(map.get(&1, start + 2 * AGE), None);
        assert_eq!(map.get(&2, start + 2 * AGE), Some(&"b"));
        assert_eq!(map.get(&2, start + 3 * AGE), None);
        put(&mut map, 3, "c", 100, start + 4 * AGE);
        assert_eq!(map.get(&2, start + 4 * AGE), None);
    }

    #[test]
    fn remembered_value_is_not_found_past_its_age() {
        let step = AGE / 8;
        for first in 0..24 {
            let mut map = Generations::new(1_000, 3 * AGE);
            let start = map.began + first * step;
            put(&mut map, 0, 0, 1, start);
            for then in 0..40 {
                let now = start + then * step;
                assert!(map.get(&0, now).is_none() || then < 24, "after {then} of 24 steps");
                put(&mut map, 1, 1, 1, now);
            }
        }
    }

    #[test]
    fn remembered_values_are_limited_in_bytes() {
        let mut map = Generations::new(1_000, 3 * AGE);
        let now = map.began;
        for key in 0..100 {
            put(&mut map, key, (), 100, now);
            assert!(map.young.len() <= 5 && map.old.len() <= 5);
            assert!(map.get(&key, now).is_some());
        }
        put(&mut map, 99, (), 501, now);
        assert_eq!((map.get(&99, now), map.get(&98, now)), (None, Some(&())));
    }
}
