//! Writes rows to a SQLite database and acknowledges each once it is committed: what the kill tests of the support
//! code kill. `support_worker URL ROWS` goes on from the last row that it finds.

use std::env;
use std::error::Error;

use sqlx::sqlite::{SqliteConnectOptions, SqliteConnection, SqliteJournalMode};
use sqlx::{ConnectOptions, Connection};

#[tokio::main(flavor = "current_thread")]
async fn main() -> Result<(), Box<dyn Error>> {
    let mut arguments = env::args().skip(1);
    let (Some(url), Some(rows)) = (arguments.next(), arguments.next()) else {
        return Err("usage: support_worker URL ROWS".into());
    };
    let rows: i64 = rows.parse()?;
    let acknowledge_early = env::var("IDEM_SEEDED_BUG").is_ok_and(|bug| bug == "support_acknowledge_early");

    let options: SqliteConnectOptions = url.parse()?;
    let mut connection = options.journal_mode(SqliteJournalMode::Wal).connect().await?;
    sqlx::query("CREATE TABLE IF NOT EXISTS work (id INTEGER PRIMARY KEY)").execute(&mut connection).await?;
    for id in next_row(&mut connection).await?..=rows {
        let mut transaction = connection.begin().await?;
        sqlx::query("INSERT INTO work (id) VALUES (?)").bind(id).execute(&mut *transaction).await?;
        if acknowledge_early {
            println!("{id}");
        }
        transaction.commit().await?;
        if !acknowledge_early {
            println!("{id}");
        }
    }
    connection.close().await?;
    Ok(())
}

async fn next_row(connection: &mut SqliteConnection) -> Result<i64, sqlx::Error> {
    sqlx::query_scalar("SELECT coalesce(max(id), 0) + 1 FROM work").fetch_one(connection).await
}
