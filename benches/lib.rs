//! What several benches share. What needs the folder of a bench, which Cargo names for benches alone, is beside this and included by path.

#[path = "stored/cpu.rs"]
mod cpu;
pub mod private_postgres;
pub mod race;
pub mod sets;
pub mod valgrind;
pub mod wire;

/// Any error: the bench stops and says what it was.
pub type Failure = Box<dyn std::error::Error + Send + Sync>;
