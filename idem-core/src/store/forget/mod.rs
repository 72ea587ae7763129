//! What a scope named is blanked: the texts of its keys, and what its calls carried. Hashes and fingerprints stay.

pub(crate) mod blank;
pub(crate) mod texts;
