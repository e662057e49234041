//! Kernels that castnet makes for itself: Linux as a program (User-Mode Linux, ARCH=um), with virtual time,
//! from the distribution's source with a configuration and patches of castnet's own.
//!
//! [`built`] says which ones there are, [`newest`] which one `--kernel uml` means, and [`build`] makes one.
//! They lie outside of any source tree, each in a folder named by its version and by a hash of
//! configuration and patches: a castnet with other patches never takes an older castnet's kernel. Refuses
//! to run anything on them, which is what `guest` is for.

pub mod build;
mod needs;
mod outcome;
mod steps;

use std::fs;
use std::io;
use std::path::{Path, PathBuf};

pub use outcome::{Failure, Progress};

/// What is added to the smallest configuration of a kernel.
pub const CONFIG: &str = include_str!("../../kernel/uml.config");

/// The name and the text of each patch.
pub const PATCHES: [(&str, &str); 2] = [
    ("seed.patch", include_str!("../../kernel/seed.patch")),
    ("vector-registers.patch", include_str!("../../kernel/vector-registers.patch")),
];

/// The command that makes a kernel.
pub const COMMAND: &str = "castnet kernel build";

/// The name of the program in a kernel's folder.
const PROGRAM: &str = "linux";

/// A kernel that was built.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Built {
    /// The version of its source, as the command that built it named it: `6.12`.
    pub version: String,
    /// The program.
    pub program: PathBuf,
    /// Whether its configuration and its patches are those of this castnet.
    pub is_current: bool,
}

/// The folder of the kernels: `$CASTNET_KERNELS`, or else `castnet/kernels` in the user's folder for what
/// can be made again (`$XDG_CACHE_HOME`, `~/.cache`).
///
/// # Errors
/// None of the variables is set.
pub fn folder() -> io::Result<PathBuf> {
    let variable = |name| std::env::var_os(name).filter(|value| !value.is_empty());
    if let Some(own) = variable("CASTNET_KERNELS") {
        return std::path::absolute(own);
    }
    let cache = variable("XDG_CACHE_HOME").map(PathBuf::from);
    let cache = cache.or_else(|| Some(Path::new(&variable("HOME")?).join(".cache")));
    let none = "no folder for kernels: neither CASTNET_KERNELS nor XDG_CACHE_HOME nor HOME is set";
    std::path::absolute(cache.ok_or_else(|| io::Error::other(none))?.join("castnet/kernels"))
}

/// The kernels in the folder, those with the highest version first. A folder that does not exist has none.
///
/// # Errors
/// The folder cannot be read.
pub fn built(folder: &Path) -> io::Result<Vec<Built>> {
    let entries = match fs::read_dir(folder) {
        Err(error) if error.kind() == io::ErrorKind::NotFound => return Ok(Vec::new()),
        entries => entries?,
    };
    let mut built = Vec::new();
    for entry in entries {
        let folder = entry?.path();
        let name = folder.file_name().unwrap_or_default().to_string_lossy().into_owned();
        let parts = name.strip_prefix("linux-").and_then(|rest| rest.rsplit_once('-'));
        let program = folder.join(PROGRAM);
        if let Some((version, hash)) = parts.filter(|_| program.is_file()) {
            let (version, is_current) = (version.to_owned(), hash == own_hash());
            built.push(Built { version, program, is_current });
        }
    }
    built.sort_by(|a, b| {
        numbers(&b.version).cmp(&numbers(&a.version)).then(a.program.cmp(&b.program))
    });
    Ok(built)
}

/// The kernel of the highest version that has the configuration and the patches of this castnet.
///
/// # Errors
/// There is none, with the command that makes one; or the folder cannot be read.
pub fn newest() -> io::Result<PathBuf> {
    let folder = folder()?;
    let built = built(&folder)?;
    if let Some(kernel) = built.iter().find(|kernel| kernel.is_current) {
        return Ok(kernel.program.clone());
    }
    let others = match built.len() {
        0 => "",
        _ => ", only such of a castnet with another configuration or other patches",
    };
    let message = format!("no kernel in {}{others}: `{COMMAND}` makes one", folder.display());
    Err(io::Error::new(io::ErrorKind::NotFound, message))
}

/// The name of the folder of a kernel of this version that this castnet builds.
fn name_of(version: &str) -> String {
    format!("linux-{version}-{}", own_hash())
}

/// The hash of configuration and patches.
fn own_hash() -> String {
    let patches = PATCHES.iter().flat_map(|(name, text)| [*name, *text]);
    let texts = std::iter::once(CONFIG).chain(patches);
    // FNV-1a; the octet 0 ends each text. It only has to differ where castnet's own files do.
    let octets = texts.flat_map(|text| text.bytes().chain([0]));
    let hash = octets.fold(0xcbf2_9ce4_8422_2325_u64, |hash, octet| {
        (hash ^ u64::from(octet)).wrapping_mul(0x0100_0000_01b3)
    });
    format!("{hash:016x}")
}

/// The numbers of a version, by which versions are compared: 6.9 comes before 6.12.
fn numbers(version: &str) -> Vec<u64> {
    version.split(|c: char| !c.is_ascii_digit()).filter_map(|number| number.parse().ok()).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn with_kernels(names: &[&str]) -> tempfile::TempDir {
        let folder = tempfile::tempdir().unwrap();
        for name in names {
            fs::create_dir_all(folder.path().join(name)).unwrap();
            fs::write(folder.path().join(name).join(PROGRAM), "").unwrap();
        }
        folder
    }

    #[test]
    fn kernels_are_ordered_by_the_numbers_of_their_versions() {
        let of_another = "linux-7.0-0000000000000000";
        let names = [&name_of("6.9"), &name_of("6.12"), &name_of("6.12.3"), of_another];
        let folder = with_kernels(&names);
        // What is still being built is no kernel yet.
        fs::create_dir(folder.path().join(format!("{}.part", name_of("8.0")))).unwrap();
        let built = built(folder.path()).unwrap();
        let versions: Vec<(&str, bool)> =
            built.iter().map(|kernel| (kernel.version.as_str(), kernel.is_current)).collect();
        assert_eq!(versions, [("7.0", false), ("6.12.3", true), ("6.12", true), ("6.9", true)]);
    }

    #[test]
    fn a_folder_that_does_not_exist_has_no_kernels() {
        assert_eq!(built(Path::new("/nowhere/at/all")).unwrap(), []);
    }
}
