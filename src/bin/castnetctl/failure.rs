//! Why a command failed, and the exit code that says so: 1 it was refused, 2 it cannot be understood,
//! 3 what it names is not there, 4 nobody answers.

use std::fmt;
use std::io;
use std::path::Path;
use std::process::ExitCode;

use castnet::daemon::control::wire::{Kind, Refusal};

/// A failure in words.
#[derive(Debug)]
pub(crate) struct Failure {
    code: u8,
    why: String,
    /// Which of several changes it is about, counted from 0.
    pub(crate) change: Option<usize>,
}

impl Failure {
    pub(crate) fn usage(why: impl Into<String>) -> Self {
        Self { code: 2, why: why.into(), change: None }
    }

    pub(crate) fn no_daemon(socket: &Path, why: &io::Error) -> Self {
        let why = format!("no castnetd answers on {}: {why}", socket.display());
        Self { code: 4, why, change: None }
    }

    /// Output that is lost is no success.
    pub(crate) fn output(why: &io::Error) -> Self {
        Self { code: 1, why: format!("writing: {why}"), change: None }
    }

    pub(crate) fn input(why: &io::Error) -> Self {
        Self { code: 2, why: format!("reading standard input: {why}"), change: None }
    }

    /// The failure of this line of a batch.
    pub(crate) fn at(self, line: usize) -> Self {
        Self { why: format!("line {line}: {}", self.why), ..self }
    }

    pub(crate) fn code(&self) -> ExitCode {
        ExitCode::from(self.code)
    }
}

impl From<Refusal> for Failure {
    fn from(refusal: Refusal) -> Self {
        let code = match refusal.kind {
            Kind::Malformed => 2,
            Kind::NotThere => 3,
            Kind::Denied | Kind::Wrong | Kind::Busy => 1,
        };
        Self { code, why: refusal.why, change: refusal.change }
    }
}

impl fmt::Display for Failure {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.why.trim_end())
    }
}
