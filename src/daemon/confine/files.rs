//! The files that castnetd may still open: those of its configuration's folder, and the sysctls that its
//! warnings name, for reading. Its control socket and its like may be removed. It makes, writes and runs none, opens no TCP port, and signals nobody.

use std::path::{Path, PathBuf};

use landlock::{
    ABI, Access as _, AccessFs, AccessNet, BitFlags, Ruleset, RulesetAttr as _,
    RulesetCreatedAttr as _, RulesetError, RulesetStatus, Scope, path_beneath_rules,
};

/// The newest Landlock whose rights are known here; an older kernel restricts what it can.
const KNOWN: ABI = ABI::V6;

/// The sysctls of the network, which [`notice`](super::super::notice) reads.
const SYSCTLS: &str = "/proc/sys/net";

/// Restricts the calling thread; `false` if the kernel cannot.
pub(super) fn restrict(configs: &[PathBuf], removed: &[PathBuf]) -> Result<bool, RulesetError> {
    let reading: BitFlags<AccessFs> = AccessFs::ReadFile | AccessFs::ReadDir;
    let readable =
        configs.iter().flat_map(|config| folders(config)).chain([PathBuf::from(SYSCTLS)]);
    let status = Ruleset::default()
        .handle_access(AccessFs::from_all(KNOWN))?
        .handle_access(AccessNet::from_all(KNOWN))?
        .scope(Scope::Signal)?
        .create()?
        .add_rules(path_beneath_rules(readable, reading))?
        .add_rules(path_beneath_rules(
            removed.iter().map(|path| folder(path)),
            AccessFs::RemoveFile,
        ))?
        .restrict_self()?;
    Ok(status.ruleset != RulesetStatus::NotEnforced)
}

/// The folder that the file is named in, where an editor exchanges it for a new one, and the one that it
/// lies in, if it is a link.
fn folders(config: &Path) -> Vec<PathBuf> {
    let named = folder(config);
    let lies = config.canonicalize().ok().and_then(|path| Some(path.parent()?.to_owned()));
    [named].into_iter().chain(lies).collect()
}

/// The folder that the path is named in.
fn folder(path: &Path) -> PathBuf {
    match path.parent() {
        Some(folder) if !folder.as_os_str().is_empty() => folder.to_owned(),
        _ => PathBuf::from("."),
    }
}
