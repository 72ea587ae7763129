//! The table of verdicts: what each call was answered, for disputes. It is written beside the calls, by a task that they do not wait for.

use std::sync::Arc;
use std::time::Duration;

use tokio::runtime::Handle;
use tokio::time::sleep;

use crate::engine::shared::Shared;
use crate::store::Database;
use crate::store::verdicts::queries::write;
use crate::store::verdicts::rows::VerdictRow;

/// How long verdicts are gathered.
const GATHERED: Duration = Duration::from_millis(200);

impl<DB: Database> Shared<DB> {
    /// Notes what a call was answered, if that is kept. Nobody waits for it to be written.
    pub(crate) fn note(self: &Arc<Self>, row: VerdictRow) {
        let Some(log) = &self.verdicts else { return };
        // PostgreSQL would refuse the others beside it; a name that has it was refused.
        if row.namespace.contains('\0') || !log.note(row) {
            return;
        }
        let writer = Writer(self.clone());
        if let Ok(runtime) = Handle::try_current() {
            runtime.spawn(write_all(writer));
        }
    }
}

/// A task that writes. One that ends with its runtime is followed by another one.
struct Writer<DB: Database>(Arc<Shared<DB>>);

impl<DB: Database> Drop for Writer<DB> {
    fn drop(&mut self) {
        if let Some(log) = &self.0.verdicts {
            log.unwritten();
        }
    }
}

async fn write_all<DB: Database>(writer: Writer<DB>) {
    let shared = &writer.0;
    let Some(log) = &shared.verdicts else { return };
    loop {
        sleep(GATHERED).await;
        let _writing = log.writing.lock().await;
        let rows = log.next();
        if rows.is_empty() {
            return;
        }
        let Ok(mut lease) = shared.writer(shared.settings.wait).await else {
            log.leave_out(rows.len());
            continue;
        };
        if write(&mut lease.session(), &rows, i64::from(log.kept)).await.is_err() {
            log.leave_out(rows.len());
        }
    }
}
