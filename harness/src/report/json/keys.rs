//! Every key of the document, with what it holds: for `castnet run --help`.

/// Each key by its path from the document, and what it holds. Lists are marked with `[]`.
pub const KEYS: [(&str, &str); 75] = [
    ("schema", "the version of this shape; it changes if a key goes or means something else"),
    ("castnet", "the version of castnet"),
    ("exit_code", "what the program ends with"),
    ("outcome", "the worst of all runs: pass, vacuous, fail, unsupported, broken; null for none"),
    ("interrupted", "whether the user ended it"),
    ("seconds", "how long it took"),
    ("repeat", "how often each scenario was to be run"),
    ("scenarios[]", "each scenario on each backend"),
    ("scenarios[].scenario", "its name"),
    ("scenarios[].path", "its file"),
    ("scenarios[].backend", "netns or sim"),
    ("scenarios[].outcome", "the worst of its runs"),
    ("scenarios[].runs", "how many have finished"),
    ("scenarios[].passed", "how many passed"),
    ("runs[]", "each run that has finished"),
    ("runs[].scenario", "the scenario's name"),
    ("runs[].path", "its file"),
    ("runs[].title", "what it claims"),
    ("runs[].clauses[]", "the ids of the clauses of RFCs that it proves"),
    ("runs[].proved[]", "those of them that it has proved: none unless it passed"),
    ("runs[].backend", "netns or sim"),
    ("runs[].repetition", "the number of the run of this scenario, from 1"),
    ("runs[].kernel", "the kernel that it ran on; empty if it ran on none"),
    ("runs[].seed", "the seed of its random draws"),
    ("runs[].timers", "whose timers its nodes had: file, or rfc for the RFCs' defaults"),
    ("runs[].end", "how long it was by its own clock, which may be virtual"),
    ("runs[].outcome", "pass, vacuous, fail, unsupported or broken"),
    ("runs[].reasons[]", "why the whole run is not to be trusted, or was not made"),
    ("runs[].notes[]", "what a reader should know whatever the outcome"),
    ("runs[].findings[]", "each check, in the order of the file"),
    ("runs[].findings[].line", "its line of the file"),
    ("runs[].findings[].claim", "the claim in one line"),
    ("runs[].findings[].clauses[]", "the ids of the clauses that it proves, if the run passes"),
    ("runs[].findings[].outcome", "pass, vacuous or fail"),
    ("runs[].findings[].why[]", "the likely cause, the arithmetic and the evidence, line by line"),
    ("runs[].findings[].measured[]", "each measurement"),
    ("runs[].findings[].measured[].name", "the key of the claim"),
    ("runs[].findings[].measured[].seconds", "a length of time"),
    ("runs[].findings[].measured[].number", "or a number"),
    ("runs[].findings[].measured[].of", "what that number is a part of"),
    ("runs[].findings[].measured[].percent", "the part in percent"),
    ("runs[].findings[].at", "the time in the run that the failure is about, in seconds"),
    (
        "runs[].findings[].by_tolerance",
        "that the outcome would be another one without the tolerance",
    ),
    ("runs[].invariants[]", "each rule of every run"),
    ("runs[].invariants[].name", "its name"),
    ("runs[].invariants[].outcome", "pass, fail, or off"),
    ("runs[].invariants[].because", "why it is off"),
    ("runs[].invariants[].why[]", "where and how it was broken"),
    ("runs[].invariants[].by_tolerance", "that it held only by the time that a router may be late"),
    ("runs[].seconds", "how long the run took"),
    ("runs[].frames", "how many frames crossed a link; null if there was no run"),
    (
        "runs[].noise",
        "how many frames of IPv6 kernels sent unasked, which are in no recording: neighbour \
         discovery, and Reports of groups of the link that the scenario does not name",
    ),
    ("runs[].pcapng", "the capture"),
    ("runs[].tries", "how often it was tried; each earlier try was broken"),
    ("runs[].broken_before[]", "why each earlier try was broken"),
    ("runs[].programs[]", "each program that the scenario or the software of a node started"),
    ("runs[].programs[].node", "the node that it ran in"),
    (
        "runs[].programs[].act",
        "the act that started it, or the program of the software of its node",
    ),
    ("runs[].programs[].status", "how it ended; null if it still ran at the end"),
    ("runs[].programs[].log", "the file with its output"),
    ("runs[].programs[].tail[]", "the last lines of its output"),
    ("unfinished[]", "each run without a verdict"),
    ("unfinished[].scenario", "the scenario's name"),
    ("unfinished[].path", "its file"),
    ("unfinished[].backend", "netns or sim"),
    ("unfinished[].repetition", "the number that the run would have had"),
    ("unfinished[].started", "whether it was stopped, or else never started"),
    ("wrong[]", "each file that could not be run"),
    ("wrong[].scenario", "the name that its path gives the scenario"),
    ("wrong[].path", "the file"),
    ("wrong[].errors", "what is wrong with it"),
    ("own_timers[]", "each scenario that did not run because it keeps its own timers"),
    ("own_timers[].scenario", "the name that its path gives the scenario"),
    ("own_timers[].path", "the file"),
    ("own_timers[].why", "what says so"),
];

/// The keys in two columns, a line each.
#[must_use]
pub fn table() -> String {
    let width = KEYS.iter().map(|(path, _)| path.len()).max().unwrap_or_default();
    KEYS.iter().map(|(path, what)| format!("  {path:<width$}  {what}\n")).collect()
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeSet;

    use serde_json::Value;

    use super::*;
    use crate::judge::invariant::{Invariant, Standing};
    use crate::judge::{Measure, Outcome, Value as Measured};
    use crate::report::json::document;
    use crate::report::tests::finished;
    use crate::report::{Campaign, LeftOut, ProgramLog, Unfinished, WrongFile};

    /// Every path in the value, each below `at`.
    fn paths(value: &Value, at: &str, found: &mut BTreeSet<String>) {
        match value {
            Value::Object(object) => {
                for (key, value) in object {
                    paths(
                        value,
                        &format!("{at}{}{key}", if at.is_empty() { "" } else { "." }),
                        found,
                    );
                }
            }
            Value::Array(array) => {
                found.insert(format!("{at}[]"));
                array.iter().for_each(|value| paths(value, &format!("{at}[]"), found));
            }
            _ if at.ends_with("[]") => {}
            _ => {
                found.insert(at.to_owned());
            }
        }
    }

    #[test]
    fn each_key_of_a_document_is_told_and_no_other() {
        let mut run = finished("a", Outcome::Fail);
        let value = [
            Measured::Number(3),
            Measured::Time(std::time::Duration::ZERO),
            Measured::Share { found: 1, of: 200 },
        ];
        let measured = value.map(|value| Measure { name: "ttl", value });
        run.verdict.findings[0].measured = measured.into();
        run.verdict.findings[0].by_tolerance = Some("by the tolerance".to_owned());
        run.verdict.invariants = vec![Standing {
            invariant: Invariant::NoReturn,
            off: None,
            violations: vec!["r1".to_owned()],
            at: None,
            by_tolerance: Some("by the second".to_owned()),
        }];
        run.programs = vec![ProgramLog {
            node: "r1".to_owned(),
            act: "r1 runs true".to_owned(),
            status: None,
            log: None,
            tail: Vec::new(),
        }];
        let missing = Unfinished {
            name: "b".to_owned(),
            path: "b.toml".to_owned(),
            backend: "sim",
            repetition: 1,
            started: true,
        };
        let wrong = WrongFile {
            name: "c".to_owned(),
            path: "c.toml".to_owned(),
            at: ("c.toml".to_owned(), 1),
            errors: "no title".to_owned(),
        };
        let left = LeftOut {
            name: "d".to_owned(),
            path: "d.toml".to_owned(),
            why: "its own timers".to_owned(),
        };
        let campaign = Campaign {
            finished: vec![run],
            unfinished: vec![missing],
            wrong: vec![wrong],
            left: vec![left],
            repeat: 1,
            ..Campaign::default()
        };
        let document: Value = serde_json::from_str(&document(&campaign, 1).unwrap()).unwrap();
        let mut found = BTreeSet::new();
        paths(&document, "", &mut found);
        let told: BTreeSet<String> = KEYS.iter().map(|(path, _)| (*path).to_owned()).collect();
        assert_eq!(found, told);
    }
}
