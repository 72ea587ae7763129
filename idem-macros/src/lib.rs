//! The attribute macro of `idem-core`; use it from there.
