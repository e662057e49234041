//! Builds a kernel, or goes on with a build that was interrupted.

use std::fs::{self, File};
use std::path::{Path, PathBuf};

use super::outcome::{Failure, Progress};
use super::steps::{Step, has_source, installed};
use super::{CONFIG, PROGRAM, name_of, needs};

/// The version of Debian's package whose kernel is built where no other one is asked for.
pub const VERSION: &str = "6.12";

/// Where the source of a kernel comes from.
#[derive(Clone, Debug)]
pub enum Source {
    /// The distribution's package `linux-source-VERSION`.
    Package(String),
    /// An archive: `linux-6.18.tar.xz`.
    Archive(PathBuf),
}

/// What is built, and how.
#[derive(Clone, Debug)]
pub struct Order {
    /// The source.
    pub source: Source,
    /// How many compilers run at a time.
    pub jobs: usize,
}

/// Builds the kernel below the folder and returns its program. One that is there is not built again, and
/// a build that was interrupted goes on.
///
/// # Errors
/// What is missing here; or the step that failed, with the last lines of its output.
pub fn build(
    folder: &Path,
    order: &Order,
    tell: &mut dyn FnMut(Progress),
) -> Result<PathBuf, Failure> {
    let name = name_of(&order.source.version());
    let program = folder.join(&name).join(PROGRAM);
    if program.is_file() {
        return Ok(program);
    }
    if !cfg!(target_arch = "x86_64") {
        let why = format!("User-Mode Linux is for x86_64, and this is {}", std::env::consts::ARCH);
        return Err(Failure::Missing(vec![why]));
    }
    let work = folder.join(format!("{name}.part"));
    let at = |path: &Path| {
        let path = path.to_owned();
        move |error| Failure::File { path, error }
    };
    fs::create_dir_all(&work).map_err(at(&work))?;
    let unpacks = !has_source(&work);
    let fetches = unpacks && order.source.is_fetched();
    let missing = needs::missing(&work, fetches, unpacks);
    if !missing.is_empty() {
        return Err(Failure::Missing(missing));
    }
    let lock = File::create(work.join("lock")).map_err(at(&work))?;
    lock.try_lock().map_err(|_| Failure::Busy(work.clone()))?;
    let mut step = Step::new(&work, tell);
    if unpacks {
        let archive = match &order.source {
            Source::Archive(archive) => archive.clone(),
            Source::Package(version) => step.fetch(version)?,
        };
        step.unpack(&archive)?;
    }
    step.patch()?;
    step.configure()?;
    step.compile(order.jobs)?;
    let finished = work.join("finished");
    fs::create_dir_all(&finished).map_err(at(&finished))?;
    step.strip(&finished.join(PROGRAM))?;
    fs::write(finished.join("config"), CONFIG).map_err(at(&finished))?;
    let home = folder.join(&name);
    fs::rename(&finished, &home).map_err(at(&home))?;
    fs::remove_dir_all(&work).map_err(at(&work))?;
    Ok(program)
}

impl Source {
    /// The version by which a kernel of this source is known: that of the package, or the one in the name
    /// of the archive.
    fn version(&self) -> String {
        match self {
            Self::Package(version) => version.clone(),
            Self::Archive(archive) => {
                let name = archive.file_name().unwrap_or_default().to_string_lossy();
                let stem = name.split_once(".tar").map_or(&*name, |(stem, _)| stem);
                stem.trim_start_matches("linux-").trim_start_matches("source-").to_owned()
            }
        }
    }

    /// Whether it has to be fetched.
    fn is_fetched(&self) -> bool {
        matches!(self, Self::Package(version) if installed(version).is_none())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_archive_names_its_version() {
        for (file, expected) in [
            ("/usr/src/linux-source-6.12.tar.xz", "6.12"),
            ("linux-6.18.3.tar.gz", "6.18.3"),
            ("linux-6.19-rc1.tar", "6.19-rc1"),
            ("mine.tar.xz", "mine"),
        ] {
            assert_eq!(Source::Archive(file.into()).version(), expected, "{file}");
        }
    }
}
