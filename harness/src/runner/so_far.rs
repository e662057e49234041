//! The results of a campaign so far.

use std::collections::BTreeSet;

use castnet::kernel::Clock;

use super::{Event, Orders};
use crate::report::{Campaign, Finished};

/// The results so far, for reports before all runs have ended.
pub struct SoFar<'a> {
    orders: &'a Orders<'a>,
    clock: Clock,
    campaign: Campaign,
    ended: BTreeSet<usize>,
    stopped: BTreeSet<usize>,
}

impl<'a> SoFar<'a> {
    pub(super) fn new(orders: &'a Orders<'a>) -> Self {
        let repeat = orders.jobs.iter().map(|job| job.repetition).max().unwrap_or(1);
        let (wrong, left) = (orders.wrong.clone(), orders.left.clone());
        let campaign = Campaign { repeat, wrong, left, ..Campaign::default() };
        let (ended, stopped) = (BTreeSet::new(), BTreeSet::new());
        Self { orders, clock: Clock::start(), campaign, ended, stopped }
    }

    pub(super) fn note(&mut self, event: &Event) {
        match event {
            Event::Finished(job, finished) | Event::Paused(job, finished, ..) => {
                self.finished(*job, finished);
            }
            Event::Stopped(job) => _ = self.stopped.insert(*job),
            Event::Started(_) | Event::Simulated(..) | Event::Tick => {}
        }
    }

    /// A job has a verdict. It counts once, however often it is reported.
    fn finished(&mut self, job: usize, finished: &Finished) {
        if self.ended.insert(job) {
            self.campaign.finished.push(finished.clone());
        }
    }

    /// The campaign as if it ended now: jobs without a verdict are unfinished.
    pub fn campaign(&mut self) -> &Campaign {
        let jobs = self.orders.jobs.iter().enumerate();
        let missing = jobs.filter(|(job, _)| !self.ended.contains(job));
        let missing = missing.map(|(index, job)| job.unfinished(self.stopped.contains(&index)));
        self.campaign.unfinished = missing.collect();
        let cancelled = self.orders.cancel.is_cancelled();
        self.campaign.interrupted = cancelled && !self.campaign.unfinished.is_empty();
        self.campaign.took = self.clock.now().since_start();
        &self.campaign
    }

    pub(super) fn into_campaign(mut self) -> Campaign {
        self.campaign();
        self.campaign
    }
}
