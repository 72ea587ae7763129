use idem_core::{Database, Tx};

/// As `sqlx::query(…).execute(on)` is.
fn execute<'c, DB: Database>(on: impl sqlx::Executor<'c, Database = DB>) {
    drop(on);
}

fn ship<DB: Database>(mut tx: Tx<DB>) {
    execute::<DB>(&mut tx);
}

fn main() {}
