//! Machines as this process last wrote them, so that the next command on one is decided without a load: its write compares the
//! version, and finds out if another process was there meanwhile.
//!
//! A version stands for one content as long as commits stay. After a break of a connection another server may answer that does not
//! have the last ones, and gives their versions anew: what is known from before is not used.

use std::sync::{Mutex, MutexGuard, PoisonError};
use std::time::{Duration, Instant};

use crate::clock::Timestamp;
use crate::engine::decide::snapshot::MachineId;
use crate::engine::memory::generations::{Forgotten, Generations};
use crate::store::machine::rows::MachineRow;
use crate::store::write::part::LockName;
use crate::store::write::rows::MachineWrite;

/// Machines by their names and ids.
pub(crate) struct Machines(Mutex<Generations<MachineId, Known>>);

#[derive(Debug)]
struct Known {
    row: MachineRow,
    /// When its newest transition was made.
    at: Timestamp,
    /// It is loaded this number of times more: it was not as it was known to be, and others may well write it again.
    doubted: u32,
    /// The breaks of connections until then.
    breaks: u64,
}

impl Machines {
    /// Rows can be edited by hand, for which there is no version.
    const LONGEST: Duration = Duration::from_secs(10);
    /// How often a machine is loaded after another process had written it.
    const DOUBTED: u32 = 8;

    pub(crate) fn new(most_bytes: usize) -> Self {
        Self(Mutex::new(Generations::new(most_bytes, Self::LONGEST)))
    }

    /// Notes what a write that was acknowledged made of machines.
    pub(crate) fn note(&self, written: Vec<MachineWrite>, breaks: u64) {
        let (mut known, now) = (self.lock(), Instant::now());
        let mut forgotten = Forgotten::none();
        for write in written {
            let MachineWrite {
                machine, id, state, body, last_by_command, version, visit, entered_at, emitted, at, ..
            } = write;
            let id = (machine, id);
            let doubted = known.get(&id, now).map_or(0, |known| known.doubted.saturating_sub(1));
            let bytes = size_of::<(MachineId, Known)>() + id.1.len() + body.len() + last_by_command.len() + 64;
            let row = MachineRow { state, body, last_by_command, version, visit, entered_at, emitted };
            known.put(id, Known { row, at, doubted, breaks }, bytes, now, &mut forgotten);
        }
        drop(known);
    }

    /// Doubts machines that were not as they were known to be.
    pub(crate) fn doubt(&self, missed: &[LockName]) {
        let (mut known, now) = (self.lock(), Instant::now());
        for LockName { namespace, name } in missed {
            if let Some(known) = known.get_mut(&(*namespace, name.clone()), now) {
                known.doubted = Self::DOUBTED;
            }
        }
    }

    /// A machine, and when its newest transition was made, unless that is in doubt.
    pub(crate) fn assumed(&self, id: &MachineId, breaks: u64) -> Option<(MachineRow, Timestamp)> {
        let known = self.lock();
        let known = known.get(id, Instant::now()).filter(|known| known.doubted == 0 && known.breaks == breaks)?;
        Some((known.row.clone(), known.at))
    }

    /// The newest version that is known of a machine.
    pub(crate) fn newest(&self, id: &MachineId, breaks: u64) -> Option<i64> {
        self.lock().get(id, Instant::now()).filter(|known| known.breaks == breaks).map(|known| known.row.version)
    }

    fn lock(&self) -> MutexGuard<'_, Generations<MachineId, Known>> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}
