//! What a program writes to its standard output and standard error, kept within bounds.
//!
//! Both are one pipe, so that lines stand in the order in which they were written. The pipe is read for
//! as long as the run lasts: a program must not wait for its reader.

use std::cell::{Cell, RefCell};
use std::collections::VecDeque;
use std::io::{self, PipeReader};

use tokio::net::unix::pipe::Receiver;
use tokio::sync::Notify;

/// How many octets are kept of the beginning.
const HEAD: usize = 64 << 10;
/// How many octets are kept of the end.
const TAIL: usize = 192 << 10;

/// The output of a program.
#[derive(Debug)]
pub struct Output {
    pipe: Receiver,
    kept: RefCell<Kept>,
    /// Told whenever more was read, or nothing more will be.
    more: Notify,
    is_over: Cell<bool>,
}

/// The beginning and the end of what was written.
#[derive(Debug, Default)]
struct Kept {
    head: Vec<u8>,
    tail: VecDeque<u8>,
    left_out: u64,
}

impl Output {
    /// The output that comes out of a pipe.
    ///
    /// # Errors
    /// Errors of the reactor.
    pub fn of(pipe: PipeReader) -> io::Result<Self> {
        let pipe = Receiver::from_owned_fd(pipe.into())?;
        Ok(Self { pipe, kept: RefCell::default(), more: Notify::new(), is_over: Cell::new(false) })
    }

    /// Reads until every writer has closed the pipe.
    pub async fn follow(&self) {
        while self.pipe.readable().await.is_ok() {
            if !self.drain() {
                return;
            }
        }
    }

    /// Reads what is in the pipe; false if nothing more will come.
    pub fn drain(&self) -> bool {
        let mut chunk = [0; 8192];
        let goes_on = loop {
            match self.pipe.try_read(&mut chunk) {
                Ok(0) => break false,
                Ok(length) => self.kept.borrow_mut().push(&chunk[..length]),
                Err(error) => break error.kind() == io::ErrorKind::WouldBlock,
            }
        };
        self.is_over.set(!goes_on);
        self.more.notify_waiters();
        goes_on
    }

    /// Waits until the text was written, while another task follows the output; false if it ended without.
    pub async fn says(&self, text: &str) -> bool {
        loop {
            let more = self.more.notified();
            if self.kept.borrow().has(text.as_bytes()) {
                return true;
            }
            if self.is_over.get() {
                return false;
            }
            more.await;
        }
    }

    /// How many octets were left out of it.
    #[must_use]
    pub fn left_out(&self) -> u64 {
        self.kept.borrow().left_out
    }

    /// What was read so far, with a line in place of what was left out.
    #[must_use]
    pub fn kept(&self) -> Vec<u8> {
        self.kept.borrow().octets()
    }
}

/// The beginning and the end of these octets, as of what a program writes.
#[must_use]
pub fn shortened(octets: &[u8]) -> Vec<u8> {
    let mut kept = Kept::default();
    kept.push(octets);
    kept.octets()
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

    fn has(&self, text: &[u8]) -> bool {
        text.is_empty() || self.octets().windows(text.len()).any(|part| part == text)
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
