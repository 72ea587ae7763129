//! Copies of one request that come at once.

use std::fmt;
use std::str::FromStr;

use crate::backend::Backend;
use crate::lane::{Ack, Answers, Failure, Lane, MERCHANT};

/// What a copy asks for.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[allow(missing_docs, reason = "each is named after what it calls")]
pub enum Request {
    Add,
    Delta,
    Transfer,
    /// A hold, and a capture of a part of it.
    Hold,
}

impl Request {
    /// All of them.
    pub const ALL: [Self; 4] = [Self::Add, Self::Delta, Self::Transfer, Self::Hold];
}

impl fmt::Display for Request {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.pad(match self {
            Self::Add => "add",
            Self::Delta => "delta",
            Self::Transfer => "transfer",
            Self::Hold => "hold",
        })
    }
}

impl FromStr for Request {
    type Err = String;

    fn from_str(name: &str) -> Result<Self, String> {
        let found = Self::ALL.into_iter().find(|request| request.to_string() == name);
        found.ok_or_else(|| format!("{name:?} is no request"))
    }
}

impl<DB: Backend> Lane<DB> {
    /// Sends so many copies of a request at once, from a task each.
    ///
    /// # Errors
    /// What the library answered one of them.
    ///
    /// # Panics
    /// If one of the tasks does.
    pub async fn copies(&self, request: Request, key: &str, count: usize) -> Answers {
        let send = |_| {
            let (lane, key) = (self.renamed(self.name()), key.to_owned());
            tokio::spawn(async move { lane.copy(request, &key).await })
        };
        let copies: Vec<_> = (0..count).map(send).collect();
        let mut acks = Vec::with_capacity(count);
        for copy in copies {
            acks.extend(copy.await.expect("no copy panics")?);
        }
        Ok(acks)
    }

    /// One copy, on the wallet and the account that are named after the lane.
    async fn copy(&self, request: Request, key: &str) -> Answers {
        let ledger = self.idem.ledger();
        Ok(vec![match request {
            Request::Add => self.add(&self.wallet(), key).await?,
            Request::Delta => self.delta(key).await?,
            Request::Transfer => Ack::of(key, &ledger.transfer(&self.key(key), self.name(), MERCHANT, 3).await?),
            Request::Hold => {
                let (first, second) = (format!("{key} hold"), format!("{key} capture"));
                let held = ledger.account(self.name()).hold(&self.key(&first), 2).await?;
                let captured = ledger.capture(&self.key(&second), &*held.id, MERCHANT, 1).await?;
                return Ok(vec![Ack::of(first, &held), Ack::of(second, &captured)]);
            }
        }])
    }

    /// The key of an earlier request, with something else.
    ///
    /// # Errors
    /// That the key was used, one hopes.
    pub async fn misuse(&self, request: Request, key: &str) -> Result<(), Failure> {
        let ledger = self.idem.ledger();
        match request {
            Request::Add => {
                let add = crate::shop::wallet::Add { by: 2 };
                drop(self.wallet().add(&self.key(key), add).await?);
            }
            Request::Delta => drop(ledger.account(self.name()).apply_delta(&self.key(key), 6).await?),
            Request::Transfer => drop(ledger.transfer(&self.key(key), self.name(), MERCHANT, 4).await?),
            Request::Hold => drop(ledger.account(self.name()).hold(&self.key(&format!("{key} hold")), 3).await?),
        }
        Ok(())
    }
}
