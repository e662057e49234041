//! The ward of a node: where its programs live, and beyond which nothing of them does.
//!
//! A ward is a PID namespace with a /proc of its own in the node's network namespace. Dropping a
//! [`Ward`] kills every process in it, and waits until the kernel has removed them all.

use std::fs::File;
use std::io::{self, pipe};
use std::os::fd::{AsFd as _, OwnedFd};
use std::path::{Path, PathBuf};
use std::sync::Arc;

use nix::sys::signal::Signal;

use super::furniture::Furniture;
use super::keeper::{Errand, Founding, Order, Outcome};
use super::output::Output;
use super::process::{Process, Streams, pid_of};
use super::warden::Warden;
use super::{Netns, again, letter, sys};

/// The place of a node's programs.
#[derive(Debug)]
pub struct Ward {
    orders: OwnedFd,
    /// Readable once no process of the ward is left.
    keeper: OwnedFd,
    /// Keepers end with their warden.
    _warden: Arc<Warden>,
}

/// A program to be started in a ward, looked for on the PATH.
#[derive(Clone, Debug)]
pub struct Program {
    name: Option<String>,
    words: Vec<String>,
}

impl Program {
    /// The program and its arguments.
    #[must_use]
    pub fn new<S: Into<String>>(words: impl IntoIterator<Item = S>) -> Self {
        Self { name: None, words: words.into_iter().map(Into::into).collect() }
    }

    /// This very program once more, to play the part `word`.
    ///
    /// # Errors
    /// Errors of [`again`](super::again()).
    pub fn again(word: &str) -> io::Result<Self> {
        again::able()?;
        Ok(Self { name: Some(again::NAME.to_owned()), ..Self::new([again::SELF, word]) })
    }

    /// One more argument.
    #[must_use]
    pub fn arg(mut self, word: impl Into<String>) -> Self {
        self.words.push(word.into());
        self
    }
}

impl Ward {
    /// Makes the ward of a node.
    ///
    /// # Errors
    /// Errors of starting the processes that keep it, and of making the namespaces and mounting /proc,
    /// each with the step that failed.
    pub fn found(netns: &Netns) -> io::Result<Self> {
        let warden = Warden::of_this_process()?;
        let (orders, theirs) = letter::pair()?;
        warden.found(theirs, netns)?;
        letter::wait(&[orders.as_fd()])?;
        let gone = || io::Error::other("the process that starts programs has ended");
        let letter = letter::receive(orders.as_fd())?.ok_or_else(gone)?;
        match letter.value {
            Founding::Stands => {}
            Founding::Failed(step, errno) => {
                let error = io::Error::from_raw_os_error(errno);
                return Err(io::Error::new(error.kind(), format!("{step}: {error}")));
            }
        }
        let keeper = letter.descriptors.into_iter().next().ok_or_else(gone)?;
        Ok(Self { orders, keeper, _warden: warden })
    }

    /// Asks for a program with these standard streams, and returns at once.
    ///
    /// # Errors
    /// `EMSGSIZE` if the words are too long, and errors of sendmsg(2). Whether the program could be
    /// started is known by [`Process::started`].
    pub fn start(&self, program: &Program, streams: Streams) -> io::Result<Process> {
        let mut words = program.words.iter().cloned();
        let order = Order {
            name: program.name.clone(),
            program: words.next().ok_or(io::ErrorKind::InvalidInput)?,
            arguments: words.collect(),
        };
        let (reports, theirs) = letter::pair()?;
        let Streams { stdin, stdout, stderr } = streams;
        let descriptors = [theirs.as_fd(), stdin.as_fd(), stdout.as_fd(), stderr.as_fd()];
        letter::send(self.orders.as_fd(), &Errand::Start(order), &descriptors)?;
        Ok(Process::reported_by(reports))
    }

    /// Starts a program without input, of which everything that it writes is kept, and waits until it runs.
    /// Its output has to be followed.
    ///
    /// # Errors
    /// Errors of [`Self::start`], and why the program could not be started.
    pub async fn start_kept(&self, program: &Program) -> io::Result<(Process, Output)> {
        let (output, its_output) = pipe()?;
        let streams = Streams {
            stdin: File::open("/dev/null")?.into(),
            stdout: its_output.try_clone()?.into(),
            stderr: its_output.into(),
        };
        let process = self.start(program, streams)?;
        process.started().await?;
        Ok((process, Output::of(output)?))
    }

    /// Puts folders and files where only the ward's programs see them. Blocks until it is done.
    ///
    /// # Errors
    /// The step that failed; `EMSGSIZE` for more than 128 KiB of files.
    pub fn furnish(&self, furniture: &Furniture) -> io::Result<()> {
        let (answers, theirs) = letter::pair()?;
        let errand = Errand::Furnish(furniture.clone());
        letter::send(self.orders.as_fd(), &errand, &[theirs.as_fd()])?;
        drop(theirs);
        letter::wait(&[answers.as_fd()])?;
        let gone = || io::Error::other("the process that keeps the place has ended");
        let letter = letter::receive::<Outcome>(answers.as_fd())?.ok_or_else(gone)?;
        letter.value.map_err(|(step, errno)| {
            let error = io::Error::from_raw_os_error(errno);
            io::Error::new(error.kind(), format!("{step}: {error}"))
        })
    }

    /// A path of the ward, as this process reaches it.
    ///
    /// # Errors
    /// Errors of [`Self::pid`].
    pub fn inside(&self, path: &Path) -> io::Result<PathBuf> {
        let below = path.strip_prefix("/").unwrap_or(path);
        Ok(PathBuf::from(format!("/proc/{}/root", self.pid()?)).join(below))
    }

    /// The number of the ward's first process, as this process' /proc has it.
    ///
    /// # Errors
    /// Errors of reading /proc/self/fdinfo.
    pub fn pid(&self) -> io::Result<u32> {
        pid_of(self.keeper.as_fd())
    }
}

impl Drop for Ward {
    fn drop(&mut self) {
        // A keeper that has ended has left nothing either.
        _ = sys::pidfd_send_signal(self.keeper.as_fd(), Signal::SIGKILL);
        _ = letter::wait(&[self.keeper.as_fd()]);
    }
}
