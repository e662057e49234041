//! `castnet check`

use super::{Ending, files, say};

pub(super) fn check(paths: &files::Paths) -> Ending {
    for plan in paths.load()? {
        let which = match plan.combination.as_str() {
            "" => String::new(),
            combination => format!(" [{combination}]"),
        };
        let (path, checks, end) = (&plan.path, plan.checks.len(), plan.end);
        say(&format!("{path}{which}: ok, {checks} checks, {end:.1?}\n"));
    }
    Ok(0)
}
