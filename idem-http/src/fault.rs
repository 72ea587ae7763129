//! The bugs that a test must find. They exist only in a build with `--cfg idem_faults`, which no Cargo feature can switch on; in any other
//! build the macro is `false`. idem-core has the same, and shares nothing of it.

/// Whether the seeded bug of that name is switched on.
#[cfg(not(idem_faults))]
macro_rules! seeded_bug {
    ($name:literal) => {
        false
    };
}

#[cfg(idem_faults)]
macro_rules! seeded_bug {
    ($name:literal) => {
        $crate::fault::is_seeded($name)
    };
}

/// Whether the seeded bug of that name is switched on: `IDEM_SEEDED_BUG=name`.
#[cfg(idem_faults)]
pub(crate) fn is_seeded(name: &'static str) -> bool {
    static ON: std::sync::OnceLock<Option<String>> = std::sync::OnceLock::new();
    ON.get_or_init(|| std::env::var("IDEM_SEEDED_BUG").ok()).as_deref() == Some(name)
}
