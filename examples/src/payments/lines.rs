//! Lines of bounded length, whatever is fed.

use std::io::{self, BufRead};

/// The longest line that is read as a delivery, in bytes.
pub(super) const MAX_LINE: usize = 64 * 1024;

/// One line of the input, without its end.
#[derive(Debug, PartialEq, Eq)]
pub(super) struct Line {
    /// Counted from 1.
    pub(super) number: u64,
    /// How many bytes of the input it took, its end included.
    pub(super) bytes: u64,
    /// `None` if it is longer than [`MAX_LINE`]; the rest of it was skipped, not kept.
    pub(super) text: Option<Vec<u8>>,
}

pub(super) struct Lines<R> {
    input: R,
    number: u64,
}

impl<R: BufRead> Lines<R> {
    pub(super) fn new(input: R) -> Self {
        Self { input, number: 0 }
    }

    fn read(&mut self) -> io::Result<Option<Line>> {
        let (mut text, mut fits, mut bytes) = (Vec::new(), true, 0);
        loop {
            let ready = match self.input.fill_buf() {
                Err(error) if error.kind() == io::ErrorKind::Interrupted => continue,
                ready => ready?,
            };
            let end = ready.iter().position(|byte| *byte == b'\n');
            let taken = end.map_or(ready.len(), |at| at + 1);
            let part = &ready[..end.unwrap_or(ready.len())];
            fits &= text.len() + part.len() <= MAX_LINE;
            if fits {
                text.extend_from_slice(part);
            } else {
                text = Vec::new();
            }
            bytes += taken as u64;
            self.input.consume(taken);
            if end.is_some() || taken == 0 {
                break;
            }
        }
        if bytes == 0 {
            return Ok(None);
        }
        self.number += 1;
        Ok(Some(Line { number: self.number, bytes, text: fits.then_some(text) }))
    }
}

impl<R: BufRead> Iterator for Lines<R> {
    type Item = io::Result<Line>;

    fn next(&mut self) -> Option<Self::Item> {
        self.read().transpose()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn texts(input: &[u8]) -> Vec<Option<usize>> {
        // A buffer of seven bytes: every line is read in parts.
        let lines = Lines::new(io::BufReader::with_capacity(7, input));
        lines.map(|line| line.unwrap().text.map(|text| text.len())).collect()
    }

    #[test]
    fn too_long_line_has_no_text_and_next_is_read() {
        let longest = "x".repeat(MAX_LINE);
        let input = format!("{longest}\n{longest}x\nshort\n\nlast");
        assert_eq!(texts(input.as_bytes()), [Some(MAX_LINE), None, Some(5), Some(0), Some(4)]);
    }

    #[test]
    fn lines_are_counted_with_their_bytes() {
        let lines: Vec<_> = Lines::new(&b"a\n\nbc"[..]).map(Result::unwrap).collect();
        assert_eq!(lines.iter().map(|line| (line.number, line.bytes)).collect::<Vec<_>>(), [(1, 2), (2, 1), (3, 2)]);
    }
}
