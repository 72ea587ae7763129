//! Two editors of one document: conditional updates of a table that is the application's own.
//!
//! Ada and Ben read the same version. Who saves second is told so, reads again, and puts his work on top; nothing is
//! overwritten that nobody has read. A save whose answer was lost is repeated under its key, and gets its first answer.

use std::io::Write;
use std::process::ExitCode;

use clap::Parser;
use idem_core::update::{ConditionalUpdate, Upsert, Version, retry_stale};
use idem_core::{Error, Idem, Key, Outcome, RetryPolicy};
use sqlx::Sqlite;

use crate::program::{self, EXIT};

/// Any error ends the story.
pub type Failure = Box<dyn std::error::Error + Send + Sync>;

const TABLE: &str = "CREATE TABLE IF NOT EXISTS documents (
    name TEXT PRIMARY KEY, body TEXT NOT NULL, version INTEGER NOT NULL DEFAULT 1)";

const NAME: &str = "minutes";

/// Tells the story of two editors of one document, on a SQLite file that is removed afterwards.
#[derive(Parser)]
#[command(name = "documents", version, after_help = EXIT)]
struct Cli {}

/// Runs the program on a file that is removed afterwards.
pub fn main() -> ExitCode {
    let Cli {} = Cli::parse();
    program::end::<Cli>(program::story("documents", async |idem, out| tell(idem, out).await))
}

/// Tells the story while it happens.
///
/// # Errors
/// What the database or `out` says.
pub async fn tell(idem: &Idem<Sqlite>, out: &mut impl Write) -> Result<(), Failure> {
    sqlx::raw_sql(TABLE).execute(idem.pool()).await?;
    let created = Upsert::table("documents").key("name", NAME).set("body", "Minutes.").expect_absent();
    writeln!(out, "The document {NAME:?} is made, at version {}.", *created.execute(idem).await?)?;

    let (ada, ben) = (read(idem).await?, read(idem).await?);
    writeln!(out, "Ada and Ben open it, both at version {}.", ben.version)?;

    let saved = save(&ada.with("Ada was there."), &Key::new("ada", "save-1")?).execute(idem).await?;
    writeln!(out, "Ada saves: version {}.", *saved)?;

    let first_try = save(&ben.with("Ben was late."), &Key::new("ben", "save-1")?).execute(idem).await;
    match first_try {
        Err(Error::Stale { expected: Some(expected), found: Some(found), .. }) => {
            writeln!(out, "Ben saves on version {expected}: stale, it is at {found}. Nothing of Ada's is lost.")?;
        }
        other => return Err(format!("Ben was not told that he is late: {other:?}").into()),
    }

    let (request, saved) = rebase(idem, "Ben was late.", &Key::new("ben", "save-2")?).await?;
    writeln!(out, "Ben reads again and puts his line below hers: version {}.", *saved)?;

    let saved = save(&read(idem).await?.with("Ada left."), &Key::new("ada", "save-2")?).execute(idem).await?;
    writeln!(out, "Ada goes on: version {}.", *saved)?;

    let again = request.execute(idem).await?;
    if !again.is_replay() {
        return Err("Ben's save had a second effect".into());
    }
    writeln!(out, "Ben's answer was lost, so his program repeats the save: version {}, the first answer.", *again)?;

    let document = read(idem).await?;
    writeln!(out, "\nVersion {}:\n{}", document.version, document.body)?;
    Ok(())
}

/// A document as somebody read it.
#[derive(Debug, Clone)]
struct Document {
    body: String,
    version: i64,
}

impl Document {
    fn with(&self, line: &str) -> Self {
        Self { body: format!("{}\n{line}", self.body), version: self.version }
    }
}

async fn read(idem: &Idem<Sqlite>) -> Result<Document, sqlx::Error> {
    let stored = sqlx::query_as("SELECT body, version FROM documents WHERE name = $1");
    let (body, version) = stored.bind(NAME).fetch_one(idem.pool()).await?;
    Ok(Document { body, version })
}

/// Saves on the condition that the document is still at the version that was read.
fn save(document: &Document, key: &Key) -> ConditionalUpdate {
    ConditionalUpdate::table("documents")
        .key("name", NAME)
        .set("body", &document.body)
        .expect_version(document.version)
        .once(key)
}

/// Puts a line below whatever is there by now; also gives the request, to be repeated as it was sent.
async fn rebase(idem: &Idem<Sqlite>, line: &str, key: &Key) -> Result<(ConditionalUpdate, Outcome<Version>), Failure> {
    retry_stale(RetryPolicy::default(), || async {
        let request = save(&read(idem).await?.with(line), key);
        let saved = request.clone().execute(idem).await?;
        Ok((request, saved))
    })
    .await
}
