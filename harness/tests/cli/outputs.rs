//! Files that castnet writes: what they replace, what they are written into, and what root writes
//! for a user who plants links.

use std::fs::{self, File};
use std::io::Read as _;
use std::os::unix::fs::{FileTypeExt as _, MetadataExt as _, chown, lchown, symlink};
use std::path::{Path, PathBuf};
use std::process::{Command, Output, Stdio};
use std::sync::atomic::{AtomicBool, Ordering};
use std::thread;

use nix::sys::stat::Mode;
use nix::unistd::{Gid, Uid, mkfifo, setfsgid, setfsuid};

use super::{CASTNET, castnet, folder, scenario, tests, text};

tests! {
    Nothing: reports_go_into_pipes_and_devices_and_leave_them_what_they_are,
        a_report_on_standard_output_goes_where_standard_output_goes,
        what_cannot_be_written_is_told_before_anything_runs,
        runs_that_share_a_folder_share_no_file_that_is_not_whole;
    Root: a_link_in_place_of_the_folder_is_not_followed_under_sudo,
        links_that_are_exchanged_in_a_loop_lead_root_nowhere;
}

const SIM: [&str; 3] = ["run", "--backend", "sim"];

fn written(name: &str) -> PathBuf {
    let folder = folder(name);
    fs::create_dir_all(folder.join("scenarios/igmp/v2")).unwrap();
    let text = scenario("1", "general-query");
    fs::write(folder.join("scenarios/igmp/v2/x.toml"), text).unwrap();
    folder
}

fn reports_go_into_pipes_and_devices_and_leave_them_what_they_are() {
    let folder = written("special");
    let pipe = folder.join("pipe");
    mkfifo(&pipe, Mode::from_bits_truncate(0o600)).unwrap();
    symlink("/dev/null", folder.join("null")).unwrap();
    for (option, begin) in [("--junit", "<?xml "), ("--summary", "## castnet: 1 scenario: 1 pass")]
    {
        let reading = pipe.clone();
        let reader = thread::spawn(move || fs::read_to_string(reading).unwrap());
        for file in ["pipe", "/dev/null", "null"] {
            let output = castnet(&folder, &[&SIM[..], &[option, file, "scenarios"]].concat());
            assert_eq!(output.status.code(), Some(0), "{}", text(&output.stderr));
        }
        let read = reader.join().unwrap();
        assert!(read.starts_with(begin), "{read}");
        assert!(fs::metadata(&pipe).unwrap().file_type().is_fifo());
        assert!(fs::metadata("/dev/null").unwrap().file_type().is_char_device());
        assert!(fs::symlink_metadata(folder.join("null")).unwrap().is_symlink());
    }
    let script = "exec 9>fd.xml; \"$0\" run --backend sim --junit /dev/fd/9 scenarios";
    let output = Command::new("sh").args(["-c", script, CASTNET]).current_dir(&folder).output();
    assert_eq!(output.unwrap().status.code(), Some(0));
    assert!(fs::read_to_string(folder.join("fd.xml")).unwrap().starts_with("<?xml "));
}

fn a_report_on_standard_output_goes_where_standard_output_goes() {
    let folder = written("stdout");
    let arguments = [&SIM[..], &["--junit", "/dev/stdout", "--summary", "/dev/stderr"]].concat();
    let output = castnet(&folder, &[&arguments[..], &["scenarios"]].concat());
    let (stdout, stderr) = (text(&output.stdout), text(&output.stderr));
    assert!(stdout.contains("<?xml ") && stdout.contains("PASS  "), "{stdout}");
    assert!(stderr.contains("## castnet: 1 scenario"), "{stderr}");
    // A file that the shell has opened keeps what is in it.
    let script = "{ echo before; \"$0\" run --backend sim --junit /dev/stdout scenarios; } >all";
    let status = Command::new("sh").args(["-c", script, CASTNET]).current_dir(&folder).status();
    assert_eq!(status.unwrap().code(), Some(0));
    let all = fs::read_to_string(folder.join("all")).unwrap();
    assert!(all.starts_with("before\nPASS  ") && all.contains("<?xml "), "{all}");
    assert!(fs::symlink_metadata("/dev/stdout").unwrap().is_symlink());
    // `new` has `-` for that, and takes the name as well.
    let output = castnet(&folder, &["new", "/dev/stdout"]);
    assert_eq!(text(&output.stdout), text(&castnet(&folder, &["new", "-"]).stdout));
}

fn what_cannot_be_written_is_told_before_anything_runs() {
    let folder = written("untried");
    fs::write(folder.join("file"), "kept").unwrap();
    fs::create_dir(folder.join("sub")).unwrap();
    for (option, path, why) in [
        ("--out", "file", "Not a directory"),
        ("--out", "/proc/castnet", "No such file"),
        ("--out", "/sys/kernel", "denied"),
        ("--junit", "sub", "directory"),
        ("--junit", "sub/", "directory"),
        ("--summary", "file/x", "Not a directory"),
    ] {
        let output = castnet(&folder, &[&SIM[..], &[option, path, "scenarios"]].concat());
        let (stdout, stderr) = (text(&output.stdout), text(&output.stderr));
        assert_eq!((output.status.code(), stdout.as_str()), (Some(4), ""), "{option} {path}");
        let named = format!("castnet: {option} {path}: ");
        assert!(stderr.contains(&named) && stderr.contains(why), "{stderr}");
    }
    assert_eq!(fs::read(folder.join("file")).unwrap(), b"kept");
    assert_eq!(fs::read_dir(folder.join("sub")).unwrap().count(), 0);
}

/// Many calls at once, which all write the same names.
fn runs_that_share_a_folder_share_no_file_that_is_not_whole() {
    const PAIRS: usize = 60;
    let folder = written("shared");
    let start = || {
        let mut command = Command::new(CASTNET);
        command.args(SIM).args(["--html", "--out", "out", "--junit", "x.xml", "scenarios"]);
        command.current_dir(&folder).stdout(Stdio::piped()).stderr(Stdio::piped()).spawn().unwrap()
    };
    for _ in 0..PAIRS {
        for one in [start(), start()] {
            let output = one.wait_with_output().unwrap();
            let told = text(&output.stdout) + &text(&output.stderr);
            assert_eq!(output.status.code(), Some(0), "{told}");
        }
        let shown = castnet(&folder, &["show", "out/igmp/v2/x.sim.pcapng"]);
        assert_eq!(shown.status.code(), Some(0), "{}", text(&shown.stderr));
        let report = fs::read_to_string(folder.join("x.xml")).unwrap();
        assert!(report.trim_end().ends_with("</testsuites>"), "{report}");
    }
    let mut names: Vec<_> = fs::read_dir(folder.join("out/igmp/v2"))
        .unwrap()
        .map(|one| one.unwrap().file_name())
        .collect();
    names.sort();
    assert_eq!(names, ["x.sim.html", "x.sim.pcapng"]);
}

const USER: u32 = 65533;

/// castnet as root for this user.
fn for_user(folder: &Path, arguments: &[&str]) -> Output {
    let mut command = Command::new(CASTNET);
    command.args(arguments).current_dir(folder);
    command.env("SUDO_UID", USER.to_string()).env("SUDO_GID", USER.to_string());
    command.output().unwrap()
}

/// A folder of the user's, and one of root's with a file that only root may read.
fn with_victim(name: &str) -> PathBuf {
    let folder = written(name);
    chown(&folder, Some(USER), Some(USER)).unwrap();
    fs::create_dir(folder.join("victim")).unwrap();
    fs::write(folder.join("victim/shadow"), "secret").unwrap();
    folder
}

fn is_untouched(folder: &Path) {
    let victim = folder.join("victim");
    let names: Vec<_> =
        fs::read_dir(&victim).unwrap().map(|one| one.unwrap().file_name()).collect();
    assert_eq!(names, ["shadow"]);
    for path in [victim.clone(), victim.join("shadow")] {
        assert_eq!(fs::metadata(&path).unwrap().uid(), 0, "{}", path.display());
    }
    let mut text = String::new();
    File::open(victim.join("shadow")).unwrap().read_to_string(&mut text).unwrap();
    assert_eq!(text, "secret");
}

fn a_link_in_place_of_the_folder_is_not_followed_under_sudo() {
    let folder = with_victim("planted");
    let plant = |link: &str, target: &str| {
        symlink(target, folder.join(link)).unwrap();
        lchown(folder.join(link), Some(USER), Some(USER)).unwrap();
    };
    plant("castnet-out", "victim");
    plant("above", "victim");
    plant("x.xml", "victim/shadow");
    plant("summary.md", "victim/shadow");
    plant("scenario.toml", "victim/new");
    fs::create_dir_all(folder.join("out/igmp")).unwrap();
    plant("out/igmp/v2", "../../victim");
    for (options, code) in [
        (&["--html"][..], 4),
        (&["--html", "--out", "above/sub"], 4),
        (&["--out", "out"], 4),
        (&["--out", "fine", "--junit", "above/x.xml"], 4),
        (&["--out", "fine", "--summary", "summary.md"], 4),
        (&["--out", "fine", "--junit", "x.xml"], 0),
    ] {
        let output = for_user(&folder, &[&SIM[..], options, &["scenarios"]].concat());
        let told = text(&output.stdout) + &text(&output.stderr);
        assert_eq!(output.status.code(), Some(code), "{options:?}: {told}");
        assert!(code == 0 || told.contains("a symbolic link"), "{options:?}: {told}");
        is_untouched(&folder);
    }
    for arguments in
        [&["man", "--out", "castnet-out"][..], &["man", "--out", "above/man"], &["new"]]
    {
        assert_ne!(for_user(&folder, arguments).status.code(), Some(0), "{arguments:?}");
        is_untouched(&folder);
    }
    // What was made belongs to the user, and nothing else.
    for made in ["fine", "fine/igmp", "fine/igmp/v2/x.sim.pcapng", "x.xml"] {
        assert_eq!(fs::symlink_metadata(folder.join(made)).unwrap().uid(), USER, "{made}");
    }
    assert_eq!(fs::metadata(folder.join("out")).unwrap().uid(), 0);
    // A file with a second name is not written through either of them.
    fs::hard_link(folder.join("victim/shadow"), folder.join("hard.md")).unwrap();
    let arguments = [&SIM[..], &["--out", "fine", "--summary", "hard.md", "scenarios"]].concat();
    assert_eq!(for_user(&folder, &arguments).status.code(), Some(4));
    is_untouched(&folder);
}

/// Ends the threads, also if the test fails.
struct Stop<'a>(&'a AtomicBool);

impl Drop for Stop<'_> {
    fn drop(&mut self) {
        self.0.store(true, Ordering::Relaxed);
    }
}

fn links_that_are_exchanged_in_a_loop_lead_root_nowhere() {
    const CALLS: usize = 60;
    let folder = with_victim("exchanged");
    let enough = AtomicBool::new(false);
    thread::scope(|scope| {
        let _stop = Stop(&enough);
        // Each of these is a folder in one moment and a link in the next.
        for name in ["out", "out/igmp", "out/igmp/v2", "out/igmp/v2/x.sim.pcapng", "x.xml"] {
            let (folder, enough) = (&folder, &enough);
            scope.spawn(move || {
                // The file system knows this thread as the user, who may not write to the victim.
                setfsgid(Gid::from_raw(USER));
                setfsuid(Uid::from_raw(USER));
                assert!(fs::write(folder.join("victim/x"), "").is_err());
                let at = folder.join(name);
                let target = if name.contains(".x") { "victim/shadow" } else { "victim" };
                while !enough.load(Ordering::Relaxed) {
                    _ = fs::remove_dir_all(&at);
                    _ = fs::remove_file(&at);
                    _ = symlink(folder.join(target), &at);
                    thread::yield_now();
                    _ = fs::remove_file(&at);
                    if name.starts_with("out") && !name.ends_with("pcapng") {
                        _ = fs::create_dir(&at);
                    }
                    thread::yield_now();
                }
            });
        }
        for _ in 0..CALLS {
            let options = ["--out", "out", "--junit", "x.xml", "--html", "scenarios"];
            for_user(&folder, &[&SIM[..], &options].concat());
            is_untouched(&folder);
        }
    });
    is_untouched(&folder);
}
