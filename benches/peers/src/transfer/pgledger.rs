//! pgledger: functions of the database, called through sqlx.

use std::path::Path;

use sqlx::PgPool;

use crate::Failure;
use crate::contender::Wrong;
use crate::server::Room;

/// Its files, in the order its README gives.
const FILES: [&str; 3] =
    ["vendor/scoville-pgsql-ulid/ulid-to-uuid.sql", "vendor/scoville-pgsql-ulid/uuid-to-ulid.sql", "pgledger.sql"];

/// The contender.
pub(super) struct Functions {
    pool: PgPool,
    accounts: Vec<String>,
    room: Room,
}

impl Functions {
    pub(super) async fn opened(room: Room, checkout: &Path) -> Result<Self, Failure> {
        for file in FILES {
            room.execute(&std::fs::read_to_string(checkout.join(file))?).await?;
        }
        let pool = room.pool().await?;
        let mut accounts = Vec::with_capacity(super::ACCOUNTS);
        for number in 0..super::ACCOUNTS {
            let account = "SELECT id FROM pgledger_create_account($1, 'USD')";
            accounts.push(sqlx::query_scalar(account).bind(format!("account-{number}")).fetch_one(&pool).await?);
        }
        Ok(Self { pool, accounts, room })
    }
}

impl super::Ledger for Functions {
    async fn transfer(&self, from: usize, to: usize) -> Result<(), Wrong> {
        let (from, to) = (super::at(&self.accounts, from)?, super::at(&self.accounts, to)?);
        let made: (String, String, String) =
            sqlx::query_as("SELECT id, from_account_id, to_account_id FROM pgledger_create_transfer($1, $2, 1)")
                .bind(from)
                .bind(to)
                .fetch_one(&self.pool)
                .await?;
        if made.1 == *from && made.2 == *to { Ok(()) } else { Err(Wrong::Answer(format!("{made:?}"))) }
    }

    async fn stored(&self) -> Result<u64, Failure> {
        super::sound(
            self.room
                .two(
                    "SELECT (SELECT count(*) FROM pgledger_transfers),
                            (SELECT count(*) FROM pgledger_accounts AS a WHERE balance <>
                                    (SELECT coalesce(sum(amount), 0) FROM pgledger_entries AS e WHERE e.account_id = a.id))
                            + (SELECT abs(coalesce(sum(balance), 0)::bigint) FROM pgledger_accounts)",
                )
                .await?,
        )
    }
}
