//! What a caller notes with the entries of a change.

use std::fmt;

use serde::Serialize;
use serde::de::DeserializeOwned;

use crate::error::{Effect, Error, Source};
use crate::wire::Stored;

/// A value that the caller gives to a change, for example the invoice that a payment is for. It stands in each of its entries.
///
/// Any value that serde writes, with at most [`Metadata::MAX_BYTES`] bytes as JSON. It is part of the request: a repeat of the key with
/// other metadata is refused as another request. The order of JSON members and white space do not matter. `Debug` shows the size
/// alone.
///
/// ```
/// # #[cfg(feature = "sqlite")] {
/// # let file = std::env::temp_dir().join(format!("idem-metadata-{}.db", std::process::id()));
/// # let url = format!("sqlite://{}", file.display());
/// # tokio::runtime::Runtime::new()?.block_on(async {
/// use idem_core::ledger::Metadata;
/// use idem_core::{Error, Idem, Key};
///
/// #[derive(serde::Serialize, serde::Deserialize)]
/// struct Invoice {
///     number: String,
/// }
///
/// let idem = Idem::<sqlx::Sqlite>::open(&url).await?;
/// let (wallet, key) = (idem.ledger().account("wallet:7"), Key::new("customer-7", "req-1")?);
/// let invoice = Metadata::new(&Invoice { number: "R-1".into() })?;
/// let entry = wallet.apply_delta(&key, -500).metadata(&invoice).await?;
/// let noted: Invoice = entry.metadata.as_ref().expect("noted above").decode()?;
/// assert_eq!(noted.number, "R-1");
///
/// let other = Metadata::new(&Invoice { number: "R-2".into() })?;
/// let reused = wallet.apply_delta(&key, -500).metadata(&other).await;
/// assert!(matches!(reused, Err(Error::KeyReused(_))));
/// assert!(matches!(Metadata::new(&"x".repeat(2_000)), Err(Error::TooLarge { .. })));
/// # Ok::<(), Box<dyn std::error::Error>>(()) })?;
/// # std::fs::remove_file(file)?; }
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
#[derive(Clone)]
pub struct Metadata(Stored);

impl Metadata {
    /// The most bytes that the JSON of a value may have.
    pub const MAX_BYTES: usize = 1_024;

    /// Metadata of this value.
    ///
    /// # Errors
    /// [`Error::TooLarge`] above [`Metadata::MAX_BYTES`]. [`Error::Unencodable`] if its serde fails, a number is not finite, a map has keys
    /// that are neither text nor numbers, or the value is nested more than 125 deep.
    pub fn new<T: Serialize + ?Sized>(value: &T) -> Result<Self, Error> {
        let stored = Stored::encode(value).map_err(unencodable)?;
        let (bytes, limit) = (stored.json().map_or(0, <[u8]>::len), Self::MAX_BYTES);
        if bytes > limit {
            return Err(Error::TooLarge { what: "the metadata", bytes, limit });
        }
        check_depth(&stored).map_err(unencodable)?;
        Ok(Self(stored))
    }

    /// The value, read as a `T`.
    ///
    /// # Errors
    /// [`Error::Undecodable`] if it is no `T`. The effect of its change is applied.
    pub fn decode<T: DeserializeOwned>(&self) -> Result<T, Error> {
        self.0.decode().map_err(|source| Error::Undecodable {
            what: "the metadata of an entry".to_owned(),
            effect: Effect::Applied,
            source: source.into(),
        })
    }

    pub(super) fn of(stored: &Stored) -> Self {
        Self(stored.clone())
    }

    pub(super) fn stored(&self) -> Stored {
        self.0.clone()
    }
}

/// As requests are compared: the order of members does not matter.
impl PartialEq for Metadata {
    fn eq(&self, other: &Self) -> bool {
        self.0.says_the_same(&other.0)
    }
}

impl Eq for Metadata {}

fn unencodable(source: impl Into<Source>) -> Error {
    Error::Unencodable { what: "the metadata".to_owned(), source: source.into() }
}

/// What cannot be read back, or compared whatever the order of its members, is refused: with the members around it that the request
/// has, it must not be nested deeper than what reads it allows.
fn check_depth(stored: &Stored) -> Result<(), serde_json::Error> {
    let inside = [b"[[", stored.json().unwrap_or_default(), b"]]"].concat();
    // As a `Value`: `IgnoredAny` is read without a limit of depth.
    serde_json::from_slice::<serde_json::Value>(&inside).map(drop)
}

impl fmt::Debug for Metadata {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Metadata({} bytes)", self.0.json().map_or(0, <[u8]>::len))
    }
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeMap;

    use super::*;

    #[test]
    fn metadata_of_the_most_bytes_fits_and_one_more_is_refused() {
        let most = "x".repeat(Metadata::MAX_BYTES - 2);
        let metadata = Metadata::new(&most).expect("fits with its quotes");
        assert_eq!(metadata.decode::<String>().expect("a text"), most);
        assert_eq!(format!("{metadata:?}"), "Metadata(1024 bytes)");
        let error = Metadata::new(&(most + "x")).expect_err("too large");
        assert_eq!(
            error.to_string(),
            "the metadata has 1025 bytes, at most 1024 are stored; keep the large part elsewhere"
        );
    }

    #[test]
    fn metadata_that_serde_or_the_format_refuses_is_unencodable() {
        let no_text = BTreeMap::from([(vec![1], 1)]);
        for unfit in [Metadata::new(&f64::NAN), Metadata::new(&no_text)] {
            assert!(matches!(unfit, Err(Error::Unencodable { .. })), "{unfit:?}");
        }
        let metadata = Metadata::new(&1).expect("fits");
        assert!(matches!(metadata.decode::<String>(), Err(Error::Undecodable { .. })));
    }

    #[test]
    fn metadata_that_is_nested_too_deep_is_unencodable() {
        let nested = |depth: usize| {
            (0..depth).fold(serde_json::json!({ "a": 1, "b": 2 }), |inner, _| serde_json::json!([inner]))
        };
        let (deepest, deeper) = (nested(124), nested(125));
        let metadata = Metadata::new(&deepest).expect("fits");
        assert_eq!(metadata.decode::<serde_json::Value>().expect("is read"), deepest);
        let json = serde_json::to_string(&deepest).expect("JSON").replace("\"a\":1,\"b\":2", "\"b\":2,\"a\":1");
        let other = Metadata(Stored::from_json(json.as_bytes()));
        assert!(metadata == other, "the order of members does not matter");
        assert!(matches!(Metadata::new(&deeper), Err(Error::Unencodable { .. })));
    }
}
