//! `castnet check`

use super::{Ending, Failure, files, say};

pub(super) fn check(paths: &files::Paths) -> Ending {
    let files = files::find(paths).map_err(Failure::usage)?;
    let plans = files::load_all(&files)?;
    for plan in plans {
        say(&format!("{}: ok, {} checks, {:.1?}\n", plan.path, plan.checks.len(), plan.end));
    }
    Ok(0)
}
