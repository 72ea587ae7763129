//! cala-ledger: a template in CEL, posted by its parameters.

use cala_ledger::account::NewAccount;
use cala_ledger::job::{JobSvcConfig, Jobs};
use cala_ledger::journal::NewJournal;
use cala_ledger::tx_template::{
    NewParamDefinition, NewTxTemplate, NewTxTemplateEntry, NewTxTemplateTransaction, ParamDataType, Params,
};
use cala_ledger::{AccountId, CalaLedger, CalaLedgerConfig, JournalId, TransactionId};
use rust_decimal::Decimal;
use uuid::Uuid;

use crate::Failure;
use crate::contender::Wrong;
use crate::server::Room;

const TEMPLATE: &str = "TRANSFER";

/// The contender. Its jobs are not polled: there is no account set whose balance they would roll up.
pub(super) struct Cala {
    ledger: CalaLedger,
    accounts: Vec<AccountId>,
    room: Room,
    _jobs: Jobs,
}

impl Cala {
    pub(super) async fn opened(room: Room) -> Result<Self, Failure> {
        let pool = room.pool().await?;
        let mut jobs = Jobs::init(JobSvcConfig::builder().pool(pool.clone()).build()?).await?;
        let config = CalaLedgerConfig::builder().pool(pool).exec_migrations(true).build()?;
        let ledger = CalaLedger::init(config, &mut jobs).await?;
        let journal = JournalId::new();
        ledger.journals().create(NewJournal::builder().id(journal).name("bench").build()).await?;
        let mut accounts = Vec::with_capacity(super::ACCOUNTS);
        for number in 0..super::ACCOUNTS {
            let (id, code) = (AccountId::new(), format!("account-{number}"));
            ledger.accounts().create(NewAccount::builder().id(id).name(code.clone()).code(code).build()).await?;
            accounts.push(id);
        }
        ledger.tx_templates().create(template(journal)?).await?;
        Ok(Self { ledger, accounts, room, _jobs: jobs })
    }
}

fn template(journal: JournalId) -> Result<NewTxTemplate, Failure> {
    let param = |name: &str, kind| NewParamDefinition::builder().name(name).r#type(kind).build();
    let entry = |side: &str, account: &str| {
        NewTxTemplateEntry::builder()
            .entry_type(format!("'TRANSFER_{side}'"))
            .account_id(format!("params.{account}"))
            .layer("SETTLED")
            .direction(if side == "DR" { "DEBIT" } else { "CREDIT" })
            .units("params.units")
            .currency("'USD'")
            .build()
    };
    let transaction =
        NewTxTemplateTransaction::builder().effective("date()").journal_id(format!("uuid('{journal}')")).build()?;
    Ok(NewTxTemplate::builder()
        .id(Uuid::new_v4())
        .code(TEMPLATE)
        .params(vec![
            param("sender", ParamDataType::Uuid)?,
            param("recipient", ParamDataType::Uuid)?,
            param("units", ParamDataType::Decimal)?,
        ])
        .transaction(transaction)
        .entries(vec![entry("DR", "sender")?, entry("CR", "recipient")?])
        .build())
}

impl super::Ledger for Cala {
    async fn transfer(&self, from: usize, to: usize) -> Result<(), Wrong> {
        let mut params = Params::new();
        params.insert("sender", *super::at(&self.accounts, from)?);
        params.insert("recipient", *super::at(&self.accounts, to)?);
        params.insert("units", Decimal::ONE);
        let id = TransactionId::new();
        let posted = self.ledger.post_transaction(id, TEMPLATE, params).await?;
        if posted.id() == id && posted.values().entry_ids.len() == 2 {
            return Ok(());
        }
        Err(Wrong::Answer(format!("{:?}", posted.values())))
    }

    async fn stored(&self) -> Result<u64, Failure> {
        super::sound(
            self.room
                .two(
                    "WITH entries AS (
                         SELECT account_id, sum(CASE event->'values'->>'direction' WHEN 'credit' THEN 1 ELSE -1 END
                                                * (event->'values'->>'units')::numeric) AS units
                         FROM cala_entries JOIN cala_entry_events USING (id) GROUP BY account_id),
                     balances AS (
                         SELECT account_id, (latest_values->'settled'->>'cr_balance')::numeric
                                            - (latest_values->'settled'->>'dr_balance')::numeric AS units
                         FROM cala_current_balances)
                     SELECT (SELECT count(*) FROM cala_transactions),
                            (SELECT count(*) FROM entries FULL JOIN balances USING (account_id)
                             WHERE entries.units IS DISTINCT FROM balances.units)
                            + (SELECT abs(coalesce(sum(units), 0)::bigint) FROM balances)",
                )
                .await?,
        )
    }
}
