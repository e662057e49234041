//! `castnet kernel`: what is built, how an interrupted build goes on, and what `--kernel uml` then means.
//!
//! Compilers and patches are stand-ins here, since a kernel takes ten minutes: each notes that it was
//! called.

use std::fs;
use std::os::unix::fs::PermissionsExt as _;
use std::path::{Path, PathBuf};
use std::process::{Command, Output};

use super::{CASTNET, folder, scenario, tests, text};

tests! {
    Nothing:
        a_build_that_failed_goes_on_where_it_ended,
        each_missing_tool_is_told_with_its_package,
        what_is_no_source_of_linux_is_refused,
        without_a_kernel_a_run_is_unsupported_and_says_what_makes_one,
        a_kernel_of_other_patches_is_listed_and_not_taken;
}

/// What the stand-in for make does: a kernel is a script, and there is none as long as `broken` exists.
const MAKE: &str = r#"
case "$*" in
    *tinyconfig) mkdir -p ../objects; echo CONFIG_UML_TIME_TRAVEL_SUPPORT=y > ../objects/.config ;;
    *linux)
        echo "  CC      init/main.o"
        if [ -e ../../../broken ]; then echo "main.c:1: this is no C" >&2; exit 2; fi
        printf '#!/bin/sh\necho this is Linux\n' > ../objects/linux; chmod +x ../objects/linux ;;
esac"#;

/// A folder with an archive that looks like a source of Linux, and with a folder of stand-ins.
fn place(name: &str) -> PathBuf {
    let folder = folder(name);
    let bin = folder.join("bin");
    let source = folder.join("linux-6.99");
    for made in [&bin, &source.join("arch/um"), &source.join("scripts/kconfig")] {
        fs::create_dir_all(made).unwrap();
    }
    fs::write(source.join("arch/um/Kconfig"), "").unwrap();
    script(&source.join("scripts/kconfig"), "merge_config.sh", "");
    archive(&folder, "linux-6.99.tar", "linux-6.99");
    for (tool, does) in [
        ("make", MAKE),
        ("strip", r#"cp "$3" "$2""#),
        // A patch is applied if its reverse would be.
        ("patch", r#"case "$*" in *--reverse*) exit 1; esac"#),
        ("gcc", "echo /usr/lib/libc.a"),
        ("ld", ""),
        ("flex", ""),
        ("bison", ""),
        ("bc", ""),
        ("perl", ""),
        ("xz", ""),
        ("tar", r#"exec /usr/bin/env -i PATH=/usr/bin:/bin tar "$@""#),
    ] {
        script(&bin, tool, &format!("echo {tool} \"$*\" >> {}/calls\n{does}", folder.display()));
    }
    folder
}

fn archive(folder: &Path, name: &str, of: &str) {
    let tar = Command::new("tar").args(["-cf", name, of]).current_dir(folder).status();
    assert!(tar.unwrap().success());
}

fn script(folder: &Path, name: &str, text: &str) {
    let file = folder.join(name);
    fs::write(&file, format!("#!/bin/sh\n{text}\n")).unwrap();
    fs::set_permissions(&file, fs::Permissions::from_mode(0o755)).unwrap();
}

/// castnet with the stand-ins before everything else.
fn with_stand_ins(folder: &Path, path: &str, arguments: &[&str]) -> Output {
    let mut command = Command::new(CASTNET);
    command.args(arguments).current_dir(folder).env("PATH", path);
    command.env("CASTNET_KERNELS", folder.join("kernels")).output().unwrap()
}

fn stand_ins(folder: &Path) -> String {
    format!("{}:/usr/bin:/bin", folder.join("bin").display())
}

const BUILD: [&str; 4] = ["kernel", "build", "--source", "linux-6.99.tar"];

fn a_build_that_failed_goes_on_where_it_ended() {
    let folder = place("kernel-build");
    let path = stand_ins(&folder);
    fs::write(folder.join("broken"), "").unwrap();
    let failed = with_stand_ins(&folder, &path, &BUILD);
    let told = text(&failed.stderr);
    assert_eq!(failed.status.code(), Some(4), "{told}");
    assert!(told.contains("compiling") && told.contains("main.c:1: this is no C"), "{told}");
    let none = with_stand_ins(&folder, &path, &["kernel", "path"]);
    assert_eq!(none.status.code(), Some(3), "half a kernel is none");

    fs::remove_file(folder.join("broken")).unwrap();
    fs::write(folder.join("calls"), "").unwrap();
    let built = with_stand_ins(&folder, &path, &BUILD);
    let told = text(&built.stderr);
    assert_eq!(built.status.code(), Some(0), "{told}");
    let calls = fs::read_to_string(folder.join("calls")).unwrap();
    assert!(!calls.contains("tar ") && !calls.contains("tinyconfig"), "made again: {calls}");
    let program = text(&built.stdout);
    let kernel = Command::new(program.trim()).output().unwrap();
    assert_eq!(text(&kernel.stdout), "this is Linux\n");
    let path_told = with_stand_ins(&folder, &path, &["kernel", "path"]);
    assert_eq!(text(&path_told.stdout), program);
    let listed = text(&with_stand_ins(&folder, &path, &["kernel", "list"]).stdout);
    assert_eq!(listed, format!("6.99     {program}"));

    // One that is there is not built again, and nothing of the build is left.
    fs::write(folder.join("calls"), "").unwrap();
    assert_eq!(text(&with_stand_ins(&folder, &path, &BUILD).stdout), program);
    assert_eq!(fs::read_to_string(folder.join("calls")).unwrap(), "");
    assert_eq!(fs::read_dir(folder.join("kernels")).unwrap().count(), 1);
}

fn each_missing_tool_is_told_with_its_package() {
    let folder = place("kernel-tools");
    for tool in ["flex", "xz"] {
        fs::remove_file(folder.join("bin").join(tool)).unwrap();
    }
    script(&folder.join("bin"), "gcc", "echo libc.a");
    let bin = folder.join("bin").display().to_string();
    let output = with_stand_ins(&folder, &bin, &BUILD);
    let told = text(&output.stderr);
    assert_eq!(output.status.code(), Some(3), "{told}");
    for part in ["`flex` (apt-get install flex)", "`xz` (apt-get install xz-utils)", "libc6-dev"] {
        assert!(told.contains(part), "{part}: {told}");
    }
    assert!(!told.contains("bison") && !told.contains("apt-get`"), "{told}");
}

fn what_is_no_source_of_linux_is_refused() {
    let folder = place("kernel-source");
    let path = stand_ins(&folder);
    let missing = with_stand_ins(&folder, &path, &["kernel", "build", "--source", "none.tar"]);
    assert_eq!(missing.status.code(), Some(2));
    assert!(text(&missing.stderr).contains("none.tar: there is no such file"));
    archive(&folder, "other.tar", "bin");
    for (file, why) in [("other.tar", "no source of Linux"), ("broken.tar", "tar: exit status")] {
        fs::write(folder.join("broken.tar"), "this is no archive").unwrap();
        let output = with_stand_ins(&folder, &path, &["kernel", "build", "--source", file]);
        let told = text(&output.stderr);
        assert_eq!(output.status.code(), Some(4), "{file}: {told}");
        assert!(told.contains(file) && told.contains(why), "{file}: {told}");
    }
}

fn without_a_kernel_a_run_is_unsupported_and_says_what_makes_one() {
    let folder = folder("kernel-none");
    fs::write(folder.join("x.toml"), scenario("1", "general-query")).unwrap();
    let path = std::env::var("PATH").unwrap();
    // Not in the simulator instead: a kernel was asked for.
    let output = with_stand_ins(&folder, &path, &["run", "x.toml", "--kernel", "uml"]);
    let told = text(&output.stdout);
    assert_eq!(output.status.code(), Some(3), "{told}");
    assert!(told.contains("UNSUPPORTED") && told.contains("`castnet kernel build`"), "{told}");
    assert!(told.contains("[netns]"), "{told}");
}

fn a_kernel_of_other_patches_is_listed_and_not_taken() {
    let folder = folder("kernel-old");
    let old = folder.join("kernels/linux-6.99-0123456789abcdef");
    fs::create_dir_all(&old).unwrap();
    script(&old, "linux", "");
    let path = std::env::var("PATH").unwrap();
    let listed = with_stand_ins(&folder, &path, &["kernel", "list"]);
    assert!(text(&listed.stdout).contains("6.99") && text(&listed.stdout).contains("patches"));
    let newest = with_stand_ins(&folder, &path, &["kernel", "path"]);
    let told = text(&newest.stderr);
    assert_eq!(newest.status.code(), Some(3), "{told}");
    assert!(told.contains("other patches") && told.contains("`castnet kernel build`"), "{told}");
}
