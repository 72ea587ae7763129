//! The fence of a write that is one statement, or one transaction: the claim is locked before anything else is.

use super::texts::ClaimStore;
use crate::clock::Timestamp;
use crate::epoch::Epoch;
use crate::key::KeyHash;
use crate::model::claim::fence::Fence;
use crate::store::binder::Binder;
use crate::store::write::part::{Form, Part, PartKind, Place, Write};

/// The claim that a write is fenced by.
#[derive(Debug)]
struct FenceWrite {
    hash: KeyHash,
    epoch: Epoch,
}

impl<DB: ClaimStore> Part<DB> for FenceWrite {
    fn kind(&self) -> PartKind {
        fence_kind::<DB>()
    }

    fn is_empty(&self) -> bool {
        false
    }

    fn bind(&self, _form: Form, _now: Option<Timestamp>, binder: &mut Binder<DB>) {
        binder.add(&self.hash);
        binder.add(self.epoch.0);
    }
}

/// The kind of the part.
pub(in crate::store) fn fence_kind<DB: ClaimStore>() -> PartKind {
    PartKind {
        name: "claims",
        place: Place::Claims,
        text: |_, _| DB::fence_part(),
        #[cfg(test)]
        shapes: &[0],
    }
}

impl<DB: ClaimStore> Write<DB> {
    /// Fences the write by a claim of its database. It is lost if the claim is another owner's.
    pub(crate) fn fence(&mut self, by: &Fence) {
        match &mut self.row {
            Some(row) => row.fenced = true,
            None => self.parts.push(Box::new(FenceWrite { hash: by.hash, epoch: by.epoch })),
        }
    }
}

/// An expression: `gate`, and the claim of this hash is that of the owner of this epoch, whose it stays until the transaction ends.
pub(in crate::store) fn held<DB: ClaimStore>(claims: &str, (hash, epoch): (&str, &str), gate: &str) -> String {
    let fence = DB::CLAIMS.fence.replace("{claims}", claims).replace("{open}", gate);
    format!("EXISTS ({})", fence.replace("{$1 bytes}", hash).replace("{$2 int}", epoch))
}
