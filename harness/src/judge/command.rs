//! Judges what a command came to that an act has run.

use super::window::{Purpose, not_done};
use super::{Evidence, Judged, PASS, Value};
use crate::plan::CommandResult;
use crate::recording::{Origin, ProgramOutput};

/// Lines of its output that a failure shows.
const SHOWN: usize = 8;

impl Evidence<'_> {
    pub(super) fn command(&self, claim: &CommandResult) -> Judged {
        let Some(span) = self.span(&claim.window, Purpose::AtLeast) else {
            return not_done(&claim.window);
        };
        let mut outputs = self.recording.outputs.iter();
        let found = outputs.find(|output| output.origin == Origin::Act(claim.act));
        let (Some(output), Some(begun)) = (found, self.recording.begun(claim.act)) else {
            return Judged::vacuous(vec!["the command did not run".to_owned()]);
        };
        let Some(ended) = output.ended else {
            let mut why = vec!["the command still ran at the end of the run".to_owned()];
            why.extend(span.describe());
            why.extend(shown(output));
            return Judged::fail(why);
        };
        let text = String::from_utf8_lossy(&output.octets);
        let lines = text.lines().count() as u64;
        let measured = |judged: Judged| {
            let took = Value::Time(ended.since(begun));
            let judged = judged.measured("command", took).measured("lines", Value::Number(lines));
            match output.exit {
                Some(exit) => judged.measured("exit", Value::Number(exit.into())),
                None => judged,
            }
        };
        let mut why = Vec::new();
        if !span.contains(ended) {
            why.push(format!("the command ended at {ended}"));
            why.extend(span.describe());
        }
        if output.exit != Some(claim.exit) {
            let status = output.status.as_deref().unwrap_or("none");
            why.push(format!("expected exit status {}, found {status}", claim.exit));
        }
        // What was left out is not known, so that it cannot be judged by what is there.
        let wanted = claim.contains.iter().filter(|wanted| !text.contains(wanted.as_str()));
        let wanted: Vec<String> =
            wanted.map(|wanted| format!("it has not written {wanted:?}")).collect();
        let count = claim.lines.as_ref();
        let miscounted = count
            .filter(|count| !count.allows(lines))
            .map(|count| format!("expected {} lines, found {lines}", count.text));
        let is_cut = output.left_out > 0;
        let depends = !wanted.is_empty() || count.is_some() || !claim.lacks.is_empty();
        let unwanted = claim.lacks.iter().filter(|unwanted| text.contains(unwanted.as_str()));
        let unwanted: Vec<String> =
            unwanted.map(|unwanted| format!("it has written {unwanted:?}")).collect();
        if why.is_empty() && unwanted.is_empty() && is_cut && depends {
            let why = format!(
                "{} octets of its output were not kept, so that the claim cannot be judged",
                output.left_out
            );
            return measured(Judged::unsupported(why));
        }
        why.extend(unwanted);
        if !is_cut {
            why.extend(wanted);
            why.extend(miscounted);
        }
        if why.is_empty() {
            return measured(PASS);
        }
        why.extend(shown(output));
        measured(Judged::fail(why).at(ended))
    }
}

/// The last lines of the output.
fn shown(output: &ProgramOutput) -> Vec<String> {
    let text = String::from_utf8_lossy(&output.octets);
    let lines: Vec<&str> = text.lines().collect();
    if lines.is_empty() {
        return vec!["it has written nothing".to_owned()];
    }
    let last = &lines[lines.len().saturating_sub(SHOWN)..];
    let title = match lines.len() > SHOWN {
        true => format!("the last {SHOWN} of its {} lines:", lines.len()),
        false => "its output:".to_owned(),
    };
    std::iter::once(title).chain(last.iter().map(|line| format!("  {line}"))).collect()
}
