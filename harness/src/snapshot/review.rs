//! Pending reviews below a folder: goldens that runs would change, goldens that no run has made
//! yet, and goldens that no scenario wants any more.
//!
//! Accepting replaces a golden by a run's result, or removes an orphaned golden.

use std::collections::BTreeMap;
use std::fs;
use std::io;
use std::path::{Path, PathBuf};
use std::slice::from_ref;

use super::golden::{Shelf, Snap, named, pending};
use crate::plan::load_within;
use crate::scenario::walk::{has_ending, walk};

/// Why an item waits.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum State {
    /// A run differs from its golden.
    Changed,
    /// A run has made the first golden of its scenario.
    New,
    /// A scenario wants a golden, and there is none yet.
    Missing,
    /// A golden whose scenario does not want it, and why.
    Orphaned(String),
}

/// A pending review.
#[derive(Clone, Debug)]
pub struct Item {
    /// The scenario's name, followed by the backend's name unless that is the simulator.
    pub name: String,
    /// Why it waits.
    pub state: State,
    /// The paths of the golden.
    pub shelf: Shelf,
    /// The scenario's file, from the folder on.
    pub source: String,
}

/// Every pending review below this folder, in the order of the names.
///
/// # Errors
/// The file that cannot be read; `NotFound` if the folder has neither scenarios nor goldens.
pub fn items(root: &Path) -> io::Result<Vec<Item>> {
    let mut items = BTreeMap::<String, Item>::new();
    let traces = root.join("fixtures/traces");
    let captures = root.join("fixtures/pcap");
    let mut kept = Vec::new();
    for file in files(&traces)? {
        let stem = tail(&traces, &file);
        if let Some(stem) = stem.strip_suffix(".snap.new") {
            items.insert(stem.to_owned(), changed(root, stem, &file)?);
        } else if let Some(stem) = stem.strip_suffix(".snap") {
            kept.push((stem.to_owned(), file));
        }
    }
    for file in files(&captures)? {
        let stem = tail(&captures, &file);
        if let Some(stem) = stem.strip_suffix(".pcapng.new")
            && !items.contains_key(stem)
        {
            let snap = Shelf::named(root, stem).snap;
            items.insert(stem.to_owned(), changed(root, stem, &snap)?);
        }
    }
    let wanted = wanted(root)?;
    let Some(wanted) =
        wanted.or_else(|| (!kept.is_empty() || !items.is_empty()).then(BTreeMap::new))
    else {
        let why = "neither scenarios nor goldens are in it";
        return Err(named(root, &io::Error::new(io::ErrorKind::NotFound, why)));
    };
    for (stem, file) in kept {
        let source = Snap::read(&file).map_err(|error| named(&file, &error))?.source;
        if !source.ends_with(".toml") || wanted.contains_key(&stem) {
            continue;
        }
        let why = match root.join(&source).exists() {
            true => format!("{source} does not want it"),
            false => format!("there is no {source} any more"),
        };
        let (state, shelf) = (State::Orphaned(why), Shelf::named(root, &stem));
        items.insert(stem.clone(), Item { name: stem, state, shelf, source });
    }
    for (stem, source) in wanted {
        let shelf = Shelf::named(root, &stem);
        if !shelf.snap.exists() && !items.contains_key(&stem) {
            items.insert(stem.clone(), Item { name: stem, state: State::Missing, shelf, source });
        }
    }
    Ok(items.into_values().collect())
}

fn changed(root: &Path, stem: &str, made: &Path) -> io::Result<Item> {
    let source = Snap::read(made).map_err(|error| named(made, &error))?.source;
    let shelf = Shelf::named(root, stem);
    let state = if shelf.snap.exists() { State::Changed } else { State::New };
    Ok(Item { name: stem.to_owned(), state, shelf, source })
}

/// The stems of the goldens that scenarios want, with the scenarios' files; `None` if the folder has no
/// scenario.
fn wanted(root: &Path) -> io::Result<Option<BTreeMap<String, String>>> {
    let mut wanted = BTreeMap::new();
    let folder = root.join("scenarios");
    let mut any = folder.is_dir();
    let folder = if folder.is_dir() { folder } else { root.to_owned() };
    for file in files(&folder)?.iter().filter(|file| has_ending(file, "toml")) {
        // A file with errors wants no golden; `castnet check` shows the errors.
        let Ok(plans) = load_within(file, from_ref(&folder)) else { continue };
        any = true;
        let source = file.strip_prefix(root).unwrap_or(file).display().to_string();
        for plan in &plans {
            for backend in plan.golden.iter().flat_map(|golden| &golden.backends) {
                let shelf = Shelf::of(&plan.path, &plan.own_name(), backend.word());
                let stem = tail(&root.join("fixtures/traces"), &shelf.snap);
                wanted.insert(stem.trim_end_matches(".snap").to_owned(), source.clone());
            }
        }
    }
    Ok(any.then_some(wanted))
}

fn tail(folder: &Path, file: &Path) -> String {
    file.strip_prefix(folder).unwrap_or(file).display().to_string()
}

/// The files below a folder, or none if there is no such folder.
fn files(folder: &Path) -> io::Result<Vec<PathBuf>> {
    match walk(folder) {
        Ok(walk) => Ok(walk.files),
        Err(error) if error.kind() == io::ErrorKind::NotFound => Ok(Vec::new()),
        Err(error) => Err(named(folder, &error)),
    }
}

impl Item {
    /// The golden trace and the run's, as far as they exist.
    ///
    /// # Errors
    /// The file that cannot be read.
    pub fn traces(&self) -> io::Result<[Option<String>; 2]> {
        let read = |path: &Path| match Snap::read(path) {
            Ok(snap) => Ok(Some(snap.text)),
            Err(error) if error.kind() == io::ErrorKind::NotFound => Ok(None),
            Err(error) => Err(named(path, &error)),
        };
        Ok([read(&self.shelf.snap)?, read(&pending(&self.shelf.snap))?])
    }

    /// The capture to look at: the run's, or else the golden one.
    #[must_use]
    pub fn capture(&self) -> PathBuf {
        let made = pending(&self.shelf.pcapng);
        if made.exists() { made } else { self.shelf.pcapng.clone() }
    }

    /// Accepts the run's result as golden; of an orphan, removes the golden.
    ///
    /// # Errors
    /// Errors of the system, or that nothing waits to be accepted.
    pub fn accept(&self) -> io::Result<()> {
        for file in [&self.shelf.snap, &self.shelf.pcapng] {
            match &self.state {
                State::Missing => {
                    let why = format!("nothing to accept yet: run {}", self.source);
                    return Err(io::Error::new(io::ErrorKind::NotFound, why));
                }
                State::Orphaned(_) => remove(file)?,
                State::Changed | State::New => {
                    let made = pending(file);
                    // insta's own review may have accepted the trace already.
                    if made.exists() {
                        fs::rename(&made, file).map_err(|error| named(file, &error))?;
                    }
                }
            }
        }
        Ok(())
    }

    /// Removes the run's result; of an orphan, keeps the golden.
    ///
    /// # Errors
    /// Errors of the system.
    pub fn reject(&self) -> io::Result<()> {
        remove(&pending(&self.shelf.snap))?;
        remove(&pending(&self.shelf.pcapng))
    }
}

fn remove(file: &Path) -> io::Result<()> {
    match fs::remove_file(file) {
        Err(error) if error.kind() != io::ErrorKind::NotFound => Err(named(file, &error)),
        _ => Ok(()),
    }
}
