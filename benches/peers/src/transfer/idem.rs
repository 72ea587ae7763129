//! The library.

use idem_core::ledger::Ledger;
use idem_core::{GroupCommit, Idem, Key};
use sqlx_9::Postgres;

use crate::Failure;
use crate::contender::Wrong;
use crate::server::{CONNECTIONS, Room};

/// The contender.
pub(super) struct Ours {
    ledger: Ledger<Postgres>,
    room: Room,
}

impl Ours {
    pub(super) async fn opened(room: Room, grouping: GroupCommit) -> Result<Self, Failure> {
        let builder = Idem::<Postgres>::builder().max_connections(CONNECTIONS).group_commit(grouping);
        let idem = builder.open(&room.url()).await?;
        Ok(Self { ledger: idem.ledger(), room })
    }
}

impl super::Ledger for Ours {
    async fn transfer(&self, from: usize, to: usize) -> Result<(), Wrong> {
        let (from, to) = (format!("account-{from}"), format!("account-{to}"));
        let made = self.ledger.transfer(&Key::random("bench")?, from.as_str(), to.as_str(), 1).await?;
        if made.is_fresh() && made.from.account == from && made.to.account == to && made.to.delta == 1 {
            return Ok(());
        }
        Err(Wrong::Answer(format!("{made:?}")))
    }

    async fn stored(&self) -> Result<u64, Failure> {
        super::sound(
            self.room
                .two(
                    "SELECT count(*) FILTER (WHERE delta > 0),
                            (SELECT count(*) FROM idem_accounts AS a WHERE balance <>
                                    (SELECT sum(delta) FROM idem_entries AS e WHERE e.account = a.account))
                            + abs(coalesce(sum(delta), 0)::bigint)
                     FROM idem_entries",
                )
                .await?,
        )
    }
}
