//! Where a test can strike, and the bugs it must find. Nothing of it is in a build without the hidden feature.

#[cfg(not(feature = "_faults"))]
mod inert {
    use crate::store::rows::Write;

    /// Nothing.
    #[inline]
    pub(crate) fn point(_name: &'static str) {}

    /// False.
    #[inline]
    pub(crate) fn bug(_name: &'static str) -> bool {
        false
    }

    /// Nothing.
    #[inline]
    pub(crate) fn late_keys(_write: &mut Write) -> Option<Write> {
        None
    }

    /// Nothing.
    #[inline]
    pub(crate) fn keep_stale(_write: &mut Write, _stale: &Write) {}
}

#[cfg(feature = "_faults")]
mod live {
    use std::sync::OnceLock;
    use std::sync::atomic::{AtomicU64, Ordering};

    use crate::store::rows::Write;

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

    /// The bug `key-outside-the-write`: keys that are written apart from their effects.
    pub(crate) fn late_keys(write: &mut Write) -> Option<Write> {
        if !bug("key-outside-the-write") || write.transitions.is_empty() || write.keys.is_empty() {
            return None;
        }
        Some(Write { now: write.now, keys: std::mem::take(&mut write.keys), ..Write::default() })
    }

    /// The bug `retry-without-reload`: what was decided on an older state is written over the newer one.
    pub(crate) fn keep_stale(write: &mut Write, stale: &Write) {
        if !bug("retry-without-reload") {
            return;
        }
        for (row, stale) in write.machines.iter_mut().zip(&stale.machines) {
            row.body = stale.body.clone();
        }
        for (row, stale) in write.transitions.iter_mut().zip(&stale.transitions) {
            (row.body, row.outcome) = (stale.body.clone(), stale.outcome.clone());
        }
    }
}

#[cfg(not(feature = "_faults"))]
pub(crate) use inert::{bug, keep_stale, late_keys, point};
#[cfg(feature = "_faults")]
pub(crate) use live::{bug, keep_stale, late_keys, point};
