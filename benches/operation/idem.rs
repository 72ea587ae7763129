//! The library.

use idem_core::operation::Operation;
use idem_core::{Database, Error, Idem, Key};
use sqlx::{Postgres, Sqlite};

use crate::race::Contender;
use crate::{Failure, databases};

const ORDER: &str = "INSERT INTO orders (item) VALUES ($1) RETURNING id";

/// An operation with one statement in its closure, under a fresh key.
pub(crate) struct Once<DB: Database>(pub(crate) Operation<DB>);

/// A repeat of one of the known keys.
pub(crate) struct Replay<DB: Database> {
    create: Operation<DB>,
    known: Vec<(Key, String)>,
}

impl<DB: Database> Once<DB> {
    pub(crate) fn new(idem: &Idem<DB>) -> Self {
        Self(idem.operation("create_order"))
    }
}

impl<DB: Database> Replay<DB> {
    pub(crate) fn new(idem: &Idem<DB>) -> Result<Self, Failure> {
        let known = |number| Ok((Key::new("bench", databases::key(number))?, databases::item(number)));
        let known = (0..databases::KNOWN).map(known).collect::<Result<_, Failure>>()?;
        Ok(Self { create: idem.operation("create_order"), known })
    }
}

macro_rules! once {
    ($($database:ty),*) => {$(
        impl Contender for Once<$database> {
            async fn call(&self, number: u64) -> Result<(), Failure> {
                let (key, item) = (Key::new("bench", databases::key(number))?, databases::item(number));
                let ordered = self.0.once(&key, &item, |mut tx| {
                    let item = item.clone();
                    async move {
                        let made = sqlx::query_scalar(ORDER).bind(item).fetch_one(tx.conn()).await;
                        made.map_err(|error| Error::Store { source: error.into() })
                    }
                });
                let ordered: idem_core::Outcome<i64> = ordered.await?;
                if ordered.is_fresh() { Ok(()) } else { Err(format!("{key:?} is known").into()) }
            }
        }

        impl Contender for Replay<$database> {
            async fn call(&self, number: u64) -> Result<(), Failure> {
                let at = usize::try_from(number % databases::KNOWN)?;
                let (key, item) = self.known.get(at).ok_or("no such key")?;
                let fresh = |_| async { Err::<i64, Error>(Error::Internal { what: "a known key is fresh" }) };
                let ordered = self.create.once(key, item, fresh).await?;
                if ordered.is_replay() { Ok(()) } else { Err(format!("{key:?} is fresh").into()) }
            }
        }
    )*};
}

once!(Sqlite, Postgres);
