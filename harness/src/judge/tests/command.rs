//! What a command came to that an act ran: it did not run, was cut short, or wrote too much to be judged.

use super::super::Outcome::{Fail, Pass, Unsupported, Vacuous};
use super::{NS, Run, ms};
use crate::recording::{Origin, ProgramOutput};

/// The place of the command among the acts, which is done at 10 s.
const PROBE: usize = 4;

/// A claim about a command, and nothing of it recorded except that it was begun.
fn claim(keys: &str) -> Run {
    let mut run = Run::new(&format!(
        "command = {{ act = 'probe'{keys} }}\nwithin = '2s'\n\
         [[act]]\nat = '10s'\nname = 'probe'\nexec = {{ who = 'h1', command = ['true'] }}"
    ));
    run.recording.acts.push(Some(ms(10_000)));
    run
}

impl Run {
    /// The command wrote this, and ended by itself.
    fn wrote(mut self, text: &str, left_out: u64, exit: u8) -> Self {
        self.recording.outputs.push(ProgramOutput {
            origin: Origin::Act(PROBE),
            status: Some(format!("exit status: {exit}")),
            exit: Some(exit),
            ended: Some(ms(11_000)),
            octets: text.as_bytes().to_vec(),
            left_out,
        });
        self
    }

    fn ended_at(mut self, ended: Option<castnet::time::Instant>) -> Self {
        self.recording.outputs[0].ended = ended;
        self
    }
}

#[test]
fn a_command_that_did_not_run_proves_nothing() {
    claim("").says(Vacuous, &["the command did not run"]);
    claim(", lacks = 'error'").says(Vacuous, &["the command did not run"]);
    claim("").wrote("", 0, 0).comes_out(Pass);
    claim("").wrote("", 0, 0).not_done(PROBE).comes_out(Vacuous);
    // The output of a daemon, or of another act, is not its own.
    let mut other = claim("").wrote("", 0, 0);
    other.recording.outputs[0].origin = Origin::Act(PROBE - 1);
    other.comes_out(Vacuous);
}

#[test]
fn a_command_ends_in_time_with_its_status_and_its_text() {
    let run = |keys: &str| claim(keys).wrote("two\nlines\n", 0, 3);
    run(", exit = 3, contains = ['two', 'lines'], lacks = 'error', lines = 2").comes_out(Pass);
    for keys in [
        "",
        ", exit = 3, contains = 'three'",
        ", exit = 3, lacks = 'lines'",
        ", exit = 3, lines = 1",
    ] {
        run(keys).comes_out(Fail);
    }
    // It ends two seconds and a tolerance after it was begun, at the latest.
    run(", exit = 3").ended_at(Some(ms(12_100) - NS)).comes_out(Pass);
    run(", exit = 3").ended_at(Some(ms(12_100))).comes_out(Fail);
    run(", exit = 3").ended_at(None).comes_out(Fail);
}

#[test]
fn what_was_not_kept_of_an_output_is_not_judged() {
    let cut = |keys: &str| claim(keys).wrote("first\nlast\n", 5, 0);
    // What is there is there, whatever was between.
    cut(", contains = ['first', 'last']").comes_out(Pass);
    cut("").comes_out(Pass);
    cut(", lacks = 'last'").comes_out(Fail);
    cut(", exit = 1, contains = 'middle'").comes_out(Fail);
    for keys in [", contains = 'middle'", ", lacks = 'middle'", ", lines = 2", ", lines = 7"] {
        cut(keys).says(
            Unsupported,
            &["5 octets of its output were not kept, so that the claim cannot be judged"],
        );
    }
}
