//! Where a test can strike, and the bugs it must find. Nothing of it is in a build without the hidden feature.

#[cfg(not(feature = "_faults"))]
mod inert {
    /// Nothing.
    #[inline]
    pub(crate) fn point(_name: &'static str) {}

    /// False.
    #[inline]
    pub(crate) fn bug(_name: &'static str) -> bool {
        false
    }
}

#[cfg(feature = "_faults")]
mod live {
    use std::sync::OnceLock;
    use std::sync::atomic::{AtomicU64, Ordering};

    static PASSED: AtomicU64 = AtomicU64::new(0);

    /// Aborts the process at the n-th passage of any point, or of a named one: `IDEM_ABORT_AT=n` or `name:n`.
    /// `IDEM_POINTS=file` appends the name of each point passed, for the listing run.
    pub(crate) fn point(name: &'static str) {
        static TARGET: OnceLock<Option<(Option<String>, u64)>> = OnceLock::new();
        static LIST: OnceLock<Option<std::path::PathBuf>> = OnceLock::new();
        if let Some(path) = LIST.get_or_init(|| std::env::var_os("IDEM_POINTS").map(Into::into)) {
            use std::io::Write as _;
            if let Ok(mut file) = std::fs::OpenOptions::new().append(true).create(true).open(path) {
                let _ = writeln!(file, "{name}");
            }
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
    pub(crate) fn bug(name: &'static str) -> bool {
        static ON: OnceLock<Option<String>> = OnceLock::new();
        ON.get_or_init(|| std::env::var("IDEM_SEEDED_BUG").ok()).as_deref() == Some(name)
    }
}

#[cfg(not(feature = "_faults"))]
pub(crate) use inert::{bug, point};
#[cfg(feature = "_faults")]
pub(crate) use live::{bug, point};
