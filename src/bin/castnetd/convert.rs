//! `castnetd convert`: a file of smcroute as a configuration of castnetd, and what is wrong with it.

use std::io::Write as _;
use std::path::Path;

use anyhow::Context as _;
use castnet::daemon::smcroute::Smcroute;
use castnet::mrd;

/// Writes the configuration to standard output, unless the file has an error, or a warning where it is
/// read strictly.
pub(super) fn convert(path: &Path, is_strict: bool) -> anyhow::Result<()> {
    let name = path.display();
    let file = Smcroute::load(path, false).with_context(|| format!("reading {name}"))?;
    for problem in &file.problems {
        eprintln!("{problem}");
    }
    if file.problems.iter().any(|problem| problem.is_error || is_strict) {
        anyhow::bail!("{name}: not converted");
    }
    let made = file.to_toml("", mrd::INTERVAL).map_err(|why| anyhow::anyhow!("{name}: {why}"))?;
    std::io::stdout().write_all(made.as_bytes()).context("writing to standard output")
}
