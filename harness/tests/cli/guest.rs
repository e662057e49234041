//! `castnet run --kernel`: what the kernel is, how a run on it ends, and that nothing is left.

use std::fs;
use std::os::unix::fs::PermissionsExt as _;
use std::path::Path;
use std::process::{Child, Command};
use std::time::Duration;

use nix::sys::signal::{Signal, kill};
use nix::unistd::Pid;

use super::interrupt::{send, spawn, until};
use super::{castnet, folder, scenario, tests, text};

tests! {
    Nothing:
        a_kernel_that_is_not_there_is_told_before_anything_runs,
        a_kernel_that_ends_without_an_answer_is_broken_with_its_last_words,
        the_simulator_has_no_kernel,
        a_guest_ends_with_castnet;
    Guest:
        a_scenario_passes_in_a_guest,
        equal_seeds_make_equal_octets_on_a_busy_machine_and_another_seed_does_not;
}

/// The longest time for anything here that must be prompt.
const PROMPT: Duration = Duration::from_secs(2);

/// A program that is given as a kernel.
fn kernel(folder: &Path, script: &str) {
    let file = folder.join("kernel");
    fs::write(&file, format!("#!/bin/sh\n{script}\n")).unwrap();
    fs::set_permissions(&file, fs::Permissions::from_mode(0o755)).unwrap();
    fs::write(folder.join("x.toml"), scenario("1", "general-query")).unwrap();
}

fn a_kernel_that_is_not_there_is_told_before_anything_runs() {
    let folder = folder("guest-none");
    kernel(&folder, "");
    fs::write(folder.join("plain"), "").unwrap();
    for file in ["nowhere", "plain", "."] {
        let output = castnet(&folder, &["run", "x.toml", "--kernel", file]);
        let told = text(&output.stderr);
        assert_eq!(output.status.code(), Some(2), "{file}: {told}");
        assert!(told.contains("docs/kernels.md") && told.contains(file), "{file}: {told}");
    }
}

fn the_simulator_has_no_kernel() {
    let folder = folder("guest-sim");
    kernel(&folder, "");
    let output = castnet(&folder, &["run", "x.toml", "--kernel", "./kernel", "--backend", "sim"]);
    assert_eq!(output.status.code(), Some(2), "{}", text(&output.stdout));
    assert!(text(&output.stderr).contains("--kernel is for `netns`"));
}

fn a_kernel_that_ends_without_an_answer_is_broken_with_its_last_words() {
    let folder = folder("guest-mute");
    kernel(&folder, "echo first; echo the console says this last; exit 3");
    let output = castnet(&folder, &["run", "x.toml", "--kernel", "./kernel"]);
    let told = text(&output.stdout);
    assert_eq!(output.status.code(), Some(4), "{told}");
    assert!(told.contains("no answer") && told.contains("the console says this last"), "{told}");
}

fn a_guest_ends_with_castnet() {
    for signal in [Signal::SIGINT, Signal::SIGKILL] {
        let folder = folder("guest-endless");
        let pid = folder.join("pid");
        let script = "cd FOLDER; echo $$ > pid.new; mv pid.new pid; exec sleep 1000";
        kernel(&folder, &script.replace("FOLDER", &folder.display().to_string()));
        let mut child = spawn(&folder, &["run", "x.toml", "--kernel", "./kernel"]);
        until("the guest starts", PROMPT * 5, || pid.exists());
        let guest = Pid::from_raw(fs::read_to_string(&pid).unwrap().trim().parse().unwrap());
        send(&child, signal);
        let code = child.wait().unwrap().code();
        assert_eq!(code, (signal == Signal::SIGINT).then_some(130), "{signal}");
        // A process that has ended and that nobody has waited for is no more.
        let lives = || fs::read_to_string(format!("/proc/{guest}/stat"));
        until("the guest is gone", PROMPT, || lives().map_or(true, |stat| stat.contains(") Z ")));
        _ = kill(guest, Signal::SIGKILL);
        // After a sudden end the next run removes the folder.
        let of_child = format!("castnet-guest-{}-", child.id());
        if signal == Signal::SIGKILL {
            fs::write(folder.join("kernel"), "#!/bin/sh\n").unwrap();
            castnet(&folder, &["run", "x.toml", "--kernel", "./kernel"]);
        }
        let names = fs::read_dir(std::env::temp_dir()).unwrap().flatten();
        let left = names.filter(|entry| entry.file_name().to_string_lossy().starts_with(&of_child));
        assert_eq!(left.count(), 0, "{signal}");
    }
}

fn a_scenario_passes_in_a_guest() {
    let folder = folder("guest");
    let scenarios = concat!(env!("CARGO_MANIFEST_DIR"), "/../scenarios/igmp/v2");
    let filter = ["--filter", "leave-last-member", "--filter", "membership-timeout"];
    let output = castnet(&folder, &[&["run", scenarios, "--kernel", "uml"][..], &filter].concat());
    let told = text(&output.stdout);
    assert_eq!(output.status.code(), Some(0), "{told}{}", text(&output.stderr));
    assert!(told.contains("netns"), "{told}");
    // Reports and captures say which kernel it was.
    let arguments =
        ["run", scenarios, "--kernel", "uml", "--json", "--filter", "leave-last-member"];
    let output = castnet(&folder, &arguments);
    let document: serde_json::Value = serde_json::from_slice(&output.stdout).unwrap();
    let kernel = document["runs"][0]["kernel"].as_str().unwrap();
    let is_whole = kernel.starts_with("Linux ") && kernel.ends_with("in virtual time)");
    assert!(is_whole && kernel.contains("-castnet"), "{kernel}");
    let captured =
        fs::read(document["runs"][0]["pcapng"].as_str().map(|file| folder.join(file)).unwrap());
    assert!(captured.unwrap().windows(kernel.len()).any(|octets| octets == kernel.as_bytes()));
}

/// A process that uses a CPU until this is dropped.
struct Hog(Child);

impl Hog {
    fn start() -> Self {
        Self(Command::new("sh").args(["-c", "while :; do :; done"]).spawn().unwrap())
    }
}

impl Drop for Hog {
    fn drop(&mut self) {
        _ = self.0.kill();
        _ = self.0.wait();
    }
}

/// Two hosts answer after random delays of the kernel's: the octets say when.
fn equal_seeds_make_equal_octets_on_a_busy_machine_and_another_seed_does_not() {
    let folder = folder("guest-seed");
    let scenarios =
        concat!(env!("CARGO_MANIFEST_DIR"), "/../scenarios/igmp/v2/report-suppression.toml");
    let captured = |out: &str, seed: &str| {
        let arguments = ["run", scenarios, "--kernel", "uml", "--out", out, "--seed", seed];
        let output = castnet(&folder, &arguments);
        assert_eq!(output.status.code(), Some(0), "{}", text(&output.stdout));
        fs::read(folder.join(out).join("igmp/v2/report-suppression.pcapng")).unwrap()
    };
    let first = captured("a", "1");
    let hogs: Vec<Hog> = std::iter::repeat_with(Hog::start).take(6).collect();
    assert!(captured("b", "1") == first, "equal seeds, and other octets");
    drop(hogs);
    assert!(captured("c", "2") != first, "another seed, and equal octets");
}
