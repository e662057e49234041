//! Turns claims about commands into checks.

use super::arithmetic::Moment;
use super::claim::{Claims, in_words};
use super::{Action, Claim, CommandResult, Plan, Window};
use crate::scenario;
use crate::scenario::diagnostic::Spanned;

impl Claims<'_> {
    pub(super) fn command(&mut self, command: &scenario::CommandClaim) -> Option<(String, Claim)> {
        let name = &command.act.value;
        let lines = command.lines.as_ref().map(|lines| self.count(lines, &[]));
        let length = self.optional_length(Some(&command.within), &[]);
        let Some(&act) = self.acts.get(name.as_str()) else {
            if !self.gaps.acts.excuses(name) {
                let known = self.acts.keys().copied();
                self.faults.unknown("act", name, &command.act.span, known);
            }
            return None;
        };
        let Action::Exec(_) = &self.timeline[act].1.action else {
            let message = format!("`{name}` runs no command");
            self.faults.error(&command.act.span, message, "only an act `exec` does");
            return None;
        };
        for text in command
            .contains
            .iter()
            .filter(|text| command.lacks.iter().any(|lacks| lacks.value == text.value))
        {
            let message = format!("`{}` is both wanted and not", text.value);
            self.faults.error(&text.span, message, "never true");
        }
        let (lines, length) = (lines.map_or(Some(None), |lines| lines.map(Some))?, length?);
        let from =
            Moment { text: name.clone(), anchor: Some((act, name.clone())), parts: Vec::new() };
        let window = Window { from, length };
        let values = |texts: &[Spanned<String>]| -> Vec<String> {
            texts.iter().map(|text| text.value.clone()).collect()
        };
        let mut text = format!("{name} ends with exit status {}", command.exit);
        for (words, texts) in [("writes", &command.contains), ("does not write", &command.lacks)] {
            texts.iter().for_each(|one| text.push_str(&format!(", {words} {:?}", one.value)));
        }
        if let Some(lines) = &lines {
            let noun = if lines.text == "1" { "line" } else { "lines" };
            text.push_str(&format!(", writes {} {noun}", lines.text));
        }
        text.push_str(&in_words(&window));
        let (contains, lacks) = (values(&command.contains), values(&command.lacks));
        let result = CommandResult { act, exit: command.exit, contains, lacks, lines, window };
        Some((text, Claim::Command(Box::new(result))))
    }
}

impl Plan {
    /// Whether a check is about what the command of this act came to, so that its end breaks no run.
    #[must_use]
    pub fn claims_command(&self, act: super::ActId) -> bool {
        self.checks
            .iter()
            .any(|check| matches!(&check.claim, Claim::Command(command) if command.act == act))
    }
}
