//! The file with a program's process number: there once it serves, written anew after each reload, and
//! removed at the end. Scripts wait for it, and end the program by it.

use std::fs::{self, File};
use std::io::{self, Seek as _, Write as _};
use std::path::{Path, PathBuf};

/// The file; it goes with the value.
#[derive(Debug)]
pub struct PidFile {
    path: PathBuf,
    file: Option<File>,
}

impl PidFile {
    /// A file that is not there yet.
    #[must_use]
    pub const fn new(path: PathBuf) -> Self {
        Self { path, file: None }
    }

    pub(super) fn path(&self) -> &Path {
        &self.path
    }

    /// Writes the number, and by that the time of the file.
    ///
    /// # Errors
    /// Errors of open(2) and write(2).
    pub(super) fn write(&mut self) -> io::Result<()> {
        let file = match &mut self.file {
            Some(file) => file,
            None => {
                // What an earlier program has left may be a link to anything.
                match fs::remove_file(&self.path) {
                    Err(why) if why.kind() != io::ErrorKind::NotFound => return Err(why),
                    _ => self.file.insert(File::create_new(&self.path)?),
                }
            }
        };
        file.rewind()?;
        writeln!(file, "{}", std::process::id())
    }
}

impl Drop for PidFile {
    fn drop(&mut self) {
        if self.file.is_some() {
            // Without the right to remove it the next program does.
            _ = fs::remove_file(&self.path);
        }
    }
}
