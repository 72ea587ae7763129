//! What the programs have in common: the database of `--db`, the exit status, and how a program ends.

use std::io::{self, StdoutLock, Write as _};
use std::process::ExitCode;
use std::str::FromStr;

use clap::{CommandFactory, error::ErrorKind};
use idem_core::{Database, Error, Idem};

/// The exit statuses, for `--help`.
pub(crate) const EXIT: &str = "Exit status: 0 done, 1 the proof failed or the database was lost, 2 wrong usage.";

/// The database of `--db`.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Db {
    pub(crate) url: String,
    pub(crate) scheme: Scheme,
}

/// A database that the programs can use.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Scheme {
    Sqlite,
    Postgres,
}

/// Why a program ends early.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum Ended {
    /// Exit status 1.
    Failed(String),
    /// Exit status 2.
    Usage(String),
}

/// Any error ends a story.
pub(crate) type Failure = Box<dyn std::error::Error + Send + Sync>;

impl FromStr for Db {
    type Err = String;

    fn from_str(url: &str) -> Result<Self, String> {
        let scheme = match url.split_once(':').map_or("", |(scheme, _)| scheme) {
            "sqlite" => Scheme::Sqlite,
            "postgres" | "postgresql" => Scheme::Postgres,
            _ => return Err("give sqlite://FILE or postgres://USER@HOST/NAME".to_owned()),
        };
        Ok(Self { url: url.to_owned(), scheme })
    }
}

impl Db {
    /// The URL without its password, and without its parameters: one of them may be the password.
    pub(crate) fn redacted(&self) -> String {
        let url = self.url.split_once('?').map_or(&*self.url, |(url, _)| url);
        let Some((scheme, rest)) = url.split_once("://") else {
            return url.to_owned();
        };
        match rest.rsplit_once('@').and_then(|(login, place)| Some((login.split_once(':')?.0, place))) {
            Some((user, place)) => format!("{scheme}://{user}:…@{place}"),
            None => url.to_owned(),
        }
    }
}

impl Ended {
    /// Of opening the database: a URL that names none that can be used is wrong usage.
    pub(crate) fn open(error: Error) -> Self {
        match error {
            Error::Config { problem } => Self::Usage(problem),
            error => Self::Failed(error.to_string()),
        }
    }
}

impl<E: std::error::Error> From<E> for Ended {
    fn from(error: E) -> Self {
        Self::Failed(error.to_string())
    }
}

/// Ends a program: with its status, or with the problem on standard error.
pub(crate) fn end<Cli: CommandFactory>(done: Result<ExitCode, Ended>) -> ExitCode {
    match done {
        Ok(code) => code,
        // As clap does: the problem, how the program is used, status 2.
        Err(Ended::Usage(problem)) => Cli::command().error(ErrorKind::ValueValidation, problem).exit(),
        Err(Ended::Failed(problem)) => {
            // Without a standard error the exit status still says it.
            drop(writeln!(io::stderr(), "{}: {problem}", Cli::command().get_name()));
            ExitCode::FAILURE
        }
    }
}

/// Ends the use of a database. The last connection to a SQLite file leaves no log beside it.
pub(crate) async fn close<DB: Database>(idem: &Idem<DB>) {
    idem.shutdown().await;
    idem.pool().close().await;
}

/// Prints a report. A reader that has ended (`| head`) is no failure.
pub(crate) fn print(text: &str) -> Result<(), Ended> {
    match writeln!(io::stdout().lock(), "{}", text.trim_end()) {
        Err(error) if error.kind() != io::ErrorKind::BrokenPipe => Err(Ended::Failed(format!("stdout: {error}"))),
        _ => Ok(()),
    }
}

/// Tells a story on a database that is removed afterwards, also after an error or a panic.
pub(crate) fn story(
    name: &str,
    tell: impl AsyncFnOnce(&Idem<sqlx::Sqlite>, &mut StdoutLock<'static>) -> Result<(), Failure>,
) -> Result<ExitCode, Ended> {
    let folder = tempfile::Builder::new().prefix(&format!("idem-{name}-")).tempdir()?;
    let url = format!("sqlite://{}", folder.path().join("story.db").display());
    let told = tokio::runtime::Runtime::new()?.block_on(async {
        let idem = Idem::open(&url).await?;
        let told = tell(&idem, &mut io::stdout().lock()).await;
        close(&idem).await;
        told
    });
    told.map(|()| ExitCode::SUCCESS).map_err(|error| Ended::Failed(error.to_string()))
}
