//! A SQLite database of its own, in a folder that is removed.

use std::path::PathBuf;
use std::sync::atomic::{AtomicU32, Ordering};

use idem_core::Idem;
use sqlx::Sqlite;

pub(crate) struct Place {
    folder: PathBuf,
    pub(crate) idem: Idem<Sqlite>,
}

impl Place {
    pub(crate) async fn new() -> Self {
        static NEXT: AtomicU32 = AtomicU32::new(0);
        let number = NEXT.fetch_add(1, Ordering::SeqCst);
        let folder = std::env::temp_dir().join(format!("idem-http-probe-{}-{number}", std::process::id()));
        std::fs::create_dir_all(&folder).expect("a folder");
        let url = format!("sqlite://{}", folder.join("probe.db").display());
        let idem = Idem::<Sqlite>::open(&url).await.expect("opened");
        sqlx::query("CREATE TABLE notes (text TEXT NOT NULL)").execute(idem.pool()).await.expect("a table");
        Self { folder, idem }
    }

    /// How many notes there are.
    pub(crate) async fn notes(&self) -> u64 {
        let notes: i64 =
            sqlx::query_scalar("SELECT count(*) FROM notes").fetch_one(self.idem.pool()).await.expect("counted");
        notes.cast_unsigned()
    }
}

impl Drop for Place {
    fn drop(&mut self) {
        // A file that is still open stays until the system removes it.
        let _ = std::fs::remove_dir_all(&self.folder);
    }
}
