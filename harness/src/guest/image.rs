//! What a kernel of a distribution begins with: an archive of files (cpio, in the form `newc`) with this
//! program, its libraries, the modules that a laboratory needs, and the order.
//!
//! The modules lie where the package has them, in `lib/modules/VERSION` beside the folder of the image.
//! Refuses images that say no version, and packages without a module that the kernel lacks.

use std::collections::{BTreeMap, BTreeSet};
use std::fs::{self, File};
use std::io::{self, BufWriter, Read as _, Seek as _, SeekFrom, Write};
use std::os::unix::ffi::OsStrExt as _;
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};

use super::{INIT, MODULES, ORDER};

#[cfg(test)]
mod tests;

/// What the laboratory needs of a kernel, where it is no part of it: links, LANs, and the way out for the
/// answer.
const NEEDED: [&str; 4] = ["veth", "bridge", "virtio_pci", "virtio_console"];

/// The file type and the rights of a folder, and of a file that can be run.
const FOLDER: u32 = 0o040_755;
const PROGRAM: u32 = 0o100_755;

/// The version that the image of a kernel says of itself, or `None` if it is no image for x86 (the
/// kernel's Documentation/arch/x86/boot.rst).
pub(super) fn version(image: &Path) -> Option<String> {
    let mut file = File::open(image).ok()?;
    let mut header = [0; 0x210];
    file.read_exact(&mut header).ok()?;
    if &header[0x202..0x206] != b"HdrS" {
        return None;
    }
    let at = u64::from(u16::from_le_bytes([header[0x20e], header[0x20f]])) + 0x200;
    file.seek(SeekFrom::Start(at)).ok()?;
    let mut text = [0; 128];
    let read = file.read(&mut text).ok()?;
    let text = String::from_utf8_lossy(&text[..read]).into_owned();
    text.split([' ', '\0']).next().map(ToOwned::to_owned)
}

/// Writes the archive; `order` is what the first process reads.
///
/// # Errors
/// What is missing or cannot be read.
pub(super) fn write(archive: &Path, image: &Path, order: &[u8]) -> io::Result<()> {
    let mut out =
        Archive { out: BufWriter::new(File::create(archive)?), at: 0, folders: BTreeSet::new() };
    out.file(Path::new(INIT), &fs::read(std::env::current_exe()?)?)?;
    for library in libraries()? {
        let octets = fs::read(&library)?;
        out.file(&library, &octets)?;
        let name = library.file_name().unwrap_or_default();
        if name.as_bytes().starts_with(b"ld-") {
            // Programs name their loader by this folder, which is a link where folders are merged.
            out.file(&Path::new("/lib64").join(name), &octets)?;
        }
    }
    for (number, (name, octets)) in modules(image)?.into_iter().enumerate() {
        out.file(&Path::new(MODULES).join(format!("{number:02}-{name}")), &octets)?;
    }
    for folder in ["/proc", "/sys", "/tmp", "/run", "/dev", "/mnt", MODULES] {
        out.folder(Path::new(folder))?;
    }
    out.file(Path::new(ORDER), order)?;
    out.end()
}

/// The libraries of this very process, its loader among them.
fn libraries() -> io::Result<BTreeSet<PathBuf>> {
    let maps = fs::read_to_string("/proc/self/maps")?;
    let files = maps.lines().filter_map(|line| line.find('/').map(|at| Path::new(&line[at..])));
    let is_library =
        |file: &&Path| file.file_name().is_some_and(|name| name.to_string_lossy().contains(".so"));
    Ok(files.filter(is_library).map(Path::to_owned).collect())
}

/// The modules in the order in which they are inserted, each behind those that it depends on.
fn modules(image: &Path) -> io::Result<Vec<(String, Vec<u8>)>> {
    let missing = |what: String| io::Error::new(io::ErrorKind::NotFound, what);
    let version = version(image).ok_or_else(|| missing("no kernel".to_owned()))?;
    let above = image.parent().and_then(Path::parent).unwrap_or(Path::new("/"));
    let tried = ["lib/modules", "usr/lib/modules"].map(|tail| above.join(tail).join(&version));
    let folder = tried.iter().find(|folder| folder.is_dir()).ok_or_else(|| {
        missing(format!(
            "its modules are not in {}, where its package has them",
            tried[0].display()
        ))
    })?;
    let mut files = BTreeMap::new();
    find(&folder.join("kernel"), &mut files)?;
    let mut inserted: Vec<(String, Vec<u8>)> = Vec::new();
    for name in NEEDED {
        // What is no file is a part of the kernel.
        insert(name, &files, &mut inserted)?;
    }
    Ok(inserted)
}

/// Adds a module behind those that it depends on.
fn insert(
    name: &str,
    files: &BTreeMap<String, PathBuf>,
    inserted: &mut Vec<(String, Vec<u8>)>,
) -> io::Result<()> {
    let Some(file) = files.get(name) else { return Ok(()) };
    if inserted.iter().any(|(known, _)| known == name) {
        return Ok(());
    }
    let octets = unpacked(file)?;
    // `depends=stp,llc`, ended by a zero, in the section `.modinfo`.
    let key = b"\0depends=";
    let depends = octets.windows(key.len()).position(|window| window == key).map(|at| {
        let rest = &octets[at + key.len()..];
        String::from_utf8_lossy(&rest[..rest.iter().position(|&o| o == 0).unwrap_or(0)])
            .into_owned()
    });
    for other in depends.iter().flat_map(|names| names.split(',')) {
        insert(&plain(other), files, inserted)?;
    }
    inserted.push((name.to_owned(), octets));
    Ok(())
}

/// The name of a module as files and dependencies may write it.
fn plain(name: &str) -> String {
    name.replace('-', "_")
}

fn find(folder: &Path, files: &mut BTreeMap<String, PathBuf>) -> io::Result<()> {
    for entry in fs::read_dir(folder)? {
        let path = entry?.path();
        if path.is_dir() {
            find(&path, files)?;
        } else if let Some(name) = path.file_name().and_then(|name| name.to_str())
            && let Some((name, _)) = name.split_once(".ko")
        {
            files.insert(plain(name), path);
        }
    }
    Ok(())
}

/// A module's file, whatever it is packed with.
fn unpacked(file: &Path) -> io::Result<Vec<u8>> {
    let program = match file.extension().and_then(|ending| ending.to_str()) {
        Some("xz") => "xz",
        Some("zst") => "zstd",
        Some("gz") => "gzip",
        _ => return fs::read(file),
    };
    let mut command = Command::new(program);
    let output = command.arg("-dc").arg(file).stdin(Stdio::null()).output();
    let output =
        output.map_err(|error| io::Error::new(error.kind(), format!("{program}: {error}")))?;
    match output.status.success() {
        true => Ok(output.stdout),
        false => {
            Err(io::Error::other(format!("{program} -dc {}: {}", file.display(), output.status)))
        }
    }
}

/// An archive that is being written.
struct Archive<W> {
    out: W,
    at: usize,
    /// The folders that are in it.
    folders: BTreeSet<PathBuf>,
}

impl<W: Write> Archive<W> {
    /// A file, behind the folders above it.
    fn file(&mut self, path: &Path, octets: &[u8]) -> io::Result<()> {
        self.folder(path.parent().unwrap_or(Path::new("/")))?;
        self.entry(path, PROGRAM, octets)
    }

    fn folder(&mut self, path: &Path) -> io::Result<()> {
        if path == Path::new("/") || path.as_os_str().is_empty() || self.folders.contains(path) {
            return Ok(());
        }
        self.folder(path.parent().unwrap_or(Path::new("/")))?;
        self.folders.insert(path.to_owned());
        self.entry(path, FOLDER, &[])
    }

    fn end(mut self) -> io::Result<()> {
        self.entry(Path::new("TRAILER!!!"), 0, &[])?;
        self.out.flush()
    }

    /// Thirteen numbers of eight hexadecimal digits, name and content, each filled up to four octets.
    fn entry(&mut self, path: &Path, mode: u32, octets: &[u8]) -> io::Result<()> {
        let name = path.strip_prefix("/").unwrap_or(path).as_os_str().as_bytes();
        let (length, links) = (octets.len(), 1);
        let header = format!(
            "070701{:08x}{mode:08x}{:08x}{:08x}{links:08x}{:08x}{length:08x}{:08x}{:08x}{:08x}{:08x}{:08x}{:08x}",
            self.folders.len() + self.at,
            0,
            0,
            0,
            0,
            0,
            0,
            0,
            name.len() + 1,
            0
        );
        self.put(header.as_bytes())?;
        self.put(name)?;
        self.put(&[0])?;
        self.fill()?;
        self.put(octets)?;
        self.fill()
    }

    fn put(&mut self, octets: &[u8]) -> io::Result<()> {
        self.at += octets.len();
        self.out.write_all(octets)
    }

    fn fill(&mut self) -> io::Result<()> {
        let more = self.at.next_multiple_of(4) - self.at;
        self.put(&[0; 3][..more])
    }
}
