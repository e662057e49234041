//! The connection to castnetd: a request out, its answer in.

use std::io::{self, BufRead as _, BufReader, Write as _};
use std::os::unix::net::UnixStream;
use std::path::{Path, PathBuf};
use std::time::Duration;

use castnet::daemon::control::wire::{
    Answer, Ask, LONGEST_LOOK_MS, Outcome, Reply, Request, VERSION,
};

use crate::failure::Failure;

/// How long castnetd may take for an answer.
const PATIENCE: Duration = Duration::from_millis(LONGEST_LOOK_MS + 20_000);

pub(crate) struct Connection {
    stream: BufReader<UnixStream>,
    socket: PathBuf,
    id: u64,
}

impl Connection {
    pub(crate) fn open(socket: &Path) -> Result<Self, Failure> {
        let open = || {
            let stream = UnixStream::connect(socket)?;
            stream.set_write_timeout(Some(PATIENCE))?;
            io::Result::Ok(BufReader::new(stream))
        };
        let stream = open().map_err(|why| Failure::no_daemon(socket, &why))?;
        Ok(Self { stream, socket: socket.to_owned(), id: 0 })
    }

    /// Asks, and waits for the answer.
    pub(crate) fn ask(&mut self, ask: &Ask) -> Result<Answer, Failure> {
        self.id += 1;
        let request = Request { version: VERSION, id: self.id, ask: ask.clone() };
        let said = self.say(&request);
        said.map_err(|why| Failure::no_daemon(&self.socket, &why))?;
        self.hear(Some(PATIENCE))
    }

    /// Waits for the next event of what is monitored.
    pub(crate) fn event(&mut self) -> Result<Answer, Failure> {
        self.hear(None)
    }

    fn say(&mut self, request: &Request) -> io::Result<()> {
        let mut line = serde_json::to_vec(request)?;
        line.push(b'\n');
        self.stream.get_mut().write_all(&line)
    }

    fn hear(&mut self, patience: Option<Duration>) -> Result<Answer, Failure> {
        let mut line = Vec::new();
        let mut read = || {
            self.stream.get_ref().set_read_timeout(patience)?;
            if self.stream.read_until(b'\n', &mut line)? == 0 {
                return Err(io::ErrorKind::UnexpectedEof.into());
            }
            Ok(serde_json::from_slice::<Reply>(&line)?)
        };
        let reply = read().map_err(|why| Failure::no_daemon(&self.socket, &why))?;
        match reply.outcome {
            Outcome::Done(answer) => Ok(answer),
            Outcome::Refused(refusal) => Err(refusal.into()),
        }
    }
}
