//! Where smcrouted logs to: standard error in the foreground, syslog otherwise.

use std::io::{self, IsTerminal as _, Write};
use std::os::unix::net::UnixDatagram;
use std::sync::{Mutex, PoisonError};

use tracing::{Level as Weight, Metadata};
use tracing_subscriber::filter::LevelFilter;
use tracing_subscriber::fmt::MakeWriter;

use crate::words::{Cli, Level};

/// Where syslog listens.
const SOCKET: &str = "/dev/log";

/// The facility of daemons, as syslog(3) shifts it.
const DAEMON: u8 = 3 << 3;

/// Begins to log.
pub(crate) fn start(cli: &Cli) -> anyhow::Result<()> {
    let filter = match cli.level {
        Level::None => LevelFilter::OFF,
        Level::Err => LevelFilter::ERROR,
        Level::Notice | Level::Info => LevelFilter::INFO,
        Level::Debug => LevelFilter::DEBUG,
    };
    let log = tracing_subscriber::fmt().with_max_level(filter);
    if cli.foreground && !cli.syslog {
        let colours = io::stderr().is_terminal() && std::env::var_os("NO_COLOR").is_none();
        log.with_ansi(colours).with_writer(io::stderr).init();
    } else {
        let log = log.with_ansi(false).without_time().with_level(false).with_target(false);
        log.with_writer(Syslog::new(&cli.ident)?).init();
    }
    Ok(())
}

/// Syslog, which may come and go.
struct Syslog {
    ident: String,
    socket: Mutex<UnixDatagram>,
}

/// A line for syslog.
struct Line<'a> {
    syslog: &'a Syslog,
    priority: u8,
}

impl Syslog {
    fn new(ident: &str) -> io::Result<Self> {
        let socket = UnixDatagram::unbound()?;
        socket.set_nonblocking(true)?;
        // It may not be there yet.
        _ = socket.connect(SOCKET);
        Ok(Self { ident: ident.to_owned(), socket: Mutex::new(socket) })
    }
}

impl<'a> MakeWriter<'a> for Syslog {
    type Writer = Line<'a>;

    fn make_writer(&'a self) -> Line<'a> {
        Line { syslog: self, priority: 6 }
    }

    fn make_writer_for(&'a self, meta: &Metadata<'_>) -> Line<'a> {
        let priority = match *meta.level() {
            Weight::ERROR => 3,
            Weight::WARN => 4,
            Weight::INFO => 6,
            _ => 7,
        };
        Line { syslog: self, priority }
    }
}

impl Write for Line<'_> {
    /// Sends the line. One that syslog does not take is lost, as with syslog(3).
    fn write(&mut self, line: &[u8]) -> io::Result<usize> {
        let Self { syslog, priority } = self;
        let text = String::from_utf8_lossy(line);
        let (number, pid) = (DAEMON | *priority, std::process::id());
        let message = format!("<{number}>{}[{pid}]: {}", syslog.ident, text.trim_end());
        let socket = syslog.socket.lock().unwrap_or_else(PoisonError::into_inner);
        if socket.send(message.as_bytes()).is_err() && socket.connect(SOCKET).is_ok() {
            _ = socket.send(message.as_bytes());
        }
        Ok(line.len())
    }

    fn flush(&mut self) -> io::Result<()> {
        Ok(())
    }
}
