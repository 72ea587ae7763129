//! The work on which the fault tests strike: a lane of machines of its own, and every kind of call on them.
//!
//! A step may be called again and again: whatever struck it, the next call of it finds out what happened.

use std::fmt;
use std::str::FromStr;
use std::sync::Arc;

use idem_core::machine::Item;
use idem_core::update::{Upsert, Version};
use idem_core::{CommandError, Effect, Error, Idem, Key, Natural, Outcome, Tx};

use crate::backend::Backend;
use crate::shop::{Order, Refused, Shop, Wallet, order, wallet};

/// What every order costs, in minor units.
pub const PRICE: i64 = 500;

/// The machine that all lanes of a database add to.
pub const SHARED: &str = "shared";

/// The account that all lanes of a database pay to.
pub const MERCHANT: &str = "merchant";

/// One kind of call.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
#[allow(missing_docs, reason = "each is named after what it calls")]
pub enum Step {
    Start,
    StartWallet,
    Pay,
    PayNaturally,
    Ship,
    Add,
    /// Several at once, so that all but one lose the race.
    AddAtOnce,
    AddShared,
    ApplyAll,
    Override,
    /// `begin`, calls and a caller's statement, `commit`.
    Unit,
    /// The same in a transaction that the caller began.
    Adopted,
    /// The same by `transaction`.
    Whole,
    Delta,
    Transfer,
    /// A hold that is captured in part, and released.
    Hold,
    Batch,
    /// So many at once that they share transactions: additions to a wallet, changes of an account.
    Crowd,
    /// An update of a caller's row, under a key.
    Update,
    /// The same beside a caller's statement, in a transaction that is committed.
    UpdateJoined,
}

impl Step {
    /// All, in an order in which each finds what it needs.
    pub const ALL: [Self; 20] = [
        Self::Start,
        Self::StartWallet,
        Self::Pay,
        Self::PayNaturally,
        Self::Ship,
        Self::Add,
        Self::AddAtOnce,
        Self::AddShared,
        Self::ApplyAll,
        Self::Override,
        Self::Unit,
        Self::Adopted,
        Self::Whole,
        Self::Delta,
        Self::Transfer,
        Self::Hold,
        Self::Batch,
        Self::Crowd,
        Self::Update,
        Self::UpdateJoined,
    ];

    /// The steps that have to come before it.
    pub fn needs(self) -> &'static [Self] {
        match self {
            Self::PayNaturally | Self::Ship => &[Self::Start, Self::Pay],
            Self::Add | Self::AddAtOnce | Self::Crowd => &[Self::StartWallet],
            Self::ApplyAll => &[Self::Start, Self::StartWallet],
            Self::Pay | Self::Override => &[Self::Start],
            _ => &[],
        }
    }
}

/// The machines of one lane.
pub struct Lane<DB: Backend> {
    /// The library.
    pub idem: Idem<DB>,
    name: String,
    orders: order::Repository<DB, Shop>,
    wallets: wallet::Repository<DB, Shop>,
}

impl<DB: Backend> fmt::Debug for Lane<DB> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Lane").field("name", &self.name).finish_non_exhaustive()
    }
}

/// What a call answered, as one line.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Ack {
    /// The call, named as in its lane.
    pub call: String,
    /// Whether it had the effect itself.
    pub fresh: bool,
    /// What a repeat has to answer as well: the number of the transition, its time and the outcome. Of an update of a
    /// caller's row, the version.
    pub answer: String,
}

impl Ack {
    /// The acknowledgement of an outcome.
    pub fn of<T: fmt::Debug, S>(call: impl Into<String>, outcome: &Outcome<T, S>) -> Self {
        let answer = format!("{} {} {:?}", outcome.seq(), outcome.at().as_micros(), **outcome);
        Self { call: call.into(), fresh: outcome.is_fresh(), answer }
    }

    /// The acknowledgement of an update.
    pub fn of_update(call: impl Into<String>, updated: &Outcome<Version>) -> Self {
        Self { call: call.into(), fresh: updated.is_fresh(), answer: updated.to_string() }
    }
}

impl fmt::Display for Ack {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}\t{}\t{}", self.call, self.fresh, self.answer)
    }
}

impl FromStr for Ack {
    type Err = String;

    fn from_str(line: &str) -> Result<Self, String> {
        let mut parts = line.splitn(3, '\t');
        match (parts.next(), parts.next().map(str::parse), parts.next()) {
            (Some(call), Some(Ok(fresh)), Some(answer)) => {
                Ok(Self { call: call.to_owned(), fresh, answer: answer.to_owned() })
            }
            _ => Err(format!("{line:?} is no acknowledgement")),
        }
    }
}

/// Why a call has no answer.
#[derive(Debug, thiserror::Error)]
#[allow(missing_docs, reason = "each is the error that it holds")]
#[non_exhaustive]
pub enum Failure {
    #[error(transparent)]
    Idem(#[from] Error),
    #[error(transparent)]
    Rules(#[from] CommandError<Refused>),
    /// A caller's statement failed, and its transaction was dropped.
    #[error(transparent)]
    Statement(#[from] sqlx::Error),
}

impl Failure {
    /// What it says of the effect.
    pub fn effect(&self) -> Effect {
        match self {
            Self::Idem(error) => error.effect(),
            Self::Rules(error) => error.effect(),
            Self::Statement(_) => Effect::NotApplied,
        }
    }

    /// Whether the caller may call again and expect an answer.
    pub fn is_retryable(&self) -> bool {
        match self {
            Self::Idem(error) => error.is_retryable(),
            Self::Rules(error) => error.is_retryable(),
            Self::Statement(_) => true,
        }
    }
}

pub(crate) type Answers = Result<Vec<Ack>, Failure>;

impl<DB: Backend> Lane<DB> {
    /// The lane called `name` in the database of `idem`.
    pub fn new(idem: &Idem<DB>, name: impl Into<String>) -> Self {
        let (orders, wallets) = (Order::stored(idem, Shop), Wallet::stored(idem, Shop));
        Self { idem: idem.clone(), name: name.into(), orders, wallets }
    }

    /// Its name.
    pub fn name(&self) -> &str {
        &self.name
    }

    /// The same machines and rules under another name, without asking the database about the machines again.
    #[must_use]
    pub fn renamed(&self, name: impl Into<String>) -> Self {
        let (orders, wallets) = (self.orders.clone(), self.wallets.clone());
        Self { idem: self.idem.clone(), name: name.into(), orders, wallets }
    }

    /// The order that single calls are about.
    pub fn order(&self) -> order::Handle<DB, Shop> {
        self.orders.at(&self.name)
    }

    /// The wallet that single calls are about.
    pub fn wallet(&self) -> wallet::Handle<DB, Shop> {
        self.wallets.at(&self.name)
    }

    /// All orders.
    pub fn orders(&self) -> &order::Repository<DB, Shop> {
        &self.orders
    }

    /// All wallets.
    pub fn wallets(&self) -> &wallet::Repository<DB, Shop> {
        &self.wallets
    }

    /// The key of one of this lane's calls.
    pub fn key(&self, call: &str) -> Key {
        Key::new(&self.name, call).expect("a key of our own making")
    }

    /// Calls what the step is named after.
    ///
    /// # Errors
    /// What the library answered.
    pub async fn call(&self, step: Step) -> Answers {
        let ack = match step {
            Step::Start => Ack::of("start", &self.order().start(Natural, order::Pending { total: PRICE }).await?),
            Step::StartWallet => {
                Ack::of("start wallet", &self.wallet().start(Natural, wallet::Open { total: 0 }).await?)
            }
            Step::Pay => Ack::of("pay", &self.order().pay(&self.key("pay"), order::Pay { amount: PRICE }).await?),
            Step::PayNaturally => {
                Ack::of("pay naturally", &self.order().pay(Natural, order::Pay { amount: PRICE }).await?)
            }
            Step::Ship => {
                let ship = order::Ship { tracking: "T1".into() };
                Ack::of("ship", &self.order().apply(&self.key("ship"), ship.into()).await?.map(drop))
            }
            Step::Add => self.add(&self.wallet(), "add").await?,
            Step::AddAtOnce => {
                let wallet = self.wallet();
                let (a, b, c) = tokio::join!(
                    self.add(&wallet, "at once 1"),
                    self.add(&wallet, "at once 2"),
                    self.add(&wallet, "at once 3")
                );
                return Ok(vec![a?, b?, c?]);
            }
            Step::AddShared => {
                let shared = self.wallets.at(SHARED);
                shared.start(Natural, wallet::Open { total: 0 }).await?;
                self.add(&shared, "add shared").await?
            }
            Step::ApplyAll => return self.apply_all().await,
            Step::Override => {
                let cancelled = order::Cancelled { reason: "by hand".into() };
                Ack::of("override", &self.order().override_state(&self.key("override"), cancelled, "asked").await?)
            }
            Step::Unit => {
                let mut tx = self.idem.begin().await?;
                let acks = self.joined("unit", &mut tx).await?;
                tx.commit().await?;
                return Ok(acks);
            }
            Step::Adopted => {
                let tx = self.idem.pool().begin_with(DB::BEGIN).await?;
                let mut tx = self.idem.adopt_tx(tx);
                let acks = self.joined("adopted", &mut tx).await?;
                tx.commit().await?;
                return Ok(acks);
            }
            Step::Whole => return self.whole().await,
            Step::Delta => self.delta("delta").await?,
            Step::Transfer => {
                let moved = self.idem.ledger().transfer(&self.key("transfer"), self.name(), MERCHANT, 3);
                Ack::of("transfer", &moved.await?)
            }
            Step::Hold => return self.hold().await,
            Step::Batch => return self.batch().await,
            Step::Crowd => return self.crowd().await.into_iter().map(|(_, answer)| answer).collect(),
            Step::Update => Ack::of_update("update", &self.page("update").execute(&self.idem).await?),
            Step::UpdateJoined => {
                let mut tx = self.idem.begin().await?;
                let updated = self.page("update joined").execute(&mut tx).await?;
                if updated.is_fresh() {
                    DB::note(tx.conn(), &self.name, "page").await?;
                }
                tx.commit().await?;
                Ack::of_update("update joined", &updated)
            }
        };
        Ok(vec![ack])
    }

    /// As [`Lane::call`], by a caller who tries again as long as the library says that it helps.
    ///
    /// # Errors
    /// What does not pass, or has not passed after many tries.
    pub async fn insist(&self, step: Step) -> Answers {
        for _ in 0..50 {
            match self.call(step).await {
                Err(failure) if failure.is_retryable() => {}
                answered => return answered,
            }
        }
        self.call(step).await
    }

    /// Calls on machines of their own within a transaction, and a caller's statement if they had the effect.
    ///
    /// # Errors
    /// What the library or the database answered.
    pub async fn joined(&self, what: &str, tx: &mut Tx<DB>) -> Answers {
        let order = self.orders.at(format!("{}/{what}", self.name));
        let started = order.within(tx).start(Natural, order::Pending { total: PRICE }).await?;
        let paid = order.within(tx).pay(&self.key(what), order::Pay { amount: PRICE }).await?;
        if paid.is_fresh() {
            DB::note(tx.conn(), &self.name, what).await?;
        }
        Ok(vec![Ack::of(format!("{what}: start"), &started), Ack::of(format!("{what}: pay"), &paid)])
    }

    /// Writes a page of its own, whose versions tell how often that happened.
    fn page(&self, call: &str) -> Upsert {
        let page = Upsert::table("pages").key("name", format!("{}/{call}", self.name)).set("body", call);
        page.once(&self.key(call))
    }

    pub(crate) async fn add(&self, wallet: &wallet::Handle<DB, Shop>, call: &str) -> Result<Ack, Failure> {
        Ok(Ack::of(call, &wallet.add(&self.key(call), wallet::Add { by: 1 }).await?))
    }

    async fn apply_all(&self) -> Answers {
        let add = |call: &str| Item::new(&*self.name, &self.key(call), wallet::Add { by: 1 });
        let calls = ["all 1", "all 2", "all 3"];
        let answers = self.wallets.apply_all(calls.map(add)).await;
        let total = |reply| match reply {
            wallet::Reply::Add(total) => total,
        };
        calls.into_iter().zip(answers).map(|(call, answer)| Ok(Ack::of(call, &answer?.map(total)))).collect()
    }

    async fn whole(&self) -> Answers {
        let lane = Arc::new(self.renamed(&self.name));
        self.idem
            .transaction(move |mut tx| {
                let lane = Arc::clone(&lane);
                async move { lane.joined("whole", &mut tx).await }
            })
            .await
    }
}
