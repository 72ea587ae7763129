//! Why a file is not opened as a database.

/// Why a file is not opened as a database. Nothing was made.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum OpenProblem {
    /// The folder is missing.
    #[error("the folder {folder:?} does not exist; make it first")]
    NoFolder {
        /// The folder.
        folder: String,
    },
    /// A file where a folder is needed.
    #[error("{folder:?} is a file, not a folder")]
    NotAFolder {
        /// What is named as one.
        folder: String,
    },
    /// A folder where a file is needed.
    #[error("it is a folder; name a file in it")]
    Folder,
    /// The file is missing, and the URL does not let it be made.
    #[error(
        "there is no such file, and by `mode=ro`, `mode=rw` or `immutable` none is made; leave that out, and it is"
    )]
    NoFile,
    /// The file is something else.
    #[error("it is no SQLite database, or an encrypted one")]
    NotADatabase,
    /// The system forbids it.
    #[error("this process may not open it to read and write, or may not make files beside it in its folder")]
    Forbidden,
}
