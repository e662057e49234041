//! The steps of a build, each of which may have been made before: what a step leaves has its name only
//! when it is whole.

use std::ffi::OsStr;
use std::fs::{self, File, OpenOptions};
use std::io::{self, BufRead, BufReader, Write as _};
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};

use super::outcome::{Failure, Progress};
use super::{CONFIG, PATCHES};

/// What a configured kernel must have; without it no run is in virtual time.
const MUST: &str = "CONFIG_UML_TIME_TRAVEL_SUPPORT=y";

/// How many lines of a program's output a failure shows.
const LAST_LINES: usize = 10;

/// The folder of the unpacked source, in that of the build.
const SOURCE: &str = "source";
/// The folder of what is compiled.
const OBJECTS: &str = "objects";
/// The file with all output of programs.
const LOG: &str = "log";

/// What makes two builds of one source equal.
const REPRODUCIBLE: [(&str, &str); 5] = [
    ("KBUILD_BUILD_TIMESTAMP", "Thu Jan 1 00:00:00 UTC 1970"),
    ("KBUILD_BUILD_USER", "castnet"),
    ("KBUILD_BUILD_HOST", "castnet"),
    ("KBUILD_BUILD_VERSION", "1"),
    ("LC_ALL", "C"),
];

/// Whether the source is unpacked.
pub(super) fn has_source(work: &Path) -> bool {
    work.join(SOURCE).is_dir()
}

/// The archive of the distribution's package, if that is installed.
pub(super) fn installed(version: &str) -> Option<PathBuf> {
    let archive = Path::new("/usr/src").join(format!("linux-source-{version}.tar.xz"));
    archive.is_file().then_some(archive)
}

/// The steps of a build in one folder.
pub(super) struct Step<'a> {
    work: &'a Path,
    tell: &'a mut dyn FnMut(Progress),
    /// The step, in words.
    now: String,
}

impl<'a> Step<'a> {
    pub(super) fn new(work: &'a Path, tell: &'a mut dyn FnMut(Progress)) -> Self {
        Self { work, tell, now: String::new() }
    }

    /// Fetches the distribution's source and returns the archive with it.
    pub(super) fn fetch(&mut self, version: &str) -> Result<PathBuf, Failure> {
        if let Some(archive) = installed(version) {
            return Ok(archive);
        }
        let package = format!("linux-source-{version}");
        self.begin(format!("fetching the package {package} (some 150 MB)"));
        // apt-get takes what it has fetched before, if that is whole.
        self.run(Command::new("apt-get").args(["download", &package]).current_dir(self.work))?;
        let is_package = |path: &PathBuf| path.extension() == Some(OsStr::new("deb"));
        let files = fs::read_dir(self.work).map_err(|error| self.failed(&error))?;
        let mut packages: Vec<PathBuf> = files.flatten().map(|file| file.path()).collect();
        packages.retain(is_package);
        packages.sort();
        let package = packages.pop().ok_or_else(|| self.failed(&"apt-get left no package"))?;
        let unpacked = self.work.join("package");
        self.run(Command::new("dpkg").arg("-x").args([&package, &unpacked]))?;
        Ok(unpacked.join(format!("usr/src/linux-source-{version}.tar.xz")))
    }

    /// Unpacks the source.
    pub(super) fn unpack(&mut self, archive: &Path) -> Result<(), Failure> {
        self.begin(format!("unpacking {} (1.7 GB)", archive.display()));
        let part = self.work.join("source.part");
        self.clear(&part)?;
        fs::create_dir(&part).map_err(|error| self.failed(&error))?;
        let mut tar = Command::new("tar");
        self.run(tar.arg("-xf").arg(archive).arg("-C").arg(&part).arg("--strip-components=1"))?;
        if !part.join("arch/um/Kconfig").is_file() {
            return Err(self.failed(&"the archive holds no source of Linux"));
        }
        fs::rename(&part, self.source()).map_err(|error| self.failed(&error))?;
        self.clear(&self.work.join("package"))
    }

    /// Applies each patch that is not applied yet.
    pub(super) fn patch(&mut self) -> Result<(), Failure> {
        for (name, text) in PATCHES {
            self.begin(format!("applying {name}"));
            let file = self.work.join(name);
            fs::write(&file, text).map_err(|error| self.failed(&error))?;
            let patch = || {
                let mut patch = Command::new("patch");
                patch.args(["-p1", "--batch", "--forward", "--input"]).arg(&file);
                patch
            };
            let undone = patch()
                .args(["--reverse", "--dry-run", "--silent"])
                .current_dir(self.source())
                .stdout(Stdio::null())
                .stderr(Stdio::null())
                .status();
            let is_applied = undone.map_err(|error| self.failed(&error))?.success();
            if !is_applied {
                self.run(patch().current_dir(self.source()))?;
            }
        }
        Ok(())
    }

    /// Configures the kernel.
    pub(super) fn configure(&mut self) -> Result<(), Failure> {
        let objects = self.work.join(OBJECTS);
        let configured = objects.join("configured");
        if configured.is_file() {
            return Ok(());
        }
        self.begin("configuring".to_owned());
        let fragment = self.work.join("uml.config");
        fs::write(&fragment, CONFIG).map_err(|error| self.failed(&error))?;
        self.make("tinyconfig")?;
        let config = objects.join(".config");
        let mut merge = self.command("scripts/kconfig/merge_config.sh");
        merge.arg("-m").arg("-O").arg(&objects).args([&config, &fragment]).env("ARCH", "um");
        self.run(&mut merge)?;
        self.make("olddefconfig")?;
        let text = fs::read_to_string(&config).map_err(|error| self.failed(&error))?;
        if !text.lines().any(|line| line == MUST) {
            return Err(self.failed(&format!("this source does not take {MUST}")));
        }
        File::create(configured).map_err(|error| self.failed(&error))?;
        Ok(())
    }

    /// Compiles the kernel, so many files at a time.
    pub(super) fn compile(&mut self, jobs: usize) -> Result<(), Failure> {
        self.begin("compiling (10 to 15 minutes on two CPUs)".to_owned());
        let mut make = self.command("make");
        make.arg(format!("-j{jobs}")).args(["ARCH=um", "O=../objects", "linux"]);
        let (mut log, errors) = (self.log()?, self.log()?);
        let child = make.stdin(Stdio::null()).stdout(Stdio::piped()).stderr(errors).spawn();
        let mut child = child.map_err(|error| self.failed(&format!("make: {error}")))?;
        let mut compiled = 0;
        for line in child.stdout.take().map(BufReader::new).into_iter().flat_map(BufRead::lines) {
            let line = line.map_err(|error| self.failed(&error))?;
            writeln!(log, "{line}").map_err(|error| self.failed(&error))?;
            if line.trim_start().starts_with("CC ") {
                compiled += 1;
                (self.tell)(Progress::Compiled(compiled));
            }
        }
        let status = child.wait().map_err(|error| self.failed(&error))?;
        if status.success() {
            Ok(())
        } else {
            Err(self.failed(&format!("make: {status}{}", self.last())))
        }
    }

    /// Writes the kernel without symbols into the file.
    pub(super) fn strip(&mut self, program: &Path) -> Result<(), Failure> {
        self.begin("stripping".to_owned());
        let mut strip = Command::new("strip");
        self.run(strip.arg("-o").arg(program).arg(self.work.join(OBJECTS).join("linux")))
    }

    fn begin(&mut self, step: String) {
        (self.tell)(Progress::Step(step.clone()));
        self.now = step;
    }

    fn source(&self) -> PathBuf {
        self.work.join(SOURCE)
    }

    fn make(&self, target: &str) -> Result<(), Failure> {
        self.run(self.command("make").args(["ARCH=um", "O=../objects", target]))
    }

    /// A program that runs in the source.
    fn command(&self, program: &str) -> Command {
        let mut command = Command::new(program);
        // A castnet that `make` has started must not hand its flags on.
        command.current_dir(self.source()).envs(REPRODUCIBLE).env_remove("MAKEFLAGS");
        command
    }

    /// Runs the program, and writes what it says to the log.
    fn run(&self, command: &mut Command) -> Result<(), Failure> {
        let (output, errors) = (self.log()?, self.log()?);
        let status = command.stdin(Stdio::null()).stdout(output).stderr(errors).status();
        let program = command.get_program().to_string_lossy();
        match status {
            Ok(status) if status.success() => Ok(()),
            Ok(status) => Err(self.failed(&format!("{program}: {status}{}", self.last()))),
            Err(error) => Err(self.failed(&format!("{program}: {error}"))),
        }
    }

    fn log(&self) -> Result<File, Failure> {
        let path = self.work.join(LOG);
        let file = OpenOptions::new().append(true).create(true).open(&path);
        file.map_err(|error| Failure::File { path, error })
    }

    /// The last lines of the log, and where it is.
    fn last(&self) -> String {
        let path = self.work.join(LOG);
        let text = fs::read(&path).unwrap_or_default();
        let text = String::from_utf8_lossy(&text);
        let lines: Vec<&str> = text.lines().collect();
        let last = lines[lines.len().saturating_sub(LAST_LINES)..].iter();
        let last: String = last.map(|line| format!("\n  {line}")).collect();
        format!("{last}\n  all of it: {}", path.display())
    }

    fn failed(&self, why: &dyn ToString) -> Failure {
        Failure::Step(self.now.clone(), why.to_string())
    }

    fn clear(&self, folder: &Path) -> Result<(), Failure> {
        match fs::remove_dir_all(folder) {
            Err(error) if error.kind() != io::ErrorKind::NotFound => Err(self.failed(&error)),
            _ => Ok(()),
        }
    }
}
