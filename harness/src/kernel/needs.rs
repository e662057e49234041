//! What building a kernel needs of the machine, and how a user of Debian gets it.

use std::path::Path;
use std::process::{Command, Stdio};

use nix::sys::statvfs::statvfs;

/// A program, and Debian's package with it.
const PROGRAMS: [(&str, &str); 11] = [
    ("make", "make"),
    ("gcc", "gcc"),
    ("ld", "binutils"),
    ("strip", "binutils"),
    ("flex", "flex"),
    ("bison", "bison"),
    ("bc", "bc"),
    ("perl", "perl"),
    ("patch", "patch"),
    ("tar", "tar"),
    ("xz", "xz-utils"),
];

/// The programs that fetch the source.
const FETCHERS: [(&str, &str); 2] = [("apt-get", "apt"), ("dpkg", "dpkg")];

/// How much room a source of Linux and what is compiled of it take, in octets.
const ROOM: u64 = 3 << 30;

/// What is missing here to build a kernel in the folder, each in words; nothing if all is there.
pub(super) fn missing(folder: &Path, fetches: bool, unpacks: bool) -> Vec<String> {
    let fetchers = if fetches { &FETCHERS[..] } else { &[] };
    let programs = PROGRAMS.iter().chain(fetchers);
    let absent = programs.filter(|(program, _)| !has_program(program));
    let mut missing: Vec<String> = absent
        .map(|(program, package)| format!("the program `{program}` (apt-get install {package})"))
        .collect();
    if has_program("gcc") && !has_static_library() {
        missing.push("the static C library, libc.a (apt-get install libc6-dev)".to_owned());
    }
    if fetches && !missing.is_empty() && !has_program("apt-get") {
        missing.push(
            "where no packages of Debian can be had, give a source with --source FILE".to_owned(),
        );
    }
    let free =
        statvfs(folder).map_or(u64::MAX, |stat| stat.fragment_size() * stat.blocks_available());
    if unpacks && free < ROOM {
        let (free, needed) = (free >> 20, ROOM >> 20);
        let folder = folder.display();
        missing.push(format!(
            "room in {folder}: {free} MiB are free, and {needed} MiB are needed (CASTNET_KERNELS \
             names another folder)"
        ));
    }
    missing
}

fn has_program(name: &str) -> bool {
    let path = std::env::var_os("PATH").unwrap_or_default();
    std::env::split_paths(&path).any(|folder| folder.join(name).is_file())
}

/// Whether gcc finds the static C library: it answers with a path then, and else with the name.
fn has_static_library() -> bool {
    let mut gcc = Command::new("gcc");
    let output = gcc.arg("-print-file-name=libc.a").stderr(Stdio::null()).output();
    output.is_ok_and(|output| output.stdout.contains(&b'/'))
}
