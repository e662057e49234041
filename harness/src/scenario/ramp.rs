//! Acts that are done several times: `every`, `times`, and `step`, by which their group grows.

use std::net::{IpAddr, Ipv4Addr, Ipv6Addr};
use std::time::Duration;

use castnet::addr::Group;

use super::reader::Reader;
use super::span::{Span, Spanned};
use super::{Act, LONGEST, Verb};

/// How an act is repeated.
pub(super) struct Ramp {
    every: Spanned<Duration>,
    times: u32,
    step: Option<Spanned<u32>>,
}

/// The keys of an act that is repeated; `Some(None)` if it is done once, and `None` if a key is wrong, which is
/// reported.
pub(super) fn ramp(table: &Reader<'_, '_>) -> Option<Option<Ramp>> {
    let (every, times) = (table.duration("every"), table.integer::<u32>("times"));
    let step = table.integer::<u32>("step");
    for (key, number) in [("times", &times), ("step", &step)] {
        table.limit(key, number.as_ref(), |limits, _| {
            (format!("`{key}` is {limits}"), "not possible".to_owned())
        });
    }
    let written = |key| table.value(key).is_some();
    let given = ["every", "times"].map(written);
    for (key, other) in [("every", "times"), ("times", "every"), ("step", "times")] {
        if let (Some(span), false) = (table.key_span(key), written(other)) {
            let message = format!("`{key}` needs `{other}`");
            let help = "for example every = \"10ms\", times = 100, step = 1";
            table.faults().borrow_mut().error_with_help(&span, message, "not enough", help);
        }
    }
    if let Some(every) = every.as_ref().filter(|every| every.value.is_zero()) {
        let message = "acts of one time are one act each";
        table.faults().borrow_mut().error(&every.span, message, "no time between them");
    }
    match (given, every, times) {
        ([false, false], ..) if !written("step") => Some(None),
        (_, Some(every), Some(times)) if written("step") == step.is_some() => {
            Some(Some(Ramp { every, times: times.value, step }))
        }
        _ => None,
    }
}

impl Ramp {
    /// The act and its repetitions, of which the first one has the name. A group or a time that they come to and that
    /// there is not is reported.
    pub(super) fn acts(&self, mut act: Act, table: &Reader<'_, '_>) -> Vec<Act> {
        let fault = |span: &Span, message: String, label: &str| {
            table.faults().borrow_mut().error(span, message, label);
        };
        if let Some(step) = self.step.as_ref().filter(|_| act.verb.group().is_none()) {
            fault(&step.span, "`step` is for acts with a group".to_owned(), "this one has none");
            return vec![act];
        }
        let step = self.step.as_ref().map_or(0, |step| step.value);
        let mut acts = Vec::new();
        for nth in 0..self.times {
            let at = act.at.value.saturating_add(self.every.value.saturating_mul(nth));
            if at > LONGEST {
                let message = "a scenario lasts at most a day".to_owned();
                fault(&self.every.span, message, "the last ones would come later");
                break;
            }
            let mut verb = act.verb.clone();
            if let Some(group) = verb.group() {
                let Some(next) = further(group.value, nth.saturating_mul(step)) else {
                    let message = format!("{} groups from {} on", self.times, group.value);
                    fault(&group.span.clone(), message, "there are not so many");
                    break;
                };
                group.value = next;
            }
            let name = act.name.clone().filter(|_| nth == 0);
            acts.push(Act { at: Spanned { value: at, span: act.at.span.clone() }, name, verb });
        }
        acts
    }
}

impl Verb {
    /// The group that a repetition may change.
    const fn group(&mut self) -> Option<&mut Spanned<Group>> {
        match self {
            Self::Join(of) | Self::Leave(of) => Some(&mut of.group),
            Self::Churn(of) => Some(&mut of.group),
            Self::Send(of) => Some(&mut of.group),
            _ => None,
        }
    }
}

/// The group so many addresses further on.
fn further(group: Group, by: u32) -> Option<Group> {
    let address: IpAddr = match group.addr() {
        IpAddr::V4(address) => Ipv4Addr::from_bits(address.to_bits().checked_add(by)?).into(),
        IpAddr::V6(address) => {
            Ipv6Addr::from_bits(address.to_bits().checked_add(by.into())?).into()
        }
    };
    Group::new(address)
}
