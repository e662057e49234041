//! A request over the control socket, and its answer: text up to the end of the connection.

use std::io::{ErrorKind, Read as _, Write as _};
use std::os::unix::net::UnixStream;
use std::path::Path;

use castnet::daemon::smcroute::wire::{LONGEST, Message};

/// Asks the daemon behind the socket.
pub(crate) fn ask(socket: &Path, message: &Message) -> Result<String, String> {
    let octets = message.encode();
    if octets.len() > LONGEST {
        return Err(format!("a request has at most {LONGEST} octets, not {}", octets.len()));
    }
    let named = |why: std::io::Error| match why.kind() {
        ErrorKind::NotFound => format!("no daemon: there is no socket {}", socket.display()),
        ErrorKind::ConnectionRefused => format!("no daemon listens on {}", socket.display()),
        _ => format!("{}: {why}", socket.display()),
    };
    let mut stream = UnixStream::connect(socket).map_err(named)?;
    stream.write_all(&octets).map_err(named)?;
    let mut answer = Vec::new();
    stream.read_to_end(&mut answer).map_err(named)?;
    // A zero octet ends it; without one the daemon has gone before it could answer.
    match answer.pop() {
        Some(0) => Ok(String::from_utf8_lossy(&answer).into_owned()),
        _ => Err("the daemon has ended before it could answer".to_owned()),
    }
}
