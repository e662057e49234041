//! Counters for Prometheus over HTTP, on a port of the loopback interface.
//!
//! Speaks as much of HTTP as a scrape takes: a GET of /metrics, one for each connection. Everything else
//! gets an error, and nothing waits for anybody.

use std::io;
use std::net::SocketAddr;
use std::task::{Context, Poll};
use std::time::Duration;

use tokio::net::{TcpListener, TcpStream};
use tokio::time::Instant as Moment;

use super::pipe::Pipe;

/// The most connections. One more takes the place of the oldest.
const MOST: usize = 8;

/// The most octets of a line of a request, and the most lines.
const LONGEST: (usize, usize) = (4096, 100);

/// How long a connection may take as a whole.
const PATIENCE: Duration = Duration::from_secs(10);

/// The port with its connections.
#[derive(Debug)]
pub(super) struct Scraper {
    listener: TcpListener,
    connections: Vec<Connection>,
    accepted: u64,
}

#[derive(Debug)]
struct Connection {
    pipe: Pipe<TcpStream>,
    number: u64,
    began: Moment,
    /// The first line of its request, and how many have come.
    request: Option<Vec<u8>>,
    lines: usize,
    is_answered: bool,
}

impl Scraper {
    /// Listens on the port.
    ///
    /// # Errors
    /// Errors of bind(2) and listen(2).
    pub(super) async fn open(address: SocketAddr) -> io::Result<Self> {
        let listener = TcpListener::bind(address).await?;
        Ok(Self { listener, connections: Vec::new(), accepted: 0 })
    }

    /// Serves the connections: the number of one that is to get the counters.
    pub(super) fn poll(&mut self, cx: &mut Context<'_>) -> Poll<u64> {
        // Without a free descriptor there is no connection, and the next event tries again.
        while let Poll::Ready(Ok((stream, _))) = self.listener.poll_accept(cx) {
            if self.connections.len() >= MOST {
                self.connections.remove(0);
            }
            self.accepted += 1;
            self.connections.push(Connection::new(stream, self.accepted));
        }
        self.connections.retain_mut(|connection| !connection.is_over(cx));
        for connection in &mut self.connections {
            if connection.poll(cx).is_ready() {
                return Poll::Ready(connection.number);
            }
        }
        // One that was answered with an error has something to send.
        self.connections.retain_mut(|connection| !connection.is_over(cx));
        Poll::Pending
    }

    /// Whether a connection may have to go without another word.
    pub(super) const fn is_waiting(&self) -> bool {
        !self.connections.is_empty()
    }

    /// Answers with the counters.
    pub(super) fn answer(&mut self, number: u64, text: &str) {
        if let Some(of) = self.connections.iter_mut().find(|of| of.number == number) {
            of.respond("200 OK", text);
        }
    }
}

impl Connection {
    fn new(stream: TcpStream, number: u64) -> Self {
        let pipe = Pipe::new(stream, LONGEST.0);
        Self { pipe, number, began: Moment::now(), request: None, lines: 0, is_answered: false }
    }

    fn is_over(&mut self, cx: &mut Context<'_>) -> bool {
        self.began.elapsed() > PATIENCE || self.pipe.is_over(cx)
    }

    /// Ready once its request is complete and asks for the counters.
    fn poll(&mut self, cx: &mut Context<'_>) -> Poll<()> {
        while !self.is_answered {
            let line = match self.pipe.poll_line(cx) {
                Poll::Pending => return Poll::Pending,
                Poll::Ready(Ok(line)) => line,
                Poll::Ready(Err(_)) => {
                    self.respond("400 Bad Request", "");
                    break;
                }
            };
            self.lines += 1;
            let is_last = line.trim_ascii().is_empty();
            let first = self.request.get_or_insert(line);
            if is_last || self.lines > LONGEST.1 {
                let words: Vec<&[u8]> = first.split(u8::is_ascii_whitespace).collect();
                match words[..] {
                    [b"GET", b"/metrics", ..] if is_last => return Poll::Ready(()),
                    [b"GET", ..] => self.respond("404 Not Found", "see /metrics\n"),
                    _ => self.respond("400 Bad Request", ""),
                }
            }
        }
        Poll::Pending
    }

    fn respond(&mut self, status: &str, text: &str) {
        let head = format!(
            "HTTP/1.1 {status}\r\nContent-Type: text/plain; version=0.0.4; charset=utf-8\r\n\
             Content-Length: {}\r\nConnection: close\r\n\r\n",
            text.len()
        );
        self.pipe.output.extend_from_slice(head.as_bytes());
        self.pipe.output.extend_from_slice(text.as_bytes());
        self.pipe.close();
        self.is_answered = true;
    }
}
