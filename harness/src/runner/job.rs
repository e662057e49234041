//! One run of one scenario: its backend, its number, and the paths of its results.

use std::borrow::Cow;
use std::collections::BTreeMap;
use std::path::{Component, Path, PathBuf};

use crate::plan::Plan;
use crate::report::Unfinished;
use crate::scenario::Backend;

/// Where scenarios are to run.
#[derive(Clone, Debug, Default)]
pub struct Where {
    /// The requested backends, once each; if empty, the kernel where scenario and machine allow it,
    /// and otherwise the simulator.
    named: Vec<Backend>,
    /// Whether this machine can run anything on the kernel.
    has_kernel: bool,
    /// Whether that kernel is another one, in virtual time.
    is_virtual: bool,
}

impl Where {
    /// On each of these backends, except where a scenario does not allow it.
    #[must_use]
    pub fn on(backends: &[Backend]) -> Self {
        let mut named: Vec<Backend> = Vec::new();
        for backend in backends {
            if !named.contains(backend) {
                named.push(*backend);
            }
        }
        Self { named, has_kernel: true, is_virtual: false }
    }

    /// Adapts to a machine on which no run may be possible on the kernel.
    #[must_use]
    pub fn where_kernel(self, has_kernel: bool) -> Self {
        Self { has_kernel, ..self }
    }

    /// Adapts to runs on another kernel than this machine's, in virtual time.
    #[must_use]
    pub fn in_virtual_time(self, is_virtual: bool) -> Self {
        Self { is_virtual, ..self }
    }

    /// The backends for this scenario: at least one. If the scenario allows none of the requested
    /// ones, they are returned all the same, so that the run reports why.
    #[must_use]
    pub fn of(&self, plan: &Plan) -> Vec<Backend> {
        let Self { named, has_kernel, is_virtual } = self;
        let runs = |backend| match backend {
            Backend::Netns if *is_virtual => plan.runs_on_guest(),
            _ => plan.runs_on(backend),
        };
        if named.is_empty() {
            let can = |backend| runs(backend) && (backend == Backend::Sim || *has_kernel);
            let best = [Backend::Netns, Backend::Sim].into_iter().find(|&backend| can(backend));
            return vec![best.unwrap_or(Backend::Netns)];
        }
        let allowed: Vec<Backend> =
            named.iter().copied().filter(|&backend| runs(backend)).collect();
        if allowed.is_empty() { named.clone() } else { allowed }
    }
}

/// A kernel of User-Mode Linux.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Guest {
    /// The word by which the user has named it.
    pub word: String,
    /// The program.
    pub program: PathBuf,
}

/// One run of one scenario.
pub struct Job<'a> {
    /// The plan, with the seed of this run, which may differ from the scenario's.
    pub plan: Cow<'a, Plan>,
    /// Where it runs.
    pub backend: Backend,
    /// The kernel, if it is not the machine's own.
    pub guest: Option<Guest>,
    /// The number of the run of the scenario, from 1.
    pub repetition: u32,
    /// The folder of its files.
    pub out: PathBuf,
    /// The file of its capture.
    pub pcapng: PathBuf,
    /// The file of its page, if one is wanted.
    pub page: Option<PathBuf>,
}

/// Every scenario `repeat` times on each of its backends, all of them once before any of them
/// again. Captures go into the folder `out`; scenarios of equal name get files of different names.
#[must_use]
pub fn jobs<'a>(plans: &'a [Plan], backends: &Where, repeat: u32, out: &Path) -> Vec<Job<'a>> {
    let mut stems = BTreeMap::<PathBuf, u32>::new();
    let stems: Vec<PathBuf> = plans
        .iter()
        .map(|plan| {
            let stem = stem(&plan.name);
            let same = stems.entry(stem.clone()).or_default();
            *same += 1;
            if *same == 1 { stem } else { with_suffix(&stem, &format!("~{same}")) }
        })
        .collect();
    let mut jobs = Vec::new();
    for repetition in 1..=repeat {
        let run = if repeat > 1 { format!(".{repetition}") } else { String::new() };
        for (plan, stem) in plans.iter().zip(&stems) {
            jobs.extend(backends.of(plan).into_iter().map(|backend| {
                let of_backend = if backend == Backend::Sim { ".sim" } else { "" };
                let pcapng = out.join(with_suffix(stem, &format!("{of_backend}{run}.pcapng")));
                let plan = match backend {
                    Backend::Sim => plan.in_virtual_time(),
                    Backend::Netns => Cow::Borrowed(plan),
                };
                let out = out.to_owned();
                Job { plan, backend, guest: None, repetition, out, pcapng, page: None }
            }));
        }
    }
    jobs
}

/// The name of a scenario as a path that stays below the folder of captures.
fn stem(name: &str) -> PathBuf {
    Path::new(name).components().filter(|part| matches!(part, Component::Normal(_))).collect()
}

pub(super) fn with_suffix(path: &Path, suffix: &str) -> PathBuf {
    let mut name = path.as_os_str().to_owned();
    name.push(suffix);
    name.into()
}

impl Job<'_> {
    /// The scenario's name, and the number of the run if there are several.
    #[must_use]
    pub fn name(&self) -> String {
        match self.repetition {
            1 => self.plan.name.clone(),
            n => format!("{} #{n}", self.plan.name),
        }
    }

    /// Puts a run on the kernel of this machine on another kernel, where time is virtual.
    pub fn on(&mut self, guest: Option<&Guest>) {
        self.guest = guest.filter(|_| self.backend == Backend::Netns).cloned();
        if self.guest.is_some() {
            self.plan = Cow::Owned(self.plan.in_virtual_time().into_owned());
        }
    }

    /// Whether each run with one seed is the same run.
    #[must_use]
    pub fn is_repeatable(&self) -> bool {
        self.backend == Backend::Sim || self.guest.is_some()
    }

    /// Requests a page beside the capture.
    pub fn with_page(&mut self) {
        self.page = Some(self.pcapng.with_extension("html"));
    }

    pub(super) fn unfinished(&self, started: bool) -> Unfinished {
        let Self { plan, backend, repetition, .. } = self;
        let (backend, repetition) = (backend.word(), *repetition);
        let (name, path) = (plan.name.clone(), plan.path.clone());
        Unfinished { name, path, backend, repetition, started }
    }

    /// Why it cannot be run, if the scenario or the machine says so.
    pub(super) fn refusal(&self, machine: Option<&str>) -> Option<String> {
        let (plan, backend) = (&self.plan, self.backend);
        if !plan.runs_on(backend) {
            let backends = plan.backends.as_ref();
            let because = backends.map_or("", |backends| &backends.because);
            let cure = match backends.is_some_and(|backends| backends.virtual_time) {
                true => "; `--kernel uml` has the kernel do so in virtual time",
                false => "",
            };
            return Some(format!("not for {}: {because}{cure}", backend.word()));
        }
        machine.filter(|_| backend == Backend::Netns).map(ToString::to_string)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_capture_stays_below_its_folder() {
        assert_eq!(stem("igmp/v2/leave"), Path::new("igmp/v2/leave"));
        assert_eq!(stem("../../etc/leave"), Path::new("etc/leave"));
        assert_eq!(stem("/etc/leave"), Path::new("etc/leave"));
    }
}
