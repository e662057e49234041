//! The order for a campaign, and the events that it reports.

use castnet::time::Instant;
use tokio::sync::oneshot;

use super::Job;
use crate::backend::netns::Room;
use crate::backend::{Cancel, at_a_time};
use crate::report::{Finished, LeftOut, WrongFile};

/// The order for a campaign.
pub struct Orders<'a> {
    /// The runs.
    pub jobs: Vec<Job<'a>>,
    /// How many of them run side by side.
    pub at_a_time: usize,
    /// Whether no more runs start once a run has not passed.
    pub fail_fast: bool,
    /// How often a run that was Broken is tried again. No other run ever is: a device that fails now
    /// and then fails.
    pub retry_broken: u32,
    /// Which topologies are held after their verdict.
    pub hold: Hold,
    /// The files that were requested and cannot be run.
    pub wrong: Vec<WrongFile>,
    /// The scenarios that cannot have the timers that the user wants.
    pub left: Vec<LeftOut>,
    /// Why nothing can run on the kernel.
    pub refusal: Option<&'a str>,
    /// Ends the campaign.
    pub cancel: &'a Cancel,
}

impl<'a> Orders<'a> {
    /// All of the jobs, as many at a time as the machine can bear, without holding any topology.
    #[must_use]
    pub fn new(jobs: Vec<Job<'a>>, cancel: &'a Cancel) -> Self {
        let (fail_fast, retry_broken, hold) = (false, 0, Hold::Never);
        let (at_a_time, wrong, left, refusal) = (at_a_time(), Vec::new(), Vec::new(), None);
        Self { jobs, at_a_time, fail_fast, retry_broken, hold, wrong, left, refusal, cancel }
    }
}

/// Which topologies are held after their verdict, until the observer or [`Orders::cancel`] ends
/// that.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Hold {
    /// No topology.
    Never,
    /// The topology of each run that has not passed.
    Failed,
    /// The topology of the last run.
    Last,
}

/// An event of a campaign. Jobs are numbered as in [`Orders::jobs`].
#[non_exhaustive]
#[derive(Debug)]
pub enum Event {
    /// A job begins.
    Started(usize),
    /// A job has ended, with a verdict.
    Finished(usize, Box<Finished>),
    /// A job has this verdict, and its topology is held. It finishes later, with the same verdict.
    Paused(usize, Box<Finished>, Vec<Room>, Held),
    /// A job was interrupted.
    Stopped(usize),
    /// A job has reached this virtual time.
    Simulated(usize, Instant),
    /// Time passes.
    Tick,
}

/// Holds the topology until this is dropped.
#[derive(Debug)]
pub struct Held {
    pub(super) _held: oneshot::Sender<()>,
}

impl Orders<'_> {
    /// Whether the topology of the job is held after its verdict.
    pub(super) fn holds(&self, index: usize, passed: bool) -> bool {
        match self.hold {
            Hold::Never => false,
            Hold::Failed => !passed,
            Hold::Last => index + 1 == self.jobs.len() || (self.fail_fast && !passed),
        }
    }
}
