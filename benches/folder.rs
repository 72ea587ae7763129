//! A folder on the disk of the build, removed at the end.

use std::path::{Path, PathBuf};

use crate::Failure;

pub(crate) struct Folder(pub(crate) PathBuf);

impl Folder {
    /// A new one of this bench.
    pub(crate) fn new(bench: &str) -> Result<Self, Failure> {
        let path = Path::new(env!("CARGO_TARGET_TMPDIR")).join(format!("{bench}-{}", std::process::id()));
        std::fs::create_dir_all(&path)?;
        Ok(Self(path))
    }
}

impl Drop for Folder {
    fn drop(&mut self) {
        if let Err(error) = std::fs::remove_dir_all(&self.0) {
            eprintln!("{} stays: {error}", self.0.display());
        }
    }
}
