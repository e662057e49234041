//! The places where a command is to write, tried before there is anything to write.

use std::path::Path;

use castnet_lab::output::{self, Folder};

use super::{Failure, complain};

/// The folder of `--out`, made and tried.
pub(super) fn folder(path: &Path) -> Result<Folder, Failure> {
    let made = Folder::make(path).and_then(|folder| folder.try_writing().map(|()| folder));
    made.map_err(|error| {
        let path = path.display();
        Failure::broken(format!("--out {path}: {error}; --out DIR names another folder"))
    })
}

/// The file of an option such as `--junit`, tried. A folder that is made for it is reported: its
/// name may be a slip.
pub(super) fn file(option: &str, path: &Path) -> Result<(), Failure> {
    let refused = |error| Failure::broken(format!("{option} {}: {error}", path.display()));
    if let Some(folder) = output::missing_folder(path) {
        Folder::make(folder).map_err(refused)?;
        let (folder, path) = (folder.display(), path.display());
        complain(&format!("made the folder {folder} for {option} {path}"));
    }
    output::try_file(path).map_err(refused)
}
