use idem_core::{Database, Tx};

/// As a function of your own is.
fn insert<DB: Database>(on: &mut DB::Connection) {
    let _ = on;
}

fn ship<DB: Database>(mut tx: Tx<DB>) {
    insert::<DB>(&mut tx);
}

fn main() {}
