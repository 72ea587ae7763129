//! A keyed command in memory against its floor: the insert of the same key and value into a `HashMap`, and the user's
//! function.
#![allow(
    missing_docs,
    missing_debug_implementations,
    clippy::exhaustive_enums,
    reason = "a bench has no readers of its documentation, and no users"
)]

use std::collections::HashMap;
use std::hint::black_box;

use criterion::{BatchSize, BenchmarkId, Criterion, Throughput, criterion_group, criterion_main};
use idem_core::{Context, Error, Key, Step, idempotent_fsm};
use serde::{Deserialize, Serialize};

/// Commands per measured batch: everything grows from nothing to this.
const COMMANDS: u64 = 1_000;

#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Receipt {
    pub total: i64,
    pub reference: String,
}

/// A counter that each command moves on.
#[idempotent_fsm(endless)]
#[command(Add { amount: i64, reference: String } -> Receipt)]
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub enum Counter {
    #[initial]
    #[on(Add => Counting)]
    Counting { total: i64 },
}

pub struct Sum;

impl counter::Transitions for Sum {
    type Rejection = idem_core::Never;

    fn add(
        &self,
        from: counter::Counting,
        add: &counter::Add,
        _cx: &Context<'_>,
    ) -> Result<Step<counter::Counting, Receipt>, Self::Rejection> {
        let (total, receipt) = sum(from.total, add);
        Ok(Step::to(counter::Counting { total }).outcome(receipt))
    }
}

/// The user's function.
fn sum(total: i64, add: &counter::Add) -> (i64, Receipt) {
    let total = total.wrapping_add(add.amount);
    (total, Receipt { total, reference: add.reference.clone() })
}

type Commands = Vec<(Key, counter::Add)>;

fn commands() -> Commands {
    let command = |n| {
        let key = Key::new("customer-7", format!("0b5e1f6c-7d1a-4c3e-9f00-{n:012x}")).ok()?;
        Some((key, counter::Add { amount: 5, reference: format!("invoice-{n:08}") }))
    };
    (0..COMMANDS).filter_map(command).collect()
}

/// The floor: key, command and outcome are remembered as they are.
fn by_hand(commands: Commands) -> HashMap<Key, (counter::Add, Receipt)> {
    let (mut total, mut known) = (0, HashMap::new());
    for (key, add) in commands {
        let (next, receipt) = sum(total, &add);
        total = next;
        black_box(receipt.clone());
        known.insert(key.clone(), (add, receipt));
    }
    black_box(total);
    known
}

/// What is compared: the same, and every rule of a stored machine.
fn in_memory(commands: Commands) -> Result<counter::InMemory<Sum>, Error> {
    let mut memory = Counter::in_memory(Sum, counter::Counting { total: 0 });
    for (key, add) in commands {
        let _ = black_box(memory.add(&key, add)?);
    }
    Ok(memory)
}

fn fresh(criterion: &mut Criterion) {
    let mut group = criterion.benchmark_group("fresh commands in memory");
    group.throughput(Throughput::Elements(COMMANDS));
    let commands = commands();
    group.bench_with_input(BenchmarkId::from_parameter("HashMap and function"), &commands, |bencher, commands| {
        bencher.iter_batched(|| commands.clone(), by_hand, BatchSize::LargeInput);
    });
    group.bench_with_input(BenchmarkId::from_parameter("idem"), &commands, |bencher, commands| {
        bencher.iter_batched(|| commands.clone(), in_memory, BatchSize::LargeInput);
    });
    group.finish();
}

criterion_group!(benches, fresh);
criterion_main!(benches);
