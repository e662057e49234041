//! The laboratory of a test program: this very program once more, as a process without the threads
//! of the test harness.
//!
//! Both exchange lines of JSON: numbered [`Request`]s go in, and the [`Outcome`] of each comes out
//! when its runs have ended. The laboratory ends, with everything that it has built, when its input
//! does, which happens when the tests end in any way.

use std::collections::BTreeMap;
use std::io::{self, BufRead as _, BufReader, Write as _};
use std::process::{Child, ChildStdin, ChildStdout, Stdio};
use std::sync::mpsc::{Sender, channel};
use std::sync::{LazyLock, Mutex, MutexGuard, PoisonError};
use std::thread;

use super::Outcome;
use super::request::Request;
use crate::lab::privilege;
use crate::lab::{again, serve_if};

/// The first argument of a program that is to be a laboratory.
const AS_LABORATORY: &str = "as-laboratory";

crate::lab::sys::before_main!(serve_if_laboratory);

fn serve_if_laboratory() {
    serve_if(AS_LABORATORY, serve);
}

/// The laboratory of this process, or the error of starting it.
static LABORATORY: LazyLock<Result<Laboratory, String>> =
    LazyLock::new(|| Laboratory::start().map_err(|error| error.to_string()));

struct Laboratory {
    /// Started once; it ends with this process.
    _child: Child,
    line: Mutex<Line>,
}

/// The input, and the tests that wait for outcomes.
struct Line {
    next: u64,
    requests: ChildStdin,
    waiting: BTreeMap<u64, Sender<Outcome>>,
    /// Whether no more outcomes will come.
    ended: bool,
}

/// Runs the request in the laboratory of this process.
pub(super) fn run(request: &Request) -> Outcome {
    let laboratory = match &*LABORATORY {
        Ok(laboratory) => laboratory,
        Err(why) => return request.broken(why),
    };
    let (tell, told) = channel();
    if let Err(error) = lock(&laboratory.line).send(request, tell) {
        return request.broken(&format!("the laboratory cannot be reached: {error}"));
    }
    told.recv().unwrap_or_else(|_| request.broken("the laboratory's process has ended"))
}

impl Line {
    fn send(&mut self, request: &Request, tell: Sender<Outcome>) -> io::Result<()> {
        if self.ended {
            return Err(io::ErrorKind::BrokenPipe.into());
        }
        let line = serde_json::to_string(&(self.next, request))? + "\n";
        self.requests.write_all(line.as_bytes())?;
        self.waiting.insert(self.next, tell);
        self.next += 1;
        Ok(())
    }
}

impl Laboratory {
    fn start() -> io::Result<Self> {
        let mut command = again(AS_LABORATORY)?;
        let mut child = command.stdin(Stdio::piped()).stdout(Stdio::piped()).spawn()?;
        let missing = || io::Error::other("a pipe is missing");
        let requests = child.stdin.take().ok_or_else(missing)?;
        let answers = child.stdout.take().ok_or_else(missing)?;
        let line = Line { next: 0, requests, waiting: BTreeMap::new(), ended: false };
        thread::Builder::new().name("laboratory".into()).spawn(|| listen(answers))?;
        Ok(Self { _child: child, line: Mutex::new(line) })
    }
}

/// Hands out outcomes, until the laboratory has ended.
fn listen(answers: ChildStdout) {
    // Waits until the thread that starts the laboratory has stored it.
    let Ok(laboratory) = &*LABORATORY else { return };
    for answer in BufReader::new(answers).lines().map_while(Result::ok) {
        let Ok((number, outcome)) = serde_json::from_str::<(u64, Outcome)>(&answer) else { break };
        let waiting = lock(&laboratory.line).waiting.remove(&number);
        // A test may have given up waiting.
        _ = waiting.map(|tell| tell.send(outcome));
    }
    let mut line = lock(&laboratory.line);
    line.ended = true;
    line.waiting.clear();
}

fn lock(line: &Mutex<Line>) -> MutexGuard<'_, Line> {
    // The state stays usable: a line that was written in part ends the laboratory.
    line.lock().unwrap_or_else(PoisonError::into_inner)
}

/// Runs requests until no more can come.
fn serve() -> Result<(), String> {
    let refusal = privilege::enter().err().map(|refusal| &*refusal.to_string().leak());
    for request in io::stdin().lines().map_while(Result::ok) {
        let (number, request): (u64, Request) =
            serde_json::from_str(&request).map_err(|why| format!("{request}: {why}"))?;
        let answer = move || {
            let outcome = request.run(refusal);
            let line = serde_json::to_string(&(number, outcome)).unwrap_or_default() + "\n";
            // One call, so that lines of several threads do not mix.
            _ = io::stdout().write_all(line.as_bytes());
        };
        thread::Builder::new().spawn(answer).map_err(|error| error.to_string())?;
    }
    Ok(())
}
