//! A buffer for values that are written or read. Each thread keeps one: a call writes many values.

use std::cell::Cell;

/// The largest that is kept, in bytes.
const KEPT: usize = 1 << 16;

thread_local! { static BUFFER: Cell<Vec<u8>> = const { Cell::new(Vec::new()) } }

/// Lends an empty buffer. Code that is called meanwhile gets another one.
pub(super) fn with_buffer<R>(work: impl FnOnce(&mut Vec<u8>) -> R) -> R {
    // A thread that ends has none any more.
    let mut buffer = BUFFER.try_with(Cell::take).unwrap_or_default();
    buffer.clear();
    let result = work(&mut buffer);
    if buffer.capacity() <= KEPT {
        let _ = BUFFER.try_with(|kept| kept.set(buffer));
    }
    result
}
