// What the examples of the doc comments run on: a SQLite database of their own, in a folder that is removed.
type Done = Result<(), Box<dyn std::error::Error + Send + Sync>>;

#[cfg(feature = "sqlite")]
fn in_folder(example: impl AsyncFnOnce(std::path::PathBuf) -> Done) -> Done {
    let folder = std::env::temp_dir().join(format!("idem-{}", idem_core::Key::random("doc")?.as_str()));
    std::fs::create_dir_all(&folder)?;
    let done = tokio::runtime::Runtime::new()?.block_on(example(folder.clone()));
    std::fs::remove_dir_all(&folder)?;
    done
}

#[cfg(feature = "sqlite")]
fn on_sqlite(example: impl AsyncFnOnce(idem_core::Idem<sqlx::Sqlite>) -> Done) -> Done {
    in_folder(async |folder| example(idem_core::Idem::open_file(folder.join("example.db")).await?).await)
}

#[cfg(not(feature = "sqlite"))]
fn main() {}
