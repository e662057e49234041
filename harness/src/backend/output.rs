//! What a program writes to its standard output and standard error, kept within bounds.
//!
//! Both are one pipe, so that lines stand in the order in which they were written. The pipe is read for
//! as long as the run lasts: a program must not wait for its reader.

use std::cell::RefCell;
use std::collections::VecDeque;
use std::io::{self, PipeReader};

use tokio::net::unix::pipe::Receiver;

/// How many octets are kept of the beginning.
const HEAD: usize = 64 << 10;
/// How many octets are kept of the end.
const TAIL: usize = 192 << 10;

/// The output of a program.
pub(super) struct Output {
    pipe: Receiver,
    kept: RefCell<Kept>,
}

/// The beginning and the end of what was written.
#[derive(Debug, Default)]
pub(super) struct Kept {
    head: Vec<u8>,
    tail: VecDeque<u8>,
    left_out: u64,
}

impl Output {
    pub(super) fn of(pipe: PipeReader) -> io::Result<Self> {
        let pipe = Receiver::from_owned_fd(pipe.into())?;
        Ok(Self { pipe, kept: RefCell::default() })
    }

    /// Reads until every writer has closed the pipe.
    pub(super) async fn follow(&self) {
        while self.pipe.readable().await.is_ok() {
            if !self.drain() {
                return;
            }
        }
    }

    /// Reads what is in the pipe; false if nothing more will come.
    pub(super) fn drain(&self) -> bool {
        let mut chunk = [0; 8192];
        loop {
            match self.pipe.try_read(&mut chunk) {
                Ok(0) => return false,
                Ok(length) => self.kept.borrow_mut().push(&chunk[..length]),
                Err(error) => return error.kind() == io::ErrorKind::WouldBlock,
            }
        }
    }

    /// What was read so far, with a line in place of what was left out.
    pub(super) fn kept(&self) -> Vec<u8> {
        self.kept.borrow().octets()
    }
}

impl Kept {
    fn push(&mut self, octets: &[u8]) {
        let room = HEAD - self.head.len();
        let (head, tail) = octets.split_at(room.min(octets.len()));
        self.head.extend_from_slice(head);
        self.tail.extend(tail);
        let over = self.tail.len().saturating_sub(TAIL);
        self.tail.drain(..over);
        self.left_out += over as u64;
    }

    fn octets(&self) -> Vec<u8> {
        let mut octets = self.head.clone();
        if self.left_out > 0 {
            octets.extend(format!("\n[{} octets are left out here]\n", self.left_out).into_bytes());
        }
        octets.extend(&self.tail);
        octets
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_beginning_and_the_end_are_kept_and_what_is_between_is_counted() {
        let mut kept = Kept::default();
        kept.push(b"first\n");
        assert_eq!(kept.octets(), b"first\n");
        for _ in 0..100 {
            kept.push(&[b'x'; 5000]);
        }
        kept.push(b"last\n");
        let text = String::from_utf8(kept.octets()).unwrap();
        let left_out = 6 + 500_000 + 5 - HEAD - TAIL;
        let told = format!("x\n[{left_out} octets are left out here]\nx");
        assert!(text.starts_with("first\nx") && text.ends_with("xlast\n"));
        assert_eq!(text.matches(&told).count(), 1);
        assert_eq!(text.len(), HEAD + TAIL + told.len() - 2);
    }
}
