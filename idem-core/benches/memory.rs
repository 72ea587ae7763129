//! A keyed command in memory against its floor: the insert of the same key and value into a `HashMap`, and the user's
//! function.

use std::collections::HashMap;
use std::hint::black_box;

use criterion::{BatchSize, Criterion, criterion_group, criterion_main};
use idem_core::Key;

/// Commands per measured batch: the map grows from nothing to this.
const COMMANDS: u64 = 1_000;

/// A counter that each command moves on.
#[derive(Debug, Clone)]
struct Counter {
    total: i64,
}

#[derive(Debug, Clone)]
struct Add {
    amount: i64,
    reference: String,
}

#[derive(Debug, Clone)]
struct Receipt {
    total: i64,
    reference: String,
}

/// The user's function.
fn add(from: &Counter, command: &Add) -> (Counter, Receipt) {
    let total = from.total.wrapping_add(command.amount);
    (Counter { total }, Receipt { total, reference: command.reference.clone() })
}

fn commands() -> Vec<(Key, Add)> {
    (0..COMMANDS)
        .filter_map(|n| {
            let key = Key::new("customer-7", format!("0b5e1f6c-7d1a-4c3e-9f00-{n:012x}")).ok()?;
            Some((key, Add { amount: 5, reference: format!("invoice-{n:08}") }))
        })
        .collect()
}

fn by_hand(commands: Vec<(Key, Add)>) -> HashMap<Key, (Add, Receipt)> {
    let (mut counter, mut known) = (Counter { total: 0 }, HashMap::new());
    for (key, command) in commands {
        let (next, receipt) = add(&counter, &command);
        counter = next;
        black_box(&receipt);
        known.insert(key.clone(), (command, receipt));
    }
    black_box(counter);
    known
}

fn fresh(criterion: &mut Criterion) {
    let mut group = criterion.benchmark_group("1000 fresh commands");
    let commands = commands();
    group.bench_function("HashMap and function", |bencher| {
        bencher.iter_batched(|| commands.clone(), by_hand, BatchSize::LargeInput);
    });
    group.finish();
}

criterion_group!(benches, fresh);
criterion_main!(benches);
