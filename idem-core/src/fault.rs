//! Where a test can abort the process, and the bugs that a test must find.
//!
//! Both exist only in a build with `--cfg idem_faults`, which no Cargo feature can switch on. In any other build the two
//! macros expand to nothing.

/// Passes a named point: a test may abort the process here.
#[cfg(not(idem_faults))]
macro_rules! fail_point {
    ($name:literal) => {};
}

/// Whether the seeded bug of that name is switched on.
#[cfg(not(idem_faults))]
macro_rules! seeded_bug {
    ($name:literal) => {
        false
    };
}

#[cfg(idem_faults)]
macro_rules! fail_point {
    ($name:literal) => {
        $crate::fault::pass($name)
    };
}

#[cfg(idem_faults)]
macro_rules! seeded_bug {
    ($name:literal) => {
        $crate::fault::is_seeded($name)
    };
}

/// Aborts the process at the n-th passage of any point, or of a named one: `IDEM_ABORT_AT=n` or `name:n`.
/// `IDEM_POINTS=file` appends the name of each point passed, for the run that lists them.
#[cfg(idem_faults)]
pub(crate) fn pass(name: &'static str) {
    use std::io::Write as _;
    use std::sync::OnceLock;
    use std::sync::atomic::{AtomicU64, Ordering};

    static TARGET: OnceLock<Option<(Option<String>, u64)>> = OnceLock::new();
    static LIST: OnceLock<Option<std::path::PathBuf>> = OnceLock::new();
    static PASSED: AtomicU64 = AtomicU64::new(0);

    if let Some(path) = LIST.get_or_init(|| std::env::var_os("IDEM_POINTS").map(Into::into))
        && let Ok(mut file) = std::fs::OpenOptions::new().append(true).create(true).open(path)
    {
        let _ = writeln!(file, "{name}");
    }
    let target = TARGET.get_or_init(|| {
        let text = std::env::var("IDEM_ABORT_AT").ok()?;
        let (name, count) = match text.rsplit_once(':') {
            Some((name, count)) => (Some(name.to_owned()), count.to_owned()),
            None => (None, text),
        };
        Some((name, count.parse().ok()?))
    });
    if let Some((wanted, count)) = target
        && wanted.as_deref().is_none_or(|wanted| wanted == name)
        && PASSED.fetch_add(1, Ordering::SeqCst) + 1 == *count
    {
        std::process::abort();
    }
}

/// Whether the seeded bug of that name is switched on: `IDEM_SEEDED_BUG=name`.
#[cfg(idem_faults)]
pub(crate) fn is_seeded(name: &'static str) -> bool {
    static ON: std::sync::OnceLock<Option<String>> = std::sync::OnceLock::new();
    ON.get_or_init(|| std::env::var("IDEM_SEEDED_BUG").ok()).as_deref() == Some(name)
}
