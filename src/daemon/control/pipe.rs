//! A connection that nobody waits for: lines in, octets out, both bounded.

use std::io;
use std::pin::Pin;
use std::task::{Context, Poll};
use std::time::Duration;

use tokio::io::{AsyncRead, AsyncWrite, ReadBuf};
use tokio::time::Instant as Moment;

/// How long the other end may take nothing of what waits for it.
const PATIENCE: Duration = Duration::from_secs(10);

/// The octets of a buffer that are kept for the next answer.
const KEPT: usize = 64 << 10;

/// A connection.
#[derive(Debug)]
pub(crate) struct Pipe<S> {
    stream: S,
    /// The most octets of a request.
    longest: usize,
    input: Vec<u8>,
    /// How much of `input` holds no line feed.
    searched: usize,
    /// What waits to be sent.
    pub(crate) output: Vec<u8>,
    /// When the other end last took or sent something.
    pub(crate) active: Moment,
    /// Whether it ends once its output has left.
    closing: bool,
    /// Whether the other end will send no more.
    ended: bool,
}

impl<S: AsyncRead + AsyncWrite + Unpin> Pipe<S> {
    pub(crate) fn new(stream: S, longest: usize) -> Self {
        let (input, output, active) = (Vec::new(), Vec::new(), Moment::now());
        Self { stream, longest, input, searched: 0, output, active, closing: false, ended: false }
    }

    /// Ends the connection once its output has left.
    pub(crate) const fn close(&mut self) {
        self.closing = true;
    }

    /// Whether something waits to be sent.
    pub(crate) const fn is_behind(&self) -> bool {
        !self.output.is_empty()
    }

    /// Sends what can leave now: whether the connection is over, or has to be.
    pub(crate) fn is_over(&mut self, cx: &mut Context<'_>) -> bool {
        self.send(cx).is_err()
            || match self.output.is_empty() {
                true => self.closing,
                false => self.active.elapsed() > PATIENCE,
            }
    }

    fn send(&mut self, cx: &mut Context<'_>) -> io::Result<()> {
        while !self.output.is_empty() {
            match Pin::new(&mut self.stream).poll_write(cx, &self.output) {
                Poll::Ready(Ok(0)) => return Err(io::ErrorKind::WriteZero.into()),
                Poll::Ready(sent) => _ = self.output.drain(..sent?),
                Poll::Pending => return Ok(()),
            }
            self.active = Moment::now();
        }
        // A long answer leaves no room behind.
        self.output.shrink_to(KEPT);
        Ok(())
    }

    /// The next line without its line feed; an error at the end, or where no line ends in time.
    pub(crate) fn poll_line(&mut self, cx: &mut Context<'_>) -> Poll<io::Result<Vec<u8>>> {
        let mut searched = std::mem::take(&mut self.searched);
        let polled = self.poll_part(cx, |input| {
            let Some(at) = input[searched..].iter().position(|&octet| octet == b'\n') else {
                searched = input.len();
                return None;
            };
            let rest = input.split_off(searched + at + 1);
            let mut line = std::mem::replace(input, rest);
            line.pop();
            searched = 0;
            Some(line)
        });
        self.searched = searched;
        polled
    }

    /// What `take` takes off the input once there is enough; an error at the end, or where it takes
    /// nothing of as much as may be.
    pub(crate) fn poll_part<T>(
        &mut self,
        cx: &mut Context<'_>,
        mut take: impl FnMut(&mut Vec<u8>) -> Option<T>,
    ) -> Poll<io::Result<T>> {
        loop {
            if let Some(part) = take(&mut self.input) {
                return Poll::Ready(Ok(part));
            }
            if self.input.len() >= self.longest || self.ended {
                // Nobody waits for the answer to half a request.
                return Poll::Ready(Err(io::ErrorKind::UnexpectedEof.into()));
            }
            let mut space = [0; 4096];
            let mut read = ReadBuf::new(&mut space);
            match Pin::new(&mut self.stream).poll_read(cx, &mut read) {
                Poll::Pending => return Poll::Pending,
                Poll::Ready(done) => done?,
            }
            self.ended = read.filled().is_empty();
            self.input.extend_from_slice(read.filled());
            self.active = Moment::now();
        }
    }

    /// Whether a request has begun.
    pub(crate) const fn has_part(&self) -> bool {
        !self.input.is_empty()
    }
}
