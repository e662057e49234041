//! What castnet reports about its machine and about itself.

use std::fs;
use std::os::unix::fs::MetadataExt as _;
use std::path::Path;
use std::process::{Command, Output};

use super::{CASTNET, castnet, folder, scenario, tests, text, with_process};

tests! {
    Nothing: every_command_has_a_page_of_the_manual;
    Kernel: the_doctor_agrees_with_a_run, a_shell_that_allows_few_descriptors_is_no_hindrance;
    Root: under_sudo_files_belong_to_who_has_called_it;
    UserNamespace:
        what_forbids_namespaces_is_named_with_its_remedy,
        without_namespaces_a_run_is_simulated_and_says_so,
        a_machine_without_user_namespaces_is_told_how_to_have_them,
        without_pid_namespaces_only_what_runs_programs_is_unsupported;
}

/// Runs castnet where no network namespace can be made.
fn confined(folder: &Path, arguments: &[&str]) -> Output {
    within("echo 0 > /proc/sys/user/max_net_namespaces && exec \"$@\"", folder, arguments)
}

/// Runs castnet as an ordinary user, where no user namespace can be made.
fn without_users(folder: &Path, arguments: &[&str]) -> Output {
    let script = "echo 0 > /proc/sys/user/max_user_namespaces && \
                  exec setpriv --bounding-set=-all --inh-caps=-all \"$@\"";
    within(script, folder, arguments)
}

/// Runs castnet by a script that is root in a user namespace of its own.
fn within(script: &str, folder: &Path, arguments: &[&str]) -> Output {
    let mut command = Command::new("unshare");
    command.args(["--user", "--map-root-user", "--net", "--mount", "sh", "-c", script, "sh"]);
    let output = command.arg(CASTNET).args(arguments).current_dir(folder).output().unwrap();
    assert!(!text(&output.stdout).is_empty(), "{}", text(&output.stderr));
    output
}

fn the_doctor_agrees_with_a_run() {
    let folder = folder("doctor");
    fs::write(folder.join("a.toml"), scenario("1", "general-query")).unwrap();
    let output = castnet(&folder, &["run", "a.toml"]);
    assert_eq!(output.status.code(), Some(0), "{}", text(&output.stdout));
    let output = castnet(&folder, &["doctor"]);
    let stdout = text(&output.stdout);
    assert_eq!(output.status.code(), Some(0), "{stdout}");
    for what in ["namespaces", "veth", "bridge", "AF_PACKET", "capture", "IP_MROUTE", "programs"] {
        assert!(stdout.contains(&format!("ok       {what:<11} ")), "{what} in\n{stdout}");
    }
    assert!(stdout.contains(" netem ") && stdout.contains(" tshark "), "{stdout}");
    assert!(stdout.ends_with("scenarios can run here\n"), "{stdout}");
    let json = castnet(&folder, &["doctor", "--json"]).stdout;
    let json: serde_json::Value = serde_json::from_slice(&json).unwrap();
    assert_eq!((&json["able"], &json["examined"][0]["what"]), (&true.into(), &"namespaces".into()));
}

fn what_forbids_namespaces_is_named_with_its_remedy() {
    let folder = folder("confined");
    fs::write(folder.join("a.toml"), scenario("1", "general-query")).unwrap();
    let output = confined(&folder, &["doctor"]);
    let stdout = text(&output.stdout);
    assert_eq!(output.status.code(), Some(3), "{stdout}");
    assert!(stdout.contains("MISSING  namespaces  create a network namespace: ENOSPC"), "{stdout}");
    assert!(stdout.contains("remedy: run `sudo sysctl user.max_net_namespaces=1024`"), "{stdout}");
    let output = confined(&folder, &["doctor", "--json"]);
    assert_eq!(output.status.code(), Some(3));
    let json: serde_json::Value = serde_json::from_slice(&output.stdout).unwrap();
    assert_eq!((&json["able"], &json["examined"][0]["found"]), (&false.into(), &false.into()));
    assert!(stdout.ends_with("on the kernel here, but on the simulator\n"), "{stdout}");
    let arguments = ["run", "a.toml", "--json", "--backend", "netns"];
    let output = confined(&folder, &arguments);
    let document: serde_json::Value = serde_json::from_slice(&output.stdout).unwrap();
    assert_eq!(output.status.code(), Some(3), "{document}");
    assert_eq!(document["runs"][0]["outcome"], "unsupported");
    assert!(document["runs"][0]["reasons"][0].as_str().unwrap().contains("max_net_namespaces"));
}

fn without_namespaces_a_run_is_simulated_and_says_so() {
    let folder = folder("simulated");
    fs::write(folder.join("a.toml"), scenario("1", "general-query")).unwrap();
    let only = "backends = { only = [\"netns\"], because = \"it looks at the kernel\" }\n";
    fs::write(folder.join("b.toml"), only.to_owned() + &scenario("1", "general-query")).unwrap();
    let output = confined(&folder, &["run", "."]);
    let (stdout, stderr) = (text(&output.stdout), text(&output.stderr));
    assert!(stdout.contains("PASS        a  [sim]"), "{stdout}");
    assert!(stdout.contains("UNSUPPORTED b  [netns]"), "{stdout}");
    assert!(stderr.starts_with("castnet: not on the kernel, but on the simulator"), "{stderr}");
    assert!(stderr.contains("max_net_namespaces"), "{stderr}");
    assert_eq!(output.status.code(), Some(3), "{stdout}");
}

fn a_machine_without_user_namespaces_is_told_how_to_have_them() {
    let folder = folder("without-users");
    let output = without_users(&folder, &["doctor"]);
    let stdout = text(&output.stdout);
    assert_eq!(output.status.code(), Some(3), "{stdout}");
    assert!(stdout.contains("MISSING  namespaces  unshare(CLONE_NEWUSER): ENOSPC"), "{stdout}");
    assert!(stdout.contains("remedy: run `sudo sysctl user.max_user_namespaces=1024`"), "{stdout}");
}

fn a_shell_that_allows_few_descriptors_is_no_hindrance() {
    let folder = folder("descriptors");
    fs::write(folder.join("a.toml"), scenario("1", "general-query")).unwrap();
    let mut command = Command::new("sh");
    command.args(["-c", "ulimit -Sn 16 && exec \"$@\"", "sh", CASTNET, "run", "a.toml"]);
    let output = command.current_dir(&folder).output().unwrap();
    assert_eq!(output.status.code(), Some(0), "{}", text(&output.stdout));
}

fn every_command_has_a_page_of_the_manual() {
    let folder = folder("man");
    let output = castnet(&folder, &["man", "--out", "man1"]);
    assert_eq!(output.status.code(), Some(0), "{}", text(&output.stderr));
    let page = |name: &str| fs::read_to_string(folder.join("man1").join(name)).unwrap();
    assert!(page("castnet.1").contains("130 interrupted"));
    let run = page("castnet-run.1");
    assert!(run.contains(".TH castnet-run 1") && run.contains("fail\\-fast"), "{run}");
    assert!(page("castnet-show.1").contains("igmp"));
    let output = castnet(&folder, &["man"]);
    assert_eq!(text(&output.stdout), page("castnet.1"));
}

fn under_sudo_files_belong_to_who_has_called_it() {
    let folder = folder("sudo");
    let owner = |path: &str| {
        let file = fs::metadata(folder.join(path)).unwrap();
        (file.uid(), file.gid())
    };
    for arguments in [&["man", "--out", "out/man1"][..], &["new"]] {
        let mut command = Command::new(CASTNET);
        command.args(arguments).current_dir(&folder);
        command.env("SUDO_UID", "65533").env("SUDO_GID", "65534");
        assert_eq!(command.output().unwrap().status.code(), Some(0));
    }
    for path in ["out", "out/man1", "out/man1/castnet.1", "scenario.toml"] {
        assert_eq!(owner(path), (65533, 65534), "{path}");
    }
    assert_eq!(owner("."), (0, 0), "what was there before is left as it is");
    assert_eq!(castnet(&folder, &["man", "--out", "root"]).status.code(), Some(0));
    assert_eq!(owner("root/castnet.1"), (0, 0));
}

fn without_pid_namespaces_only_what_runs_programs_is_unsupported() {
    let folder = folder("no-pid-namespaces");
    fs::write(folder.join("a.toml"), scenario("1", "general-query")).unwrap();
    fs::write(folder.join("b.toml"), with_process("500ms")).unwrap();
    let script = "echo 0 > /proc/sys/user/max_pid_namespaces && exec \"$@\"";
    let output = within(script, &folder, &["run", "a.toml", "b.toml"]);
    let stdout = text(&output.stdout);
    assert_eq!(output.status.code(), Some(3), "{stdout}");
    assert!(stdout.contains("PASS        a  [netns]"), "{stdout}");
    assert!(stdout.contains("UNSUPPORTED b  [netns]"), "{stdout}");
    let why = "r1: a place for its programs: create a PID namespace: No space left on device";
    assert!(stdout.contains(why), "{stdout}");
}
