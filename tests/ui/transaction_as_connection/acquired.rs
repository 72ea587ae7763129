use idem_core::{Database, Tx};

/// As a function is that begins a savepoint.
fn nested<'c, DB: Database>(on: impl sqlx::Acquire<'c, Database = DB>) {
    drop(on);
}

fn ship<DB: Database>(tx: &mut Tx<DB>) {
    nested::<DB>(tx);
}

fn main() {}
