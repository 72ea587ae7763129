//! Why SQLite did not open a file. SQLite says that it could not; the reason is found in the file system.

use std::path::Path;

use super::classify::primary_code;
use crate::error::OpenProblem;

const READONLY: i32 = 8;
const CANTOPEN: i32 = 14;
const NOTADB: i32 = 26;

/// What is wrong with the file, if that can be seen; `makes`: it is created if it is missing.
pub(super) fn open_problem(path: &Path, makes: bool, error: &sqlx::Error) -> Option<OpenProblem> {
    match primary_code(error)? {
        NOTADB => Some(OpenProblem::NotADatabase),
        READONLY => Some(OpenProblem::Forbidden),
        CANTOPEN => cannot_open(path, makes),
        _ => None,
    }
}

fn cannot_open(path: &Path, makes: bool) -> Option<OpenProblem> {
    let folder = path.parent().filter(|folder| !folder.as_os_str().is_empty()).unwrap_or(Path::new("."));
    let named = || folder.display().to_string();
    if path.is_dir() {
        return Some(OpenProblem::Folder);
    }
    if folder.is_file() {
        return Some(OpenProblem::NotAFolder { folder: named() });
    }
    match (path.try_exists(), folder.try_exists()) {
        (_, Ok(false)) => Some(OpenProblem::NoFolder { folder: named() }),
        (Ok(false), Ok(true)) if !makes => Some(OpenProblem::NoFile),
        (Ok(false), Ok(true)) | (Err(_), _) | (_, Err(_)) => Some(OpenProblem::Forbidden),
        // Too many files that are open, for one.
        (Ok(true), Ok(true)) => std::fs::File::open(path)
            .is_err_and(|error| error.kind() == std::io::ErrorKind::PermissionDenied)
            .then_some(OpenProblem::Forbidden),
    }
}
