//! sqlx-ledger: a template in CEL, posted by its parameters.

use std::path::Path;

use rust_decimal::Decimal;
use sqlx_ledger::account::NewAccount;
use sqlx_ledger::journal::NewJournal;
use sqlx_ledger::tx_template::{EntryInput, NewTxTemplate, ParamDataType, ParamDefinition, TxInput, TxParams};
use sqlx_ledger::{AccountId, JournalId, SqlxLedger, TransactionId};
use uuid::Uuid;

use crate::Failure;
use crate::contender::Wrong;
use crate::server::Room;

const TEMPLATE: &str = "TRANSFER";

/// Its tables, which are not in the crate.
const TABLES: &str = "migrations/20221109221657_sqlx_ledger_setup.up.sql";

/// The contender.
pub(super) struct Ledgers {
    ledger: SqlxLedger,
    accounts: Vec<AccountId>,
    room: Room,
}

impl Ledgers {
    pub(super) async fn opened(room: Room, checkout: &Path) -> Result<Self, Failure> {
        room.execute(&std::fs::read_to_string(checkout.join(TABLES))?).await?;
        let ledger = SqlxLedger::new(&room.pool().await?);
        let journal = ledger.journals().create(NewJournal::builder().name("bench").build()?).await?;
        let mut accounts = Vec::with_capacity(super::ACCOUNTS);
        for number in 0..super::ACCOUNTS {
            let code = format!("account-{number}");
            let account = NewAccount::builder().id(Uuid::new_v4()).name(code.clone()).code(code).build()?;
            accounts.push(ledger.accounts().create(account).await?);
        }
        ledger.tx_templates().create(template(journal)?).await?;
        Ok(Self { ledger, accounts, room })
    }
}

fn template(journal: JournalId) -> Result<NewTxTemplate, Failure> {
    let param = |name: &str, kind| ParamDefinition::builder().name(name).r#type(kind).build();
    let entry = |side: &str, account: &str| {
        EntryInput::builder()
            .entry_type(format!("'TRANSFER_{side}'"))
            .account_id(format!("params.{account}"))
            .layer("SETTLED")
            .direction(if side == "DR" { "DEBIT" } else { "CREDIT" })
            .units("params.units")
            .currency("'USD'")
            .build()
    };
    let transaction = TxInput::builder().effective("date()").journal_id(format!("uuid('{journal}')")).build()?;
    Ok(NewTxTemplate::builder()
        .id(Uuid::new_v4())
        .code(TEMPLATE)
        .params(vec![
            param("sender", ParamDataType::UUID)?,
            param("recipient", ParamDataType::UUID)?,
            param("units", ParamDataType::DECIMAL)?,
        ])
        .tx_input(transaction)
        .entries(vec![entry("DR", "sender")?, entry("CR", "recipient")?])
        .build()?)
}

impl super::Ledger for Ledgers {
    /// It answers nothing that could be checked.
    async fn transfer(&self, from: usize, to: usize) -> Result<(), Wrong> {
        let mut params = TxParams::new();
        params.insert("sender", *super::at(&self.accounts, from)?);
        params.insert("recipient", *super::at(&self.accounts, to)?);
        params.insert("units", Decimal::ONE);
        Ok(self.ledger.post_transaction(TransactionId::new(), TEMPLATE, Some(params)).await?)
    }

    async fn stored(&self) -> Result<u64, Failure> {
        super::sound(
            self.room
                .two(
                    "WITH entries AS (
                         SELECT account_id, sum(CASE direction WHEN 'credit' THEN units ELSE -units END) AS units
                         FROM sqlx_ledger_entries GROUP BY account_id),
                     balances AS (
                         SELECT account_id, settled_cr_balance - settled_dr_balance AS units
                         FROM sqlx_ledger_balances JOIN sqlx_ledger_current_balances
                              USING (journal_id, account_id, currency, version))
                     SELECT (SELECT count(*) FROM sqlx_ledger_transactions),
                            (SELECT count(*) FROM entries FULL JOIN balances USING (account_id)
                             WHERE entries.units IS DISTINCT FROM balances.units)
                            + (SELECT abs(coalesce(sum(units), 0)::bigint) FROM balances)",
                )
                .await?,
        )
    }
}
