//! What an account is opened with.

use std::sync::Arc;

use crate::error::Error;
use crate::key::check_name;
use crate::model::ledger::settings::SettingsRow;

/// How low and how high a balance may be, in minor units, any `i64`. What holds reserve counts as spent. Default: unbounded.
///
/// ```
/// # include!(concat!(env!("CARGO_MANIFEST_DIR"), "/../docs/sqlite.rs"));
/// # #[cfg(feature = "sqlite")] fn main() -> Done { on_sqlite(async |idem| {
/// use idem_core::ledger::Bounds;
/// use idem_core::{Error, Key};
///
/// let (seats, key) = (idem.ledger().account("seats"), |name: &str| Key::new("hall", name));
/// seats.open(Bounds::between(0, 300)).await?;
/// assert_eq!(seats.apply_delta(&key("k1")?, 300).await?.balance, Some(300));
/// assert!(matches!(seats.apply_delta(&key("k2")?, 1).await, Err(Error::OutOfBounds(refused)) if refused.ceiling == Some(300)));
/// assert_eq!(seats.get().await?.map(|seats| (seats.bounds.floor(), seats.bounds.ceiling())), Some((Some(0), Some(300))));
/// # Ok(()) }) }
/// ```
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Bounds {
    pub(super) floor: Option<i64>,
    pub(super) ceiling: Option<i64>,
}

impl Bounds {
    /// None but those of `i64`.
    pub fn none() -> Self {
        Self::default()
    }

    /// Never below `floor`.
    pub fn at_least(floor: i64) -> Self {
        Self { floor: Some(floor), ceiling: None }
    }

    /// Never above `ceiling`.
    pub fn at_most(ceiling: i64) -> Self {
        Self { floor: None, ceiling: Some(ceiling) }
    }

    /// Never below `floor` nor above `ceiling`.
    pub fn between(floor: i64, ceiling: i64) -> Self {
        Self { floor: Some(floor), ceiling: Some(ceiling) }
    }

    /// The lowest balance.
    pub fn floor(&self) -> Option<i64> {
        self.floor
    }

    /// The highest balance.
    pub fn ceiling(&self) -> Option<i64> {
        self.ceiling
    }
}

/// What an account is opened with: bounds, what it counts, and whether it is a tally. Default: unbounded, of no unit, no tally.
///
/// ```
/// # include!(concat!(env!("CARGO_MANIFEST_DIR"), "/../docs/sqlite.rs"));
/// # #[cfg(feature = "sqlite")] fn main() -> Done { on_sqlite(async |idem| {
/// use idem_core::ledger::{AccountSettings, Bounds};
/// use idem_core::{Error, Key};
///
/// let (ledger, key) = (idem.ledger(), |name: &str| Key::new("shop", name));
/// ledger.account("wallet:7").open(AccountSettings::from(Bounds::at_least(-100)).unit("EUR")).await?;
/// ledger.account("revenue").open(AccountSettings::tally().unit("EUR")).await?;
/// let paid = ledger.transfer(&key("k1")?, "wallet:7", "revenue", 40).await?;
/// assert_eq!((paid.from.balance, paid.to.balance), (Some(-40), None));        // a tally's entry has no balance
/// let nameless = AccountSettings::default().unit("");
/// assert!(matches!(ledger.account("purse").open(nameless).await, Err(Error::Key(_))));
/// # Ok(()) }) }
/// ```
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct AccountSettings {
    bounds: Bounds,
    unit: Option<Arc<str>>,
    tally: bool,
}

impl AccountSettings {
    /// An account that many credit at once, such as revenue: no entry waits for another, so it has neither bounds nor holds,
    /// and its entries no balance after them.
    pub fn tally() -> Self {
        Self { tally: true, ..Self::default() }
    }

    /// What it counts, for example a currency: 1 to 255 bytes without control characters, else [`Error::Key`] when the account is
    /// opened. A transfer between two units is refused, also between one and none. Default: none.
    #[must_use]
    pub fn unit(self, unit: impl Into<String>) -> Self {
        Self { unit: Some(unit.into().into()), ..self }
    }

    pub(super) fn check(&self) -> Result<(), Error> {
        self.unit.as_deref().map_or(Ok(()), |unit| Ok(check_name("unit", unit)?))
    }

    /// The settings of the account that is opened with this.
    pub(super) fn of<'a>(&'a self, account: &'a str) -> SettingsRow<'a> {
        let Bounds { floor, ceiling } = self.bounds;
        SettingsRow { account, floor, ceiling, unit: self.unit.as_deref(), tally: self.tally, closed_at: None }
    }
}

impl From<Bounds> for AccountSettings {
    fn from(bounds: Bounds) -> Self {
        Self { bounds, ..Self::default() }
    }
}
