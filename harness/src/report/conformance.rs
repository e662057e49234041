//! What is known of devices, clause by clause of the RFCs: a table of clauses and devices.
//!
//! A clause conforms only if every case of it passed, and deviates only by an expectation that failed
//! and shows this clause and no other one. What failed and shows several clauses together accuses none:
//! they are unclear. What could not be run or judged is not run, and says why.

mod html;
mod json;
mod markdown;
mod text;

#[cfg(test)]
mod tests;

use std::path::PathBuf;

use serde::Serialize;

use crate::scenario::clauses::Clause;

pub use html::document as html;
pub use json::document;
pub use markdown::document as markdown;
pub use text::document as text;

/// What is known of a device and a clause. Of several cases the first of these counts.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize)]
#[serde(rename_all = "kebab-case")]
pub enum State {
    /// An expectation failed that shows this clause and no other one.
    Deviates,
    /// A case failed, and which of its clauses is broken does not follow from it.
    Unclear,
    /// A case could not be run or judged, or there is none.
    NotRun,
    /// Every case passed.
    Conforms,
    /// The clause does not show on a link.
    NotObservable,
    /// The clause is no duty of such a device.
    NotApplicable,
}

impl State {
    /// All of them, in the order in which tables show them.
    pub const ALL: [Self; 6] = [
        Self::Conforms,
        Self::Deviates,
        Self::Unclear,
        Self::NotRun,
        Self::NotObservable,
        Self::NotApplicable,
    ];

    /// In words.
    #[must_use]
    pub const fn word(self) -> &'static str {
        match self {
            Self::Conforms => "conforms",
            Self::Deviates => "deviates",
            Self::Unclear => "unclear",
            Self::NotRun => "not run",
            Self::NotObservable => "not observable",
            Self::NotApplicable => "not applicable",
        }
    }
}

/// A scenario's run that shows something of a clause.
#[derive(Clone, Debug, Serialize)]
pub struct Case {
    /// The scenario's name.
    pub scenario: String,
    /// Its file and the line of the expectation that decides: `leave.toml:47`.
    pub place: String,
    /// What it makes of the clause.
    pub state: State,
    /// The claim of that expectation.
    pub claim: String,
    /// Why, line by line, with the packets that show it; empty if it conforms.
    pub why: Vec<String>,
    /// The time in the run that a failure is about, in seconds.
    pub at: Option<f64>,
    /// The capture.
    pub pcapng: Option<PathBuf>,
    /// The command that repeats the run.
    pub repeat: String,
}

/// What is known of one device and one clause.
#[derive(Clone, Debug, Serialize)]
pub struct Cell {
    /// In a word.
    pub state: State,
    /// Why there is no case.
    pub because: Option<String>,
    /// The cases.
    pub cases: Vec<Case>,
}

impl Cell {
    /// What is known from these cases, of which there is at least one.
    #[must_use]
    pub fn of(cases: Vec<Case>) -> Self {
        let worst = cases.iter().map(|case| case.state).min();
        Self { state: worst.unwrap_or(State::NotRun), because: None, cases }
    }

    /// Without a case.
    #[must_use]
    pub fn without_case(state: State, because: String) -> Self {
        Self { state, because: Some(because), cases: Vec::new() }
    }

    /// The cases that make it what it is.
    fn decisive(&self) -> impl Iterator<Item = &Case> {
        self.cases.iter().filter(|case| case.state == self.state)
    }

    /// Why it is not run, in one line.
    fn reason(&self) -> String {
        let of_case = self.decisive().next().map(|case| case.why.join("; "));
        of_case.or_else(|| self.because.clone()).unwrap_or_default()
    }
}

/// A clause, with a cell for each device.
#[derive(Clone, Debug)]
pub struct Row {
    /// The clause.
    pub clause: &'static Clause,
    /// In the order of the devices.
    pub cells: Vec<Cell>,
}

impl Row {
    /// Whether anything of it is known of any device, or could be.
    fn is_observed(&self) -> bool {
        let has_none = |state| matches!(state, State::NotObservable | State::NotApplicable);
        self.cells.iter().any(|cell| !has_none(cell.state))
    }
}

/// A rule of every run that a device broke, whatever clause the scenario was about.
#[derive(Clone, Debug, Serialize)]
pub struct Breach {
    /// The device.
    pub device: String,
    /// The scenario.
    pub scenario: String,
    /// What was broken, and how.
    pub why: Vec<String>,
}

/// The table.
#[derive(Clone, Debug)]
pub struct Table {
    /// The names of the devices.
    pub devices: Vec<String>,
    /// The clauses.
    pub rows: Vec<Row>,
    /// What no clause speaks of.
    pub breaches: Vec<Breach>,
    /// How many runs there were.
    pub runs: usize,
}

/// The levels of clauses, in order.
const LEVELS: [&str; 3] = ["MUST", "SHOULD", "MAY"];

impl Table {
    /// How many clauses of the level are in each state of [`State::ALL`], for the device.
    #[must_use]
    pub fn counts(&self, device: usize, level: &str) -> [usize; State::ALL.len()] {
        let of_level = || self.rows.iter().filter(|row| row.clause.level == level);
        State::ALL.map(|state| of_level().filter(|row| row.cells[device].state == state).count())
    }

    /// The rows of which something is known or could be.
    fn observed(&self) -> impl Iterator<Item = &Row> {
        self.rows.iter().filter(|row| row.is_observed())
    }

    /// The cells in this state, each with its clause and device.
    fn cells(&self, state: State) -> impl Iterator<Item = (&'static Clause, &str, &Cell)> {
        self.rows.iter().flat_map(move |row| {
            let cells = row.cells.iter().zip(&self.devices);
            let cells = cells.filter(move |(cell, _)| cell.state == state);
            cells.map(|(cell, device)| (row.clause, device.as_str(), cell))
        })
    }

    /// Why cells are not run, each reason once, with the device and the clauses.
    fn reasons(&self) -> Vec<(&str, String, Vec<&str>)> {
        let mut all: Vec<(&str, String, Vec<&str>)> = Vec::new();
        for (clause, device, cell) in self.cells(State::NotRun) {
            let why = cell.reason();
            match all.iter_mut().find(|(of, because, _)| *of == device && *because == why) {
                Some((.., clauses)) => clauses.push(&clause.id),
                None => all.push((device, why, vec![&clause.id])),
            }
        }
        all
    }
}
