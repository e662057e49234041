//! `castnet check`

use super::{Ending, Failure, files, say};

pub(super) fn check(paths: &files::Paths) -> Ending {
    let files = files::find(paths).map_err(Failure::usage)?;
    let plans = files::load_all(&files)?;
    for plan in plans {
        let which = match plan.combination.as_str() {
            "" => String::new(),
            combination => format!(" [{combination}]"),
        };
        let (path, checks, end) = (&plan.path, plan.checks.len(), plan.end);
        say(&format!("{path}{which}: ok, {checks} checks, {end:.1?}\n"));
    }
    Ok(0)
}
