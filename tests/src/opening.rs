//! How a process opens a database that another one was killed on.

use std::time::Duration;

use idem_core::{Error, Idem};

use crate::backend::Backend;

const WAIT: Duration = Duration::from_secs(20);

/// A process that was killed may hold its locks for a moment longer: then opening is tried again, as a service would.
///
/// # Errors
/// Those of the last try.
pub async fn open_after_kill<DB: Backend>(url: &str) -> Result<Idem<DB>, Error> {
    let builder = || Idem::<DB>::builder().lock_wait(WAIT).acquire_timeout(WAIT);
    for _ in 0..20 {
        match builder().open(url).await {
            Err(error) if error.is_retryable() => {}
            opened => return opened,
        }
    }
    builder().open(url).await
}
